package agents

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// oldestNode is what Gemini CLI asks for, and more than the starters of the
// others, which are programs of their own, do.
const oldestNode = 20

// install brings the agents from npm, in the locked versions, and gives those
// versions by package.
//
// It is npm install, not npm ci: packages of binaries for other systems are
// not served everywhere, and npm ci refuses a lock file without them, although
// they are optional. What is locked is still what is installed.
func install(t *testing.T, agents []agent) map[string]string {
	t.Helper()
	missing := t.Skipf
	if slices.Contains(strings.Split(os.Getenv("SEEDANCE_TEST_REQUIRE"), ","), "node") {
		missing = t.Fatalf
	}
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			missing("%s is not installed: no agent can run", program)
		}
	}
	if tooOld(t) {
		withNewNode(t, missing)
	}
	locked := versions(t, "package-lock.json")
	if installed(t, locked, agents) {
		return locked
	}
	args := []string{"install", "--no-save"}
	if len(agents) < len(everyAgent()) {
		args = append(args, "--omit=dev")
	}
	if output, err := exec.CommandContext(t.Context(), "npm", args...).CombinedOutput(); err != nil {
		missing("npm %s: %v: no agent can run\n%s", strings.Join(args, " "), err, output)
	}
	if !installed(t, locked, agents) {
		t.Fatal("npm installed other versions than those that are locked")
	}
	return locked
}

// tooOld says that the system's Node is older than the agents can do with.
func tooOld(t *testing.T) bool {
	t.Helper()
	output, err := exec.CommandContext(t.Context(), "node", "--version").Output()
	if err != nil {
		t.Fatalf("node --version: %v", err)
	}
	version, _, _ := strings.Cut(strings.TrimPrefix(string(output), "v"), ".")
	major, err := strconv.Atoi(version)
	if err != nil {
		t.Fatalf("node --version: %q", output)
	}
	return major < oldestNode
}

// withNewNode installs a newer Node and puts it first in PATH for this test.
func withNewNode(t *testing.T, missing func(string, ...any)) {
	t.Helper()
	bin, err := filepath.Abs(filepath.Join("node", "node_modules", "node", "bin"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(bin); err != nil {
		cmd := exec.CommandContext(t.Context(), "npm", "ci")
		cmd.Dir = "node"
		if output, err := cmd.CombinedOutput(); err != nil {
			missing("npm ci in the folder node: %v: no agent can run\n%s", err, output)
		}
	}
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
}

// installed compares what is there with what is locked.
func installed(t *testing.T, locked map[string]string, agents []agent) bool {
	t.Helper()
	note := filepath.Join("node_modules", ".package-lock.json")
	if _, err := os.Stat(note); err != nil {
		return false
	}
	have := versions(t, note)
	for _, a := range agents {
		if _, err := os.Stat(a.program()); err != nil || have[a.pkg] != locked[a.pkg] {
			return false
		}
	}
	return true
}

// program is the agent's command, as npm links it.
func (a agent) program() string {
	name := a.bin
	if runtime.GOOS == "windows" {
		name += ".cmd"
	}
	return filepath.Join("node_modules", ".bin", name)
}

// versions are those of a lock file, by package.
func versions(t *testing.T, lock string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(lock)
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Packages map[string]struct {
			Version string `json:"version"`
		} `json:"packages"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for path, p := range file.Packages {
		found[strings.TrimPrefix(path, "node_modules/")] = p.Version
	}
	return found
}

// build makes the server's binary.
func build(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "seedance-mcp")
	if runtime.GOOS == "windows" {
		path += ".exe"
	}
	if output, err := exec.CommandContext(t.Context(), "go", "build", "-o", path, "seedance-mcp/cmd/seedance-mcp").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, output)
	}
	return path
}
