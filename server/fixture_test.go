package server_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"seedance-mcp/server"
)

// patience is how long a test waits for what must happen. It is long because
// machines are slow; nothing that passes waits that long.
const patience = 30 * time.Second

const (
	legacy = mcp.ProtocolVersion20251125
	modern = mcp.ProtocolVersion20260728
)

type callerKey struct{}

// fixture is a server with tools that do what a test tells them to.
type fixture struct {
	*server.Server
	started chan string   // labels of "hold" calls that began
	stopped chan string   // labels of "hold" calls whose context ended
	release chan struct{} // one value lets one "hold" call answer
	drained chan struct{} // closed by OnDrain: "hold" calls answer
	once    sync.Once
}

// newFixture makes a server whose options change adjusts.
func newFixture(t testing.TB, change func(*server.Options)) *fixture {
	t.Helper()
	f := &fixture{
		started: make(chan string, 1000), stopped: make(chan string, 1000),
		release: make(chan struct{}), drained: make(chan struct{}),
	}
	options := server.Options{
		Version: "1.2.3",
		Tools:   f.tools(),
		OnDrain: func() { f.once.Do(func() { close(f.drained) }) },
		WithPrincipal: func(ctx context.Context, name string) context.Context {
			return context.WithValue(ctx, callerKey{}, name)
		},
	}
	if change != nil {
		change(&options)
	}
	s, err := server.New(options)
	if err != nil {
		t.Fatal(err)
	}
	f.Server = s
	// A deadline of seconds is met by a machine that pauses.
	f.SetTiming(patience, 0, patience, 0)
	f.SetHeaderTime(patience)
	return f
}

func (f *fixture) tools() []mcpserver.ServerTool {
	tool := func(name string, run mcpserver.ToolHandlerFunc) mcpserver.ServerTool {
		return mcpserver.ServerTool{Tool: mcp.NewTool(name, mcp.WithString("label"), mcp.WithNumber("count")), Handler: run}
	}
	return []mcpserver.ServerTool{
		tool("echo", func(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return mcp.NewToolResultText(r.GetString("label", "")), nil
		}),
		tool("whoami", func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			name, _ := ctx.Value(callerKey{}).(string)
			return mcp.NewToolResultText(name), nil
		}),
		tool("count", f.count),
		tool("hold", f.hold),
		tool("deaf", f.deaf),
		tool("stray", f.stray),
		tool("ask", ask),
		tool("canask", func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			client, ok := mcpserver.ClientSessionFromContext(ctx).(mcpserver.SessionWithClientInfo)
			if ok && client.GetClientCapabilities().Elicitation != nil {
				return mcp.NewToolResultText("yes"), nil
			}
			return mcp.NewToolResultText("no"), nil
		}),
		tool("panic", func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) { panic("secret detail") }),
		tool("unwritable", func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return mcp.NewToolResultStructured(map[string]any{"f": func() {}}, "text"), nil
		}),
	}
}

// progress sends one progress notification as tools do.
func progress(ctx context.Context, r mcp.CallToolRequest, n int) error {
	if r.Params.Meta == nil {
		return errors.New("no progress token")
	}
	return mcpserver.ServerFromContext(ctx).SendNotificationToClient(ctx, "notifications/progress", map[string]any{
		"progressToken": r.Params.Meta.ProgressToken, "progress": n, "message": r.GetString("label", ""),
	})
}

// count sends as many progress notifications as it can as fast as it can and
// answers with how many were taken.
func (f *fixture) count(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	taken := 0
	for n := range r.GetInt("count", 0) {
		if progress(ctx, r, n+1) == nil {
			taken++
		}
	}
	return mcp.NewToolResultText(fmt.Sprint(taken)), nil
}

// hold sends one progress, if asked to count, and waits until it is released,
// drained or cancelled.
func (f *fixture) hold(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	label := r.GetString("label", "")
	if r.GetInt("count", 0) > 0 {
		if err := progress(ctx, r, 1); err != nil {
			return nil, err
		}
	}
	f.started <- label
	select {
	case <-f.release:
		return mcp.NewToolResultText("released " + label), nil
	case <-f.drained:
		return mcp.NewToolResultText("drained " + label), nil
	case <-ctx.Done():
		f.stopped <- label
		return nil, ctx.Err()
	}
}

// deaf waits for its release whatever its context says.
func (f *fixture) deaf(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	f.started <- r.GetString("label", "")
	<-f.release
	return mcp.NewToolResultText("released"), nil
}

// stray answers while a goroutine it forgot goes on sending progress.
func (f *fixture) stray(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	var sent sync.WaitGroup
	sent.Add(1)
	go func() {
		for n := 1; ; n++ {
			err := progress(ctx, r, n)
			if n == 1 {
				sent.Done()
			}
			if err != nil && ctx.Err() != nil {
				return
			}
		}
	}()
	sent.Wait()
	return mcp.NewToolResultText("done"), nil
}

// ask asks the user by elicitation and tells what came of it.
func ask(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	result, err := mcpserver.ServerFromContext(ctx).RequestElicitation(ctx, mcp.ElicitationRequest{
		Params: mcp.ElicitationParams{
			Message:         "Spend 200 credits?",
			RequestedSchema: map[string]any{"type": "object", "properties": map[string]any{}},
		},
	})
	if err != nil {
		return mcp.NewToolResultError(err.Error()), nil
	}
	return mcp.NewToolResultText(string(result.Action)), nil
}

// await is the next value of ch.
func await[T any](t testing.TB, ch <-chan T) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(patience):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}
