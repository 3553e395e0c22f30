package docs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"seedance-mcp/internal/manual"
)

// program is the seedance-mcp that is documented, built once for all tests.
var program string

func TestMain(m *testing.M) { os.Exit(withProgram(m)) }

func withProgram(m *testing.M) int {
	dir, err := os.MkdirTemp("", "docs-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "seedance-mcp")
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	build := exec.Command("go", "build", "-o", program, "seedance-mcp/cmd/seedance-mcp")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// says is what the program prints for one command line in an empty home.
func says(t *testing.T, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // a mistake, if it serves
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	home := t.TempDir()
	cmd.Env = []string{"HOME=" + home, "USERPROFILE=" + home, "PATH=" + os.Getenv("PATH"), "SystemRoot=" + os.Getenv("SystemRoot")}
	out, err := cmd.Output()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		t.Fatalf("seedance-mcp %s: %v\n%s", strings.Join(args, " "), err, exit.Stderr)
	case err != nil:
		t.Fatal(err)
	}
	return string(out)
}

// programName stands before every command.
const programName = "seedance-mcp"

var (
	commandLine = regexp.MustCompile(`^  seedance-mcp ([a-z-]+)\b.*?\s{2,}(\S.*)$`)
	variableEnd = regexp.MustCompile(`^(.*?) ?\[(SEEDANCE_[A-Z_]+)\](.*)$`)
)

// commands reads the help of all commands, in the order in which it shows
// them.
func commands(t *testing.T) []manual.Command {
	t.Helper()
	var all []manual.Command
	for line := range strings.Lines(says(t, "--help")) {
		found := commandLine.FindStringSubmatch(strings.TrimRight(line, "\n"))
		if found == nil {
			continue
		}
		c, err := manual.Read(programName, found[1], found[2], says(t, found[1], "--help"))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	if len(all) < 5 {
		t.Fatalf("only %d commands were found in the help", len(all))
	}
	return all
}

// formsText shows the ways to call a command below each other.
func formsText(forms []manual.Form) string {
	widest := 0
	for _, f := range forms {
		widest = max(widest, len(strings.Join(f.Words, " ")))
	}
	var text strings.Builder
	for _, f := range forms {
		line := fmt.Sprintf("%s %-*s  %s", programName, widest, strings.Join(f.Words, " "), f.Text)
		text.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return "```\n" + text.String() + "```\n\n"
}

// flagText parts a flag's help into the words and the variable that does the
// same; "": none does.
func flagText(f manual.Flag) (text, variable string) {
	if found := variableEnd.FindStringSubmatch(f.Text); found != nil {
		return capital(found[1] + found[3]), found[2]
	}
	return capital(f.Text), ""
}

// spelled is a flag as it is written: --model MODEL.
func spelled(f manual.Flag) string {
	text := "--" + f.Name
	if f.Value != "" {
		text += " " + strings.ToUpper(strings.NewReplacer(" or ", "|", ", ", "|", " ", "-").Replace(f.Value))
	}
	return code(text)
}

func commandsText(t *testing.T) string {
	var text strings.Builder
	for _, c := range commands(t) {
		fmt.Fprintf(&text, "### seedance-mcp %s\n\n%s.\n\n%s", c.Name, capital(c.Summary), formsText(c.Forms))
		var rows [][]string
		shared := false
		for _, f := range c.Flags {
			meaning, variable := flagText(f)
			if variable != "" {
				shared = true
				continue
			}
			rows = append(rows, []string{spelled(f), meaning})
		}
		if len(rows) > 0 {
			text.WriteString(table([]string{"flag", ""}, rows) + "\n")
		}
		switch {
		case shared && len(rows) > 0:
			text.WriteString("And the flags of all [settings](#settings).\n\n")
		case shared:
			text.WriteString("The flags of all [settings](#settings).\n\n")
		}
	}
	return text.String()
}

func settingsText(t *testing.T) string {
	var rows [][]string
	for _, c := range commands(t) {
		if c.Name != "http" {
			continue
		}
		for _, f := range c.Flags {
			if meaning, variable := flagText(f); variable != "" {
				rows = append(rows, []string{code(variable), spelled(f), meaning})
			}
		}
	}
	if len(rows) < 10 {
		t.Errorf("only %d settings were found in the help of http", len(rows))
	}
	return table([]string{"variable", "flag", ""}, rows)
}

func capital(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
