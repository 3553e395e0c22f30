package completion_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"seedance-mcp/internal/completion"
)

// lookPath finds a program; without it the test is skipped by name, or fails
// where SEEDANCE_TEST_REQUIRE lists it.
func lookPath(t *testing.T, name, as string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	if slices.Contains(strings.Split(os.Getenv("SEEDANCE_TEST_REQUIRE"), ","), as) {
		t.Fatalf("%s is not installed, and SEEDANCE_TEST_REQUIRE lists %s", name, as)
	}
	t.Skipf("%s is not installed", name)
	return ""
}

// TestShellsParseTheirScripts lets each shell read its script without running
// it; cmd/seedance-mcp types into those that are there.
func TestShellsParseTheirScripts(t *testing.T) {
	for _, shell := range []completion.Shell{completion.Bash, completion.Zsh, completion.Fish} {
		t.Run(string(shell), func(t *testing.T) {
			program := lookPath(t, string(shell), string(shell))
			out, err := exec.CommandContext(t.Context(), program, "-n", filepath.Join("scripts", string(shell))).CombinedOutput()
			if err != nil || len(out) > 0 {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// TestPowerShellScriptParses reads the script with a grammar of PowerShell,
// since the shell itself is in no package registry of these systems.
func TestPowerShellScriptParses(t *testing.T) {
	const folder = "testdata/powershell"
	node, npm := lookPath(t, "node", "node"), lookPath(t, "npm", "node")
	command := exec.CommandContext(t.Context(), npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	command.Dir = folder
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("npm ci: %v\n%s", err, out)
	}
	parse := func(script string) string {
		command := exec.CommandContext(t.Context(), node, "parse.mjs")
		command.Dir, command.Stdin = folder, strings.NewReader(script)
		out, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return string(out)
	}
	script, _ := completion.PowerShell.Script()
	if said := parse(script); !regexp.MustCompile(`^\d{4} nodes\n$`).MatchString(said) {
		t.Errorf("the script does not parse:\n%s", said)
	}
	// The grammar does find what is wrong.
	if said := parse(strings.Replace(script, "param($wordToComplete,", "param($wordToComplete", 1)); !strings.Contains(said, "not PowerShell") && !strings.Contains(said, "missing") {
		t.Errorf("a broken script parses:\n%s", said)
	}
}
