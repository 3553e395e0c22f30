package standin

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
)

func askProxy(handler http.Handler, host string) int {
	request := httptest.NewRequest(http.MethodConnect, "http://"+host, nil)
	request.Host = host
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, request)
	return answer.Code
}

// dialogue is one conversation as each protocol writes it: the same two tools,
// the same two calls with their results, an answer that is a stream.
var dialogue = map[string]struct{ path, body string }{
	"anthropic": {"/v1/messages", `{"stream":true,
		"tools":[{"name":"x__build"},{"name":"x__look"}],
		"messages":[
			{"role":"user","content":"Build me a house."},
			{"role":"assistant","content":[{"type":"text","text":"Yes."},{"type":"tool_use","id":"t1","name":"x__build","input":{}}]},
			{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":[{"type":"text","text":"{\"house_id\":\"h7\"}"}]}]},
			{"role":"assistant","content":[{"type":"tool_use","id":"t2","name":"x__look","input":{}}]},
			{"role":"user","content":[{"type":"tool_result","tool_use_id":"t2","is_error":true,"content":"no"}]}]}`},
	"chat": {"/v1/chat/completions", `{"stream":true,
		"tools":[{"type":"function","function":{"name":"x__build"}},{"type":"function","function":{"name":"x__look"}}],
		"messages":[
			{"role":"user","content":"Build me a house."},
			{"role":"assistant","content":null,"tool_calls":[{"id":"t1","type":"function","function":{"name":"x__build","arguments":"{}"}}]},
			{"role":"tool","tool_call_id":"t1","content":[{"type":"text","text":"{\"house_id\":\"h7\"}"}]},
			{"role":"assistant","content":null,"tool_calls":[{"id":"t2","type":"function","function":{"name":"x__look","arguments":"{}"}}]},
			{"role":"tool","tool_call_id":"t2","content":"no"}]}`},
	"responses": {"/v1/responses", `{"stream":true,
		"tools":[{"type":"web_search"},{"type":"namespace","name":"x","tools":[{"type":"function","name":"build"},{"type":"function","name":"look"}]}],
		"input":[
			{"type":"message","role":"user","content":"Build me a house."},
			{"type":"function_call","call_id":"t1","name":"build","arguments":"{}"},
			{"type":"function_call_output","call_id":"t1","output":"{\"house_id\":\"h7\"}"},
			{"type":"function_call","call_id":"t2","name":"look","arguments":"{}"},
			{"type":"function_call_output","call_id":"t2","output":[{"type":"input_text","text":"no"}]}]}`},
	"gemini": {"/v1beta/models/some-model:streamGenerateContent", `{
		"tools":[{"functionDeclarations":[{"name":"x__build"},{"name":"x__look"}]}],
		"contents":[
			{"role":"user","parts":[{"text":"Build me a house."}]},
			{"role":"model","parts":[{"functionCall":{"name":"x__build","args":{}}}]},
			{"role":"user","parts":[{"functionResponse":{"name":"x__build","response":{"house_id":"h7"}}}]},
			{"role":"model","parts":[{"functionCall":{"name":"x__look","args":{}}}]},
			{"role":"user","parts":[{"functionResponse":{"name":"x__look","response":{"error":"no"}}}]}]}`},
}

func post(t *testing.T, s http.Handler, path, body string) *httptest.ResponseRecorder {
	t.Helper()
	answer := httptest.NewRecorder()
	s.ServeHTTP(answer, httptest.NewRequest(http.MethodPost, path, strings.NewReader(body)))
	return answer
}

// TestDialogues reads the conversation in each protocol and looks for the
// script's next call in what is answered.
func TestDialogues(t *testing.T) {
	for name, d := range dialogue {
		t.Run(name, func(t *testing.T) {
			var before []Turn
			s := New(house, func(turn Turn) { before = append(before, turn) })
			answer := post(t, s, d.path, d.body)
			exchanges := s.Exchanges()
			if len(exchanges) != 1 {
				t.Fatalf("%d exchanges, want one; %d %s", len(exchanges), answer.Code, answer.Body)
			}
			e := exchanges[0]
			if len(e.Request.Results) != 2 || e.Request.Results[0].Field("house_id") != "h7" || !e.Request.Results[1].Tells("no") {
				t.Errorf("results: %+v", e.Request.Results)
			}
			if !e.Request.Streams || e.Path != d.path || string(e.Body) != d.body {
				t.Errorf("exchange: %+v", e)
			}
			if len(before) != 1 || !reflect.DeepEqual(before[0], e.Turn) {
				t.Errorf("told beforehand: %+v", before)
			}
			call := e.Turn.Call
			if call == nil || call.Arguments["id"] != "h7" || !Names(call.Tool.Name, "look") {
				t.Fatalf("turn: %+v", e.Turn)
			}
			if kind := answer.Header().Get("Content-Type"); kind != "text/event-stream" {
				t.Errorf("answered as %s", kind)
			}
			for _, part := range []string{call.Tool.Name, call.ID, `h7`, call.Tool.Namespace} {
				if !strings.Contains(answer.Body.String(), part) {
					t.Errorf("no %q in the answer\n%s", part, answer.Body)
				}
			}
			for line := range strings.Lines(answer.Body.String()) {
				data, isData := strings.CutPrefix(strings.TrimSpace(line), "data: ")
				if isData && data != "[DONE]" && !json.Valid([]byte(data)) {
					t.Errorf("no JSON: %s", data)
				}
			}
		})
	}
}

// TestWhole asks for answers that are no stream.
func TestWhole(t *testing.T) {
	s := New(house, nil)
	for name, d := range dialogue {
		path := strings.Replace(d.path, "streamGenerateContent", "generateContent", 1)
		answer := post(t, s, path, strings.Replace(d.body, `"stream":true`, `"stream":false`, 1))
		var got any
		if err := json.Unmarshal(answer.Body.Bytes(), &got); err != nil {
			t.Errorf("%s: %v\n%s", name, err, answer.Body)
		}
		if !strings.Contains(answer.Body.String(), "look") {
			t.Errorf("%s: no call in %s", name, answer.Body)
		}
	}
}

// TestAside answers what offers none of the script's tools, and forgets it.
func TestAside(t *testing.T) {
	s := New(house, func(Turn) { t.Error("a request that is none of the script's") })
	for path, body := range map[string]string{
		"/v1/messages":                           `{"messages":[{"role":"user","content":"A title, please."}]}`,
		"/chat/completions":                      `{"messages":[{"role":"user","content":"A title, please."}],"stream":true}`,
		"/v1/responses":                          `{"input":"A title, please."}`,
		"/v1beta/models/m:generateContent":       `{"contents":[]}`,
		"/v1beta/models/m:countTokens":           `{}`,
		"/v1/messages/count_tokens":              `{}`,
		"/v1beta/models/m:streamGenerateContent": `{"contents":[]}`,
	} {
		answer := post(t, s, path, body)
		if answer.Code != http.StatusOK || !strings.Contains(answer.Body.String(), "ok") && !strings.Contains(answer.Body.String(), "okens") {
			t.Errorf("%s: %d %s", path, answer.Code, answer.Body)
		}
	}
	if got := s.Exchanges(); len(got) != 0 {
		t.Errorf("remembered: %+v", got)
	}
}

func TestRefusals(t *testing.T) {
	s := New(house, nil)
	for _, d := range dialogue {
		if answer := post(t, s, d.path, "no JSON"); answer.Code != http.StatusBadRequest {
			t.Errorf("%s: %d, want 400", d.path, answer.Code)
		}
	}
	post(t, s, "/v1beta/models/m:embedContent", "{}")
	answer := httptest.NewRecorder()
	s.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/v1/models", nil))
	if body, _ := io.ReadAll(answer.Body); answer.Code != http.StatusNotFound || !json.Valid(body) {
		t.Errorf("%d %s", answer.Code, body)
	}
	if got, want := s.Unknown(), []string{"POST /v1beta/models/m:embedContent", "GET /v1/models"}; !reflect.DeepEqual(got, want) {
		t.Errorf("unknown: %v, want %v", got, want)
	}
}

// TestDeferred reads Claude Code's note of tools that must be searched for.
func TestDeferred(t *testing.T) {
	note := "<system-reminder>\nDeferred tools are available via ToolSearch. Call it first:\nWebFetch\nmcp__x__look\n</system-reminder>"
	body, _ := json.Marshal(map[string]any{"messages": []any{map[string]any{"content": []any{
		map[string]any{"type": "text", "text": note}, map[string]any{"type": "text", "text": "Tools:\nnone"},
	}}}})
	request, err := readAnthropic(body)
	if want := []Tool{{Name: "WebFetch"}, {Name: "mcp__x__look"}}; err != nil || !reflect.DeepEqual(request.Deferred, want) {
		t.Errorf("deferred %v, %v; want %v", request.Deferred, err, want)
	}
}
