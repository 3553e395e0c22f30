package packaging

import (
	"encoding/json"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

const (
	bundleFolder = "../../deploy/mcpb"
	module       = bundleFolder + "/node_modules/@anthropic-ai/mcpb/dist/index.js"
	version      = "0.1.0-test"
)

// require is a program of this machine; without it the test is skipped by
// name, or fails where SEEDANCE_TEST_REQUIRE lists it.
func require(t *testing.T, name, as string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	if slices.Contains(strings.Split(os.Getenv("SEEDANCE_TEST_REQUIRE"), ","), as) {
		t.Fatalf("%s is not installed, and SEEDANCE_TEST_REQUIRE lists %s", name, as)
	}
	t.Skipf("%s is not installed", name)
	return ""
}

func run(t *testing.T, folder, program string, args ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), program, args...)
	command.Dir = folder
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// official installs the official tool, exactly as locked.
func official(t *testing.T) (node string) {
	t.Helper()
	node = require(t, "node", "node")
	npm := require(t, "npm", "node")
	lock, err := os.ReadFile(filepath.Join(bundleFolder, "package-lock.json"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(lock), `"resolved"`) {
		t.Error("deploy/mcpb/package-lock.json names a registry: npm install --omit-lockfile-registry-resolved")
	}
	stamp := filepath.Join(bundleFolder, "node_modules", ".package-lock.json")
	installed, errInstalled := os.Stat(stamp)
	wanted, errWanted := os.Stat(filepath.Join(bundleFolder, "package-lock.json"))
	if errInstalled != nil || errWanted != nil || installed.ModTime().Before(wanted.ModTime()) {
		run(t, bundleFolder, npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts")
	}
	return node
}

// bundle packs the program of this machine as a release packs all of them.
func bundle(t *testing.T, node string) (dist string) {
	t.Helper()
	dist = t.TempDir()
	folder, file := runtime.GOOS+"_"+runtime.GOARCH, "seedance-mcp"
	if runtime.GOOS == "windows" {
		file += ".exe"
	}
	run(t, "../..", "go", "build", "-trimpath", "-o", filepath.Join(dist, "seedance-mcp_"+folder, file), "./cmd/seedance-mcp")
	said := run(t, ".", node, filepath.Join(bundleFolder, "pack.mjs"), dist, version)
	if !strings.Contains(said, "Manifest schema validation passes") {
		t.Errorf("the official tool is not content:\n%s", said)
	}
	return dist
}

// hosted is what Claude Desktop would start.
type hosted struct {
	Command string            `json:"command"`
	Args    []string          `json:"args"`
	Env     map[string]string `json:"env"`
}

type manifest struct {
	Version string `json:"version"`
	Icon    string `json:"icon"`
	Tools   []struct {
		Name        string `json:"name"`
		Description string `json:"description"`
	} `json:"tools"`
	Compatibility struct {
		Platforms []string `json:"platforms"`
	} `json:"compatibility"`
}

func TestBundleRunsWhereItIsUnpacked(t *testing.T) {
	node := official(t)
	dist := bundle(t, node)
	unpacked := filepath.Join(t.TempDir(), "Claude Extensions", "seedance-mcp")
	cli := filepath.Join(filepath.Dir(module), "cli", "cli.js")
	run(t, ".", node, cli, "unpack", filepath.Join(dist, "seedance-mcp_"+version+".mcpb"), unpacked)
	run(t, ".", node, cli, "validate", filepath.Join(unpacked, "manifest.json"))

	var m manifest
	readJSON(t, filepath.Join(unpacked, "manifest.json"), &m)
	system := map[string]string{"windows": "win32"}[runtime.GOOS]
	if system == "" {
		system = runtime.GOOS
	}
	if m.Version != version || !slices.Equal(m.Compatibility.Platforms, []string{system}) {
		t.Errorf("the manifest says version %s for %v", m.Version, m.Compatibility.Platforms)
	}
	checkIcon(t, filepath.Join(unpacked, m.Icon))
	var promised []string
	for _, tool := range m.Tools {
		promised = append(promised, tool.Name)
	}
	slices.Sort(promised)
	t.Run("registry", func(t *testing.T) { checkPackedEntry(t, dist) })
	home := t.TempDir()
	for name, c := range map[string]struct {
		user    string
		extra   []string // tools that come with the setting
		created string
	}{
		"nothing filled in": {user: `{}`},
		"everything filled in": {
			user: `{"api_key": "sk-test-not-a-real-key", "api_url": "http://127.0.0.1:9/api/v1", "dialect": "kinovi", "data_dir": ` +
				quoted(filepath.Join(home, "my videos")) + `, "max_credits_per_day": "500", "confirm_above": "100"}`,
			extra:   []string{"preview_video"}, // kinovi gives last frames
			created: filepath.Join(home, "my videos", "confirm.key"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			var h hosted
			text := run(t, ".", node, filepath.Join("testdata", "host.mjs"), absolute(t, module), unpacked, c.user)
			if err := json.Unmarshal([]byte(text), &h); err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			listed := toolsOf(t, h, home)
			want := slices.Sorted(slices.Values(append(slices.Clone(promised), c.extra...)))
			if !slices.Equal(listed, want) {
				t.Errorf("tools/list says %v, the manifest promises %v", listed, want)
			}
			if c.created != "" {
				if _, err := os.Stat(c.created); err != nil {
					t.Errorf("the folder that was filled in is not used: %v", err)
				}
			}
		})
	}
}

// checkIcon wants the size that the official tool recommends.
func checkIcon(t *testing.T, path string) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	icon, err := png.DecodeConfig(file)
	if err != nil || icon.Width != 512 || icon.Height != 512 {
		t.Errorf("the icon is %dx%d (%v), not 512x512", icon.Width, icon.Height, err)
	}
}

// toolsOf starts the server as the host would, without ffmpeg, so that the
// same tools are there on every machine, and asks for them.
func toolsOf(t *testing.T, h hosted, home string) []string {
	t.Helper()
	command := exec.Command(h.Command, h.Args...)
	command.Dir, command.Stderr = home, t.Output()
	command.Env = []string{"HOME=" + home, "LocalAppData=" + home, "PATH=" + withoutFFmpeg(t)}
	for name, value := range h.Env {
		command.Env = append(command.Env, name+"="+value)
	}
	client := mcp.NewClient(&mcp.Implementation{Name: "packaging", Version: "1"}, nil)
	session, err := client.Connect(t.Context(), &mcp.CommandTransport{Command: command, TerminateDuration: 5 * time.Second}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	if name := session.InitializeResult().ServerInfo.Name; name != "seedance-mcp" {
		t.Errorf("the server calls itself %q", name)
	}
	var names []string
	for tool, err := range session.Tools(t.Context(), nil) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, tool.Name)
	}
	slices.Sort(names)
	return names
}

// withoutFFmpeg is a PATH with what the launcher needs, and nothing else.
func withoutFFmpeg(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	if path, err := exec.LookPath("uname"); err == nil {
		if err := os.Symlink(path, filepath.Join(folder, "uname")); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	full, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return full
}

func quoted(text string) string {
	data, _ := json.Marshal(text) // a string can always be written
	return string(data)
}

func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}
