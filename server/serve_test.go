package server_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	mcpserver "github.com/mark3labs/mcp-go/server"

	"seedance-mcp/server"
)

// listen serves f by ServeHTTP; stop begins the shutdown, ended has its result.
func (f *fixture) listen(t testing.TB) (base string, stop context.CancelFunc, ended <-chan error) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	result := make(chan error, 1)
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		result <- f.ServeHTTP(ctx, listener)
	}()
	t.Cleanup(func() {
		stop()
		<-gone
	})
	return "http://" + listener.Addr().String(), stop, result
}

func TestServeDrainsOpenStreams(t *testing.T) {
	f := newFixture(t, func(o *server.Options) {
		o.StreamAfter = time.Millisecond
		o.Configure = func(s *mcpserver.MCPServer) { mcpserver.WithToolCapabilities(true)(s) }
	})
	base, stop, ended := f.listen(t)
	held := stream(t, do(t, request(t, base, call("1", "hold", "x", 0, "", ""))))
	await(t, f.started)
	listening := stream(t, do(t, request(t, base,
		`{"jsonrpc":"2.0","id":7,"method":"subscriptions/listen","params":{"notifications":{"toolsListChanged":true},"_meta":{`+modernMeta+`}}}`,
		"Mcp-Protocol-Version: 2026-07-28", "Mcp-Method: subscriptions/listen")))
	if m := listening.message(); m.Method != "notifications/subscriptions/acknowledged" {
		t.Fatal(m.raw)
	}
	stop()
	if m := held.message(); m.text() != "drained x" {
		t.Error(m.raw)
	}
	if m := listening.message(); string(m.ID) != "7" || m.code() != 0 {
		t.Error(m.raw)
	}
	if err := await(t, ended); err != nil {
		t.Error(err)
	}
	if _, err := wire.RoundTrip(request(t, base, initialize)); err == nil {
		t.Error("still serving")
	}
}

func TestServeCutsOffWhatDoesNotEnd(t *testing.T) {
	f := newFixture(t, nil)
	f.SetTiming(0, 0, 20*time.Millisecond, 0)
	base, stop, ended := f.listen(t)
	response := do(t, request(t, base, call("1", "deaf", "x", 0, "", "")))
	await(t, f.started)
	stop()
	if err := await(t, ended); err == nil {
		t.Error("no error")
	}
	close(f.release)
	_, _ = io.Copy(io.Discard, response.Body)
}

func TestServeLimitsHeaders(t *testing.T) {
	base, _, _ := newFixture(t, nil).listen(t)
	response := do(t, request(t, base, initialize, "X-Long: "+strings.Repeat("x", 200<<10)))
	if response.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Error(response.Status)
	}
}

func TestServeReportsABrokenListener(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = listener.Close()
	if err := newFixture(t, nil).ServeHTTP(context.Background(), listener); err == nil {
		t.Error("no error")
	}
}

func TestListenGetsBroadcastsAskedForOnly(t *testing.T) {
	var core *mcpserver.MCPServer
	f := newFixture(t, func(o *server.Options) {
		o.Configure = func(s *mcpserver.MCPServer) {
			core = s
			mcpserver.WithToolCapabilities(true)(s)
			mcpserver.WithPromptCapabilities(true)(s)
		}
	})
	defer f.Drain() // before the test server closes, which waits for its streams
	base := f.web(t)
	listen := func(id, filter string) *events {
		e := stream(t, do(t, request(t, base,
			`{"jsonrpc":"2.0","id":`+id+`,"method":"subscriptions/listen","params":{"notifications":{`+filter+`},"_meta":{`+modernMeta+`}}}`,
			"Mcp-Protocol-Version: 2026-07-28", "Mcp-Method: subscriptions/listen")))
		ack := e.message()
		if got := string(ack.Params.Meta["io.modelcontextprotocol/subscriptionId"]); got != id {
			t.Fatalf("id %s: %s", id, ack.raw)
		}
		return e
	}
	tools, prompts := listen("1", `"toolsListChanged":true`), listen(`"1"`, `"promptsListChanged":true`)
	core.SendNotificationToAllClients("notifications/tools/list_changed", nil)
	core.SendNotificationToAllClients("notifications/prompts/list_changed", nil)
	if m := tools.message(); m.Method != "notifications/tools/list_changed" || string(m.Params.Meta["io.modelcontextprotocol/subscriptionId"]) != "1" {
		t.Error(m.raw)
	}
	if m := prompts.message(); m.Method != "notifications/prompts/list_changed" || string(m.Params.Meta["io.modelcontextprotocol/subscriptionId"]) != `"1"` {
		t.Error(m.raw)
	}
}

func TestExtraHandlersArePartOfTheServer(t *testing.T) {
	f := newFixture(t, func(o *server.Options) {
		o.Extra = map[string]http.Handler{"/sandbox/": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, r.URL.Path)
		})}
	})
	base := f.web(t)
	response, err := http.Get(base + "/sandbox/media/x.mp4")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	defer http.DefaultClient.CloseIdleConnections()
	if body, _ := io.ReadAll(response.Body); string(body) != "/sandbox/media/x.mp4" {
		t.Errorf("%s %s", response.Status, body)
	}
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	for name, o := range map[string]server.Options{
		"no version":        {},
		"long instructions": {Version: "1", Instructions: strings.Repeat("é", 501)},
		"nobody is told":    {Version: "1", Authenticate: func(*http.Request) (string, error) { return "x", nil }},
		"taken path":        {Version: "1", Extra: map[string]http.Handler{"/mcp": http.NotFoundHandler()}},
		"root path":         {Version: "1", Extra: map[string]http.Handler{"/": http.NotFoundHandler()}},
		"no path":           {Version: "1", Extra: map[string]http.Handler{"metrics": http.NotFoundHandler()}},
		"no handler":        {Version: "1", Extra: map[string]http.Handler{"/metrics": nil}},
	} {
		if _, err := server.New(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
