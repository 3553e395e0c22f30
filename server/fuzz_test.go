package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"seedance-mcp/internal/video"
)

// hostile are messages that broke somebody's parser.
var hostile = []string{
	`{"jsonrpc":"2.0","id":1,"method":"ping"}`,
	`{"jsonrpc":"2.0","id":1,"method":"tools/list","params":null}`,
	`{"jsonrpc":"2.0","id":"` + strings.Repeat("i", 5000) + `","method":"ping"}`,
	`{"jsonrpc":"2.0","id":` + strings.Repeat("9", 5000) + `,"method":"ping"}`,
	`{"jsonrpc":"2.0","id":1e400,"method":"ping"}`,
	`{"jsonrpc":"2.0","id":1.5,"method":"ping"}`,
	`{"jsonrpc":"2.0","id":-0,"method":"ping"}`,
	`{"jsonrpc":"2.0","id":1,"id":2,"method":"ping","method":"tools/list"}`,
	`{"jsonrpc":"2.0","ID":1,"Method":"ping"}`,
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"pi\x00ng\"}",
	"{\"jsonrpc\":\"2.0\",\"id\":\"\xff\xfe\",\"method\":\"ping\"}",
	"\xef\xbb\xbf" + `{"jsonrpc":"2.0","id":1,"method":"ping"}`,
	`{"jsonrpc":"2.0","id":"\ud800","method":"ping\u0000"}`,
	`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `}`,
	`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":` + strings.Repeat(`{"a":`, 5000) + `1` + strings.Repeat(`}`, 5000) + `}`,
	`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":7}}}`,
	`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":[]}}`,
	`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":{}}}`,
	`{"jsonrpc":"2.0","method":"notifications/cancelled"}`,
	`{"jsonrpc":"2.0","id":1,"result":null}`,
	`{"jsonrpc":"2.0","id":[1],"result":{}}`,
	`{"jsonrpc":"2.0","id":true,"method":"ping"}`,
	`[`, `[]`, `{}`, `null`, `"`, `0`, "\x00", " ", `{"jsonrpc":"2.0"`,
	`[[[[{"jsonrpc":"2.0","id":1,"method":"ping"}]]]]`,
	`{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"cursor":"dG9vbHMvbGlzdAp0"}}`,
	`{"jsonrpc":"2.0","id":1,"method":"prompts/list","params":{"cursor":"nonsense","Cursor":"x"}}`,
	`{"jsonrpc":"2.0","id":1,"Method":"resources/list","Params":{"cursor":[1]}}`,
	`{"jsonrpc":"2.0","id":1,"method":"tasks/get","params":{"taskId":"t","_meta":` + taker + `}}`,
	`{"jsonrpc":"2.0","id":1,"method":"tasks/update","params":{"taskId":"t","inputResponses":{"q":null},"_meta":` + taker + `}}`,
	`{"jsonrpc":"2.0","id":1,"method":"tasks/cancel","params":{"taskId":{},"_meta":` + taker + `}}`,
}

// taker is what a client says that takes tasks.
const taker = `{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"extensions":{"io.modelcontextprotocol/tasks":{}}}}`

// oneTask is a TaskView of one task, "t".
type oneTask struct{}

func (oneTask) TaskOf(string, *mcp.CallToolResult) string { return "" }

func (oneTask) Task(_ context.Context, id string) (mcp.Task, *mcp.CallToolResult, error) {
	if id != "t" {
		return mcp.Task{}, nil, video.Errorf(video.NotFound, "There is no task %s.", video.Clip(id, 80))
	}
	return mcp.Task{TaskId: id, Status: mcp.TaskStatusWorking}, nil, nil
}

func (v oneTask) Update(ctx context.Context, id string, _ mcp.InputResponses) error {
	_, _, err := v.Task(ctx, id)
	return err
}

func (v oneTask) Cancel(ctx context.Context, id string) (string, error) {
	return "no", v.Update(ctx, id, nil)
}

// fuzzed is a server without tools, and with a task: the messages are the test.
func fuzzed(f *testing.F) *Server {
	f.Helper()
	s, err := New(Options{Version: "1", Tasks: oneTask{}})
	if err != nil {
		f.Fatal(err)
	}
	s.SetTiming(0, 0, 0, time.Minute) // to the last answer, however slow the machine is
	return s
}

// answerTo fails unless text is one answer that a client can match to message.
func answerTo(t *testing.T, message, text []byte) {
	t.Helper()
	var answer struct {
		Version string          `json:"jsonrpc"`
		ID      json.RawMessage `json:"id"`
		Result  json.RawMessage `json:"result"`
		Error   json.RawMessage `json:"error"`
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		t.Fatalf("%q is answered by no JSON: %q", message, text)
	}
	if answer.Version != mcp.JSONRPC_VERSION || answer.ID == nil || (answer.Result == nil) == (answer.Error == nil) {
		t.Fatalf("%q is answered by %q", message, text)
	}
	var sent struct {
		ID json.RawMessage `json:"id"`
	}
	_ = json.Unmarshal(message, &sent)
	if string(answer.ID) != "null" && !sameJSON(answer.ID, sent.ID) {
		t.Fatalf("id %q is answered with id %q", sent.ID, answer.ID)
	}
}

func sameJSON(a, b json.RawMessage) bool {
	if bytes.Equal(a, b) {
		return true
	}
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && x == y
}

// FuzzStdio: whatever comes in one line, at most one line goes out, it is an
// answer, and the next message is served.
func FuzzStdio(f *testing.F) {
	for _, message := range hostile {
		f.Add([]byte(message))
	}
	s := fuzzed(f)
	f.Fuzz(func(t *testing.T, message []byte) {
		if bytes.ContainsRune(message, '\n') || bytes.Contains(message, []byte("initialize")) {
			return // more than one message, or one whose answer is not this test's
		}
		var out bytes.Buffer
		in := bytes.NewReader(append(bytes.Clone(message), "\n"+`{"jsonrpc":"2.0","id":"after","method":"ping"}`...))
		if err := s.ServeStdio(context.Background(), in, &out); err != nil {
			t.Fatal(err)
		}
		after := 0
		for line := range bytes.Lines(out.Bytes()) {
			if bytes.Equal(bytes.TrimSpace(line), []byte(`{"jsonrpc":"2.0","id":"after","result":{}}`)) {
				after++
				continue
			}
			if bytes.Contains(line, []byte(`"method"`)) && bytes.Contains(line, []byte("subscriptions/acknowledged")) {
				continue
			}
			answerTo(t, message, line)
		}
		if n := bytes.Count(out.Bytes(), []byte("\n")); after == 0 || n > after+2 {
			t.Fatalf("%q: %q", message, out.Bytes())
		}
	})
}

// FuzzHTTP: whatever body comes, the status is one the protocol knows and the
// body is an answer or empty.
func FuzzHTTP(f *testing.F) {
	for _, message := range hostile {
		f.Add([]byte(message), "", "")
		f.Add([]byte(message), mcp.ProtocolVersion20260728, "ping")
		f.Add([]byte(message), mcp.ProtocolVersion20260728, "tasks/get")
	}
	s := fuzzed(f)
	f.Fuzz(func(t *testing.T, body []byte, version, method string) {
		r := httptest.NewRequest(http.MethodPost, "/mcp", bytes.NewReader(body))
		r.Host = "localhost"
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set(mcp.HeaderProtocolVersion, version)
		r.Header.Set(mcp.HeaderMethod, method)
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		switch w.Code {
		case http.StatusAccepted:
			if w.Body.Len() > 0 {
				t.Fatalf("%q: %s", body, w.Body)
			}
		case http.StatusOK, http.StatusBadRequest, http.StatusNotFound:
			answerTo(t, body, w.Body.Bytes())
		default:
			t.Fatalf("%q: status %d", body, w.Code)
		}
	})
}

// FuzzLines: the reader gives back every line that is short enough, says so of
// every other, and never loses the place, however the bytes trickle in.
func FuzzLines(f *testing.F) {
	f.Add([]byte("a\nbb\n\nccc"))
	f.Add([]byte("000\n000000000")) // the last line is one too long, and has no newline to count
	f.Add([]byte("\r\n \n12345678\n123456789\n1234567890\r\nx"))
	f.Add([]byte(strings.Repeat("x", 200_000) + "\ny\n"))
	f.Fuzz(func(t *testing.T, input []byte) {
		const limit = 8
		var want []line
		for text := range bytes.SplitSeq(input, []byte("\n")) {
			switch {
			case len(text) > limit:
				want = append(want, line{tooLong: true})
			case len(bytes.TrimSpace(text)) > 0:
				want = append(want, line{data: text})
			}
		}
		for _, in := range []io.Reader{bytes.NewReader(input), iotest.HalfReader(bytes.NewReader(input)), iotest.DataErrReader(bytes.NewReader(input))} {
			lines := newLineReader(in, limit)
			for i, expected := range want {
				got, err := lines.next()
				if err != nil || got.tooLong != expected.tooLong || !bytes.Equal(bytes.TrimSuffix(got.data, []byte("\n")), expected.data) {
					t.Fatalf("line %d of %q: %+v %v", i, input, got, err)
				}
			}
			if got, err := lines.next(); !errors.Is(err, io.EOF) {
				t.Fatalf("after the end of %q: %+v %v", input, got, err)
			}
		}
	})
}
