package tools_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/mark3labs/mcp-go/server"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.uber.org/goleak"

	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/media"
	"seedance-mcp/internal/preview"
	"seedance-mcp/internal/sandbox"
	"seedance-mcp/internal/store"
	"seedance-mcp/internal/upstream"
	"seedance-mcp/internal/video"
	"seedance-mcp/tools"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is the whole product behind the tools: engine, store and sandbox.
type world struct {
	srv     *server.MCPServer
	client  *upstream.Client
	engine  *engine.Engine
	store   *store.Store
	sandbox *sandbox.Server
	folder  string
	schemas map[string]*jsonschema.Schema
	log     *bytes.Buffer
	media   *media.Getter
	deps    tools.Deps
}

// setup is what worlds differ in.
type setup struct {
	dialect video.Dialect
	engine  func(*engine.Options)
	sandbox func(*sandbox.Options)
	tools   func(*tools.Deps)
	uploads bool // references may be files and data URIs
	ffmpeg  string
}

// newWorld must be called in a synctest bubble: its clock makes every time in
// an answer the same in every run.
func newWorld(t *testing.T, s setup) *world {
	t.Helper()
	if s.dialect == "" {
		s.dialect = video.Workflow
	}
	w := &world{folder: t.TempDir(), schemas: map[string]*jsonschema.Schema{}, log: &bytes.Buffer{}}
	models := defaultCatalog(t)
	origin := "http://" + sandbox.EmbeddedHost
	sandboxOptions := sandbox.Options{Catalog: models, Dialect: s.dialect, BaseURL: origin}
	if s.sandbox != nil {
		s.sandbox(&sandboxOptions)
	}
	var err error
	if w.sandbox, err = sandbox.New(sandboxOptions); err != nil {
		t.Fatal(err)
	}
	transport := sandbox.Transport(w.sandbox)
	client, err := upstream.New(upstream.Config{
		BaseURL: origin + "/api/v1", Dialect: s.dialect, APIKey: sandbox.KeyMain, Transport: transport,
		ModelName: func(name string) string { return models.FromUpstream(s.dialect, name) },
	})
	if err != nil {
		t.Fatal(err)
	}
	w.media = media.NewGetter(map[string]http.RoundTripper{sandbox.EmbeddedHost: transport}, false)
	fetcher, err := media.New(media.Options{
		Root:  filepath.Join(w.folder, "videos"),
		Local: map[string]http.RoundTripper{sandbox.EmbeddedHost: transport},
	})
	if err != nil {
		t.Fatal(err)
	}
	if w.store, err = store.Open(t.Context(), filepath.Join(w.folder, "tasks.db")); err != nil {
		t.Fatal(err)
	}
	options := engine.Options{
		OpenStore: func(context.Context) (engine.Store, error) { return w.store, nil },
		Account: engine.Account{
			Fingerprint: "0123456789abcdef", Dialect: s.dialect, Sandbox: true, Upstream: client,
			Usual: func(r video.Request) time.Duration { return sandbox.UsualTime(r.Duration) },
		},
		Catalog: models, Media: fetcher,
	}
	if s.engine != nil {
		s.engine(&options)
	}
	if w.engine, err = engine.New(options); err != nil {
		t.Fatal(err)
	}
	d := tools.Deps{
		Service: w.engine, Catalog: models, Dialect: s.dialect, Sandbox: true, Downloads: true,
		Logger:  slog.New(slog.NewTextHandler(w.log, nil)),
		Preview: preview.New(preview.Options{Source: w.media, FFmpeg: s.ffmpeg, Limit: 5 * time.Minute}),
	}
	if s.uploads {
		d.Uploader = client
	}
	if s.tools != nil {
		s.tools(&d)
	}
	w.srv, w.client, w.deps = newServer(d), client, d
	_, listed := list(t, d)
	for _, tool := range listed {
		if tool.OutputSchema == nil {
			continue
		}
		w.schemas[tool.Name] = compile(t, tool.Name, tool.OutputSchema, jsonschema.Draft2020)
	}
	return w
}

// close ends everything that runs, as the end of a bubble demands.
func (w *world) close(t *testing.T) {
	t.Helper()
	if err := w.engine.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if err := w.store.Close(); err != nil { // the engine does so only once it used it
		t.Error(err)
	}
	if err := w.sandbox.Close(); err != nil {
		t.Error(err)
	}
}

// answer is a tool's result as a client reads it.
type answer struct {
	Text    string
	IsError bool
	Fields  map[string]any
}

func (a answer) text(name string) string { text, _ := a.Fields[name].(string); return text }

// call calls a tool and checks what holds for every answer: one text item of
// bounded length that is the structured content, which fits the schema; or one
// text alone when it is an error.
func (w *world) call(t *testing.T, tool, arguments string) answer {
	t.Helper()
	return w.callAs(t, t.Context(), tool, arguments)
}

func (w *world) callAs(t *testing.T, ctx context.Context, tool, arguments string) answer {
	t.Helper()
	if arguments == "" {
		arguments = "{}"
	}
	raw := request(t, ctx, w.srv, "tools/call", fmt.Sprintf(`{"name":%q,"arguments":%s}`, tool, arguments))
	var response struct {
		Result struct {
			Content           []struct{ Type, Text string }
			StructuredContent json.RawMessage
			IsError           bool
		}
		Error json.RawMessage
	}
	if err := json.Unmarshal(raw, &response); err != nil {
		t.Fatal(err)
	}
	if response.Error != nil {
		t.Fatalf("%s answered a protocol error: %s", tool, response.Error)
	}
	result := response.Result
	if len(result.Content) != 1 || result.Content[0].Type != "text" {
		t.Fatalf("%s: content %+v, want one text", tool, result.Content)
	}
	got := answer{Text: result.Content[0].Text, IsError: result.IsError}
	if n := utf8.RuneCountInString(got.Text); n == 0 || n > 8000 {
		t.Errorf("%s: text of %d characters", tool, n)
	}
	for _, word := range []string{"resource_link", "base64,", "\u2028", "\x00"} {
		if strings.Contains(string(raw), word) {
			t.Errorf("%s: %q in %s", tool, word, raw)
		}
	}
	if got.IsError {
		if result.StructuredContent != nil {
			t.Errorf("%s: an error with structured content", tool)
		}
		return got
	}
	if err := json.Unmarshal(result.StructuredContent, &got.Fields); err != nil {
		t.Fatalf("%s: structured content: %v", tool, err)
	}
	if !sameJSON(t, []byte(got.Text), result.StructuredContent) {
		t.Errorf("%s: text and structured content differ:\n%s\n%s", tool, got.Text, result.StructuredContent)
	}
	if strings.Contains(got.Text, ":null") && tool != "estimate_cost" {
		t.Errorf("%s: null in %s", tool, got.Text)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(result.StructuredContent))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.schemas[tool].Validate(document); err != nil {
		t.Errorf("%s: %v", tool, err)
	}
	if got.text("next") == "" {
		t.Errorf("%s does not say what is next: %s", tool, got.Text)
	}
	return got
}

func sameJSON(t *testing.T, a, b []byte) bool {
	t.Helper()
	var first, second any
	if err := json.Unmarshal(a, &first); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &second); err != nil {
		t.Fatal(err)
	}
	return reflect.DeepEqual(first, second)
}

// fails calls a tool that must refuse, with a text that has all the words.
func (w *world) fails(t *testing.T, tool, arguments string, words ...string) answer {
	t.Helper()
	got := w.call(t, tool, arguments)
	if !got.IsError {
		t.Fatalf("%s %s was not refused: %s", tool, arguments, got.Text)
	}
	for _, word := range words {
		if !strings.Contains(got.Text, word) {
			t.Errorf("%s %s: %q does not mention %q", tool, arguments, got.Text, word)
		}
	}
	return got
}

// works calls a tool that must not refuse.
func (w *world) works(t *testing.T, tool, arguments string) answer {
	t.Helper()
	got := w.call(t, tool, arguments)
	if got.IsError {
		t.Fatalf("%s %s was refused: %s", tool, arguments, got.Text)
	}
	return got
}

// golden compares an answer's text, with what differs from run to run masked.
func (w *world) golden(t *testing.T, name string, got answer) {
	t.Helper()
	text := strings.ReplaceAll(got.Text, w.folder, "FOLDER")
	text = regexp.MustCompile(`vid_[a-z0-9]{26}`).ReplaceAllString(text, "vid_ID")
	text = regexp.MustCompile(`\btask_[a-z0-9]{20,}`).ReplaceAllString(text, "task_ID")
	text = regexp.MustCompile(`-[a-z0-9]{6}\.mp4`).ReplaceAllString(text, "-SUFFIX.mp4")
	text = regexp.MustCompile(`(confirm_token(=|":"))[A-Za-z0-9_-]{40,}`).ReplaceAllString(text, "${1}TOKEN")
	if got.IsError {
		golden(t, name+".txt", []byte(text+"\n"))
		return
	}
	const usual = 2 << 10
	if len(got.Text) > usual && !strings.HasPrefix(name, "list_models_") {
		t.Errorf("%s has %d bytes, more than %d", name, len(got.Text), usual)
	}
	golden(t, name+".json", indented(t, []byte(text)))
}
