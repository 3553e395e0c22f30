package tools

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"

	"seedance-mcp/internal/video"
)

// respond runs a handler that ends as given behind the adapter.
func respond(t *testing.T, handle func() (any, error)) (result *mcp.CallToolResult, text, log string) {
	t.Helper()
	var logged bytes.Buffer
	d := Deps{Logger: slog.New(slog.NewTextHandler(&logged, nil))}
	made := adapt(d, definition{name: "list_tasks"}, func(context.Context, call[listArguments]) (any, error) { return handle() })
	result, err := made.handler(t.Context(), mcp.CallToolRequest{})
	if err != nil || result == nil {
		t.Fatalf("a handler must always answer with a result: %v, %v", result, err)
	}
	if len(result.Content) != 1 {
		t.Fatalf("content: %v", result.Content)
	}
	content, ok := result.Content[0].(mcp.TextContent)
	if !ok {
		t.Fatalf("content: %T", result.Content[0])
	}
	return result, content.Text, logged.String()
}

// TestInternalErrorsAreBland: our own faults are the log's, not the model's.
func TestInternalErrorsAreBland(t *testing.T) {
	const secret = "disk /dev/sda1 is on fire"
	for name, handle := range map[string]func() (any, error){
		"uncoded":        func() (any, error) { return nil, errors.New(secret) },
		"coded internal": func() (any, error) { return nil, video.Errorf(video.Internal, "%s", secret) },
		"its cause": func() (any, error) {
			return nil, &video.Error{Code: video.Internal, Message: "The database failed.", Err: errors.New(secret)}
		},
		"wrapped": func() (any, error) { return nil, fmt.Errorf("storing: %w", errors.New(secret)) },
		"panic":   func() (any, error) { panic(secret) },
		"no JSON": func() (any, error) { return map[string]any{secret: func() {}}, nil },
	} {
		result, text, log := respond(t, handle)
		if !result.IsError || result.StructuredContent != nil {
			t.Errorf("%s: %+v", name, result)
		}
		if strings.Contains(text, "fire") || !strings.Contains(text, "log") || !strings.Contains(text, "list_tasks") {
			t.Errorf("%s tells the model %q", name, text)
		}
		if name != "no JSON" && !strings.Contains(log, secret) {
			t.Errorf("%s is logged as %q", name, log)
		}
		if name == "panic" && !strings.Contains(log, "adapter_test.go") {
			t.Errorf("a panic is logged without its stack: %q", log)
		}
	}
}

// TestKnownErrorsAreAdvice: code by code, a text alone says what to do, and
// nothing is logged as our fault.
func TestKnownErrorsAreAdvice(t *testing.T) {
	cause := errors.New("secret cause")
	for code, words := range map[video.Code]string{
		video.Invalid: "call list_tasks again", video.NotFound: "list_tasks", video.Unauthenticated: "API key", video.Forbidden: "Tell the user",
		video.InsufficientCredits: "estimate_cost", video.BudgetExceeded: "get_usage", video.ConcurrencyLimit: "running task",
		video.Unavailable: "again in a minute", video.OutcomeUnknown: "Do not call generate_video again", video.Conflict: "get_task_status",
	} {
		result, text, log := respond(t, func() (any, error) {
			return nil, fmt.Errorf("wrapped: %w", &video.Error{Code: code, Message: "It failed", Err: cause})
		})
		if !result.IsError || !strings.HasPrefix(text, "It failed. ") || !strings.Contains(text, words) {
			t.Errorf("%s: %q, want the advice %q", code, text, words)
		}
		if strings.Contains(text, "secret") || strings.Contains(text, "wrapped") || log != "" {
			t.Errorf("%s: text %q, log %q", code, text, log)
		}
		_, given, _ := respond(t, func() (any, error) {
			return nil, &video.Error{Code: code, Message: "It failed.", Suggestion: "Call list_tasks with something else", Valid: []string{"a", "b"}}
		})
		if given != "It failed. Valid: a, b. Call list_tasks with something else." {
			t.Errorf("%s: own advice became %q", code, given)
		}
	}
}

func TestErrorTextsAreBounded(t *testing.T) {
	_, text, _ := respond(t, func() (any, error) {
		return nil, &video.Error{Code: video.Invalid, Message: strings.Repeat("x\n\x00", 100_000), Suggestion: "y"}
	})
	if len(text) > maxErrorText+8 || strings.ContainsAny(text, "\n\x00") {
		t.Errorf("%d bytes: %.80q", len(text), text)
	}
}

func TestCutOffCall(t *testing.T) {
	_, text, log := respond(t, func() (any, error) { return nil, fmt.Errorf("wait: %w", context.Canceled) })
	if !strings.Contains(text, "cut off") {
		t.Errorf("text %q, log %q", text, log)
	}
}

func TestPrincipal(t *testing.T) {
	if got := Principal(t.Context()); got != "local" {
		t.Errorf("nobody named: %q, want local", got)
	}
	if got := Principal(WithPrincipal(t.Context(), "")); got != "local" {
		t.Errorf("named as nothing: %q, want local", got)
	}
	if got := Principal(WithPrincipal(t.Context(), "ada")); got != "ada" {
		t.Errorf("got %q", got)
	}
}

// TestArgumentsAsValues: callers inside the process may give Go values.
func TestArgumentsAsValues(t *testing.T) {
	var got listArguments
	made := adapt(Deps{}, listTasks(Deps{}).definition, func(_ context.Context, c call[listArguments]) (any, error) {
		got = c.In
		return map[string]string{}, nil
	})
	var request mcp.CallToolRequest
	request.Params.Arguments = map[string]any{"state": "fail", "limit": 3}
	if _, err := made.handler(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	if got.State != "fail" || got.Limit != 3 {
		t.Errorf("got %+v", got)
	}
	request.Params.Arguments = func() {}
	if result, err := made.handler(t.Context(), request); err != nil || !result.IsError {
		t.Errorf("a function as arguments: %v, %v", result, err)
	}
}

func TestPlainJSON(t *testing.T) {
	text, err := plainJSON(map[string]string{"url": "https://e.test/?a=1&b=<2>"})
	if err != nil || text != `{"url":"https://e.test/?a=1&b=<2>"}` {
		t.Errorf("got %s, %v", text, err)
	}
	if !json.Valid([]byte(text)) {
		t.Error("no JSON")
	}
}
