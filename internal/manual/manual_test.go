package manual_test

import (
	"flag"
	"os/exec"
	"reflect"
	"strings"
	"testing"

	"seedance-mcp/internal/manual"
)

// help is what package flag prints after a synopsis of two forms.
func help() string {
	var out strings.Builder
	out.WriteString("usage: prog tasks [ID] [flags]\n       prog tasks cancel ID     withdraw it; nothing was paid\n\n")
	fs := flag.NewFlagSet("tasks", flag.ContinueOnError)
	fs.SetOutput(&out)
	fs.Bool("json", false, "JSON\nin two lines")
	fs.Int("limit", 20, "at most `n` tasks")
	fs.String("x", "", "short `one`")
	fs.Bool("y", false, "short switch")
	fs.Func("image", "an image of `a or b`; may be repeated", func(string) error { return nil })
	fs.PrintDefaults()
	return out.String()
}

func TestReadUnderstandsWhatPackageFlagPrints(t *testing.T) {
	got, err := manual.Read("prog", "tasks", "list tasks", help())
	if err != nil {
		t.Fatal(err)
	}
	want := manual.Command{
		Name: "tasks", Summary: "list tasks",
		Forms: []manual.Form{
			{Words: []string{"tasks", "[ID]", "[flags]"}},
			{Words: []string{"tasks", "cancel", "ID"}, Text: "withdraw it; nothing was paid"},
		},
		Flags: []manual.Flag{
			{Name: "image", Value: "a or b", Text: "an image of a or b; may be repeated"},
			{Name: "json", Text: "JSON in two lines"},
			{Name: "limit", Value: "n", Text: "at most n tasks (default 20)"},
			{Name: "x", Value: "one", Text: "short one"},
			{Name: "y", Text: "short switch"},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestReadRefusesWhatIsNoHelp(t *testing.T) {
	for _, text := range []string{"", "prog 1.0 go1.26\n", "usage: prog x\n\nsome prose\n", "usage: prog x\n\n    \ttext of no flag\n"} {
		if _, err := manual.Read("prog", "x", "", text); err == nil {
			t.Errorf("%q was taken for a help", text)
		}
	}
}

func page(t *testing.T) manual.Page {
	t.Helper()
	tasks, err := manual.Read("prog", "tasks", "list tasks", help())
	if err != nil {
		t.Fatal(err)
	}
	return manual.Page{
		Program: "prog", Version: "v1.2.3", Date: "2026-11-25", Summary: "does things",
		Description: []string{".begins with a dot", "'begins with a quote, has a \\ and \"quotes\" and é ≈"},
		Commands:    []manual.Command{tasks},
		Shared:      []manual.Flag{{Name: "x", Value: "one", Text: "short one"}},
		Environment: []manual.Variable{{Name: "PROG_X", Flag: "x"}},
		ExitStatus:  []manual.Entry{{Term: "0", Text: "Success."}},
	}
}

func TestRoffEscapes(t *testing.T) {
	text := page(t).Roff()
	for _, line := range []string{
		`\&.begins with a dot`,
		`\&'begins with a quote, has a \e and \(dqquotes\(dq and \[u00E9] \[u2248]`,
		`.B "prog tasks cancel ID"`,
		`\fB\-\-limit\fP \fIn\fP`,
		`At most n tasks (default 20).`,
	} {
		if !strings.Contains(text, "\n"+line+"\n") {
			t.Errorf("the page lacks the line %s", line)
		}
	}
	if got := strings.Count(text, "Short one."); got != 1 {
		t.Errorf("a shared flag is described %d times", got)
	}
	if !strings.Contains(text, "Takes the shared flags.") {
		t.Error("the command does not say that it takes the shared flags")
	}
}

func TestMandocFindsNothingToSay(t *testing.T) {
	mandoc, err := exec.LookPath("mandoc")
	if err != nil {
		t.Skip("mandoc is not installed")
	}
	command := exec.Command(mandoc, "-T", "lint", "-W", "warning")
	command.Stdin = strings.NewReader(page(t).Roff())
	if out, err := command.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("mandoc: %v\n%s", err, out)
	}
}
