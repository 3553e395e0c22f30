//nolint:goconst // the words of a wire format are clearest where they stand
package standin

import (
	"encoding/json"
	"net/http"
	"strings"
)

// Anthropic Messages: POST /v1/messages.

// readAnthropic reads tools, tool_use and tool_result blocks.
func readAnthropic(body []byte) (Request, error) {
	var in struct {
		Stream bool `json:"stream"`
		Tools  []struct {
			Name string `json:"name"`
		} `json:"tools"`
		Messages []struct {
			Content json.RawMessage `json:"content"`
		} `json:"messages"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return Request{}, err
	}
	request := Request{Streams: in.Stream}
	for _, tool := range in.Tools {
		request.Tools = append(request.Tools, Tool{Name: tool.Name})
	}
	called := map[string]string{}
	for _, message := range in.Messages {
		var blocks []struct {
			Type      string          `json:"type"`
			Text      string          `json:"text"`
			ID        string          `json:"id"`
			Name      string          `json:"name"`
			ToolUseID string          `json:"tool_use_id"`
			Content   json.RawMessage `json:"content"`
		}
		if json.Unmarshal(message.Content, &blocks) != nil {
			continue // a message of one text
		}
		for _, block := range blocks {
			switch block.Type {
			case "text":
				request.Deferred = append(request.Deferred, deferred(block.Text)...)
			case "tool_use":
				called[block.ID] = block.Name
			case "tool_result":
				request.Results = append(request.Results, Result{Tool: called[block.ToolUseID], Text: plain(block.Content)})
			}
		}
	}
	return request, nil
}

// countAnthropic answers POST /v1/messages/count_tokens.
func countAnthropic(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, map[string]any{"input_tokens": 100})
}

// deferred reads the note with which Claude Code names tools, one a line, that
// its model has to search for.
func deferred(note string) []Tool {
	first, names, found := strings.Cut(note, ":\n")
	if !found || !strings.Contains(first, search) {
		return nil
	}
	var tools []Tool
	for line := range strings.Lines(names) {
		if name := strings.TrimSpace(line); !strings.ContainsAny(name, "< ") {
			tools = append(tools, Tool{Name: name})
		}
	}
	return tools
}

func writeAnthropic(w http.ResponseWriter, turn Turn, streams bool) {
	message := map[string]any{
		"id": "msg_standin", "type": "message", "role": "assistant", "model": "claude-standin",
		"content": []any{}, "stop_reason": nil, "stop_sequence": nil,
		"usage": map[string]any{"input_tokens": 100, "output_tokens": 1},
	}
	block, delta, reason := map[string]any{"type": "text", "text": ""}, map[string]any{"type": "text_delta", "text": turn.Say}, "end_turn"
	whole := map[string]any{"type": "text", "text": turn.Say}
	if c := turn.Call; c != nil {
		id := "toolu_" + c.ID
		block = map[string]any{"type": "tool_use", "id": id, "name": c.Tool.Name, "input": map[string]any{}}
		delta = map[string]any{"type": "input_json_delta", "partial_json": c.argumentsText()}
		whole = map[string]any{"type": "tool_use", "id": id, "name": c.Tool.Name, "input": c.Arguments}
		reason = "tool_use"
	}
	if !streams {
		message["content"], message["stop_reason"] = []any{whole}, reason
		writeJSON(w, message)
		return
	}
	e := startEvents(w)
	e.send("message_start", map[string]any{"type": "message_start", "message": message})
	e.send("content_block_start", map[string]any{"type": "content_block_start", "index": 0, "content_block": block})
	e.send("content_block_delta", map[string]any{"type": "content_block_delta", "index": 0, "delta": delta})
	e.send("content_block_stop", map[string]any{"type": "content_block_stop", "index": 0})
	e.send("message_delta", map[string]any{
		"type": "message_delta", "delta": map[string]any{"stop_reason": reason, "stop_sequence": nil},
		"usage": map[string]any{"output_tokens": 10},
	})
	e.send("message_stop", map[string]any{"type": "message_stop"})
}
