//nolint:goconst // the words of a wire format are clearest where they stand
package standin

import (
	"encoding/json"
	"io"
	"net/http"
)

// OpenAI Chat Completions: POST /v1/chat/completions.

// readChat reads functions, tool_calls and messages of role tool.
func readChat(body []byte) (Request, error) {
	var in struct {
		Stream bool `json:"stream"`
		Tools  []struct {
			Function struct {
				Name string `json:"name"`
			} `json:"function"`
		} `json:"tools"`
		Messages []struct {
			ToolCalls []struct {
				ID       string `json:"id"`
				Function struct {
					Name string `json:"name"`
				} `json:"function"`
			} `json:"tool_calls"`
			Role       string          `json:"role"`
			ToolCallID string          `json:"tool_call_id"`
			Content    json.RawMessage `json:"content"`
		} `json:"messages"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return Request{}, err
	}
	request := Request{Streams: in.Stream}
	for _, tool := range in.Tools {
		request.Tools = append(request.Tools, Tool{Name: tool.Function.Name})
	}
	called := map[string]string{}
	for _, message := range in.Messages {
		for _, call := range message.ToolCalls {
			called[call.ID] = call.Function.Name
		}
		if message.Role == "tool" {
			request.Results = append(request.Results, Result{Tool: called[message.ToolCallID], Text: plain(message.Content)})
		}
	}
	return request, nil
}

func writeChat(w http.ResponseWriter, turn Turn, streams bool) {
	message, reason := map[string]any{"role": "assistant", "content": turn.Say}, "stop"
	if c := turn.Call; c != nil {
		reason = "tool_calls"
		message = map[string]any{"role": "assistant", "content": nil, "tool_calls": []any{map[string]any{
			"index": 0, "id": c.ID, "type": "function",
			"function": map[string]any{"name": c.Tool.Name, "arguments": c.argumentsText()},
		}}}
	}
	usage := map[string]any{"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
	if !streams {
		writeJSON(w, map[string]any{
			"id": "chatcmpl-standin", "object": "chat.completion", "created": 1, "model": "standin", "usage": usage,
			"choices": []any{map[string]any{"index": 0, "message": message, "finish_reason": reason}},
		})
		return
	}
	e := startEvents(w)
	chunk := func(choices []any, usage any) {
		e.send("", map[string]any{
			"id": "chatcmpl-standin", "object": "chat.completion.chunk", "created": 1, "model": "standin",
			"choices": choices, "usage": usage,
		})
	}
	chunk([]any{map[string]any{"index": 0, "delta": message, "finish_reason": nil}}, nil)
	chunk([]any{map[string]any{"index": 0, "delta": map[string]any{}, "finish_reason": reason}}, nil)
	chunk([]any{}, usage)
	_, _ = io.WriteString(w, "data: [DONE]\n\n")
}
