// Package completion completes command lines of the program in bash, zsh, fish
// and PowerShell. What can follow is decided here, from what the commands'
// --help says; each shell runs a short script that asks the program and shows
// the answer.
//
// Only cmd/seedance-mcp imports it.
package completion

import (
	"strings"

	"seedance-mcp/internal/manual"
)

// Kind says what may stand at the place that is completed.
type Kind string

// The kinds: the offered words only, or files or folders of the machine.
const (
	Words   Kind = "words"
	Files   Kind = "files"
	Folders Kind = "folders"
)

// Candidate is a word that may stand there.
type Candidate struct{ Value, Text string }

// Offer is everything that may stand there.
type Offer struct {
	Kind       Kind
	Candidates []Candidate
}

// Completer completes the command lines of one program.
type Completer struct {
	Commands []manual.Command
	// Values says what a placeholder stands for, such as model or ID; before are
	// the words before it, without the program's name.
	Values func(placeholder string, before []string) Offer
}

// Complete says what the last word, of which the beginning is there, can
// become. words are those after the program's name; an empty last word is
// about to be begun.
func (c Completer) Complete(words []string) Offer {
	if len(words) == 0 {
		return Offer{Kind: Words}
	}
	before, current := words[:len(words)-1], words[len(words)-1]
	if len(before) == 0 {
		var all []Candidate
		for _, command := range c.Commands {
			all = append(all, Candidate{command.Name, command.Summary})
		}
		return only(current, "", all)
	}
	command, ok := c.find(before[0])
	if !ok {
		return Offer{Kind: Words}
	}
	at := walk(command, before[1:])
	switch name, typed, hasValue := strings.Cut(current, "="); {
	case at.pending != "":
		return c.values(at.pending, before, "", current)
	case at.ended || !strings.HasPrefix(current, "-"):
		return c.arguments(command, at.arguments, before, current)
	case hasValue:
		flag, ok := command.Flag(strings.TrimLeft(name, "-"))
		if !ok || flag.Value == "" {
			return Offer{Kind: Words}
		}
		return c.values(flag.Value, before, name+"=", typed)
	}
	return only(current, "", flags(command, at.given, current))
}

func (c Completer) find(name string) (manual.Command, bool) {
	for _, command := range c.Commands {
		if command.Name == name {
			return command, true
		}
	}
	return manual.Command{}, false
}

// place is where in a command line the word to complete stands.
type place struct {
	arguments []string        // those before it
	given     map[string]bool // flags before it
	pending   string          // the placeholder of the flag whose value it is
	ended     bool            // behind "--": no flag can follow
}

func walk(command manual.Command, words []string) place {
	at := place{given: map[string]bool{}}
	for _, word := range words {
		switch {
		case at.pending != "":
			at.pending = ""
		case at.ended || !strings.HasPrefix(word, "-") || word == "-":
			at.arguments = append(at.arguments, word)
		case word == "--":
			at.ended = true
		default:
			name, _, hasValue := strings.Cut(strings.TrimLeft(word, "-"), "=")
			at.given[name] = true
			if flag, ok := command.Flag(name); ok && !hasValue {
				at.pending = flag.Value
			}
		}
	}
	return at
}

// flags are those that can still be given, with as many dashes as were begun.
func flags(command manual.Command, given map[string]bool, current string) []Candidate {
	dashes := "--"
	if len(current) > 1 && !strings.HasPrefix(current, dashes) {
		dashes = "-"
	}
	var all []Candidate
	for _, flag := range command.Flags {
		if given[flag.Name] && !strings.Contains(flag.Text, "repeated") {
			continue
		}
		all = append(all, Candidate{dashes + flag.Name, flag.Text})
	}
	return all
}

// arguments are the literal words and placeholders that stand next in the
// forms which the words so far follow.
func (c Completer) arguments(command manual.Command, so []string, before []string, current string) Offer {
	offer := Offer{Kind: Words}
	for _, form := range command.Forms {
		word, ok := next(form.Words[1:], so)
		switch {
		case !ok:
		case placeholder(word):
			values := c.values(strings.Trim(word, `[]"`), before, "", current)
			if values.Kind != Words {
				return values
			}
			offer.Candidates = append(offer.Candidates, values.Candidates...)
		default:
			offer.Candidates = append(offer.Candidates, only(current, "", []Candidate{{word, form.Text}}).Candidates...)
		}
	}
	offer.Candidates = unique(offer.Candidates)
	return offer
}

// next is the word of a form that follows the words so far.
func next(form, so []string) (string, bool) {
	var words []string
	for _, word := range form {
		if word == "[flags]" || strings.HasPrefix(word, "-") {
			break
		}
		words = append(words, word)
	}
	if len(so) >= len(words) {
		return "", false
	}
	for i, word := range so {
		if !placeholder(words[i]) && words[i] != word {
			return "", false
		}
	}
	return words[len(so)], true
}

func placeholder(word string) bool { return strings.ToLower(word) != word }

func (c Completer) values(placeholder string, before []string, prefix, typed string) Offer {
	offer := c.Values(placeholder, before)
	if offer.Kind != Words {
		return offer
	}
	return only(typed, prefix, offer.Candidates)
}

// only keeps what begins as it was typed, and puts the prefix before it.
func only(typed, prefix string, all []Candidate) Offer {
	offer := Offer{Kind: Words}
	for _, one := range all {
		if strings.HasPrefix(one.Value, typed) {
			offer.Candidates = append(offer.Candidates, Candidate{prefix + one.Value, one.Text})
		}
	}
	return offer
}

func unique(all []Candidate) []Candidate {
	seen := map[string]bool{}
	var kept []Candidate
	for _, one := range all {
		if !seen[one.Value] {
			seen[one.Value] = true
			kept = append(kept, one)
		}
	}
	return kept
}
