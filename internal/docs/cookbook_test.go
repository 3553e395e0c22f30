package docs

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"seedance-mcp/internal/porttest"
)

// block is one fenced block of a recipe and the checks that stand after it in
// a comment: <!-- test … -->, in testscript's words.
type block struct {
	lines  []string
	checks []string
	// fails: the commands are shown because they are refused.
	fails bool
	// serves: it runs until the recipe ends, in a terminal of its own.
	serves bool
}

// recipe is a section of the cookbook.
type recipe struct {
	name   string
	blocks []block
}

// recipes reads the cookbook: "sh", "sh fails" and "sh serves" blocks are
// commands, others are not run.
func recipes(t *testing.T, text string) []recipe {
	t.Helper()
	var all []recipe
	var open, checking bool
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		title, isTitle := strings.CutPrefix(line, "## ")
		switch {
		case isTitle && !open:
			all = append(all, recipe{name: title})
			continue
		case len(all) == 0:
			continue
		}
		last := &all[len(all)-1]
		words := strings.Fields(strings.TrimPrefix(line, "```"))
		switch {
		case open && strings.HasPrefix(line, "```"):
			open = false
		case open:
			b := &last.blocks[len(last.blocks)-1]
			b.lines = append(b.lines, line)
		case strings.HasPrefix(line, "```") && len(words) > 0 && words[0] == "sh":
			open = true
			last.blocks = append(last.blocks, block{fails: slices.Contains(words, "fails"), serves: slices.Contains(words, "serves")})
		case line == "<!-- test":
			if len(last.blocks) == 0 {
				t.Fatalf("checks before the first block of %q", last.name)
			}
			checking = true
		case checking && line == "-->":
			checking = false
		case checking:
			b := &last.blocks[len(last.blocks)-1]
			b.checks = append(b.checks, line)
		}
	}
	return slices.DeleteFunc(all, func(r recipe) bool { return len(r.blocks) == 0 })
}

// ports are those that the documents write; each run takes free ones.
var ports = []string{
	"127.0.0.1:8080", "127.0.0.1:8081", "127.0.0.1:8090", "127.0.0.1:8443",
	"127.0.0.1:9464", "127.0.0.1:9465", "127.0.0.1:9090", "127.0.0.1:9093", "127.0.0.1:7070",
}

var (
	anyID     = regexp.MustCompile(`\bID\b`)
	exporting = regexp.MustCompile(`^export (\w+)=(\S+)$`)
)

// newestID gives a shell the id of the newest task.
const newestID = `ID=$(seedance-mcp tasks --limit 1 | sed -n '2s/ .*//p')` + "\n"

// script makes a testscript of a recipe: each block is a file that a shell
// runs as it stands, but for ports and ID.
func (r recipe) script(ports *strings.Replacer) string {
	var script, files strings.Builder
	for i, b := range r.blocks {
		name := fmt.Sprintf("block%d.sh", i+1)
		text := ports.Replace(strings.Join(b.lines, "\n")) + "\n"
		if anyID.MatchString(text) {
			text = newestID + anyID.ReplaceAllString(text, `"$$ID"`)
		}
		switch {
		case b.serves:
			// What is ended is the program, not a shell around it.
			text = regexp.MustCompile(`(?m)^(seedance-mcp http|seedance-mcp sandbox|haproxy|prometheus|prometheus-alertmanager|versitygw) `).ReplaceAllString(text, "exec $1 ")
			fmt.Fprintf(&script, "exec sh -eu %s &server%d&\n", name, i)
			for _, address := range regexp.MustCompile(`127\.0\.0\.1:\d+`).FindAllString(text, 1) {
				fmt.Fprintf(&script, "serving %s\n", address)
			}
		case b.fails:
			fmt.Fprintf(&script, "! exec sh -eu %s\n", name)
		default:
			fmt.Fprintf(&script, "exec sh -eu %s\n", name)
		}
		for line := range strings.Lines(text) {
			if found := exporting.FindStringSubmatch(strings.TrimSpace(line)); found != nil {
				fmt.Fprintf(&script, "env %s=%s\n", found[1], strings.Trim(found[2], `"'`))
			}
		}
		for _, check := range b.checks {
			script.WriteString(ports.Replace(check) + "\n")
		}
		fmt.Fprintf(&files, "-- %s --\n%s", name, text)
	}
	return script.String() + files.String()
}

// TestCookbook runs every command block of the cookbook against the sandbox.
func TestCookbook(t *testing.T) {
	need(t, "curl")
	runRecipes(t, "cookbook.md", 8, nil)
}

// runRecipes runs the command blocks of a document against the sandbox, at
// least so many sections; prepare may add to each one's environment.
func runRecipes(t *testing.T, document string, least int, prepare func(*testscript.Env) error, replace ...string) {
	if runtime.GOOS == "windows" {
		t.Skip("windows: the commands are for a POSIX shell")
	}
	all := recipes(t, read(t, filepath.Join(root, "docs", document)))
	if len(all) < least {
		t.Fatalf("only %d recipes were found", len(all))
	}
	dir := t.TempDir()
	for i, r := range all {
		name := strings.ReplaceAll(strings.ToLower(regexp.MustCompile(`[^A-Za-z]+`).ReplaceAllString(r.name, "-")), "--", "-")
		script := r.script(freePorts(t, replace...))
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%02d-%s.txtar", i+1, strings.Trim(name, "-"))), []byte(script), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	testscript.Run(t, testscript.Params{
		Dir: dir,
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("PATH", filepath.Dir(program)+string(os.PathListSeparator)+env.Getenv("PATH"))
			env.Setenv("SEEDANCE_SANDBOX_SPEED", "20")
			if prepare != nil {
				return prepare(env)
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"serving": scriptServing, "dashboard": scriptDashboard},
	})
}

// scriptServing waits until somebody listens.
func scriptServing(ts *testscript.TestScript, _ bool, args []string) {
	for range 600 {
		conn, err := net.Dial("tcp", args[0])
		if err == nil {
			conn.Close()
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	ts.Fatalf("nobody listens on %s", args[0])
}

// freePorts replaces the documents' ports by free ones, and more.
func freePorts(t *testing.T, pairs ...string) *strings.Replacer {
	t.Helper()
	pairs = slices.Clone(pairs)
	for _, written := range ports {
		pairs = append(pairs, written, porttest.Addr(t))
	}
	return strings.NewReplacer(pairs...)
}

// need skips the test by name where a program is missing, or fails it where
// the program is required.
func need(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	if slices.Contains(strings.Split(os.Getenv("SEEDANCE_TEST_REQUIRE"), ","), name) {
		t.Fatalf("%s is required and not installed: %v", name, err)
	}
	t.Skipf("SKIPPED: %s is not installed", name)
	return ""
}
