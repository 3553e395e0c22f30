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

// manual is what --help says about one command.
type manual struct {
	name, summary string
	// synopsis are the lines of its usage; none: it takes no flags.
	synopsis []string
	flags    []flagHelp
}

// flagHelp is one flag; variable is set where an environment variable does the
// same.
type flagHelp struct {
	name, value, usage, variable string
}

var (
	commandLine = regexp.MustCompile(`^  seedance-mcp ([a-z-]+)\b.*?\s{2,}(\S.*)$`)
	flagLine    = regexp.MustCompile(`^  -([a-z-]+)(?: (.+))?$`)
	variableEnd = regexp.MustCompile(`^(.*?) ?\[(SEEDANCE_[A-Z_]+)\](.*)$`)
)

// manuals reads the help of all commands, in the order in which it shows them.
func manuals(t *testing.T) []manual {
	t.Helper()
	var all []manual
	for line := range strings.Lines(says(t, "--help")) {
		if found := commandLine.FindStringSubmatch(strings.TrimRight(line, "\n")); found != nil {
			all = append(all, readManual(t, found[1], found[2]))
		}
	}
	if len(all) < 5 {
		t.Fatalf("only %d commands were found in the help", len(all))
	}
	return all
}

func readManual(t *testing.T, name, summary string) manual {
	t.Helper()
	m := manual{name: name, summary: summary}
	help := says(t, name, "--help")
	if !strings.HasPrefix(help, "usage: ") {
		return m
	}
	usage, flags, _ := strings.Cut(help, "\n\n")
	for line := range strings.Lines(usage) {
		m.synopsis = append(m.synopsis, strings.TrimSpace(strings.TrimPrefix(line, "usage: ")))
	}
	for line := range strings.Lines(flags) {
		line = strings.TrimRight(line, "\n")
		if found := flagLine.FindStringSubmatch(line); found != nil {
			m.flags = append(m.flags, flagHelp{name: found[1], value: found[2]})
			continue
		}
		text, ok := strings.CutPrefix(line, "    \t")
		if !ok || len(m.flags) == 0 {
			continue // prose between or after the flags
		}
		last := &m.flags[len(m.flags)-1]
		last.usage = strings.TrimSpace(last.usage + " " + text)
		if found := variableEnd.FindStringSubmatch(last.usage); found != nil {
			last.usage, last.variable = found[1]+found[3], found[2]
		}
	}
	return m
}

// spelled is a flag as it is written: --model model.
func (f flagHelp) spelled() string {
	text := "--" + f.name
	if f.value != "" {
		text += " " + strings.ToUpper(strings.NewReplacer(" or ", "|", ", ", "|", " ", "-").Replace(f.value))
	}
	return code(text)
}

func commandsText(t *testing.T) string {
	var text strings.Builder
	for _, m := range manuals(t) {
		fmt.Fprintf(&text, "### seedance-mcp %s\n\n%s.\n\n", m.name, capital(m.summary))
		if len(m.synopsis) > 0 {
			text.WriteString("```\n" + strings.Join(m.synopsis, "\n") + "\n```\n\n")
		}
		var rows [][]string
		shared := false
		for _, f := range m.flags {
			if f.variable != "" {
				shared = true
				continue
			}
			rows = append(rows, []string{f.spelled(), capital(f.usage)})
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
	for _, m := range manuals(t) {
		if m.name != "http" {
			continue
		}
		for _, f := range m.flags {
			if f.variable != "" {
				rows = append(rows, []string{code(f.variable), f.spelled(), capital(f.usage)})
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
