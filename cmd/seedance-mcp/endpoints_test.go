package main

import (
	"encoding/json"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"seedance-mcp/internal/oauth/oauthtest"
	"seedance-mcp/internal/video"
)

// Every door of the server, without credentials, with wrong ones, and with
// those that were good once or are for somebody else.
func TestEveryEndpointWithEveryCredential(t *testing.T) {
	const metricsToken = "a-test's-metrics-token"
	w := newOAuthWorld(t, "SEEDANCE_COPY_TO="+t.TempDir(), "SEEDANCE_METRICS_TOKEN="+metricsToken, "SEEDANCE_METRICS_ADDR=127.0.0.1:0")
	metrics := metricsServer(t, w.log)
	revoked, expired := w.key("gone"), w.key("short", "--expires", "1ms")
	if out, err := child(t, w.env, "keys", "revoke", "gone").CombinedOutput(); err != nil {
		t.Fatalf("keys revoke: %v\n%s", err, out)
	}
	good, key := w.token("fox", nil), w.key("team-a")
	owner, err := connectAs(t.Context(), t, w.endpoint(), good)
	if err != nil {
		t.Fatal(err)
	}
	const secret = "a fox that nobody else may see"
	id, _ := call(t.Context(), t, owner, "generate_video", map[string]any{"prompt": secret})["task_id"].(string)
	if id == "" {
		t.Fatal("no task")
	}
	var done struct {
		Videos []struct{ URL string }
	}
	raw, err := json.Marshal(call(t.Context(), t, owner, "get_task_status", map[string]any{"task_id": id, "wait_seconds": 45}))
	if err != nil || json.Unmarshal(raw, &done) != nil || len(done.Videos) != 1 || !strings.HasPrefix(done.Videos[0].URL, w.base+"/files/") {
		t.Fatalf("no link to a copy in %s", raw)
	}
	file := strings.TrimPrefix(done.Videos[0].URL, w.base)
	unsigned, _, _ := strings.Cut(file, "?")
	tested := map[string]bool{"/mcp": true}
	stranger := oauthtest.New(t, "")
	credentials := map[string]struct {
		header string
		status int // where a credential is needed
	}{
		"none":                 {"", 401},
		"empty":                {"Bearer ", 401},
		"Basic":                {"Basic Zm94OmZveA==", 401},
		"wrong key":            {"Bearer sdmcp_aaaaaaaaaaaaaaaaaaaaaaaaaa", 401},
		"revoked key":          {"Bearer " + revoked, 401},
		"expired key":          {"Bearer " + expired, 401},
		"the upstream's key":   {"Bearer " + w.box.Key(), 401},
		"expired token":        {"Bearer " + w.token("fox", map[string]any{"exp": time.Now().Add(-time.Minute).Unix()}), 401},
		"token of tomorrow":    {"Bearer " + w.token("fox", map[string]any{"nbf": time.Now().Add(time.Hour).Unix()}), 401},
		"token for another":    {"Bearer " + w.token("fox", map[string]any{"aud": "https://other.example.com/mcp"}), 401},
		"token of another":     {"Bearer " + stranger.Token(t, w.endpoint(), map[string]any{"iss": w.issuer.URL}), 401},
		"unsigned token":       {"Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJmb3gifQ.", 401},
		"token without scope":  {"Bearer " + w.token("fox", map[string]any{"scope": "audio"}), 403},
		"somebody else's key":  {"Bearer " + key, 200},
		"somebody else's":      {"Bearer " + w.token("wolf", nil), 200},
		"the same person's":    {"Bearer " + w.token("fox", nil), 200},
		"other case of a name": {"Bearer " + w.token("Fox", nil), 200},
	}
	var theirs struct {
		UpstreamTaskID string `json:"upstream_task_id"`
	}
	if err := json.Unmarshal(raw, &theirs); err != nil || theirs.UpstreamTaskID == "" {
		t.Fatalf("no upstream id in %s", raw)
	}
	task := "seedance://tasks/" + id
	private := map[string]string{
		"a list":        rpc("tools/list", nil),
		"my tasks":      rpc("tools/call", map[string]any{"name": "list_tasks", "arguments": map[string]any{}}),
		"a task":        rpc("tools/call", map[string]any{"name": "get_task_status", "arguments": map[string]any{"task_id": id}}),
		"its upstream":  rpc("tools/call", map[string]any{"name": "get_task_status", "arguments": map[string]any{"task_id": theirs.UpstreamTaskID}}),
		"its pages":     rpc("tools/call", map[string]any{"name": "list_tasks", "arguments": map[string]any{"text": "fox", "state": "success"}}),
		"taking back":   rpc("tools/call", map[string]any{"name": "cancel_task", "arguments": map[string]any{"task_id": id}}),
		"usage":         rpc("tools/call", map[string]any{"name": "get_usage", "arguments": map[string]any{}}),
		"latest":        rpc("tools/call", map[string]any{"name": "get_task_status", "arguments": map[string]any{}}),
		"a resource":    rpc("resources/read", map[string]any{"uri": task}),
		"resources":     rpc("resources/list", nil),
		"a completion":  rpc("completion/complete", map[string]any{"ref": map[string]any{"type": "ref/resource", "uri": "seedance://tasks/{id}"}, "argument": map[string]any{"name": "id", "value": ""}}),
		"an answer":     `{"jsonrpc":"2.0","id":1,"result":{}}`,
		"a notice":      `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`,
		"initialize":    rpc("initialize", map[string]any{"protocolVersion": "2025-11-25", "capabilities": map[string]any{}, "clientInfo": map[string]any{"name": "x", "version": "1"}}),
		"not even JSON": `{`,
	}
	for name, c := range credentials {
		t.Run(name, func(t *testing.T) {
			for what, body := range private {
				status, header, text := w.ask(http.MethodPost, "/mcp", c.header, body)
				refused := c.status != 200
				if refused && status != c.status || !refused && (status == 401 || status == 403) {
					t.Errorf("%s: %d %s", what, status, text)
				}
				challenge := header.Get("WWW-Authenticate")
				if refused != strings.Contains(challenge, `resource_metadata="`+w.base+`/.well-known/oauth-protected-resource/mcp"`) {
					t.Errorf("%s: WWW-Authenticate %q", what, challenge)
				}
				if c.status == 403 && !strings.Contains(challenge, `error="insufficient_scope"`) {
					t.Errorf("%s: WWW-Authenticate %q", what, challenge)
				}
				if name != "the same person's" && strings.Contains(text, secret) {
					t.Errorf("%s tells of somebody else's task: %s", what, text)
				}
			}
			if name == "the same person's" {
				if _, _, text := w.ask(http.MethodPost, "/mcp", c.header, private["a task"]); !strings.Contains(text, id) {
					t.Errorf("my own task: %s", text)
				}
			}
			// What is open is the same for everybody and holds nobody's data.
			for _, open := range []struct {
				method, path string
				status       int
			}{
				{http.MethodGet, "/ui", 200}, {http.MethodGet, "/healthz", 200}, {http.MethodGet, "/readyz", 200},
				{http.MethodGet, "/.well-known/oauth-protected-resource", 200}, {http.MethodGet, "/.well-known/oauth-protected-resource/mcp", 200},
				{http.MethodPost, "/webhooks/guessed", 200}, {http.MethodGet, "/mcp", 405}, {http.MethodDelete, "/mcp", 405},
				{http.MethodGet, "/sandbox/media/" + id + ".mp4", 404}, {http.MethodGet, "/videos/" + id + ".mp4", 404},
				// A link is its own credential; without its signature nobody's other one counts.
				{http.MethodGet, file, 200}, {http.MethodGet, unsigned, 403}, {http.MethodGet, file + "x", 403},
				{http.MethodGet, "/files/.links.key", 403}, {http.MethodGet, "/files/", 403}, {http.MethodGet, "/files/..%2f..%2fetc%2fpasswd", 403},
			} {
				tested[open.method+" "+open.path] = true
				status, _, text := w.ask(open.method, open.path, c.header, "{}")
				if status != open.status || strings.Contains(text, secret) || strings.Contains(text, id) {
					t.Errorf("%s %s: %d %s", open.method, open.path, status, video.Clip(text, 200))
				}
			}
		})
	}
	base := w.base
	for name, c := range credentials {
		w.base = metrics
		status, _, text := w.ask(http.MethodGet, "/metrics", c.header, "")
		if status != 401 || strings.Contains(text, "seedance_") {
			t.Errorf("%s opens the figures: %d %s", name, status, video.Clip(text, 200))
		}
	}
	if status, _, text := w.ask(http.MethodGet, "/metrics", "Bearer "+metricsToken, ""); status != 200 || !strings.Contains(text, "seedance_credits_charged") {
		t.Errorf("the figures' own token: %d %s", status, video.Clip(text, 200))
	}
	w.base = base
	if status, _, text := w.ask(http.MethodPost, "/mcp", "Bearer "+metricsToken, private["my tasks"]); status != 401 {
		t.Errorf("the figures' token opens the tools: %d %s", status, text)
	}
	for _, route := range documentedRoutes(t) {
		found := false
		for done := range tested {
			_, path, _ := strings.Cut(done, "/")
			found = found || strings.HasPrefix("/"+path, route)
		}
		if !found {
			t.Errorf("%s is served, and not tried with every credential", route)
		}
	}
	if n := len(w.box.Books().Entries); n != 1 {
		t.Errorf("%d videos were ordered, want the owner's one", n)
	}
	for _, credential := range []string{good, key, revoked, expired, metricsToken} {
		for place, text := range map[string]string{"the log": w.log.String(), "what the upstream was sent": w.upstream.String()} {
			if strings.Contains(text, credential) || strings.Contains(text, credential[len(credential)-20:]) {
				t.Errorf("a credential stands in %s", place)
			}
		}
	}
	if strings.Contains(w.log.String(), w.box.Key()) {
		t.Error("the upstream's key stands in the log")
	}
}

// metricsServer is where the log says that figures are served.
func metricsServer(t *testing.T, log *recorder) string {
	t.Helper()
	log.await(t, "serving metrics")
	found := regexp.MustCompile(`msg="serving metrics" url=(http://[0-9.:]+)/metrics`).FindStringSubmatch(log.String())
	if found == nil {
		t.Fatalf("no metrics are served:\n%s", log)
	}
	return found[1]
}

// documentedRoutes are all paths that the server serves, without what varies in
// them: the reference is made from where they are registered.
func documentedRoutes(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../../docs/reference.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "<!-- routes:begin -->")
	table, _, _ = strings.Cut(table, "<!-- routes:end -->")
	var routes []string
	for _, found := range regexp.MustCompile("(?m)^\\| `(?:[A-Z]+ )?(/[^`{]*)").FindAllStringSubmatch(table, -1) {
		if found[1] != "/sandbox/" { // only without an upstream
			routes = append(routes, found[1])
		}
	}
	if len(routes) < 8 {
		t.Fatalf("only %q were found", routes)
	}
	return routes
}
