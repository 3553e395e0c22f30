package server_test

import (
	"context"
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"
	gosdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"seedance-mcp/internal/catalog"
	"seedance-mcp/internal/clocktest"
	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/sandbox"
	"seedance-mcp/internal/store"
	"seedance-mcp/internal/upstream"
	"seedance-mcp/internal/video"
	"seedance-mcp/server"
	"seedance-mcp/tools"
)

// product is the whole server over the sandbox. The fixture's own tools are
// there too.
type product struct {
	*fixture
	books func() sandbox.Books
	stop  func() // ends this server as a process would end
}

// upstreamBox is the service that one or several products speak to, and their
// common folder.
type upstreamBox struct {
	sandbox *sandbox.Server
	time    *clocktest.Clock // of the sandbox
	models  *catalog.Catalog
	folder  string
	// pageSize is the servers'; 0: the usual one.
	pageSize int
	// posts, if not nil, hears of each createTask, which then waits for answer.
	posts, answer chan struct{}
}

func newUpstream(t *testing.T) *upstreamBox {
	t.Helper()
	models, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	clock := &clocktest.Clock{}
	box, err := sandbox.New(sandbox.Options{Catalog: models, BaseURL: "http://" + sandbox.EmbeddedHost, Speed: 40, Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := box.Close(); err != nil {
			t.Error(err)
		}
	})
	return &upstreamBox{sandbox: box, time: clock, models: models, folder: t.TempDir()}
}

// RoundTrip is the way to the sandbox, on which createTask can be held up.
func (u *upstreamBox) RoundTrip(r *http.Request) (*http.Response, error) {
	if u.posts != nil && strings.HasSuffix(r.URL.Path, "/createTask") {
		u.posts <- struct{}{}
		<-u.answer
	}
	return sandbox.Transport(u.sandbox).RoundTrip(r)
}

// serve starts a product whose callers are those that authenticate names; nil:
// all are local. change adjusts the engine.
func (u *upstreamBox) serve(t *testing.T, authenticate func(*http.Request) (string, error), change func(*engine.Options)) *product {
	t.Helper()
	link, err := upstream.New(upstream.Config{
		BaseURL: "http://" + sandbox.EmbeddedHost + "/api/v1", Dialect: video.Workflow, APIKey: sandbox.KeyMain, Transport: u,
		ModelName: func(name string) string { return u.models.FromUpstream(video.Workflow, name) },
	})
	if err != nil {
		t.Fatal(err)
	}
	options := engine.Options{
		OpenStore: func(ctx context.Context) (engine.Store, error) {
			return store.Open(ctx, filepath.Join(u.folder, "tasks.db"))
		},
		Resume: true,
		Account: engine.Account{
			Fingerprint: "0123456789abcdef", Dialect: video.Workflow, Sandbox: true, Upstream: link, TimeScale: 40,
			Usual: func(r video.Request) time.Duration { return sandbox.UsualTime(r.Duration) / 40 },
		},
		Catalog: u.models, PollEvery: 50 * time.Millisecond,
	}
	if change != nil {
		change(&options)
	}
	made, err := engine.New(options)
	if err != nil {
		t.Fatal(err)
	}
	if err := made.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	closed := false
	stop := func() {
		if closed {
			return
		}
		closed = true
		if err := made.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(stop)
	deps := tools.Deps{Service: made, Catalog: u.models, Dialect: video.Workflow, Sandbox: true}
	f := newFixture(t, func(o *server.Options) {
		o.Tools = append(o.Tools, tools.All(deps)...)
		o.Tasks = tools.NewTaskView(deps, made)
		o.PageSize = u.pageSize
		o.Configure = func(s *mcpserver.MCPServer) { tools.Register(s, deps) }
		o.WithPrincipal, o.OnDrain, o.Authenticate = tools.WithPrincipal, made.Drain, authenticate
	})
	return &product{fixture: f, books: u.sandbox.Books, stop: stop}
}

// reply is what a tool of the product answered.
type toolReply struct {
	text    string
	isError bool
}

// field is a text of the answer's top level.
func (r toolReply) field(t *testing.T, name string) string {
	t.Helper()
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(r.text), &fields); err != nil {
		t.Fatalf("%v in %s", err, r.text)
	}
	var text string
	if fields[name] != nil && json.Unmarshal(fields[name], &text) != nil {
		t.Fatalf("%s in %s", name, r.text)
	}
	return text
}

// use calls a tool of the product through somebody else's client.
func use(ctx context.Context, c foreign, tool string, arguments map[string]any) (toolReply, error) {
	if other, ok := c.(sdk); ok {
		result, err := other.CallTool(ctx, &gosdk.CallToolParams{Name: tool, Arguments: arguments})
		if err != nil {
			return toolReply{}, err
		}
		text, _ := result.Content[0].(*gosdk.TextContent)
		return toolReply{text.Text, result.IsError}, nil
	}
	request := mcp.CallToolRequest{}
	request.Params.Name, request.Params.Arguments = tool, arguments
	result, err := c.(mcpgo).CallTool(ctx, request)
	if err != nil {
		return toolReply{}, err
	}
	text, _ := mcp.AsTextContent(result.Content[0])
	return toolReply{text.Text, result.IsError}, nil
}

// must is use where it has to work.
func must(t *testing.T, c foreign, tool string, arguments map[string]any) toolReply {
	t.Helper()
	got, err := use(t.Context(), c, tool, arguments)
	if err != nil || got.isError {
		t.Fatalf("%s: %v %s", tool, err, got.text)
	}
	return got
}
