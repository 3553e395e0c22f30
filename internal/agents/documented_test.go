package agents

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"seedance-mcp/internal/agents/standin"
)

// TestDocumented does what docs/quickstart.md says and nothing else: the
// client is there, `seedance-mcp install CLIENT`, ask. No key, so the sandbox
// that is in the program answers; at the end the video is a file.
func TestDocumented(t *testing.T) {
	agents := []agent{claudeCode(), geminiCLI()}
	if os.Getenv("SEEDANCE_CLIENTS") == "all" {
		agents = everyAgent()
	}
	install(t, agents)
	binary := build(t)
	for _, a := range agents {
		t.Run(a.bin, func(t *testing.T) {
			t.Parallel() // they mostly wait
			documented(t, binary, a)
		})
	}
}

// clientNames are those that `seedance-mcp install` knows, by the agents' own
// commands.
var clientNames = map[string]string{"claude": "claude-code", "gemini": "gemini-cli", "copilot": "copilot-cli"}

func documented(t *testing.T, binary string, a agent) {
	w := &world{t: t, binary: binary, home: t.TempDir(), internet: &standin.Internet{}}
	w.proxy = w.host(w.internet)
	program, err := filepath.Abs(a.program())
	if err != nil {
		t.Fatal(err)
	}
	script := wholeJob()
	script.Say = "The video is at $path"
	model := standin.New(script, nil)
	call := withoutServer(t, a.setUp(wish{
		prompt: "Make a 5 second video of a red fox running through fresh snow.", server: mcpServer{url: "http://127.0.0.1:9/mcp"}, model: w.host(model),
	}))
	for name, text := range call.files {
		path := filepath.Join(w.home, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	call.files = nil
	client := clientNames[a.bin]
	if client == "" {
		client = a.bin
	}
	w.terminal("install", client)

	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	got := w.start(ctx, program, call)
	defer func() { report(t, model, got) }()
	if got.err != nil {
		t.Errorf("the agent ended with %v", got.err)
	}
	results := told(model, status)
	if len(results) == 0 {
		t.Fatal("the model was sent no result of " + status)
	}
	path := results[len(results)-1].Field("path")
	clip, err := os.ReadFile(path)
	if err != nil || len(clip) < 12 || !bytes.Equal(clip[4:8], []byte("ftyp")) || !strings.HasPrefix(path, w.home) {
		t.Errorf("the saved file %q is no MP4 in this home: %d bytes, %v", path, len(clip), err)
	}
	if !strings.Contains(got.stdout, filepath.Base(path)) {
		t.Errorf("the agent does not show where the video is: %s", path)
	}
	var tasks []struct {
		Status string `json:"status"`
	}
	if err := json.Unmarshal(w.terminal("tasks", "--json"), &tasks); err != nil || len(tasks) != 1 || tasks[0].Status != "success" {
		t.Errorf("seedance-mcp tasks shows %+v, %v; want the one video", tasks, err)
	}
	checkInternet(t, w, a)
	t.Logf("%s: installed, asked, and had the video after %.1f s", a.name, got.took.Seconds())
}

// terminal runs a command of the program in the home.
func (w *world) terminal(args ...string) []byte {
	w.t.Helper()
	cmd := exec.CommandContext(w.t.Context(), w.binary, args...)
	cmd.Env = surroundings(map[string]string{"HOME": w.home, "USERPROFILE": w.home})
	out, err := cmd.Output()
	if err != nil {
		w.t.Fatalf("seedance-mcp %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// withoutServer is an agent's configuration as its user has it before this
// server is installed: its model, and no server.
func withoutServer(t *testing.T, call invocation) invocation {
	t.Helper()
	if at := slices.Index(call.args, "--mcp-config"); at >= 0 { // Claude Code's own file takes its place
		call.args = slices.Delete(slices.Clone(call.args), at, at+3)
	}
	files := map[string]string{}
	for name, text := range call.files {
		before, _, isTOML := strings.Cut(text, "[mcp_servers.")
		if isTOML {
			files[name] = before
			continue
		}
		var config map[string]any
		if err := json.Unmarshal([]byte(text), &config); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, table := range []string{"mcpServers", "mcp"} {
			delete(config, table)
		}
		if len(config) > 0 {
			files[name] = asJSON(config)
		}
	}
	call.files = files
	if text := fmt.Sprint(call.args, call.files); strings.Contains(text, "127.0.0.1:9/mcp") {
		t.Fatalf("the server is configured already: %s", text)
	}
	return call
}
