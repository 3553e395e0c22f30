package server_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"

	"seedance-mcp/server"
)

// TestToolResultOnTheWire compares what we write of a tool's result with what
// mcp-go writes: a member that it gains must not get lost here.
func TestToolResultOnTheWire(t *testing.T) {
	text := mcp.TextContent{Type: mcp.ContentTypeText, Text: "one < two & three\n"}
	same := mcp.TextContent{Type: mcp.ContentTypeText, Text: `{"text":"a \"<b>\" & \u2028 é","url":"https://e.test/?a=1&b=2"}`}
	for name, result := range map[string]*mcp.CallToolResult{
		"nothing":   {},
		"text":      {Content: []mcp.Content{text}},
		"error":     {Content: []mcp.Content{text}, IsError: true},
		"the same":  {Content: []mcp.Content{same}, StructuredContent: json.RawMessage(same.Text)},
		"its error": {Content: []mcp.Content{same}, StructuredContent: json.RawMessage(same.Text), IsError: true},
		"its meta": {
			Result:  mcp.Result{Meta: mcp.NewMetaFromMap(map[string]any{"a": "b"})},
			Content: []mcp.Content{same}, StructuredContent: json.RawMessage(same.Text),
		},
		"annotated": {
			Content: []mcp.Content{mcp.TextContent{
				Annotated: mcp.Annotated{Annotations: &mcp.Annotations{Audience: []mcp.Role{mcp.RoleUser}}}, Type: mcp.ContentTypeText, Text: same.Text,
			}},
			StructuredContent: json.RawMessage(same.Text),
		},
		"twice": {Content: []mcp.Content{same, same}, StructuredContent: json.RawMessage(same.Text)},
		"lines": {
			Content:           []mcp.Content{mcp.TextContent{Type: mcp.ContentTypeText, Text: "{\n}"}},
			StructuredContent: json.RawMessage("{\n}"),
		},
		"structured": {Content: []mcp.Content{text}, StructuredContent: json.RawMessage(`{"url":"https://e.test/?a=1&b=2"}`)},
		"raw": {
			Content: []mcp.Content{text}, StructuredContent: "not this", RawStructuredContent: []byte(`{ "a": [1, 2] }`),
		},
		"no structure": {Content: []mcp.Content{text}, StructuredContent: json.RawMessage(nil)},
		"picture":      {Content: []mcp.Content{text, mcp.ImageContent{Type: mcp.ContentTypeImage, MIMEType: "image/png", Data: "AAAA"}}},
		"modern": {
			Result:  mcp.Result{ResultType: mcp.ResultTypeComplete, Meta: mcp.NewMetaFromMap(map[string]any{"a": "b"})},
			Content: []mcp.Content{text}, StructuredContent: map[string]any{"n": 1},
		},
		"question": {
			MultiRoundTripResult: mcp.MultiRoundTripResult{
				InputRequests: mcp.InputRequests{"q": mcp.InputRequest{Method: mcp.MethodListRoots}}, RequestState: "state",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			answer := mcp.JSONRPCResponse{JSONRPC: mcp.JSONRPC_VERSION, ID: mcp.NewRequestId(json.RawMessage("7")), Result: result}
			want, err := json.Marshal(answer)
			if err != nil {
				t.Fatal(err)
			}
			got, err := server.EncodeAnswer(answer, json.RawMessage("7"))
			if err != nil {
				t.Fatal(err)
			}
			plain := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(want))
			if string(got) != plain+"\n" {
				t.Errorf("got  %s\nwant %s", got, plain)
			}
		})
	}
}

func TestBrokenStructureIsNotWritten(t *testing.T) {
	answer := mcp.JSONRPCResponse{JSONRPC: mcp.JSONRPC_VERSION, Result: &mcp.CallToolResult{
		Content:           []mcp.Content{mcp.TextContent{Type: mcp.ContentTypeText, Text: "a fox"}},
		StructuredContent: json.RawMessage(`{"url":`),
	}}
	got, err := server.EncodeAnswer(answer, json.RawMessage("7"))
	if err == nil || !strings.Contains(string(got), "-32603") {
		t.Errorf("%s, %v; want an internal error", got, err)
	}
}
