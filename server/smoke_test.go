package server_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"seedance-mcp/server"
)

func TestSmoke(t *testing.T) {
	s, err := server.New(server.Options{Version: "1", Tools: []mcpserver.ServerTool{{
		Tool: mcp.NewTool("echo", mcp.WithString("text")),
		Handler: func(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return mcp.NewToolResultText(r.GetString("text", "")), nil
		}}}})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s.Handler())
	defer web.Close()
	for _, body := range []string{
		`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"x","version":"1"}}}`,
		`{"jsonrpc":"2.0","method":"notifications/initialized"}`,
		`{"jsonrpc":"2.0","id":2,"method":"tools/list"}`,
		`{"jsonrpc":"2.0","id":"q","method":"tools/call","params":{"name":"echo","arguments":{"text":"hi"}}}`,
	} {
		r, err := web.Client().Post(web.URL+"/mcp", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(r.Body)
		t.Log(r.Status, r.Header, string(b))
		var out strings.Builder
		if err := s.ServeStdio(context.Background(), strings.NewReader(body), &out); err != nil {
			t.Fatal(err)
		}
		t.Log(out.String())
		_ = json.Valid
	}
}
