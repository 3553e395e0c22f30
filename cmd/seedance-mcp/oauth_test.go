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
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/modelcontextprotocol/go-sdk/oauthex"

	"seedance-mcp/internal/catalog"
	"seedance-mcp/internal/oauth/oauthtest"
	"seedance-mcp/internal/porttest"
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

// await waits for words: what a process has written may still be in its pipe
// when its answer is here.
func (r *recorder) await(t *testing.T, words string) {
	t.Helper()
	for deadline := time.Now().Add(hung); !strings.Contains(r.String(), words); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("no %q in\n%s", words, r)
		}
	}
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
	for deadline := time.Now().Add(hung); !strings.Contains(log.String(), words); time.Sleep(5 * time.Millisecond) {
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
	addr := porttest.Addr(t)
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
	for _, why := range []string{"keys cannot be fetched yet", "answered 503"} {
		w.log.await(t, why)
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
