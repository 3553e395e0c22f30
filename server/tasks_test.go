package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"seedance-mcp/internal/video"
	"seedance-mcp/server"
)

// shelf is a TaskView of tasks that stand still. Each belongs to one caller.
type shelf struct {
	owner   map[string]string
	tasks   map[string]mcp.Task
	results map[string]*mcp.CallToolResult
	broken  error
	updated chan mcp.InputResponses
}

func newShelf() *shelf {
	s := &shelf{owner: map[string]string{}, tasks: map[string]mcp.Task{}, results: map[string]*mcp.CallToolResult{}, updated: make(chan mcp.InputResponses, 10)}
	poll := int64(3000)
	for _, status := range []mcp.TaskStatus{mcp.TaskStatusWorking, mcp.TaskStatusInputRequired, mcp.TaskStatusCompleted, mcp.TaskStatusFailed, mcp.TaskStatusCancelled} {
		id := string(status)
		s.tasks[id] = mcp.Task{TaskId: id, Status: status, StatusMessage: "about " + id, CreatedAt: "2026-11-25T10:00:00Z", LastUpdatedAt: "2026-11-25T10:00:01Z", PollInterval: &poll}
	}
	s.results["completed"] = mcp.NewToolResultText("the result")
	s.results["input_required"] = &mcp.CallToolResult{MultiRoundTripResult: mcp.MultiRoundTripResult{
		InputRequests: mcp.InputRequests{"q": {Method: mcp.MethodElicitationCreate, Elicitation: &mcp.ElicitationParams{Message: "?"}}},
	}}
	return s
}

func (s *shelf) TaskOf(tool string, result *mcp.CallToolResult) string {
	id, _ := result.StructuredContent.(string)
	if tool != "order" {
		return ""
	}
	return id
}

func (s *shelf) find(ctx context.Context, id string) error {
	if s.broken != nil {
		return s.broken
	}
	caller, _ := ctx.Value(callerKey{}).(string)
	if _, ok := s.tasks[id]; !ok || s.owner[id] != caller {
		return video.Errorf(video.NotFound, "There is no task %s.", id)
	}
	return nil
}

func (s *shelf) Task(ctx context.Context, id string) (mcp.Task, *mcp.CallToolResult, error) {
	return s.tasks[id], s.results[id], s.find(ctx, id)
}

func (s *shelf) Update(ctx context.Context, id string, answers mcp.InputResponses) error {
	err := s.find(ctx, id)
	if err == nil {
		s.updated <- answers
	}
	return err
}

func (s *shelf) Cancel(ctx context.Context, id string) (string, error) {
	return "It was sent already.", s.find(ctx, id)
}

// withShelf offers the extension and two tools that announce the task their
// label names, of which the shelf knows one.
func withShelf(s *shelf) func(*server.Options) {
	return func(o *server.Options) {
		o.Tasks = s
		for _, name := range []string{"order", "other"} {
			o.Tools = append(o.Tools, mcpserver.ServerTool{
				Tool: mcp.NewTool(name, mcp.WithString("label")),
				Handler: func(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
					return mcp.NewToolResultStructured(r.GetString("label", ""), "plain"), nil
				},
			})
		}
		o.Tools = append(o.Tools, mcpserver.ServerTool{
			Tool: mcp.NewTool("only"),
			Handler: func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
				if !server.DeclaresTasks(ctx) {
					return nil, mcp.MissingRequiredClientCapabilityError{Capability: server.TasksExtension}
				}
				return mcp.NewToolResultText("declared"), nil
			},
		})
	}
}

// tasksMeta is modernMeta of a client that takes tasks.
var tasksMeta = strings.Replace(modernMeta, `clientCapabilities":{}`, `clientCapabilities":{"extensions":{"io.modelcontextprotocol/tasks":{}}}`, 1)

func about(method, id, meta string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":7,"method":%q,"params":{"taskId":%q,"inputResponses":{"q":{"action":"accept"}},"_meta":{%s}}}`, method, id, meta)
}

func taskHeaders(method, id string) []string {
	return []string{"Mcp-Protocol-Version: 2026-07-28", "Mcp-Method: " + method, "Mcp-Name: " + id}
}

// taskWire is an answer with everything a task may carry.
type taskWire struct {
	Result *struct {
		ResultType    string                     `json:"resultType"`
		TaskID        string                     `json:"taskId"`
		Status        string                     `json:"status"`
		StatusMessage string                     `json:"statusMessage"`
		CreatedAt     string                     `json:"createdAt"`
		TTLMs         json.RawMessage            `json:"ttlMs"`
		PollMs        int                        `json:"pollIntervalMs"`
		Result        map[string]any             `json:"result"`
		Error         *struct{ Code int }        `json:"error"`
		InputRequests map[string]json.RawMessage `json:"inputRequests"`
		Content       []any                      `json:"content"`
		Meta          map[string]json.RawMessage `json:"_meta"`
	} `json:"result"`
	Error *struct {
		Code    int             `json:"code"`
		Message string          `json:"message"`
		Data    json.RawMessage `json:"data"`
	} `json:"error"`
}

// carriers send one message and give its answer, over either transport.
func carriers(t *testing.T, f *fixture) map[string]func(body string, headers ...string) (taskWire, string) {
	read := func(raw string) (taskWire, string) {
		var w taskWire
		if err := json.Unmarshal([]byte(raw), &w); err != nil {
			t.Fatal(err, raw)
		}
		return w, raw
	}
	base, p := f.web(t), f.stdio(t)
	return map[string]func(string, ...string) (taskWire, string){
		"http": func(body string, headers ...string) (taskWire, string) {
			_, m := post(t, base, body, headers...)
			return read(m.raw)
		},
		"stdio": func(body string, _ ...string) (taskWire, string) { p.send(body); return read(p.recv().raw) },
	}
}

func TestATaskIsTheAnswerOnlyForThoseWhoTakeIt(t *testing.T) {
	f := newFixture(t, withShelf(newShelf()))
	for name, send := range carriers(t, f) {
		for _, c := range []struct {
			what, tool, label, meta string
			task                    bool
		}{
			{"declared", "order", "working", tasksMeta, true},
			{"declared, waiting for input", "order", "input_required", tasksMeta, true},
			{"not declared", "order", "working", modernMeta, false},
			{"before 2026-07-28", "order", "working", "", false},
			{"declared, but over already", "order", "completed", tasksMeta, false},
			{"declared, but unknown", "order", "nobody's", tasksMeta, false},
			{"declared, but another tool", "other", "working", tasksMeta, false},
		} {
			headers := modernHeaders(c.tool)
			if c.meta == "" {
				headers = nil
			}
			got, raw := send(call("1", c.tool, c.label, 0, "", c.meta), headers...)
			if got.Result == nil || (got.Result.ResultType == "task") != c.task || (got.Result.TaskID == c.label) != c.task || (len(got.Result.Content) > 0) == c.task {
				t.Errorf("%s, %s: %s", name, c.what, raw)
			}
			if c.task && (string(got.Result.TTLMs) != "null" || got.Result.PollMs != 3000 || got.Result.Meta["io.modelcontextprotocol/serverInfo"] == nil || got.Result.InputRequests != nil) {
				t.Errorf("%s, %s: %s", name, c.what, raw)
			}
		}
	}
}

func TestTasksGetShowsEachStatus(t *testing.T) {
	f := newFixture(t, withShelf(newShelf()))
	for name, send := range carriers(t, f) {
		for _, status := range []string{"working", "input_required", "completed", "failed", "cancelled"} {
			got, raw := send(about("tasks/get", status, tasksMeta), taskHeaders("tasks/get", status)...)
			r := got.Result
			if r == nil || r.ResultType != "complete" || r.TaskID != status || r.Status != status || r.StatusMessage != "about "+status || r.CreatedAt == "" {
				t.Fatalf("%s, %s: %s", name, status, raw)
			}
			if (r.Result != nil) != (status == "completed") || (r.Error != nil) != (status == "failed") || (r.InputRequests != nil) != (status == "input_required") {
				t.Errorf("%s, %s: %s", name, status, raw)
			}
			if status == "completed" && (r.Result["resultType"] != "complete" || r.Result["content"] == nil) {
				t.Errorf("%s: %s", name, raw)
			}
		}
	}
}

func TestTasksUpdateAndCancelAreAcknowledged(t *testing.T) {
	s := newShelf()
	f := newFixture(t, withShelf(s))
	for name, send := range carriers(t, f) {
		for _, method := range []string{"tasks/update", "tasks/cancel"} {
			got, raw := send(about(method, "working", tasksMeta), taskHeaders(method, "working")...)
			if r := got.Result; r == nil || r.ResultType != "complete" || r.TaskID+r.Status != "" || r.Content != nil {
				t.Fatalf("%s, %s: %s", name, method, raw)
			}
			note := string(got.Result.Meta["seedance-mcp/note"])
			if want := map[bool]string{true: `"It was sent already."`}[method == "tasks/cancel"]; note != want {
				t.Errorf("%s, %s: note %s", name, method, note)
			}
		}
		if answers := await(t, s.updated); len(answers) != 1 {
			t.Errorf("%s: answers %v", name, answers)
		}
	}
}

func TestTaskRequestsThatAreRefused(t *testing.T) {
	s := newShelf()
	f := newFixture(t, withShelf(s))
	plain := newFixture(t, nil)
	none := `"io.modelcontextprotocol/protocolVersion":"2026-07-28"`
	for name, send := range carriers(t, f) {
		for _, method := range []string{"tasks/get", "tasks/update", "tasks/cancel"} {
			for what, c := range map[string]struct {
				body string
				id   string
				code int
			}{
				"unknown":               {about(method, "nobody's", tasksMeta), "nobody's", mcp.INVALID_PARAMS},
				"not declared":          {about(method, "working", modernMeta), "working", mcp.MISSING_REQUIRED_CLIENT_CAPABILITY},
				"no capabilities":       {about(method, "working", none), "working", mcp.INVALID_PARAMS},
				"no id":                 {about(method, "", tasksMeta), "", mcp.INVALID_PARAMS},
				"an id of another kind": {strings.Replace(about(method, "working", tasksMeta), `"working"`, "5", 1), "", mcp.INVALID_PARAMS},
				"answers of no kind":    {strings.Replace(about(method, "working", tasksMeta), `{"q":{"action":"accept"}}`, "12345", 1), "working", mcp.INVALID_PARAMS},
				"before 2026-07-28":     {about(method, "working", ""), "working", mcp.METHOD_NOT_FOUND},
			} {
				headers := taskHeaders(method, c.id)
				if what == "before 2026-07-28" {
					headers = nil
				}
				got, raw := send(c.body, headers...)
				if got.Error == nil || got.Error.Code != c.code || !strings.Contains(raw, `"id":7`) {
					t.Errorf("%s, %s, %s: %s", name, method, what, raw)
				}
				if c.code == mcp.MISSING_REQUIRED_CLIENT_CAPABILITY && string(got.Error.Data) != `{"requiredCapabilities":{"extensions":{"io.modelcontextprotocol/tasks":{}}}}` {
					t.Errorf("%s: %s", method, raw)
				}
			}
			s.broken = errors.New("secret detail")
			if got, raw := send(about(method, "working", tasksMeta), taskHeaders(method, "working")...); got.Error == nil || got.Error.Code != mcp.INTERNAL_ERROR || strings.Contains(raw, "secret") {
				t.Errorf("%s, %s: %s", name, method, raw)
			}
			s.broken = video.Errorf(video.Unavailable, "The store is locked.")
			if got, raw := send(about(method, "working", tasksMeta), taskHeaders(method, "working")...); got.Error == nil || !strings.Contains(raw, "locked") {
				t.Errorf("%s, %s: %s", name, method, raw)
			}
			s.broken = nil
		}
		for _, removed := range []string{"tasks/list", "tasks/result"} {
			if got, raw := send(about(removed, "working", tasksMeta), taskHeaders(removed, "working")...); got.Error == nil || got.Error.Code != mcp.METHOD_NOT_FOUND {
				t.Errorf("%s, %s: %s", name, removed, raw)
			}
		}
		for _, meta := range []string{modernMeta, tasksMeta} {
			got, raw := send(call("1", "only", "", 0, "", meta), modernHeaders("only")...)
			if (got.Error != nil && got.Error.Code == mcp.MISSING_REQUIRED_CLIENT_CAPABILITY && strings.Contains(raw, `"extensions":{"io.modelcontextprotocol/tasks":{}}`)) != (meta == modernMeta) {
				t.Errorf("%s: %s", name, raw)
			}
		}
	}
	for name, send := range carriers(t, plain) {
		if got, raw := send(about("tasks/get", "working", tasksMeta), taskHeaders("tasks/get", "working")...); got.Error == nil || got.Error.Code != mcp.METHOD_NOT_FOUND {
			t.Errorf("%s, not offered: %s", name, raw)
		}
	}
}

func TestATasksHeadersMustNotContradictIt(t *testing.T) {
	base := newFixture(t, func(o *server.Options) {
		withShelf(newShelf())(o)
		o.StreamAfter = patience // a stream has no status
	}).web(t)
	for _, c := range []struct {
		header string
		code   int
	}{
		{"Mcp-Name: working", 0},
		{"Mcp-Name: =?base64?d29ya2luZw==?=", 0},
		{"Mcp-Name:", 0}, // not needed to find the task, so not insisted on
		{"Mcp-Name: completed", mcp.HEADER_MISMATCH},
		{"Mcp-Name: =?base64?!?=", mcp.HEADER_MISMATCH},
		{"Mcp-Method: tasks/cancel", mcp.HEADER_MISMATCH},
	} {
		response, m := post(t, base, about("tasks/get", "working", tasksMeta), append(taskHeaders("tasks/get", "working"), c.header)...)
		if m.code() != c.code || (response.StatusCode == http.StatusOK) != (c.code == 0) {
			t.Errorf("%s: %s %s", c.header, response.Status, m.raw)
		}
	}
}

func TestTasksBelongToTheirPrincipal(t *testing.T) {
	s := newShelf()
	s.owner["working"] = "alice"
	f := newFixture(t, func(o *server.Options) {
		withShelf(s)(o)
		o.Authenticate = func(r *http.Request) (string, error) { return r.Header.Get("Authorization"), nil }
	})
	base := f.web(t)
	for _, method := range []string{"tasks/get", "tasks/update", "tasks/cancel"} {
		for who, code := range map[string]int{"alice": 0, "mallory": mcp.INVALID_PARAMS} {
			_, m := post(t, base, about(method, "working", tasksMeta), append(taskHeaders(method, "working"), "Authorization: "+who)...)
			if m.code() != code {
				t.Errorf("%s by %s: %s", method, who, m.raw)
			}
		}
		_, theirs := post(t, base, about(method, "working", tasksMeta), append(taskHeaders(method, "working"), "Authorization: mallory")...)
		_, nobodys := post(t, base, about(method, "nobody's", tasksMeta), append(taskHeaders(method, "nobody's"), "Authorization: mallory")...)
		if theirs.Error == nil || nobodys.Error == nil || strings.ReplaceAll(theirs.Error.Message, "working", "") != strings.ReplaceAll(nobodys.Error.Message, "nobody's", "") {
			t.Errorf("%s tells that another's task exists: %s, %s", method, theirs.raw, nobodys.raw)
		}
	}
}

func TestListeningToTasksNeedsTheExtension(t *testing.T) {
	f := newFixture(t, withShelf(newShelf()))
	p := f.stdio(t)
	listen := `{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"notifications":{"taskIds":["working"]},"_meta":{%s}}}`
	p.send(fmt.Sprintf(listen, modernMeta))
	if m := p.recv(); m.code() != mcp.MISSING_REQUIRED_CLIENT_CAPABILITY {
		t.Error(m.raw)
	}
	p.send(fmt.Sprintf(listen, tasksMeta))
	if m := p.recv(); m.Method != "notifications/subscriptions/acknowledged" || strings.Contains(m.raw, "taskIds") {
		t.Error(m.raw) // tasks/get is the way; nothing is promised
	}
}
