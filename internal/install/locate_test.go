package install_test

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"seedance-mcp/internal/install"
)

// home is a machine whose home folder holds these files.
func home(t *testing.T, goos string, env map[string]string, files ...string) (install.System, string) {
	t.Helper()
	folder := t.TempDir()
	for _, name := range files {
		path := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if filepath.Ext(path) != "" {
			write(t, path, "{}")
		}
	}
	all := map[string]string{"HOME": folder, "USERPROFILE": folder}
	maps.Copy(all, env)
	return install.System{GOOS: goos, Env: func(name string) string { return all[name] }}, folder
}

func TestFile(t *testing.T) {
	const packaged = "AppData/Local/Packages/Claude_pzs8/LocalCache/Roaming/Claude/"
	tests := []struct {
		name, client, goos string
		env                map[string]string
		files              []string
		want               string // below the home folder, or absolute
	}{
		{"nothing there", "opencode", "linux", nil, nil, ".config/opencode/opencode.jsonc"},
		{"the one that exists", "opencode", "linux", nil, []string{".config/opencode/opencode.json"}, ".config/opencode/opencode.json"},
		{"a variable wins", "codex", "linux", map[string]string{"CODEX_HOME": "/elsewhere"}, []string{".codex/config.toml"}, "/elsewhere/config.toml"},
		{"a variable that is the file", "cline", "linux", map[string]string{"CLINE_MCP_SETTINGS_PATH": "/x/mcp.json"}, nil, "/x/mcp.json"},
		{"XDG", "vscode", "linux", map[string]string{"XDG_CONFIG_HOME": "/xdg"}, nil, "/xdg/Code/User/mcp.json"},
		{"XDG that is not absolute", "vscode", "linux", map[string]string{"XDG_CONFIG_HOME": "xdg"}, nil, ".config/Code/User/mcp.json"},
		{"insiders only", "vscode", "linux", nil, []string{".config/Code - Insiders/User/settings.json"}, ".config/Code - Insiders/User/mcp.json"},
		{"the packaged application", "claude-desktop", "windows", nil, []string{packaged + "x.json", "AppData/Roaming/Claude/claude_desktop_config.json"}, packaged + "claude_desktop_config.json"},
		{"the classic application", "claude-desktop", "windows", nil, []string{"AppData/Local/Packages/Other_1/x.json"}, "AppData/Roaming/Claude/claude_desktop_config.json"},
		{"the older Windsurf folder", "windsurf", "darwin", nil, []string{".codeium/mcp_config.json"}, ".codeium/mcp_config.json"},
		{"the extension of before", "cline", "linux", nil, []string{".config/Code/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json"}, ".config/Code/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			system, folder := home(t, tt.goos, tt.env, tt.files...)
			want := tt.want
			if want[0] != '/' {
				want = filepath.ToSlash(filepath.Join(folder, want))
			}
			if got := filepath.ToSlash(system.File(client(t, tt.client))); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

func TestNoHomeNoFile(t *testing.T) {
	system := install.System{GOOS: "linux", Env: func(string) string { return "" }}
	o := order(t, "cursor", "")
	o.System, o.File = system, ""
	if _, err := install.Install(o); err == nil {
		t.Error("wrote somewhere")
	}
}

func TestLook(t *testing.T) {
	system, folder := home(t, "linux", nil, ".cursor/mcp.json", ".gemini/settings.json")
	system.LookPath = func(name string) (string, error) {
		if name == "codex" {
			return "/usr/bin/codex", nil
		}
		return "", errors.New("not found")
	}
	write(t, filepath.Join(folder, ".cursor", "mcp.json"), `{"mcpServers":{"b":{"command":"/x/seedance-mcp","args":["stdio"]},"a":{"command":"mine"},"c":{"command":"npx"}}}`)
	write(t, filepath.Join(folder, ".gemini", "settings.json"), `{"mcpServers":`)
	for _, s := range install.Look(system, "mine") {
		switch s.Client.ID {
		case "cursor":
			if len(s.Entries) != 2 || s.Entries[0].Name != "a" || s.Entries[1].Command != "/x/seedance-mcp" || !s.Here {
				t.Errorf("%+v", s)
			}
		case "codex":
			if s.FileExists || !s.Here || s.Err != nil {
				t.Errorf("%+v", s)
			}
		case "gemini-cli":
			if s.Err == nil {
				t.Errorf("%+v", s)
			}
		default:
			if s.Here {
				t.Errorf("%+v", s)
			}
		}
	}
}
