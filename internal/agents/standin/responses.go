//nolint:goconst // the words of a wire format are clearest where they stand
package standin

import (
	"encoding/json"
	"maps"
	"net/http"
)

// OpenAI Responses: POST /v1/responses.

// readResponses reads functions, also those grouped in namespaces, and the
// items function_call and function_call_output.
func readResponses(body []byte) (Request, error) {
	type function struct {
		Name string `json:"name"`
	}
	var in struct {
		Stream bool `json:"stream"`
		Tools  []struct {
			Type  string     `json:"type"`
			Name  string     `json:"name"`
			Tools []function `json:"tools"`
		} `json:"tools"`
		Input json.RawMessage `json:"input"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return Request{}, err
	}
	request := Request{Streams: in.Stream}
	for _, tool := range in.Tools {
		if tool.Type != "namespace" {
			request.Tools = append(request.Tools, Tool{Name: tool.Name})
			continue
		}
		for _, inner := range tool.Tools {
			request.Tools = append(request.Tools, Tool{Name: inner.Name, Namespace: tool.Name})
		}
	}
	var items []struct {
		Type   string          `json:"type"`
		CallID string          `json:"call_id"`
		Name   string          `json:"name"`
		Output json.RawMessage `json:"output"`
	}
	_ = json.Unmarshal(in.Input, &items) // it may be one text instead
	called := map[string]string{}
	for _, item := range items {
		switch item.Type {
		case "function_call":
			called[item.CallID] = item.Name
		case "function_call_output":
			request.Results = append(request.Results, Result{Tool: called[item.CallID], Text: plain(item.Output)})
		}
	}
	return request, nil
}

func writeResponses(w http.ResponseWriter, turn Turn, streams bool) {
	item := map[string]any{
		"type": "message", "id": "msg_standin", "role": "assistant", "status": "completed",
		"content": []any{map[string]any{"type": "output_text", "text": turn.Say, "annotations": []any{}}},
	}
	if c := turn.Call; c != nil {
		item = map[string]any{
			"type": "function_call", "id": "fc_" + c.ID, "call_id": c.ID, "status": "completed",
			"name": c.Tool.Name, "arguments": c.argumentsText(),
		}
		if c.Tool.Namespace != "" {
			item["namespace"] = c.Tool.Namespace
		}
	}
	response := map[string]any{
		"id": "resp_standin", "object": "response", "created_at": 1, "model": "standin",
		"status": "in_progress", "output": []any{},
	}
	done := map[string]any{
		"id": "resp_standin", "object": "response", "created_at": 1, "model": "standin",
		"status": "completed", "output": []any{item},
		"usage": map[string]any{
			"input_tokens": 100, "output_tokens": 10, "total_tokens": 110,
			"input_tokens_details": map[string]any{"cached_tokens": 0}, "output_tokens_details": map[string]any{"reasoning_tokens": 0},
		},
	}
	if !streams {
		writeJSON(w, done)
		return
	}
	e, number := startEvents(w), 0
	send := func(kind string, fields map[string]any) {
		fields["type"], fields["sequence_number"] = kind, number
		number++
		e.send(kind, fields)
	}
	send("response.created", map[string]any{"response": response})
	send("response.output_item.added", map[string]any{"output_index": 0, "item": begun(item)})
	if c := turn.Call; c != nil {
		send("response.function_call_arguments.delta", map[string]any{"item_id": item["id"], "output_index": 0, "delta": c.argumentsText()})
		send("response.function_call_arguments.done", map[string]any{"item_id": item["id"], "output_index": 0, "arguments": c.argumentsText()})
	} else {
		at := map[string]any{"item_id": item["id"], "output_index": 0, "content_index": 0, "delta": turn.Say}
		send("response.output_text.delta", at)
	}
	send("response.output_item.done", map[string]any{"output_index": 0, "item": item})
	send("response.completed", map[string]any{"response": done})
}

// begun is an item before its content came.
func begun(item map[string]any) map[string]any {
	empty := maps.Clone(item)
	empty["status"] = "in_progress"
	if empty["type"] == "message" {
		empty["content"] = []any{}
	} else {
		empty["arguments"] = ""
	}
	return empty
}
