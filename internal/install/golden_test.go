package install_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"seedance-mcp/internal/install"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// binaries are where the program lies in the golden files.
func binary(goos string) string {
	if goos == "windows" {
		return `C:\Program Files\Seedance "beta"\seedance-mcp.exe`
	}
	return "/opt/seedance mcp/seedance-mcp"
}

// nowhere is a machine on which nothing exists.
func nowhere(goos string) install.System {
	env := map[string]string{
		"HOME": "/nowhere/me", "USERPROFILE": `C:\Nowhere\me`, "APPDATA": `C:\Nowhere\me\Roaming`, "LOCALAPPDATA": `C:\Nowhere\me\Local`,
	}
	return install.System{GOOS: goos, Env: func(name string) string { return env[name] }}
}

func fixture(t *testing.T, c install.Client) string {
	t.Helper()
	name := map[install.Format]string{install.JSON: "settings.jsonc", install.TOML: "settings.toml", install.YAML: "settings.yaml"}[c.Format]
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(text), "SERVERS", c.Servers[0])
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestClients writes, per client, everything that a person would see: where
// the file is on each system, what a new one holds, what becomes of one that
// holds other things, and what is left after the server is taken out again.
func TestClients(t *testing.T) {
	for _, c := range install.Clients() {
		t.Run(c.ID, func(t *testing.T) {
			var archive txtar.Archive
			add := func(name, text string) {
				archive.Files = append(archive.Files, txtar.File{Name: name, Data: []byte(text)})
			}
			var places strings.Builder
			for _, goos := range []string{"linux", "darwin", "windows"} {
				fmt.Fprintf(&places, "%-8s %s\n", goos, strings.ReplaceAll(nowhere(goos).File(c), `\`, "/"))
			}
			add("file", places.String())

			path := filepath.Join(t.TempDir(), "config")
			order := install.Order{Client: c, System: nowhere("linux"), File: path, Name: install.DefaultName, Binary: binary("linux"), Now: time.Unix(0, 0).UTC()}
			run := func(name string, do func(install.Order) (install.Outcome, error), want install.Action) {
				t.Helper()
				out, err := do(order)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if out.Action != want {
					t.Fatalf("%s: %s, want %s", name, out.Action, want)
				}
				text := read(t, path)
				if want == install.Unchanged {
					return
				}
				add(name, text+notes(out.Notes))
				again, err := do(order)
				if err != nil || (again.Action != install.Unchanged && again.Action != install.Absent) {
					t.Fatalf("%s, the second time: %s %v", name, again.Action, err)
				}
				if read(t, path) != text {
					t.Fatalf("%s, the second time, changed the file", name)
				}
			}
			run("new", install.Install, install.Added)
			write(t, path, fixture(t, c))
			run("beside others", install.Install, install.Added)
			order.Variables = []install.Variable{
				{Name: "SEEDANCE_API_KEY", Value: "sk-test-not-a-real-key", Given: true}, {Name: "SEEDANCE_DIALECT", Value: "kinovi", Given: true},
			}
			run("with a key", install.Install, install.Updated)
			run("taken out", install.Uninstall, install.Removed)
			order.Binary = binary("windows")
			order.Variables = []install.Variable{{Name: "SEEDANCE_API_KEY"}}
			order.System = install.System{GOOS: "windows", Env: func(string) string { return "sk-test-not-a-real-key" }}
			run("windows, key from the environment", install.Install, install.Added)

			golden := filepath.Join("testdata", "clients", c.ID+".txt")
			got := txtar.Format(&archive)
			if *update {
				if err := os.MkdirAll(filepath.Dir(golden), 0o755); err != nil {
					t.Fatal(err)
				}
				write(t, golden, string(got))
			}
			if want := read(t, golden); !bytes.Equal(got, []byte(want)) {
				t.Errorf("%s is not what it was; look, then run with -update:\n%s", golden, got)
			}
		})
	}
}

func notes(all []string) string {
	var out strings.Builder
	for _, note := range all {
		out.WriteString("NOTE " + note + "\n")
	}
	return out.String()
}
