package completion

import (
	"embed"
	"io"
	"strings"
	"unicode"
)

// Shell is a shell whose lines can be completed.
type Shell string

// The shells.
const (
	Bash       Shell = "bash"
	Zsh        Shell = "zsh"
	Fish       Shell = "fish"
	PowerShell Shell = "powershell"
)

// Shells are all of them.
func Shells() []Shell { return []Shell{Bash, Zsh, Fish, PowerShell} }

//go:embed scripts
var scripts embed.FS

// Script is what the shell reads at its start. It calls the program as
// `PROGRAM completion SHELL -- WORDS`.
func (s Shell) Script() (string, bool) {
	text, err := scripts.ReadFile("scripts/" + string(s))
	return string(text), err == nil
}

// Words are the arguments that the shell's script gave, as the program would
// get them. bash gives them as they were typed, with their quotes, and fish the
// last one; PowerShell puts = before the last, because it loses an empty one.
func (s Shell) Words(given []string) []string {
	words := make([]string, len(given))
	for i, word := range given {
		last := i == len(given)-1
		switch {
		case s == Bash || (s == Fish && last):
			word = unquote(word)
		case s == PowerShell && last:
			word = strings.TrimPrefix(word, "=")
		}
		words[i] = word
	}
	return words
}

// Print writes an offer as the shell's script reads it: the kind, then a line
// for each candidate. given are the arguments as for Words.
func (s Shell) Print(w io.Writer, given []string, offer Offer) error {
	lines := []string{string(offer.Kind)}
	for _, one := range offer.Candidates {
		lines = append(lines, s.line(given, one))
	}
	_, err := io.WriteString(w, strings.Join(lines, "\n")+"\n")
	return err
}

func (s Shell) line(given []string, one Candidate) string {
	text := clip(one.Text)
	switch s {
	case Bash:
		if len(given) > 0 && strings.ContainsAny(firstByte(given[len(given)-1]), `"'`) {
			return one.Value // readline puts the quotes round it
		}
		return quote(one.Value)
	case Zsh:
		value := one.Value
		if i := strings.IndexByte(value, '='); i > 0 && value[0] == '-' {
			value = value[i+1:] // the script takes the flag away as well
		}
		return strings.ReplaceAll(value, ":", `\:`) + ":" + text
	}
	return one.Value + "\t" + text
}

func firstByte(text string) string {
	if text == "" {
		return ""
	}
	return text[:1]
}

const longest = 90

// clip makes one short line of a text, without anything that steers a terminal.
func clip(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > longest {
		return string(runes[:longest-1]) + "…"
	}
	return text
}

// unquote undoes a shell's quoting; a quote may still be open.
func unquote(word string) string {
	var out strings.Builder
	var open rune
	escaped := false
	for _, c := range word {
		switch {
		case escaped:
			if open == '"' && !strings.ContainsRune("$`\"\\\n", c) {
				out.WriteByte('\\')
			}
			out.WriteRune(c)
			escaped = false
		case c == '\\' && open != '\'':
			escaped = true
		case c == open:
			open = 0
		case open == 0 && (c == '"' || c == '\''):
			open = c
		default:
			out.WriteRune(c)
		}
	}
	return out.String()
}

// quote makes a word of text that bash takes for one word.
func quote(text string) string {
	var out strings.Builder
	for _, c := range text {
		if strings.ContainsRune(" \t\"'\\$`;|&()<>*?[]#~{}!", c) {
			out.WriteByte('\\')
		}
		out.WriteRune(c)
	}
	return out.String()
}
