package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/modelcontextprotocol/go-sdk/oauthex"

	"seedance-mcp/internal/catalog"
	"seedance-mcp/internal/oauth/oauthtest"
	"seedance-mcp/internal/sandbox"
	"seedance-mcp/internal/video"
)

// recorder notes all that is sent to the upstream, and all that is logged.
type recorder struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (r *recorder) Write(data []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.all.Write(data)
}

func (r *recorder) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.all.String()
}

// upstreamRecorded is a sandbox behind a recorder; env points a child at it.
func upstreamRecorded(t *testing.T) (box *sandbox.Server, seen *recorder, env []string) {
	t.Helper()
	models, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	seen = &recorder{}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		fmt.Fprintln(seen, r.Method, r.URL, r.Header, string(body))
		box.ServeHTTP(w, r)
	}))
	base := "http://" + server.Listener.Addr().String()
	box, err = sandbox.New(sandbox.Options{Catalog: models, Dialect: video.Workflow, Speed: 20, BaseURL: base})
	if err != nil {
		t.Fatal(err)
	}
	server.Start()
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
		box.Close()
	})
	return box, seen, []string{"SEEDANCE_API_URL=" + base + "/api/v1", "SEEDANCE_API_KEY=" + box.Key()}
}

// startRecorded is startUntilLogs that keeps what is logged.
func startRecorded(t *testing.T, cmd *exec.Cmd, words string) *recorder {
	t.Helper()
	log := &recorder{}
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		cmd.Process.Kill()
		<-ended
	})
	for deadline := time.Now().Add(time.Minute); !strings.Contains(log.String(), words); time.Sleep(5 * time.Millisecond) {
		select {
		case <-ended:
			t.Fatalf("the process ended before it logged %q:\n%s", words, log)
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("no %q on stderr:\n%s", words, log)
		}
	}
	return log
}

// oauthWorld is a server that takes tokens of an issuer beside its keys.
type oauthWorld struct {
	t        *testing.T
	issuer   *oauthtest.Issuer
	box      *sandbox.Server
	base     string
	env      []string
	log      *recorder
	upstream *recorder
}

func newOAuthWorld(t *testing.T, more ...string) *oauthWorld {
	t.Helper()
	w := &oauthWorld{t: t, issuer: oauthtest.New(t, "/tenant")}
	addr := freeAddr(t)
	w.base = "http://" + addr
	w.box, w.upstream, w.env = upstreamRecorded(t)
	w.env = append(w.env, "SEEDANCE_DATA_DIR="+t.TempDir(), "SEEDANCE_OAUTH_ISSUER="+w.issuer.URL, "SEEDANCE_OAUTH_SCOPES=videos",
		"SEEDANCE_LOG_LEVEL=debug", "SEEDANCE_MAX_CREDITS_PER_PRINCIPAL_DAY=250")
	w.env = append(w.env, more...)
	w.log = startRecorded(t, child(t, w.env, "http", "--addr", addr), "serving MCP")
	return w
}

func (w *oauthWorld) endpoint() string { return w.base + "/mcp" }

// token is one of the issuer's for this server.
func (w *oauthWorld) token(subject string, change map[string]any) string {
	claims := map[string]any{"sub": subject}
	maps.Copy(claims, change)
	return w.issuer.Token(w.t, w.endpoint(), claims)
}

func (w *oauthWorld) key(args ...string) string {
	w.t.Helper()
	out, err := child(w.t, w.env, append([]string{"keys", "create"}, args...)...).Output()
	if err != nil {
		w.t.Fatalf("keys create %v: %v", args, err)
	}
	return strings.TrimSpace(string(out))
}

// ask sends one request as it is.
func (w *oauthWorld) ask(method, path, authorization, body string) (status int, header http.Header, text string) {
	w.t.Helper()
	r, err := http.NewRequest(method, w.base+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return response.StatusCode, response.Header, string(answer)
}

func rpc(method string, params any) string {
	text, _ := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
	return string(text)
}

// Every door of the server, without credentials, with wrong ones, and with
// those that were good once or are for somebody else.
func TestEveryEndpointWithEveryCredential(t *testing.T) {
	const metricsToken = "a-test's-metrics-token"
	metrics := "http://" + freeAddr(t) + "/metrics"
	w := newOAuthWorld(t, "SEEDANCE_COPY_TO="+t.TempDir(), "SEEDANCE_METRICS_TOKEN="+metricsToken,
		"SEEDANCE_METRICS_ADDR="+strings.TrimSuffix(strings.TrimPrefix(metrics, "http://"), "/metrics"))
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
	task := "seedance://tasks/" + id
	private := map[string]string{
		"a list":        rpc("tools/list", nil),
		"my tasks":      rpc("tools/call", map[string]any{"name": "list_tasks", "arguments": map[string]any{}}),
		"a task":        rpc("tools/call", map[string]any{"name": "get_task_status", "arguments": map[string]any{"task_id": id}}),
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
		w.base = strings.TrimSuffix(metrics, "/metrics")
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

// The official Go SDK's client finds the issuer by itself, gets a token, and
// makes a video; a key's holder beside it is somebody else.
func TestGoSDKFindsItsToken(t *testing.T) {
	w := newOAuthWorld(t)
	asked := ""
	handler, err := auth.NewAuthorizationCodeHandler(&auth.AuthorizationCodeHandlerConfig{
		RedirectURL: "http://127.0.0.1:1/callback",
		DynamicClientRegistrationConfig: &auth.DynamicClientRegistrationConfig{
			Metadata: &oauthex.ClientRegistrationMetadata{ClientName: "test", RedirectURIs: []string{"http://127.0.0.1:1/callback"}},
		},
		AuthorizationCodeFetcher: func(ctx context.Context, args *auth.AuthorizationArgs) (*auth.AuthorizationResult, error) {
			asked = args.URL
			return agree(ctx, args.URL)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	client := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil)
	session, err := client.Connect(t.Context(), &mcp.StreamableClientTransport{Endpoint: w.endpoint(), OAuthHandler: handler}, nil)
	if err != nil {
		t.Fatalf("connect: %v\n%s", err, w.log)
	}
	t.Cleanup(func() { session.Close() })
	if !strings.Contains(asked, "scope=videos") || !strings.Contains(asked, "resource=") {
		t.Errorf("the client asked for %s", asked)
	}
	id, _ := call(t.Context(), t, session, "generate_video", map[string]any{"prompt": "a red fox in fresh snow"})["task_id"].(string)
	done := call(t.Context(), t, session, "get_task_status", map[string]any{"task_id": id, "wait_seconds": 45})
	if done["status"] != "success" {
		t.Fatalf("the video: %v", done)
	}
	// Each principal has its own budget, 250 credits here; the video cost 200.
	over := map[string]any{"prompt": "a second fox"}
	if got, _ := call(t.Context(), t, session, "generate_video", over)["isError"].(string); !strings.Contains(got, "your own daily budget") {
		t.Errorf("over the budget: %q", got)
	}
	other, err := connectAs(t.Context(), t, w.endpoint(), w.key("team-a"))
	if err != nil {
		t.Fatal(err)
	}
	if got := call(t.Context(), t, other, "list_tasks", nil); got["total"] != 0.0 {
		t.Errorf("a key's holder sees %v tasks", got["total"])
	}
	if got := call(t.Context(), t, other, "generate_video", over); got["task_id"] == nil {
		t.Errorf("the other's own budget: %v", got)
	}
	if strings.Contains(w.log.String(), oauthtest.Subject) {
		t.Errorf("the log names %s", oauthtest.Subject)
	}
}

// agree is a person who agrees at once: it asks the issuer and takes the code
// from where the browser is sent.
func agree(ctx context.Context, at string) (*auth.AuthorizationResult, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	back, err := response.Location()
	if err != nil {
		return nil, err
	}
	q := back.Query()
	return &auth.AuthorizationResult{Code: q.Get("code"), State: q.Get("state"), Iss: q.Get("iss")}, nil
}

// Keys are fetched when the first token comes, so the server starts while the
// issuer is away, and its own keys work meanwhile.
func TestIssuerAwayAtStart(t *testing.T) {
	issuer := oauthtest.New(t, "")
	issuer.Down(true)
	w := newOAuthWorld(t, "SEEDANCE_OAUTH_ISSUER="+issuer.URL)
	w.issuer = issuer
	list := rpc("tools/list", nil)
	if status, header, text := w.ask(http.MethodPost, "/mcp", "Bearer "+w.token("fox", nil), list); status != 503 || header.Get("Retry-After") == "" {
		t.Errorf("a token that cannot be judged: %d %s", status, text)
	}
	if status, _, text := w.ask(http.MethodPost, "/mcp", "Bearer "+w.key("team-a"), list); status != 200 {
		t.Errorf("a key meanwhile: %d %s", status, text)
	}
	if status, _, _ := w.ask(http.MethodPost, "/mcp", "", list); status != 401 {
		t.Errorf("nobody, on loopback: %d", status)
	}
	if !strings.Contains(w.log.String(), "keys cannot be fetched yet") || !strings.Contains(w.log.String(), "answered 503") {
		t.Error("the log does not tell why")
	}
}

func TestOAuthSettings(t *testing.T) {
	for name, c := range map[string]struct {
		env  []string
		want string
	}{
		"plain issuer":                {[]string{"SEEDANCE_OAUTH_ISSUER=http://login.example.com"}, "https://"},
		"no URL":                      {[]string{"SEEDANCE_OAUTH_ISSUER=login"}, "must be a URL"},
		"plain key set":               {[]string{"SEEDANCE_OAUTH_ISSUER=https://login.example.com", "SEEDANCE_OAUTH_JWKS_URL=http://login.example.com/k"}, "https://"},
		"scopes, no issuer":           {[]string{"SEEDANCE_OAUTH_SCOPES=videos"}, "SEEDANCE_OAUTH_ISSUER"},
		"bad scope":                   {[]string{"SEEDANCE_OAUTH_ISSUER=https://login.example.com", `SEEDANCE_OAUTH_SCOPES=vid"eos`}, "scope"},
		"others, but no public URL":   {[]string{"SEEDANCE_OAUTH_ISSUER=https://login.example.com", "ADDR=0.0.0.0:0"}, "SEEDANCE_PUBLIC_URL"},
		"others, and nobody to judge": {[]string{"ADDR=0.0.0.0:0"}, "keys create"},
	} {
		t.Run(name, func(t *testing.T) {
			addr := "127.0.0.1:0"
			for _, one := range c.env {
				if given, ok := strings.CutPrefix(one, "ADDR="); ok {
					addr = given
				}
			}
			out, err := child(t, append(c.env, "SEEDANCE_DATA_DIR="+t.TempDir()), "http", "--addr", addr).CombinedOutput()
			if err == nil || !strings.Contains(string(out), c.want) {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}
