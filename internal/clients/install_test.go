package clients

import (
	"debug/buildinfo"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// oldestNode is what the newest of the libraries need.
const oldestNode = 22

// lab is what all runs share.
type lab struct {
	dir      string
	server   string // the real binary
	observer string // this test binary, which plays the server over stdio
	examples string // the folder
	node     func() (string, error)
	npm      map[string]error // of npm ci, by folder
}

// newLab builds the binary.
func newLab(t *testing.T) *lab {
	t.Helper()
	observer, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	examples, err := filepath.Abs(filepath.Join("..", "..", "examples"))
	if err != nil {
		t.Fatal(err)
	}
	l := &lab{dir: t.TempDir(), observer: observer, examples: examples}
	l.node = sync.OnceValues(func() (string, error) { return newNode(t) })
	l.server = l.build(t, "seedance-mcp/cmd/seedance-mcp")
	return l
}

func (l *lab) build(t *testing.T, pkg string) string {
	t.Helper()
	path := filepath.Join(l.dir, filepath.Base(pkg))
	if runtime.GOOS == "windows" {
		path += ".exe"
	}
	if output, err := exec.CommandContext(t.Context(), "go", "build", "-o", path, pkg).CombinedOutput(); err != nil {
		t.Fatalf("go build %s: %v\n%s", pkg, err, output)
	}
	return path
}

// fetch installs the packages of all programs, several at once: it is mostly
// waiting for the registry.
func (l *lab) fetch(t *testing.T, all []program) {
	t.Helper()
	var folders []string
	for _, p := range all {
		if !p.goes() && !slices.Contains(folders, p.folder) {
			folders = append(folders, p.folder)
		}
	}
	errs := make([]error, len(folders))
	slots := make(chan struct{}, 3)
	var group sync.WaitGroup
	for i, folder := range folders {
		group.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			errs[i] = npmInstall(t, filepath.Join(l.examples, folder), "--ignore-scripts")
		})
	}
	group.Wait()
	l.npm = map[string]error{}
	for i, folder := range folders {
		l.npm[folder] = errs[i]
	}
}

// install makes the program of a folder ready to run. Without Node or npm, a
// Node program is skipped by name, or fails where SEEDANCE_TEST_REQUIRE lists
// node.
func (l *lab) install(t *testing.T, p program) (command []string, version string) {
	t.Helper()
	if p.goes() {
		path := l.build(t, "seedance-mcp/examples/"+p.folder)
		info, err := buildinfo.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, module := range info.Deps {
			if module.Path == p.library {
				version = module.Version
			}
		}
		return []string{path}, version
	}
	missing := t.Skipf
	if slices.Contains(strings.Split(os.Getenv("SEEDANCE_TEST_REQUIRE"), ","), "node") {
		missing = t.Fatalf
	}
	node, err := l.node()
	if err != nil {
		missing("SKIPPED %s: %v", p.client, err)
	}
	if err := l.npm[p.folder]; err != nil {
		missing("SKIPPED %s: %v", p.client, err)
	}
	folder := filepath.Join(l.examples, p.folder)
	packages, err := locked(filepath.Join(folder, "package-lock.json"))
	if err != nil {
		t.Fatal(err)
	}
	return []string{node, filepath.Join(folder, "video.mjs")}, packages["node_modules/"+p.library]
}

// newNode is the system's Node where it is new enough, and npm's otherwise.
func newNode(t *testing.T) (string, error) {
	t.Helper()
	if path, err := exec.LookPath("node"); err == nil {
		version, err := exec.CommandContext(t.Context(), path, "--version").Output()
		major, _, _ := strings.Cut(strings.TrimPrefix(string(version), "v"), ".")
		if n, errNumber := strconv.Atoi(major); err == nil && errNumber == nil && n >= oldestNode {
			return path, nil
		}
	}
	if err := npmInstall(t, "."); err != nil {
		return "", err
	}
	return filepath.Abs(filepath.Join("node_modules", "node", "bin", "node"))
}

// npmInstall installs exactly what the folder's lock file says, unless that has
// been done.
func npmInstall(t *testing.T, folder string, flags ...string) error {
	t.Helper()
	want, err := locked(filepath.Join(folder, "package-lock.json"))
	if err != nil {
		return err
	}
	// npm writes down what it installed; what belongs to other systems is not there.
	if have, err := locked(filepath.Join(folder, "node_modules", ".package-lock.json")); err == nil && len(have) > 0 {
		maps.DeleteFunc(have, func(name, version string) bool { return want[name] == version })
		if len(have) == 0 {
			return nil
		}
	}
	command := exec.CommandContext(t.Context(), "npm", append([]string{"ci", "--no-audit", "--no-fund"}, flags...)...)
	command.Dir = folder
	if output, err := command.CombinedOutput(); err != nil {
		return &installError{err, string(output)}
	}
	return nil
}

type installError struct {
	err    error
	output string
}

func (e *installError) Error() string { return "npm ci: " + e.err.Error() + "\n" + e.output }

// locked gives the versions in a lock file by their path, such as
// "node_modules/zod".
func locked(path string) (map[string]string, error) {
	text, err := os.ReadFile(path)
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
	for name, p := range file.Packages {
		if name != "" {
			found[name] = p.Version
		}
	}
	return found, nil
}
