package app_test

import (
	"context"
	"encoding/json"
	"maps"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	mcpserver "github.com/mark3labs/mcp-go/server"
	"go.uber.org/goleak"

	"seedance-mcp/internal/catalog"
	"seedance-mcp/internal/clocktest"
	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/media"
	"seedance-mcp/internal/sandbox"
	"seedance-mcp/internal/store"
	"seedance-mcp/internal/upstream"
	"seedance-mcp/internal/video"
	"seedance-mcp/server"
	"seedance-mcp/server/app"
	"seedance-mcp/tools"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Keys of two callers of a world with keys.
const (
	annKey = "sk-test-not-a-real-key-ann"
	bobKey = "sk-test-not-a-real-key-bob"
)

// setup is what worlds differ in.
type setup struct {
	speed   float64 // of the sandbox; 0: 40
	held    bool    // no video gets on until world.time goes
	keys    bool    // callers need annKey or bobKey
	hidden  bool    // videos cannot be reached by URL, only saved on disk
	barred  bool    // videos lie where the player may not load from, and are not saved
	confirm bool    // a person must agree to every price
	extra   map[string]http.Handler
}

// world is the whole product, served over HTTP as the http command does it.
type world struct {
	url    string
	engine *engine.Engine
	time   *clocktest.Clock // of the sandbox
}

func newWorld(t *testing.T, s setup) *world {
	t.Helper()
	if s.speed == 0 {
		s.speed = 40
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{url: "http://" + listener.Addr().String(), time: &clocktest.Clock{}}
	if s.held {
		w.time.Stop()
	}
	models, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	base := w.url + "/sandbox"
	if s.hidden {
		base = "http://" + sandbox.EmbeddedHost
	}
	box, err := sandbox.New(sandbox.Options{Catalog: models, Dialect: video.Kinovi, Speed: s.speed, BaseURL: base, Now: w.time.Now})
	if err != nil {
		t.Fatal(err)
	}
	inside := sandbox.Transport(box)
	client, err := upstream.New(upstream.Config{
		BaseURL: base + "/api/v1", Dialect: video.Kinovi, APIKey: sandbox.KeyMain, Transport: inside,
		ModelName: func(name string) string { return models.FromUpstream(video.Kinovi, name) },
	})
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	options := engine.Options{
		OpenStore: func(ctx context.Context) (engine.Store, error) {
			return store.Open(ctx, filepath.Join(folder, "tasks.db"))
		},
		Account: engine.Account{
			Fingerprint: "0123456789abcdef", Dialect: video.Kinovi, Sandbox: true, Upstream: client, TimeScale: s.speed,
			Usual: func(r video.Request) time.Duration {
				return time.Duration(float64(sandbox.UsualTime(r.Duration)) / s.speed)
			},
		},
		Catalog:   models,
		PollEvery: 100 * time.Millisecond,
	}
	if s.confirm {
		options.ConfirmAbove = new(video.Credits)
	}
	if s.hidden {
		options.Media, err = media.New(media.Options{
			Root: filepath.Join(folder, "videos"), Local: map[string]http.RoundTripper{sandbox.EmbeddedHost: inside},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if w.engine, err = engine.New(options); err != nil {
		t.Fatal(err)
	}
	if err := w.engine.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.serve(t, listener, s, box, models)
	return w
}

// serve mounts the tools, the app and the sandbox until the test ends.
func (w *world) serve(t *testing.T, listener net.Listener, s setup, box *sandbox.Server, models *catalog.Catalog) {
	t.Helper()
	options := app.Options{MediaOrigins: []string{w.url}}
	switch {
	case s.hidden:
		options = app.Options{Clip: w.clip}
	case s.barred:
		options = app.Options{}
	}
	page, err := app.New(options)
	if err != nil {
		t.Fatal(err)
	}
	deps := tools.Deps{
		Service: w.engine, Catalog: models, Dialect: video.Kinovi, Sandbox: true, Downloads: s.hidden, PlayerURI: app.URI,
	}
	serving := server.Options{
		Version: "1.2.3",
		Tools:   tools.All(deps),
		Configure: func(s *mcpserver.MCPServer) {
			page.Register(s)
			tools.Register(s, deps)
		},
		WithPrincipal: tools.WithPrincipal,
		Extra:         map[string]http.Handler{"/ui": page.Handler(), "/sandbox/": http.StripPrefix("/sandbox", box)},
	}
	maps.Copy(serving.Extra, s.extra)
	if s.keys {
		serving.Authenticate = authenticate
	}
	mcp, err := server.New(serving)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- mcp.ServeHTTP(ctx, listener) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Log("server:", err) // the browser may have held a connection
		}
		grace, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := w.engine.Close(grace); err != nil {
			t.Error(err)
		}
		if err := box.Close(); err != nil {
			t.Error(err)
		}
	})
}

func authenticate(r *http.Request) (string, error) {
	switch r.Header.Get("Authorization") {
	case "Bearer " + annKey:
		return "ann", nil
	case "Bearer " + bobKey:
		return "bob", nil
	}
	return "", video.Errorf(video.Unauthenticated, "no such key")
}

// clip is how the stdio command gives the player a saved file.
func (w *world) clip(ctx context.Context, id string) (data []byte, mediaType string, err error) {
	task, err := w.engine.Get(ctx, tools.Principal(ctx), id)
	if err != nil {
		return nil, "", err
	}
	if len(task.Videos) == 0 || task.Videos[0].Path == "" {
		return nil, "", video.Errorf(video.NotFound, "the video is not saved here")
	}
	return readClip(task.Videos[0].Path)
}

// order makes a task through /mcp as a caller with key; "" is nobody.
func (w *world) order(t *testing.T, key, prompt string, more map[string]any) map[string]any {
	t.Helper()
	arguments := map[string]any{"prompt": prompt, "duration": 5, "resolution": "480p"}
	maps.Copy(arguments, more)
	return w.call(t, key, "generate_video", arguments)
}

func (w *world) call(t *testing.T, key, tool string, arguments map[string]any) map[string]any {
	t.Helper()
	body, err := json.Marshal(map[string]any{
		"jsonrpc": "2.0", "id": 1, "method": "tools/call",
		"params": map[string]any{"name": tool, "arguments": arguments},
	})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+"/mcp", strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	r.Close = true
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var answer struct {
		Result struct {
			StructuredContent map[string]any
			IsError           bool
			Content           []struct{ Text string }
		}
		Error json.RawMessage
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	if answer.Error != nil || answer.Result.IsError {
		t.Fatalf("%s: %s %+v", tool, answer.Error, answer.Result.Content)
	}
	return answer.Result.StructuredContent
}

// finished waits until an ordered task is over.
func (w *world) finished(t *testing.T, key string, ordered map[string]any) map[string]any {
	t.Helper()
	for range 20 {
		task := w.call(t, key, "get_task_status", map[string]any{"task_id": ordered["task_id"], "wait_seconds": 10})
		if status := task["status"]; status == "success" || status == "fail" || status == "unconfirmed" {
			return task
		}
	}
	t.Fatal("the task does not end")
	return nil
}
