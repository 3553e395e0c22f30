package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	mcpserver "github.com/mark3labs/mcp-go/server"
	"go.uber.org/goleak"

	"seedance-mcp/server"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// sets are what the suite is asked to run; all of a set in one process.
var sets = []struct {
	name string
	args []string
}{
	{"2025-06-18", []string{"--suite", "all", "--spec-version", "2025-06-18"}},
	{"2025-11-25", []string{"--requirements", "2025-11-25"}},
	{"2026-07-28", []string{"--requirements", "2026-07-28"}},
}

// TestOfficialSuite fails when a check fails that expected-failures.yaml does
// not name, and when one passes that it names.
func TestOfficialSuite(t *testing.T) {
	node := install(t)
	url := serve(t)
	var table strings.Builder
	for _, set := range sets {
		t.Run(set.name, func(t *testing.T) {
			results := t.TempDir()
			args := append([]string{
				suiteProgram, "server", "--url", url, "--output-dir", results, "--expected-failures", "expected-failures.yaml",
			}, set.args...)
			report, err := exec.CommandContext(t.Context(), node, args...).CombinedOutput()
			if err != nil {
				t.Errorf("%v\n%s", err, report)
			}
			checks := read(t, results)
			if len(checks) == 0 {
				t.Fatalf("the suite ran nothing:\n%s", report)
			}
			required, tasks := split(checks)
			table.WriteString(tabulate(set.name, required))
			if len(tasks) > 0 {
				table.WriteString(tabulate("  tasks     ", tasks))
				for _, c := range tasks {
					if c.Status == "FAILURE" || c.Status == "WARNING" {
						t.Errorf("%s: %s: %s", c.scenario, c.ID, c.Message)
					}
				}
			}
		})
	}
	fmt.Printf("\nOfficial MCP conformance suite\n\n%s\n", table.String())
}

// serve mounts the production transport until the test ends.
func serve(t *testing.T) (url string) {
	t.Helper()
	states, tasks := newSealer(), newJobs(t)
	s, err := server.New(server.Options{
		Version: "1.0.0",
		Tools:   slices.Concat(contentTools(), askingTools(), roundTools(states), changeTools(), taskTools(tasks, states)),
		Tasks:   tasks,
		Configure: func(s *mcpserver.MCPServer) {
			capabilities(s)
			addResources(s)
			addPrompts(s)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.ServeHTTP(ctx, listener) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return "http://" + listener.Addr().String() + "/mcp"
}

// check is one line of the suite's results.
type check struct {
	scenario string
	ID       string `json:"id"`
	Status   string `json:"status"`
	Message  string `json:"errorMessage"`
}

// read collects results, one folder a scenario.
func read(t *testing.T, folder string) []check {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*", "checks.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all []check
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var checks []check
		if err := json.NewDecoder(bytes.NewReader(text)).Decode(&checks); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, c := range checks {
			c.scenario = filepath.Base(filepath.Dir(file))
			all = append(all, c)
		}
	}
	return all
}

// split sets the scenarios of the tasks extension apart: the suite runs them
// with the rest but scores them for nobody, so the test does.
func split(checks []check) (required, tasks []check) {
	for _, c := range checks {
		if strings.HasPrefix(c.scenario, "server-tasks-") {
			tasks = append(tasks, c)
		} else {
			required = append(required, c)
		}
	}
	return required, tasks
}

// tabulate sums checks up and names those that did not succeed.
func tabulate(set string, checks []check) string {
	count := map[string]int{}
	var rest strings.Builder
	for _, c := range checks {
		count[c.Status]++
		if c.Status == "FAILURE" || c.Status == "WARNING" {
			fmt.Fprintf(&rest, "    %-7s %s: %s: %.200s\n", c.Status, c.scenario, c.ID, c.Message)
		}
	}
	return fmt.Sprintf("%s  %d of %d checks, %d warnings, %d not applicable\n%s", set,
		count["SUCCESS"], count["SUCCESS"]+count["FAILURE"], count["WARNING"], count["SKIPPED"], rest.String())
}
