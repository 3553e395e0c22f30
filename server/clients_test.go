package server_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
	gosdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// foreign is a client of somebody else's.
type foreign interface {
	// list names the tools.
	list(ctx context.Context) ([]string, error)
	// call gives the result's text; progress is what was sent under token.
	call(ctx context.Context, tool, label string, count int, token string) (string, error)
}

// heard collects progress by token, and answers for the user.
type heard struct {
	mu sync.Mutex
	by map[string][]float64
	// says, if not nil, is the user's answer to a question: "accept" or another
	// of the protocol's. Without it the client cannot ask.
	says func(question string) string
}

func (h *heard) add(token any, progress float64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.by[fmt.Sprint(token)] = append(h.by[fmt.Sprint(token)], progress)
}

func (h *heard) of(token string) []float64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.by[token])
}

// kinds are the clients, each in both eras and over both transports.
var kinds = []struct {
	name    string
	version string
	connect func(t *testing.T, f *fixture, version string, h *heard) foreign
}{
	{"mcp-go stdio", legacy, mcpgoStdio},
	{"mcp-go stdio", modern, mcpgoStdio},
	{"mcp-go http", legacy, mcpgoHTTP},
	{"mcp-go http", modern, mcpgoHTTP},
	{"go-sdk stdio", legacy, gosdkStdio},
	{"go-sdk stdio", modern, gosdkStdio},
	{"go-sdk http", legacy, gosdkHTTP},
	{"go-sdk http", modern, gosdkHTTP},
}

func eachKind(t *testing.T, test func(t *testing.T, f *fixture, c foreign, h *heard)) {
	for _, kind := range kinds {
		t.Run(kind.name+" "+kind.version, func(t *testing.T) {
			f := newFixture(t, nil)
			h := &heard{by: map[string][]float64{}}
			test(t, f, kind.connect(t, f, kind.version, h), h)
		})
	}
}

func TestForeignClientsListAndCall(t *testing.T) {
	eachKind(t, func(t *testing.T, f *fixture, c foreign, _ *heard) {
		names, err := c.list(t.Context())
		if err != nil || len(names) != len(f.tools()) {
			t.Fatal(names, err)
		}
		if text, err := c.call(t.Context(), "echo", "hi <&é>", 0, ""); err != nil || text != "hi <&é>" {
			t.Error(text, err)
		}
	})
}

func TestForeignClientsHearAllProgress(t *testing.T) {
	eachKind(t, func(t *testing.T, _ *fixture, c foreign, h *heard) {
		const calls, each = 10, 40
		var wait sync.WaitGroup
		for i := range calls {
			wait.Go(func() {
				text, err := c.call(t.Context(), "count", "", each, fmt.Sprint("token", i))
				if err != nil || text != fmt.Sprint(each) {
					t.Error(text, err)
				}
			})
		}
		wait.Wait()
		for i := range calls {
			// Clients hand progress to its handler beside the result: the last
			// ones may come a moment later, and mcp-go's in any order.
			until(t, func() bool { return len(h.of(fmt.Sprint("token", i))) == each })
			got := h.of(fmt.Sprint("token", i))
			slices.Sort(got)
			for n, progress := range got {
				if progress != float64(n+1) {
					t.Fatalf("call %d heard %v", i, got)
				}
			}
		}
	})
}

func TestForeignClientsThatGiveUpEndTheirCallOnly(t *testing.T) {
	eachKind(t, func(t *testing.T, f *fixture, c foreign, _ *heard) {
		ctx, giveUp := context.WithCancel(t.Context())
		failed := make(chan error, 1)
		go func() {
			_, err := c.call(ctx, "hold", "impatient", 0, "")
			failed <- err
		}()
		await(t, f.started)
		patient := make(chan string, 1)
		go func() {
			text, err := c.call(t.Context(), "hold", "patient", 0, "")
			if err != nil {
				t.Error(err)
			}
			patient <- text
		}()
		await(t, f.started)
		giveUp()
		if label := await(t, f.stopped); label != "impatient" {
			t.Error("cancelled", label)
		}
		if err := await(t, failed); err == nil {
			t.Error("the cancelled call succeeded")
		}
		f.release <- struct{}{}
		if text := await(t, patient); text != "released patient" {
			t.Error(text)
		}
		if text, err := c.call(t.Context(), "echo", "still here", 0, ""); err != nil || text != "still here" {
			t.Error(text, err)
		}
	})
}

func TestForeignClientsOfOneServerAreApart(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind.name+" "+kind.version, func(t *testing.T) {
			f := newFixture(t, nil)
			const calls = 20
			var wait sync.WaitGroup
			var both []*heard
			for range 2 { // both count their ids from one
				h := &heard{by: map[string][]float64{}}
				c := kind.connect(t, f, kind.version, h)
				both = append(both, h)
				wait.Go(func() {
					for n := range calls {
						if _, err := c.call(t.Context(), "count", "", n, "same"); err != nil {
							t.Error(err)
						}
					}
				})
			}
			wait.Wait()
			for _, h := range both {
				until(t, func() bool { return len(h.of("same")) == calls*(calls-1)/2 })
			}
		})
	}
}

// until waits for something that is about to happen.
func until(t *testing.T, happened func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for !happened() {
		select {
		case <-ctx.Done():
			t.Fatal("it did not happen")
		case <-time.After(time.Millisecond):
		}
	}
}

// pipes are the client's ends of a stdio connection to f.
func pipes(t *testing.T, f *fixture) (io.ReadCloser, io.WriteCloser) {
	t.Helper()
	inReader, in := io.Pipe()
	out, outWriter := io.Pipe()
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		if err := f.ServeStdio(context.Background(), inReader, outWriter); err != nil {
			t.Error(err)
		}
		_ = outWriter.Close()
	}()
	t.Cleanup(func() {
		_ = in.Close()
		_, _ = io.Copy(io.Discard, out)
		<-gone
	})
	return out, in
}

type mcpgo struct{ *client.Client }

func mcpgoStdio(t *testing.T, f *fixture, version string, h *heard) foreign {
	out, in := pipes(t, f)
	return mcpgoClient(t, transport.NewIO(out, in, io.NopCloser(new(emptyReader))), version, h)
}

type emptyReader struct{}

func (*emptyReader) Read([]byte) (int, error) { return 0, io.EOF }

func mcpgoHTTP(t *testing.T, f *fixture, version string, h *heard) foreign {
	over, err := transport.NewStreamableHTTP(f.web(t)+"/mcp", transport.WithHTTPBasicClient(webClient(t)))
	if err != nil {
		t.Fatal(err)
	}
	return mcpgoClient(t, over, version, h)
}

func webClient(t *testing.T) *http.Client {
	own := &http.Transport{}
	t.Cleanup(own.CloseIdleConnections)
	return &http.Client{Transport: own}
}

func mcpgoClient(t *testing.T, over transport.Interface, version string, h *heard) foreign {
	t.Helper()
	options := []client.ClientOption{client.WithProtocolVersion(version)}
	if h.says != nil {
		options = append(options, client.WithElicitationHandler(mcpgoUser{h.says}))
	}
	c := client.NewClient(over, options...)
	c.OnNotification(func(n mcp.JSONRPCNotification) {
		if n.Method == "notifications/progress" {
			progress, _ := n.Params.AdditionalFields["progress"].(float64)
			h.add(n.Params.AdditionalFields["progressToken"], progress)
		}
	})
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	hello := mcp.InitializeRequest{}
	hello.Params.ProtocolVersion = version
	hello.Params.ClientInfo = mcp.Implementation{Name: "test", Version: "1"}
	result, err := c.Initialize(t.Context(), hello)
	if err != nil || result.ServerInfo.Name != "seedance-mcp" || result.ProtocolVersion != version {
		t.Fatal(result, err)
	}
	return mcpgo{c}
}

func (c mcpgo) list(ctx context.Context) ([]string, error) {
	result, err := c.ListTools(ctx, mcp.ListToolsRequest{})
	if err != nil {
		return nil, err
	}
	var names []string
	for _, tool := range result.Tools {
		names = append(names, tool.Name)
	}
	return names, nil
}

func (c mcpgo) call(ctx context.Context, tool, label string, count int, token string) (string, error) {
	request := mcp.CallToolRequest{}
	request.Params.Name = tool
	request.Params.Arguments = map[string]any{"label": label, "count": count}
	if token != "" {
		request.Params.Meta = &mcp.Meta{ProgressToken: token}
	}
	result, err := c.CallTool(ctx, request)
	if err != nil {
		return "", err
	}
	text, _ := mcp.AsTextContent(result.Content[0])
	return text.Text, nil
}

// mcpgoUser is the user behind one of mcp-go's clients.
type mcpgoUser struct{ says func(string) string }

func (u mcpgoUser) Elicit(_ context.Context, r mcp.ElicitationRequest) (*mcp.ElicitationResult, error) {
	return &mcp.ElicitationResult{ElicitationResponse: mcp.ElicitationResponse{
		Action: mcp.ElicitationResponseAction(u.says(r.Params.Message)), Content: map[string]any{},
	}}, nil
}

type sdk struct{ *gosdk.ClientSession }

func gosdkStdio(t *testing.T, f *fixture, version string, h *heard) foreign {
	out, in := pipes(t, f)
	return gosdkClient(t, &gosdk.IOTransport{Reader: out, Writer: in}, version, h)
}

func gosdkHTTP(t *testing.T, f *fixture, version string, h *heard) foreign {
	return gosdkClient(t, &gosdk.StreamableClientTransport{Endpoint: f.web(t) + "/mcp", HTTPClient: webClient(t)}, version, h)
}

func gosdkClient(t *testing.T, over gosdk.Transport, version string, h *heard) foreign {
	t.Helper()
	options := &gosdk.ClientOptions{
		ProgressNotificationHandler: func(_ context.Context, r *gosdk.ProgressNotificationClientRequest) {
			h.add(r.Params.ProgressToken, r.Params.Progress)
		},
	}
	if h.says != nil {
		options.ElicitationHandler = func(_ context.Context, r *gosdk.ElicitRequest) (*gosdk.ElicitResult, error) {
			return &gosdk.ElicitResult{Action: h.says(r.Params.Message), Content: map[string]any{}}, nil
		}
	}
	c := gosdk.NewClient(&gosdk.Implementation{Name: "test", Version: "1"}, options)
	session, err := c.Connect(t.Context(), over, &gosdk.ClientSessionOptions{ProtocolVersion: version})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	if result := session.InitializeResult(); result.ServerInfo.Name != "seedance-mcp" || result.ProtocolVersion != version {
		t.Fatalf("%+v", result)
	}
	return sdk{session}
}

func (c sdk) list(ctx context.Context) ([]string, error) {
	result, err := c.ListTools(ctx, nil)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, tool := range result.Tools {
		names = append(names, tool.Name)
	}
	return names, nil
}

func (c sdk) call(ctx context.Context, tool, label string, count int, token string) (string, error) {
	params := &gosdk.CallToolParams{Name: tool, Arguments: map[string]any{"label": label, "count": count}}
	if token != "" {
		params.Meta = gosdk.Meta{}
		params.SetProgressToken(token)
	}
	result, err := c.CallTool(ctx, params)
	if err != nil {
		return "", err
	}
	text, ok := result.Content[0].(*gosdk.TextContent)
	if !ok {
		return "", fmt.Errorf("content is %T", result.Content[0])
	}
	return text.Text, nil
}
