package completion_test

import (
	"bytes"
	"strings"
	"testing"

	"seedance-mcp/internal/completion"
	"seedance-mcp/internal/manual"
)

func completer() completion.Completer {
	return completion.Completer{
		Commands: []manual.Command{
			{
				Name: "make", Summary: "make one",
				Forms: []manual.Form{{Words: []string{"make", `"PROMPT"`, "[flags]"}}},
				Flags: []manual.Flag{
					{Name: "image", Value: "URL", Text: "an image; may be repeated"},
					{Name: "json", Text: "JSON"},
					{Name: "model", Value: "model", Text: "which"},
					{Name: "out", Value: "file", Text: "where"},
				},
			},
			{
				Name: "tasks", Summary: "list them",
				Forms: []manual.Form{
					{Words: []string{"tasks", "[ID]", "[flags]"}},
					{Words: []string{"tasks", "cancel", "ID"}, Text: "withdraw"},
					{Words: []string{"tasks", "cancel", "ID", "--hard"}, Text: "withdraw at once"},
				},
			},
			{Name: "file", Forms: []manual.Form{{Words: []string{"file", "FILE"}}}},
		},
		Values: func(placeholder string, before []string) completion.Offer {
			words := map[string][]string{"model": {"one", "one two", "three"}, "ID": {"task1", "task2"}}[placeholder]
			offer := completion.Offer{Kind: completion.Words}
			if strings.EqualFold(placeholder, "file") {
				offer.Kind = completion.Files
			}
			for _, word := range words {
				offer.Candidates = append(offer.Candidates, completion.Candidate{Value: word, Text: strings.Join(before, " ")})
			}
			return offer
		},
	}
}

func TestComplete(t *testing.T) {
	for line, want := range map[string]string{
		"":                      "words make tasks file",
		"ma":                    "words make",
		"nothing ":              "words",
		"make ":                 "words",
		"make -":                "words --image --json --model --out",
		"make --":               "words --image --json --model --out",
		"make -m":               "words -model",
		"make --json --":        "words --image --model --out",
		"make --image x --i":    "words --image",
		"make --image=x --i":    "words --image",
		"make --image --":       "words", // its value, whatever it looks like
		"make --model ":         "words one one|two three",
		"make -model o":         "words one one|two",
		"make --model=t":        "words --model=three",
		"make --json=t":         "words",
		"make --unknown=t":      "words",
		"make --unknown --j":    "words --json",
		"make --out ":           "files",
		"make --out=x":          "files",
		"make -- --j":           "words",
		"tasks ":                "words task1 task2 cancel",
		"tasks ca":              "words cancel",
		"tasks cancel ":         "words task1 task2",
		"tasks cancel task1 ":   "words",
		"tasks task1 ":          "words",
		"tasks somewhere task1": "words",
		"file ":                 "files",
	} {
		words := strings.Split(line, " ")
		offer := completer().Complete(words)
		got := []string{string(offer.Kind)}
		for _, one := range offer.Candidates {
			got = append(got, strings.ReplaceAll(one.Value, " ", "|"))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: %q, want %q", line, strings.Join(got, " "), want)
		}
	}
}

func TestValuesAreToldWhatStandsBefore(t *testing.T) {
	offer := completer().Complete([]string{"tasks", "cancel", "task2"})
	if len(offer.Candidates) != 1 || offer.Candidates[0].Text != "tasks cancel" {
		t.Errorf("got %+v", offer)
	}
}

func TestShellsGetWhatTheyCanRead(t *testing.T) {
	offer := completion.Offer{Kind: completion.Words, Candidates: []completion.Candidate{
		{Value: "--size=16:9 (b)", Text: "first\n\x1b[31mline"}, {Value: "two", Text: strings.Repeat("é", 200)},
	}}
	long := strings.Repeat("é", 89) + "…"
	for _, c := range []struct {
		shell completion.Shell
		given string
		want  string
	}{
		{completion.Bash, `--size=`, "words\n--size=16:9\\ \\(b\\)\ntwo\n"},
		{completion.Bash, `"--size=`, "words\n--size=16:9 (b)\ntwo\n"},
		{completion.Zsh, `--size=`, "words\n16\\:9 (b):first [31mline\ntwo:" + long + "\n"},
		{completion.Fish, `--size=`, "words\n--size=16:9 (b)\tfirst [31mline\ntwo\t" + long + "\n"},
		{completion.PowerShell, `=--size=`, "words\n--size=16:9 (b)\tfirst [31mline\ntwo\t" + long + "\n"},
	} {
		var out bytes.Buffer
		if err := c.shell.Print(&out, []string{c.given}, offer); err != nil {
			t.Fatal(err)
		}
		if out.String() != c.want {
			t.Errorf("%s: %q\nwant %q", c.shell, out.String(), c.want)
		}
	}
}

func TestWordsAsTheProgramWouldGetThem(t *testing.T) {
	for _, c := range []struct {
		shell completion.Shell
		given []string
		want  string
	}{
		{completion.Bash, []string{`a\ b`, `"c d\" \e`, `'f \g`, `--h='i j'k`, ``}, `a b|c d" \e|f \g|--h=i jk|`},
		{completion.Zsh, []string{`a\b`, ``}, `a\b|`},
		{completion.Fish, []string{`a"b`, `"c\ d`}, `a"b|c\ d`},
		{completion.Fish, []string{`a\ b`, `c\ d`}, `a\ b|c d`},
		{completion.PowerShell, []string{`=a`, `C:\x y`, `=`}, `=a|C:\x y|`},
		{completion.PowerShell, []string{`==`}, `=`},
	} {
		if got := strings.Join(c.shell.Words(c.given), "|"); got != c.want {
			t.Errorf("%s %q: %q, want %q", c.shell, c.given, got, c.want)
		}
	}
}

func TestEveryShellHasItsScript(t *testing.T) {
	for _, shell := range completion.Shells() {
		script, ok := shell.Script()
		if !ok || !strings.Contains(script, "completion "+string(shell)+" ") {
			t.Errorf("%s: no script that calls the program", shell)
		}
	}
	if _, ok := completion.Shell("../shell.go").Script(); ok {
		t.Error("something else is given out as a script")
	}
}
