package server_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"seedance-mcp/server"
)

// TestErrorsSayWhatWasMissing: the core tells neither.
func TestErrorsSayWhatWasMissing(t *testing.T) {
	f := newFixture(t, func(o *server.Options) {
		o.Tools = slices.Concat(o.Tools, []mcpserver.ServerTool{{
			Tool: mcp.NewTool("sample"),
			Handler: func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
				return nil, mcp.MissingRequiredClientCapabilityError{Capability: "sampling"}
			},
		}})
		o.Configure = func(s *mcpserver.MCPServer) { mcpserver.WithResourceCapabilities(false, false)(s) }
	})
	base := f.web(t)
	for _, c := range []struct {
		name, body string
		headers    []string
		code       int
		data       string
	}{
		{
			"a capability", call("1", "sample", "", 0, "", modernMeta), modernHeaders("sample"),
			mcp.MISSING_REQUIRED_CLIENT_CAPABILITY, `{"requiredCapabilities":{"sampling":{}}}`,
		},
		{
			"a resource", `{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"test://none","_meta":{` + modernMeta + `}}}`,
			[]string{"Mcp-Protocol-Version: 2026-07-28", "Mcp-Method: resources/read", "Mcp-Name: test://none"},
			mcp.INVALID_PARAMS, `{"uri":"test://none"}`,
		},
		{
			"a resource, before 2026-07-28", `{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"test://none"}}`,
			nil, mcp.RESOURCE_NOT_FOUND, `{"uri":"test://none"}`,
		},
	} {
		_, m := post(t, base, c.body, c.headers...)
		var answer struct {
			Error struct {
				Data json.RawMessage `json:"data"`
			} `json:"error"`
		}
		if err := json.Unmarshal([]byte(m.raw), &answer); err != nil {
			t.Fatal(err)
		}
		if m.code() != c.code || string(answer.Error.Data) != c.data {
			t.Errorf("%s: %s", c.name, m.raw)
		}
	}
}

func TestTheClientsModelAndFoldersCanBeAsked(t *testing.T) {
	f := newFixture(t, func(o *server.Options) {
		o.Tools = []mcpserver.ServerTool{{
			Tool: mcp.NewTool("ask"),
			Handler: func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
				core := mcpserver.ServerFromContext(ctx)
				roots, err := core.RequestRoots(ctx, mcp.ListRootsRequest{})
				if err != nil {
					return mcp.NewToolResultError(err.Error()), nil
				}
				said, err := core.RequestSampling(ctx, mcp.CreateMessageRequest{}) //nolint:staticcheck // SA1019: older clients have it
				if err != nil {
					return mcp.NewToolResultError(err.Error()), nil
				}
				text, _ := said.Content.(mcp.TextContent)
				return mcp.NewToolResultText(text.Text + " " + roots.Roots[0].URI), nil
			},
		}}
	})
	p := f.stdio(t)
	p.handshake()
	for _, c := range []struct{ said, text string }{
		{`{"role":"assistant","model":"m","content":{"type":"text","text":"hi"}}`, "hi file:///x"},
		{`{"role":"assistant","model":"m","content":{"type":"smell"}}`, "sampling/createMessage result"},
		{`[]`, "sampling/createMessage result"},
	} {
		p.send(call("1", "ask", "", 0, "", ""))
		question := p.recv()
		if question.Method != "roots/list" {
			t.Fatal(question.raw)
		}
		p.send(`{"jsonrpc":"2.0","id":` + string(question.ID) + `,"result":{"roots":[{"uri":"file:///x"}]}}`)
		question = p.recv()
		if question.Method != "sampling/createMessage" {
			t.Fatal(question.raw)
		}
		p.send(`{"jsonrpc":"2.0","id":` + string(question.ID) + `,"result":` + c.said + `}`)
		if m := p.recv(); !strings.Contains(m.text(), c.text) {
			t.Error(m.raw)
		}
	}
}
