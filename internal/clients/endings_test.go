package clients

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"seedance-mcp/internal/porttest"
)

// TestEndings runs the two workflows, in JavaScript and in Go, to each of
// their ends. What they buy is counted.
func TestEndings(t *testing.T) {
	lab := newLab(t)
	for _, folder := range []string{"typescript-sdk-v1", "go-sdk"} {
		t.Run(folder, func(t *testing.T) {
			of := slices.DeleteFunc(programs(), func(p program) bool { return p.folder != folder })
			lab.fetch(t, of)
			command, _ := lab.install(t, of[0])
			nobody := porttest.Addr(t)
			data := t.TempDir()
			for _, c := range []struct {
				name    string
				args    []string
				exit    int
				prints  []string
				ordered int // so far
			}{
				{"nothing was ordered yet", []string{"stdio"}, 1, []string{"error: "}, 0},
				{"no transport", nil, 2, []string{"usage: "}, 0},
				{"no server", []string{"http", "a fox"}, 1, []string{"error: ", "refused"}, 0},
				{"refused", []string{"stdio", "[sandbox:create-402] a fox"}, 1, []string{"estimate: 200 credits", "error: "}, 1},
				{"failed", []string{"stdio", "[sandbox:fail-text] a fox"}, 1, []string{"task: vid_", "error: Your input text violates platform rules"}, 2},
				{"answer lost", []string{"stdio", "[sandbox:create-lost] a fox"}, 1, []string{"unconfirmed", "error: "}, 3},
				{"success", []string{"stdio", "a fox"}, 0, []string{"estimate: 200 credits", "video: http", "used: 200 credits"}, 4},
				{"the latest again", []string{"stdio"}, 0, []string{"video: http", "used: 200 credits"}, 4},
			} {
				t.Run(c.name, func(t *testing.T) {
					program := exec.CommandContext(t.Context(), command[0], slices.Concat(command[1:], c.args)...)
					program.Env = []string{
						"HOME=" + data, "PATH=" + os.Getenv("PATH"), "SYSTEMROOT=" + os.Getenv("SYSTEMROOT"),
						"SEEDANCE_DATA_DIR=" + data, "SEEDANCE_SANDBOX_SPEED=20", "SEEDANCE_LOG_LEVEL=error", "SEEDANCE_MCP=" + lab.server, "SEEDANCE_MCP_URL=http://" + nobody + "/mcp",
					}
					var output bytes.Buffer
					program.Stdout, program.Stderr = &output, &output
					var failed *exec.ExitError
					if err := program.Run(); err != nil && !errors.As(err, &failed) {
						t.Fatal(err)
					}
					if exit := program.ProcessState.ExitCode(); exit != c.exit {
						t.Errorf("exit code %d, want %d", exit, c.exit)
					}
					for _, words := range c.prints {
						if !strings.Contains(strings.ToLower(output.String()), strings.ToLower(words)) {
							t.Errorf("it does not print %q", words)
						}
					}
					books, err := readBooks(data)
					if err != nil {
						t.Fatal(err)
					}
					if len(books.Entries) != c.ordered {
						t.Errorf("%d createTask so far, want %d", len(books.Entries), c.ordered)
					}
					if t.Failed() {
						t.Log(output.String())
					}
				})
			}
		})
	}
}

// TestEveryExampleIsRun compares the folders with the table above and the
// README, and looks that no lock file names where its packages came from.
func TestEveryExampleIsRun(t *testing.T) {
	run := map[string]bool{}
	for _, p := range programs() {
		run[p.folder] = true
	}
	readme, err := os.ReadFile(filepath.Join("..", "..", "examples", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, kind := range []string{"package.json", "main.go"} {
		found, err := filepath.Glob(filepath.Join("..", "..", "examples", "*", kind))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range found {
			seen++
			folder := filepath.Base(filepath.Dir(path))
			if !run[folder] {
				t.Errorf("examples/%s is not run", folder)
			}
			if !strings.Contains(string(readme), "["+folder+"]("+folder+")") {
				t.Errorf("examples/README.md does not list %s", folder)
			}
			if kind == "main.go" {
				continue
			}
			lock, err := os.ReadFile(filepath.Join(filepath.Dir(path), "package-lock.json"))
			if err != nil {
				t.Error(err)
			}
			if strings.Contains(string(lock), `"resolved"`) {
				t.Errorf("examples/%s/package-lock.json names a registry: npm install --omit-lockfile-registry-resolved", folder)
			}
		}
	}
	if seen != len(run) {
		t.Errorf("%d folders are run, %d are there", len(run), seen)
	}
}
