package install_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"seedance-mcp/internal/install"
)

// TestClientsOwnList asks the clients that are on npm: what was installed is
// in their own list, and started by those that try it. The packages are those
// of internal/agents, which that package's tests install, or else the PATH's.
func TestClientsOwnList(t *testing.T) {
	if os.Getenv("SEEDANCE_CLIENTS") != "all" {
		t.Skip("the clients themselves are asked with SEEDANCE_CLIENTS=all (make clients)")
	}
	server := filepath.Join(t.TempDir(), "seedance-mcp")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", server, "seedance-mcp/cmd/seedance-mcp").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	tests := []struct {
		client, program string
		args            []string
		want            []string // each in one line of what it prints
	}{
		{"claude-code", "claude", []string{"mcp", "list"}, []string{"seedance: ", "Connected"}},
		{"codex", "codex", []string{"mcp", "list"}, []string{"seedance ", "stdio", "enabled"}},
		{"gemini-cli", "gemini", []string{"mcp", "list"}, []string{"seedance: ", "Connected"}},
		{"opencode", "opencode", []string{"mcp", "list"}, []string{"seedance", "connected"}},
		{"copilot-cli", "copilot", []string{"mcp", "list"}, []string{"seedance (local)"}},
		{"cline", "cline", []string{"config", "mcp", "--json"}, []string{`"name":"seedance"`, `"transportType":"stdio"`, `"disabled":false`}},
	}
	for _, tt := range tests {
		t.Run(tt.client, func(t *testing.T) {
			program := clientProgram(t, tt.program)
			home := t.TempDir()
			env := []string{
				"HOME=" + home, "PATH=" + os.Getenv("PATH"),
				// Nothing of the outside world is needed, and nothing is reached.
				"HTTPS_PROXY=http://127.0.0.1:9", "HTTP_PROXY=http://127.0.0.1:9", "DISABLE_TELEMETRY=1", "DISABLE_AUTOUPDATER=1",
				"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1", "OPENCODE_DISABLE_AUTOUPDATE=1", "OPENCODE_DISABLE_MODELS_FETCH=1",
				"COPILOT_OFFLINE=true", "GEMINI_CLI_TRUST_WORKSPACE=true",
				// Handed on by reference: the server refuses to start with
				// anything that is no number.
				"SEEDANCE_SANDBOX_SPEED=7",
			}
			lookUp := func(name string) string {
				for _, pair := range slices.Backward(env) {
					if value, ok := strings.CutPrefix(pair, name+"="); ok {
						return value
					}
				}
				return ""
			}
			out, err := install.Install(install.Order{
				Client: client(t, tt.client), System: install.System{GOOS: runtime.GOOS, Env: lookUp}, Name: install.DefaultName, Binary: server,
				Variables: []install.Variable{{Name: "SEEDANCE_SANDBOX_SPEED"}}, Now: time.Now(),
			})
			if err != nil || out.Action != install.Added {
				t.Fatalf("%+v %v", out, err)
			}
			command := exec.CommandContext(t.Context(), program, tt.args...)
			command.Env, command.Dir = env, t.TempDir()
			printed, err := command.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, printed)
			}
			for line := range strings.Lines(string(printed)) {
				if !slices.ContainsFunc(tt.want, func(word string) bool { return !strings.Contains(line, word) }) {
					t.Logf("%s: %s", tt.client, strings.TrimSpace(line))
					return
				}
			}
			t.Errorf("no line with %q in\n%s\n%s", tt.want, printed, read(t, out.File))
		})
	}
}

func clientProgram(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "agents", "node_modules", ".bin", name))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err == nil {
		return path
	}
	if path, err = exec.LookPath(name); err == nil {
		return path
	}
	if slices.Contains(strings.Split(os.Getenv("SEEDANCE_TEST_REQUIRE"), ","), "node") {
		t.Fatalf("%s is not installed; go test ./internal/agents installs it", name)
	}
	t.Skipf("%s is not installed; go test ./internal/agents installs it", name)
	return ""
}
