package main

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"seedance-mcp/internal/oauth"
	"seedance-mcp/internal/porttest"
	"seedance-mcp/internal/sandbox"
)

// accountsWorld is a server, keys for it, and accounts of their own.
type accountsWorld struct {
	t        *testing.T
	box      *sandbox.Server
	upstream *recorder
	dir      string
	env      []string
	endpoint string
}

const testMaster = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=" // 0123…

func newAccountsWorld(t *testing.T) *accountsWorld {
	t.Helper()
	w := &accountsWorld{t: t, dir: t.TempDir()}
	w.box, w.upstream, w.env = upstreamRecorded(t)
	w.env = append(w.env, "SEEDANCE_DATA_DIR="+w.dir, "SEEDANCE_LOG_LEVEL=debug")
	return w
}

// run is one command; its stdin is input.
func (w *accountsWorld) run(input string, env []string, args ...string) (string, error) {
	w.t.Helper()
	cmd := child(w.t, append(w.env, env...), args...)
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func (w *accountsWorld) must(input string, env []string, args ...string) string {
	w.t.Helper()
	out, err := w.run(input, env, args...)
	if err != nil {
		w.t.Fatalf("%v: %v\n%s", args, err, out)
	}
	return out
}

func (w *accountsWorld) key(name string) string {
	w.t.Helper()
	out, err := child(w.t, w.env, "keys", "create", name).Output()
	if err != nil {
		w.t.Fatalf("keys create: %v", err)
	}
	return strings.TrimSpace(string(out))
}

// serve starts a server; stop kills it.
func (w *accountsWorld) serve(env ...string) (log *recorder, stop func()) {
	w.t.Helper()
	addr := porttest.Addr(w.t)
	w.endpoint = "http://" + addr + "/mcp"
	cmd := child(w.t, append(w.env, env...), "http", "--addr", addr)
	log = startRecorded(w.t, cmd, "serving MCP")
	return log, func() { _ = cmd.Process.Kill() }
}

func (w *accountsWorld) connect(key string) *mcp.ClientSession {
	w.t.Helper()
	session, err := connectAs(w.t.Context(), w.t, w.endpoint, key)
	if err != nil {
		w.t.Fatal(err)
	}
	return session
}

// paid lists who paid for what, as the upstream has it.
func (w *accountsWorld) paid() string {
	var list []string
	for _, entry := range w.box.Books().Entries {
		if entry.Accepted {
			list = append(list, entry.Prompt+" by "+entry.Key)
		}
	}
	return strings.Join(list, ", ")
}

// generate orders a video, and returns when the order was sent or refused.
func generate(t *testing.T, session *mcp.ClientSession, prompt string) (id, refusal string) {
	t.Helper()
	got := call(t.Context(), t, session, "generate_video", map[string]any{"prompt": prompt})
	id, _ = got["task_id"].(string)
	refusal, _ = got["isError"].(string)
	// Where sending takes long, the answer comes before.
	for id != "" && (got["status"] == "submitting" || got["status"] == "queued") {
		got = call(t.Context(), t, session, "get_task_status", map[string]any{"task_id": id, "wait_seconds": 1})
	}
	return id, refusal
}

// An account of its own, from the command that sets it to the day after it was
// taken away.
func TestAccountsOfTheirOwn(t *testing.T) {
	w := newAccountsWorld(t)
	keyA, keyB := w.key("team-a"), w.key("team-b")
	master := []string{"SEEDANCE_MASTER_KEY=" + testMaster}
	set := w.must(sandbox.KeySecond+"\n", master, "accounts", "set", "team-b", "--key-file", "-")
	if strings.Contains(set, sandbox.KeySecond) {
		t.Errorf("the key is shown: %s", set)
	}
	log, stop := w.serve(master...)
	a, b := w.connect(keyA), w.connect(keyB)
	idA, _ := generate(t, a, "a's")
	idB, _ := generate(t, b, "b's")
	if got := w.paid(); got != "a's by main, b's by second" {
		t.Fatalf("paid: %s", got)
	}
	// Taken away, and the caller's key revoked, while its video is being made;
	// another process takes over.
	w.must("", master, "accounts", "remove", "team-b")
	w.must("", nil, "keys", "revoke", "team-b")
	stop()
	log2, _ := w.serve(master...)
	again := w.connect(w.key("team-b"))
	done := call(t.Context(), t, again, "get_task_status", map[string]any{"task_id": idB, "wait_seconds": 45})
	if done["status"] != "success" {
		t.Errorf("b's video after that: %v", done)
	}
	if done := call(t.Context(), t, w.connect(keyA), "get_task_status", map[string]any{"task_id": idA, "wait_seconds": 45}); done["status"] != "success" {
		t.Errorf("a's video: %v", done)
	}
	looks := regexp.MustCompile(`(?m)^GET .*recordInfo\?taskId=(\S+) .*Authorization:\[Bearer (\S+)\]`)
	payer := map[string]string{}
	for _, entry := range w.box.Books().Entries {
		payer[entry.TaskID] = map[string]string{"main": w.box.Key(), "second": sandbox.KeySecond}[entry.Key]
	}
	seen := looks.FindAllStringSubmatch(w.upstream.String(), -1)
	if len(seen) == 0 {
		t.Fatalf("no looks were recorded:\n%s", w.upstream)
	}
	for _, look := range seen {
		if payer[look[1]] != look[2] {
			t.Errorf("task %s was asked about with %s, paid with %s", look[1], look[2], payer[look[1]])
		}
	}
	if _, refusal := generate(t, again, "b's next"); refusal != "" || !strings.HasSuffix(w.paid(), "b's next by main") {
		t.Errorf("without an account of its own: %s, %s", refusal, w.paid())
	}
	// The key is nowhere in clear.
	if strings.Contains(log.String()+log2.String(), sandbox.KeySecond) {
		t.Error("the account's key stands in the log")
	}
	files, err := filepath.Glob(filepath.Join(w.dir, "seedance.db*"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		if data, err := os.ReadFile(file); err != nil || strings.Contains(string(data), sandbox.KeySecond) || strings.Contains(string(data), testMaster) {
			t.Errorf("%s holds the key in clear (%v)", file, err)
		}
	}
}

// Without the right master key its owner's orders are refused, and no other
// account pays for them.
func TestWrongMasterKey(t *testing.T) {
	w := newAccountsWorld(t)
	keyA, keyB := w.key("team-a"), w.key("team-b")
	w.must(sandbox.KeySecond, []string{"SEEDANCE_MASTER_KEY=" + testMaster}, "accounts", "set", "team-b", "--key-file", "-")
	file := filepath.Join(t.TempDir(), "master")
	if err := os.WriteFile(file, []byte(strings.Repeat("0f", 32)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, env := range map[string][]string{"none": nil, "another": {"SEEDANCE_MASTER_KEY_FILE=" + file}} {
		_, stop := w.serve(env...)
		if _, refusal := generate(t, w.connect(keyB), "b's with "+name); !strings.Contains(refusal, "SEEDANCE_MASTER_KEY") || !strings.Contains(refusal, "no other account pays") {
			t.Errorf("%s: %q", name, refusal)
		}
		if _, refusal := generate(t, w.connect(keyA), "a's with "+name); refusal != "" {
			t.Errorf("%s: somebody without an account: %s", name, refusal)
		}
		stop()
	}
	_, stop := w.serve("SEEDANCE_API_URL=http://127.0.0.1:1/api/v1", "SEEDANCE_MASTER_KEY="+testMaster)
	if _, refusal := generate(t, w.connect(keyB), "b's elsewhere"); !strings.Contains(refusal, "another address") {
		t.Errorf("at another address: %q", refusal)
	}
	stop()
	_, stop = w.serve("SEEDANCE_API_KEY=", "SEEDANCE_MASTER_KEY="+testMaster)
	if _, refusal := generate(t, w.connect(keyB), "b's in the sandbox"); !strings.Contains(refusal, "runs on the sandbox") {
		t.Errorf("with the sandbox: %q", refusal)
	}
	stop()
	if strings.Contains(w.paid(), "b's") {
		t.Errorf("paid: %s", w.paid())
	}
	if _, refusal := func() (string, string) {
		w.serve("SEEDANCE_MASTER_KEY=" + testMaster)
		return generate(t, w.connect(keyB), "b's at last")
	}(); refusal != "" || !strings.Contains(w.paid(), "b's at last by second") {
		t.Errorf("with the right one: %s; %s", refusal, w.paid())
	}
}

func TestAccountsCommand(t *testing.T) {
	w := newAccountsWorld(t)
	w.key("team-a")
	master := []string{"SEEDANCE_MASTER_KEY=" + testMaster, "SEEDANCE_OAUTH_ISSUER=https://login.example.com"}
	if out := w.must("", nil, "accounts", "list"); !strings.Contains(out, "Nobody") {
		t.Errorf("list: %s", out)
	}
	for name, c := range map[string]struct {
		input string
		env   []string
		args  []string
		want  string
	}{
		"no master key":     {"sk-test-not-a-real-key", nil, []string{"set", "team-a", "--key-file", "-"}, "openssl rand -base64 32"},
		"bad master key":    {"sk-test-not-a-real-key", []string{"SEEDANCE_MASTER_KEY=short"}, []string{"set", "team-a", "--key-file", "-"}, "32 random bytes"},
		"no master file":    {"", []string{"SEEDANCE_MASTER_KEY_FILE=/nowhere/key"}, []string{"list"}, "SEEDANCE_MASTER_KEY_FILE"},
		"both":              {"", []string{"SEEDANCE_MASTER_KEY=" + testMaster, "SEEDANCE_MASTER_KEY_FILE=" + os.Args[0]}, []string{"list"}, "both set"},
		"nobody":            {"sk-test-not-a-real-key", master, []string{"set", "team-z", "--key-file", "-"}, "no live access key named \"team-z\""},
		"no principal":      {"sk-test-not-a-real-key", master, []string{"set", "oauth-fox", "--key-file", "-"}, "give its sub with --subject"},
		"local":             {"sk-test-not-a-real-key", master, []string{"set", "local", "--key-file", "-"}, "SEEDANCE_API_KEY"},
		"no key":            {"", master, []string{"set", "team-a"}, "--key-file"},
		"empty key":         {" \n", master, []string{"set", "team-a", "--key-file", "-"}, "one API key"},
		"two lines":         {"sk-test\nsk-test", master, []string{"set", "team-a", "--key-file", "-"}, "key"},
		"placeholder":       {"${KEY}", master, []string{"set", "team-a", "--key-file", "-"}, "placeholder"},
		"no file":           {"", master, []string{"set", "team-a", "--key-file", "/nowhere/key"}, "nowhere"},
		"nothing":           {"", master, nil, "set NAME"},
		"reseal, no old":    {"", master, []string{"reseal"}, "--old-key-file"},
		"reseal, no new":    {"", nil, []string{"reseal", "--old-key-file", os.Args[0]}, "SEEDANCE_MASTER_KEY"},
		"reseal, no key":    {"", master, []string{"reseal", "--old-key-file", os.DevNull}, "32 random bytes"},
		"nothing to remove": {"", master, []string{"remove", "team-a"}, "accounts list"},
		"subject, no issuer": {
			"sk-test-not-a-real-key", []string{"SEEDANCE_MASTER_KEY=" + testMaster},
			[]string{"set", "--subject", "fox", "--key-file", "-"}, "SEEDANCE_OAUTH_ISSUER",
		},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := w.run(c.input, c.env, append([]string{"accounts"}, c.args...)...)
			if err == nil || !strings.Contains(out, c.want) || strings.Contains(out, "sk-test") || strings.Contains(out, testMaster) {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
	w.must("sk-test-not-a-real-key", master, "accounts", "set", "team-a", "--key-file", "-")
	w.must("sk-test-not-a-real-key", master, "accounts", "set", "--subject", "fox@example.com", "--key-file", "-")
	list := w.must("", master, "accounts", "list", "--json")
	if !strings.Contains(list, oauth.Principal("https://login.example.com", "fox@example.com")) || strings.Contains(list, "fox") ||
		strings.Contains(list, "sk-test") || strings.Count(list, `"live"`) != 2 {
		t.Errorf("list: %s", list)
	}
	if out := w.must("", nil, "accounts", "list"); strings.Count(out, "unusable") != 2 {
		t.Errorf("without the master key: %s", out)
	}
	former, another := filepath.Join(t.TempDir(), "former"), []string{"SEEDANCE_MASTER_KEY=" + strings.Repeat("0f", 32)}
	if err := os.WriteFile(former, []byte(testMaster+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"2 sealed again, of 2", "0 sealed again, of 2"} {
		if out := w.must("", another, "accounts", "reseal", "--old-key-file", former); !strings.Contains(out, want) {
			t.Errorf("reseal: %s, want %s", out, want)
		}
	}
	if out, err := w.run("", []string{"SEEDANCE_MASTER_KEY=" + strings.Repeat("ab", 32)}, "accounts", "reseal", "--old-key-file", former); err == nil || strings.Count(out, "neither key opens it") != 2 {
		t.Errorf("reseal with two wrong keys: %v, %s", err, out)
	}
	if out := w.must("", another, "accounts", "list"); strings.Count(out, "live") != 2 {
		t.Errorf("under the new master key: %s", out)
	}
	if out := w.must("", master, "accounts", "list"); strings.Count(out, "unusable") != 2 {
		t.Errorf("under the former one: %s", out)
	}
	if out := w.must("", nil, "accounts", "remove", "team-a", "--json"); !strings.Contains(out, `"ended"`) {
		t.Errorf("remove: %s", out)
	}
	if strings.Contains(w.upstream.String(), http.MethodPost) {
		t.Error("a command asked the upstream")
	}
}
