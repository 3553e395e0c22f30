package install_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"seedance-mcp/internal/install"
	"seedance-mcp/internal/video"
)

func client(t *testing.T, id string) install.Client {
	t.Helper()
	c, ok := install.Find(id)
	if !ok {
		t.Fatalf("no client %q", id)
	}
	return c
}

// order is an installation of id into a file with that text; "": no file.
func order(t *testing.T, id, text string) install.Order {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config")
	if text != "" {
		write(t, path, text)
	}
	return install.Order{
		Client: client(t, id), System: nowhere("linux"), File: path, Name: install.DefaultName,
		Binary: binary("linux"), Now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}
}

func TestTableIsWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range install.Clients() {
		if seen[c.ID] {
			t.Errorf("%s is there twice", c.ID)
		}
		seen[c.ID] = true
		if c.Name == "" || c.Activate == "" || !strings.HasPrefix(c.Docs, "https://") || len(c.Servers) == 0 || c.Shape.Command == "" || c.Shape.Env == "" {
			t.Errorf("%s lacks something: %+v", c.ID, c)
		}
		for _, goos := range []string{"linux", "darwin", "windows"} {
			if nowhere(goos).File(c) == "" {
				t.Errorf("%s has no place on %s", c.ID, goos)
			}
		}
	}
}

// What is installed and taken out again leaves the file as it was, byte for byte.
func TestThereAndBack(t *testing.T) {
	for _, c := range install.Clients() {
		if c.Secrets.Prompt {
			continue // leaves its empty list of inputs, see the golden file
		}
		for name, change := range map[string]func(string) string{
			"as it is":        func(s string) string { return s },
			"Windows lines":   func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") },
			"byte order mark": func(s string) string { return "\ufeff" + s },
			"no last newline": func(s string) string { return strings.TrimRight(s, "\n") },
		} {
			text := change(fixture(t, c))
			o := order(t, c.ID, text)
			o.Variables = []install.Variable{{Name: "SEEDANCE_DIALECT", Value: "kinovi", Given: true}}
			if _, err := install.Install(o); err != nil {
				t.Errorf("%s, %s: %v", c.ID, name, err)
				continue
			}
			between := read(t, o.File)
			if name == "Windows lines" && strings.Count(between, "\n") != strings.Count(between, "\r\n") {
				t.Errorf("%s: line ends are mixed: %q", c.ID, between)
			}
			if _, err := install.Uninstall(o); err != nil {
				t.Errorf("%s, %s: %v", c.ID, name, err)
				continue
			}
			if got := read(t, o.File); strings.TrimRight(got, "\r\n") != strings.TrimRight(text, "\r\n") {
				t.Errorf("%s, %s:\n%q\nis not\n%q\nbetween:\n%q", c.ID, name, got, text, between)
			}
		}
	}
}

func TestRefusesBrokenFilesUntouched(t *testing.T) {
	tests := []struct{ name, client, text, want string }{
		{"syntax", "cursor", "{\n  \"mcpServers\": {\n    \"a\" 1\n  }\n}", "line 3, column 9"},
		{"cut off", "cursor", "{\"mcpServers\": {", "line 1, column"},
		{"twice", "cursor", "{\n \"mcpServers\": {},\n \"mcpServers\": {}\n}", "line 3, column 2: \"mcpServers\" is here a second time"},
		{"a list", "cursor", "{\n \"mcpServers\": []\n}", "line 2, column 16: this is a list"},
		{"no object", "cursor", " [1]", "line 1, column 2: this is not an object"},
		{"not text", "cursor", "{\"a\": \"\xff\"}", "line 1, column 8: this is not UTF-8"},
		{"too deep", "cursor", strings.Repeat("[", 100_000), "nests too deeply"},
		{"toml syntax", "codex", "a = 1\n[b\n", "line 2, column 3"},
		{"toml twice", "codex", "a = 1\na = 2\n", "a is already defined"},
		{"toml inline", "codex", "x = 1\nmcp_servers = { a = { args = [\n\"b\", # c\n] } }\n", "line 2, column 1: \"mcp_servers.seedance\" is written in a way"},
		{"yaml syntax", "goose", "a: 1\n  b: 2\n", "line 2, column"},
		{"yaml twice", "goose", "a: 1\na: 2\n", "line 2"},
		{"yaml list", "goose", "- a\n", "line 1, column 1: this is not a mapping"},
		{"yaml documents", "goose", "a: 1\n---\nb: 2\n", "several YAML documents"},
		{"yaml in braces", "goose", "extensions: {a: {b: 1}}\n", "line 1, column 1: \"extensions.seedance\" is written in a way"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := order(t, tt.client, tt.text)
			_, err := install.Install(o)
			var refused *video.Error
			if !errors.As(err, &refused) || refused.Code != video.Invalid {
				t.Fatalf("got %v", err)
			}
			if !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), o.File) || !strings.Contains(err.Error(), "--print") {
				t.Errorf("says %q, not %q", err, tt.want)
			}
			if read(t, o.File) != tt.text {
				t.Error("the file changed")
			}
			alone(t, o.File)
		})
	}
}

// alone checks that nothing was left beside the file.
func alone(t *testing.T, path string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if entry.Name() != filepath.Base(path) {
			t.Errorf("%s was left behind", entry.Name())
		}
	}
}

func TestKeepsWhatIsTheOwners(t *testing.T) {
	tests := []struct{ name, client, before, after string }{
		{
			"own fields, arguments and comments", "cursor",
			"{\"mcpServers\": {\n  \"seedance\": {\n    \"command\": \"/old/seedance-mcp\", // was here\n    \"args\": [\"stdio\", \"--log-level\", \"debug\"],\n    \"disabled\": true,\n    \"env\": {\"MINE\": \"1\"}\n  }\n}}\n",
			"{\"mcpServers\": {\n  \"seedance\": {\n    \"command\": \"/opt/seedance mcp/seedance-mcp\", // was here\n    \"args\": [\"stdio\", \"--log-level\", \"debug\"],\n    \"disabled\": true,\n    \"env\": {\"MINE\": \"1\", \"SEEDANCE_DIALECT\": \"kinovi\"}\n  }\n}}\n",
		},
		{
			"toml", "codex",
			"[mcp_servers.seedance]\ncommand = '/old/seedance-mcp' # was here\nargs = [\"stdio\", \"-x\"]\nstartup_timeout_sec = 5\n\n[mcp_servers.seedance.env]\n# own\nMINE = \"1\"\n\n[z]\n",
			"[mcp_servers.seedance]\ncommand = \"/opt/seedance mcp/seedance-mcp\" # was here\nargs = [\"stdio\", \"-x\"]\nstartup_timeout_sec = 5\n\n[mcp_servers.seedance.env]\n# own\nMINE = \"1\"\nSEEDANCE_DIALECT = \"kinovi\"\n\n[z]\n",
		},
		{
			"toml, inline variables", "codex",
			"[mcp_servers]\nseedance = { command = \"seedance-mcp\", args = [\"stdio\"], env = { MINE = \"1\" } } # was here\n",
			"[mcp_servers]\nseedance = { args = [\"stdio\"], command = \"/opt/seedance mcp/seedance-mcp\", env = { MINE = \"1\", SEEDANCE_DIALECT = \"kinovi\" } } # was here\n",
		},
		{
			"toml, a new one inline", "codex",
			"[mcp_servers.seedance]\ncommand = \"seedance-mcp\"\nargs = [\"stdio\"]\nenv = { Z = \"1\", A = \"2\" } # own\n",
			"[mcp_servers.seedance]\ncommand = \"/opt/seedance mcp/seedance-mcp\"\nargs = [\"stdio\"]\nenv = { Z = \"1\", A = \"2\", SEEDANCE_DIALECT = \"kinovi\" } # own\n",
		},
		{
			"toml, dotted", "codex",
			"mcp_servers.seedance.command = \"seedance-mcp\"\nmcp_servers.seedance.args = [\"stdio\"]\nmcp_servers.seedance.env = { MINE = \"1\" }\n",
			"mcp_servers.seedance.command = \"/opt/seedance mcp/seedance-mcp\"\nmcp_servers.seedance.args = [\"stdio\"]\nmcp_servers.seedance.env = { MINE = \"1\", SEEDANCE_DIALECT = \"kinovi\" }\n",
		},
		{
			"yaml", "goose",
			"extensions:\n    seedance: # own\n        enabled: false\n        type: stdio\n        cmd: /old/seedance-mcp # was here\n        args: [stdio, -x]\n        timeout: 20\n        name: My videos\n        description: ''\n        envs:\n            MINE: '1'\n    z:\n        type: builtin\n",
			"extensions:\n    seedance: # own\n        enabled: false\n        type: stdio\n        cmd: /opt/seedance mcp/seedance-mcp # was here\n        args: [stdio, -x]\n        timeout: 20\n        name: My videos\n        description: ''\n        envs:\n            SEEDANCE_DIALECT: kinovi\n            MINE: '1'\n    z:\n        type: builtin\n",
		},
		{
			"one list", "opencode",
			"{\"mcp\":{\"seedance\":{\"type\":\"remote\",\"command\":[\"seedance-mcp\",\"stdio\",\"-x\"],\"enabled\":false}}}",
			"{\"mcp\":{\"seedance\":{\"type\":\"local\",\"command\":[\"/opt/seedance mcp/seedance-mcp\", \"stdio\", \"-x\"],\"enabled\":false,\"environment\": { \"SEEDANCE_DIALECT\": \"kinovi\" }}}}",
		},
		{
			"null", "cursor",
			"{\n  \"mcpServers\": null\n}\n",
			"{\n  \"mcpServers\": {\n    \"seedance\": {\n      \"command\": \"/opt/seedance mcp/seedance-mcp\",\n      \"args\": [\"stdio\"],\n      \"env\": {\n        \"SEEDANCE_DIALECT\": \"kinovi\"\n      }\n    }\n  }\n}\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := order(t, tt.client, tt.before)
			o.Variables = []install.Variable{{Name: "SEEDANCE_DIALECT", Value: "kinovi", Given: true}}
			out, err := install.Install(o)
			if err != nil {
				t.Fatal(err)
			}
			if got := read(t, o.File); got != tt.after {
				t.Errorf("got\n%s\nwant\n%s", got, tt.after)
			}
			if read(t, out.Backup) != tt.before {
				t.Error("the backup is not what was")
			}
		})
	}
}

func TestAnotherServerIsNotTouched(t *testing.T) {
	for _, text := range []string{
		`{"mcpServers":{"seedance":{"command":"npx","args":["other"]}}}`,
		`{"mcpServers":{"seedance":{"url":"https://example.com/mcp"}}}`,
		`{"mcpServers":{"seedance":"text"}}`,
	} {
		o := order(t, "cursor", text)
		for _, do := range []func(install.Order) (install.Outcome, error){install.Install, install.Uninstall} {
			if _, err := do(o); video.CodeOf(err) != video.Conflict || !strings.Contains(err.Error(), "--name") {
				t.Errorf("%s: %v", text, err)
			}
		}
		if read(t, o.File) != text {
			t.Error("the file changed")
		}
		alone(t, o.File)
	}
}

func TestNames(t *testing.T) {
	for _, name := range []string{"", "1x", "a b", "a.b", "ä", strings.Repeat("a", 31), "a\"b"} {
		o := order(t, "cursor", "")
		o.Name = name
		if _, err := install.Install(o); video.CodeOf(err) != video.Invalid {
			t.Errorf("%q: %v", name, err)
		}
		if _, err := os.Stat(o.File); err == nil {
			t.Errorf("%q: a file was made", name)
		}
	}
}

func TestSecrets(t *testing.T) {
	const key = "sk-test-not-a-target-key"
	for _, c := range install.Clients() {
		o := order(t, c.ID, fixture(t, c))
		o.Variables = []install.Variable{{Name: "SEEDANCE_API_KEY", Value: key, Given: true}}
		out, err := install.Install(o)
		if err != nil {
			t.Fatalf("%s: %v", c.ID, err)
		}
		info, err := os.Stat(o.File)
		if err != nil {
			t.Fatal(err)
		}
		written := strings.Contains(read(t, o.File), key)
		if hides := c.Secrets.Prompt || c.Secrets.Store != ""; written == hides {
			t.Errorf("%s: the key is in the file: %v", c.ID, written)
		}
		said := strings.Contains(strings.Join(out.Notes, " "), "0600")
		if runtime.GOOS != "windows" && written && (info.Mode().Perm() != 0o600 || !said) {
			t.Errorf("%s: the key is in a file with mode %o, said: %v", c.ID, info.Mode().Perm(), out.Notes)
		}
		if !written && info.Mode().Perm() != 0o644 && runtime.GOOS != "windows" {
			t.Errorf("%s: the mode became %o", c.ID, info.Mode().Perm())
		}
		// The key never leaks into the copy, and a file that was opened up
		// again is closed again.
		if strings.Contains(read(t, out.Backup), key) {
			t.Errorf("%s: the key is in the backup", c.ID)
		}
		if written && runtime.GOOS != "windows" {
			if err := os.Chmod(o.File, 0o644); err != nil {
				t.Fatal(err)
			}
			if again, err := install.Install(o); err != nil || again.Action != install.Updated || again.Backup != "" {
				t.Errorf("%s: %+v %v", c.ID, again, err)
			}
			if info, err := os.Stat(o.File); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s: stays open to others", c.ID)
			}
		}
	}
}

func TestVariableOfNobody(t *testing.T) {
	o := order(t, "claude-desktop", "")
	o.Variables = []install.Variable{{Name: "SEEDANCE_API_KEY"}}
	if _, err := install.Install(o); err == nil || !strings.Contains(err.Error(), "--env SEEDANCE_API_KEY=") {
		t.Errorf("got %v", err)
	}
}

func TestLinksAndModes(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("windows: links need rights, and there are no modes")
	}
	o := order(t, "cursor", "")
	target := filepath.Join(t.TempDir(), "dotfiles", "cursor.json")
	if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, target, "{}")
	if err := os.Chmod(target, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, o.File); err != nil {
		t.Fatal(err)
	}
	out, err := install.Install(o)
	if err != nil {
		t.Fatal(err)
	}
	link, err := os.Readlink(o.File)
	if err != nil || link != target {
		t.Errorf("the link is gone: %q %v", link, err)
	}
	info, err := os.Stat(target)
	if err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("the mode became %v %v", info.Mode(), err)
	}
	if !strings.Contains(read(t, target), "seedance") || filepath.Dir(out.Backup) != filepath.Dir(target) {
		t.Errorf("wrote elsewhere: %+v", out)
	}
	if err := os.Remove(target); err != nil {
		t.Fatal(err)
	}
	if _, err := install.Install(o); err == nil || !strings.Contains(err.Error(), "leads nowhere") {
		t.Errorf("a dangling link: %v", err)
	}
}

func TestNewFileAndBackups(t *testing.T) {
	o := order(t, "codex", "")
	o.File = filepath.Join(filepath.Dir(o.File), "deep", "er", "config.toml")
	out, err := install.Install(o)
	if err != nil || out.Backup != "" || out.Action != install.Added {
		t.Fatalf("%+v %v", out, err)
	}
	if info, err := os.Stat(o.File); err != nil || (runtime.GOOS != "windows" && info.Mode().Perm() != 0o600) {
		t.Errorf("%v %v", info, err)
	}
	seen := map[string]bool{}
	for _, binary := range []string{"/a/seedance-mcp", "/b/seedance-mcp", "/c/seedance-mcp"} {
		before := read(t, o.File)
		o.Binary = binary
		out, err := install.Install(o)
		if err != nil || seen[out.Backup] || read(t, out.Backup) != before {
			t.Errorf("%+v %v", out, err)
		}
		seen[out.Backup] = true
	}
}

func TestUninstallWhereNothingIs(t *testing.T) {
	for _, text := range []string{"", "  \n", "{}", `{"mcpServers":{}}`} {
		o := order(t, "cursor", text)
		out, err := install.Uninstall(o)
		if err != nil || out.Action != install.Absent || out.Backup != "" {
			t.Errorf("%q: %+v %v", text, out, err)
		}
		if text != "" && read(t, o.File) != text {
			t.Errorf("%q changed", text)
		}
	}
}

func TestPreviewWritesNothing(t *testing.T) {
	o := order(t, "vscode", "")
	o.Variables = []install.Variable{{Name: "SEEDANCE_API_KEY"}}
	text, notes, err := install.Preview(o)
	if err != nil || !strings.Contains(text, "\"password\": true") || len(notes) == 0 {
		t.Errorf("%s %v %v", text, notes, err)
	}
	if _, err := os.Stat(o.File); err == nil {
		t.Error("a file was made")
	}
}
