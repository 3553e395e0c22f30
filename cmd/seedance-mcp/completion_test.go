//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"

	"seedance-mcp/internal/completion"
)

// TestShellsComplete types into real shells, presses Tab, and lets the shell
// itself say which arguments it then understands.
func TestShellsComplete(t *testing.T) {
	home := t.TempDir()
	program := filepath.Join(home, "bin", programName)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"bin", "a folder/inside"} {
		if err := os.MkdirAll(filepath.Join(home, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(self, program); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, "models.json"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	env := []string{
		childVariable + "=1", "HOME=" + home, "PATH=" + filepath.Dir(program) + ":" + os.Getenv("PATH"), "TERM=xterm", "LC_ALL=C.UTF-8",
		"SEEDANCE_SANDBOX_SPEED=1000", "PS1=> ", "GORACE=atexit_sleep_ms=0", // each Tab ends a process
	}
	id := madeTask(t, program, env)
	script := func(shell string) string {
		path := filepath.Join(home, "completion."+shell)
		command := exec.Command(program, "completion", shell)
		command.Env = env
		text, err := command.Output()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, shell := range []struct {
		name  string
		args  []string
		setUp string
	}{
		{"bash", []string{"--norc", "--noprofile", "-i"}, "source %s"},
		{"zsh", []string{"-f", "-i"}, "autoload -U compinit; compinit -u -D; source %s"},
		{"fish", []string{"--no-config", "-i"}, "source %s"},
	} {
		t.Run(shell.name, func(t *testing.T) {
			found := foreign(t, shell.name)
			command := exec.Command(found, shell.args...)
			command.Env, command.Dir = env, home
			screen := start(t, command)
			screen.run(t, strings.Replace(shell.setUp, "%s", script(shell.name), 1))
			for typed, want := range map[string]string{
				"gene":                  "generate",
				"generate --mod":        "generate|--model",
				"generate --model grok": "generate|--model|grok-imagine-video",
				"generate --dialect kinovi --model seedance2-f": "generate|--dialect|kinovi|--model|seedance2-fast",
				`generate --model sora2\ `:                      "generate|--model|sora2 pro",
				`generate --model "sora2 p`:                     "generate|--model|sora2 pro",
				"generate --model=z":                            "generate|--model=z video",
				"generate --aspect-ratio 16":                    "generate|--aspect-ratio|16:9",
				"generate --aspect-ratio 9:":                    "generate|--aspect-ratio|9:16",
				"generate --aspect-ratio=4:":                    "generate|--aspect-ratio=4:3",
				"generate fox --input-mode r":                   "generate|fox|--input-mode|reference",
				"http --dialect w":                              "http|--dialect|workflow",
				"http --data-dir a\\ fol":                       "http|--data-dir|a folder",
				"models --catalog=mod":                          "models|--catalog=models.json",
				"install claude-d":                              "install|claude-desktop",
				"keys rev":                                      "keys|revoke",
				"callers set team-a --models z":                 "callers|set|team-a|--models|z video",
				"tasks can":                                     "tasks|cancel",
				"tasks --state stal":                            "tasks|--state|stalled",
				"tasks " + id[:len(id)-3]:                       "tasks|" + id,
				"completion fi":                                 "completion|fish",
				"generate --resolution 72":                      "generate|--resolution|720p",
				"tasks cancel " + id[:len(id)-3]:                "tasks|cancel|" + id[:len(id)-3], // it is not queued any more
				"generate nothing --yes --unknown=x":            "generate|nothing|--yes|--unknown=x",
			} {
				// zsh takes the slash of a folder away when the next word begins.
				if got := strings.TrimSuffix(screen.complete(t, typed), "/"); got != want {
					t.Errorf("%q became %q, want %q", typed, got, want)
				}
			}
		})
	}
}

// madeTask makes one video and gives its id.
func madeTask(t *testing.T, program string, env []string) string {
	t.Helper()
	command := exec.Command(program, "generate", "a fox", "--yes")
	command.Env = env
	out, err := command.CombinedOutput()
	m := regexp.MustCompile(`Task +(\S+)`).FindSubmatch(out)
	if err != nil || m == nil {
		t.Fatalf("no task was made: %v\n%s", err, out)
	}
	return string(m[1])
}

// screen is a shell in a terminal.
type screen struct {
	terminal *os.File
	output   chan string
}

func start(t *testing.T, command *exec.Cmd) *screen {
	t.Helper()
	terminal, err := pty.StartWithSize(command, &pty.Winsize{Rows: 50, Cols: 250})
	if err != nil {
		t.Fatal(err)
	}
	s := &screen{terminal: terminal, output: make(chan string)}
	go func() {
		defer close(s.output)
		buffer := make([]byte, 4096)
		for {
			n, err := terminal.Read(buffer)
			if n > 0 {
				s.output <- string(buffer[:n])
			}
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		_ = command.Process.Kill() // ended already, perhaps
		_ = command.Wait()
		for range s.output { // until the terminal is closed on the other side
		}
		_ = terminal.Close()
	})
	return s
}

// wait reads until the pattern is seen.
func (s *screen) wait(t *testing.T, pattern *regexp.Regexp) []string {
	t.Helper()
	patience := time.NewTimer(time.Minute)
	defer patience.Stop()
	var seen strings.Builder
	for {
		if m := pattern.FindStringSubmatch(seen.String()); m != nil {
			return m
		}
		select {
		case text, ok := <-s.output:
			if !ok {
				t.Fatalf("the shell ended; it showed %q", seen.String())
			}
			seen.WriteString(text)
		case <-patience.C:
			t.Fatalf("the shell does not show %s; it showed %q", pattern, seen.String())
		}
	}
}

func (s *screen) send(t *testing.T, keys string) {
	t.Helper()
	if _, err := s.terminal.WriteString(keys); err != nil {
		t.Fatal(err)
	}
}

var (
	ready    = regexp.MustCompile(`<<ready>>`)
	argument = regexp.MustCompile(`<<([^<>]*)>>`)
	printed  = regexp.MustCompile(`<<` + programName + `>>((?:<<[^<>]*>>)*)<<end>>`)
)

func (s *screen) run(t *testing.T, line string) {
	t.Helper()
	s.send(t, line+"\n"+`printf '<<%s>>' ready`+"\n")
	s.wait(t, ready)
}

// complete types a command line of the program, presses Tab, and has the shell
// print the arguments.
func (s *screen) complete(t *testing.T, typed string) string {
	t.Helper()
	const tab, home, end = "\t", "\x01", "\x05"
	s.send(t, programName+" "+typed+tab+home+`printf '<<%s>>' `+end+" end\n")
	m := s.wait(t, printed)
	var words []string
	for _, one := range argument.FindAllStringSubmatch(m[1], -1) {
		words = append(words, one[1])
	}
	return strings.Join(words, "|")
}

func TestStandsForEveryPlaceholder(t *testing.T) {
	described, err := describeAll(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	term := terminal{env: func(name string) string { return map[string]string{"HOME": t.TempDir()}[name] }}
	empty := map[string]bool{}
	for _, c := range described {
		for _, f := range c.Flags {
			offer := standsFor(t.Context(), term, f.Value, nil)
			if f.Value != "" && offer.Kind == completion.Words && len(offer.Candidates) == 0 {
				empty[f.Value] = true
			}
		}
	}
	// These nobody can know; what else is here should be completed.
	free := []string{"URL", "address", "audience", "credits", "days", "factor", "id", "key", "n", "name", "names", "number", "origins", "path", "region", "scopes", "seconds", "secret", "string", "task", "text", "time", "token", "value"}
	for value := range empty {
		if !slices.Contains(free, value) {
			t.Errorf("nothing is offered for the placeholder %q of --help", value)
		}
	}
}
