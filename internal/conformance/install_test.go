package conformance

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What npm installs here, and the Node that runs it.
var (
	nodeProgram      = filepath.Join("node_modules", "node", "bin", "node")
	suiteProgram     = filepath.Join("node_modules", "@modelcontextprotocol", "conformance", "dist", "index.js")
	inspectorProgram = filepath.Join("node_modules", "@modelcontextprotocol", "inspector", "clients", "launcher", "build", "index.js")
)

// install brings the programs from npm, exactly as locked, and gives Node.
func install(t *testing.T) (node string) {
	t.Helper()
	missing := t.Skipf
	if slices.Contains(strings.Split(os.Getenv("SEEDANCE_TEST_REQUIRE"), ","), "node") {
		missing = t.Fatalf
	}
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			missing("%s is not installed: the official programs cannot run", program)
		}
	}
	if installed() {
		return nodeProgram
	}
	if output, err := exec.CommandContext(t.Context(), "npm", "ci").CombinedOutput(); err != nil {
		missing("npm ci: %v: the official programs cannot run\n%s", err, output)
	}
	if !installed() {
		t.Fatal("npm ci did not install what package-lock.json names")
	}
	return nodeProgram
}

// installed says that all are there in the versions that are locked, which npm
// writes down beside them.
func installed() bool {
	for _, file := range []string{nodeProgram, suiteProgram, inspectorProgram} {
		if _, err := os.Stat(file); err != nil {
			return false
		}
	}
	locked, errLocked := versions("package-lock.json")
	have, errHave := versions(filepath.Join("node_modules", ".package-lock.json"))
	if errLocked != nil || errHave != nil {
		return false
	}
	for _, path := range []string{"node", "@modelcontextprotocol/conformance", "@modelcontextprotocol/inspector"} {
		if locked["node_modules/"+path] == "" || locked["node_modules/"+path] != have["node_modules/"+path] {
			return false
		}
	}
	return true
}

func versions(lock string) (map[string]string, error) {
	text, err := os.ReadFile(lock)
	if err != nil {
		return nil, err
	}
	var file struct {
		Packages map[string]struct {
			Version string `json:"version"`
		} `json:"packages"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, err
	}
	found := map[string]string{}
	for path, p := range file.Packages {
		found[path] = p.Version
	}
	return found, nil
}
