//nolint:goconst // the words of a wire format are clearest where they stand
package standin

import (
	"encoding/json"
	"net/http"
)

// Gemini: POST /v1beta/models/MODEL:generateContent and
// :streamGenerateContent.

// readGemini reads function declarations and functionResponse parts.
func readGemini(body []byte) (Request, error) {
	var in struct {
		Tools []struct {
			FunctionDeclarations []struct {
				Name string `json:"name"`
			} `json:"functionDeclarations"`
		} `json:"tools"`
		Contents []struct {
			Parts []struct {
				FunctionResponse *struct {
					Name     string          `json:"name"`
					Response json.RawMessage `json:"response"`
				} `json:"functionResponse"`
			} `json:"parts"`
		} `json:"contents"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return Request{}, err
	}
	var request Request
	for _, group := range in.Tools {
		for _, function := range group.FunctionDeclarations {
			request.Tools = append(request.Tools, Tool{Name: function.Name})
		}
	}
	for _, content := range in.Contents {
		for _, part := range content.Parts {
			if answer := part.FunctionResponse; answer != nil {
				request.Results = append(request.Results, Result{Tool: answer.Name, Text: string(answer.Response)})
			}
		}
	}
	return request, nil
}

func writeGemini(w http.ResponseWriter, turn Turn, streams bool) {
	part := map[string]any{"text": turn.Say}
	if c := turn.Call; c != nil {
		part = map[string]any{"functionCall": map[string]any{"id": c.ID, "name": c.Tool.Name, "args": c.Arguments}}
	}
	answer := map[string]any{
		"candidates": []any{map[string]any{
			"index": 0, "finishReason": "STOP", "content": map[string]any{"role": "model", "parts": []any{part}},
		}},
		"usageMetadata": map[string]any{"promptTokenCount": 100, "candidatesTokenCount": 10, "totalTokenCount": 110},
		"modelVersion":  "standin",
	}
	if !streams {
		writeJSON(w, answer)
		return
	}
	startEvents(w).send("", answer)
}
