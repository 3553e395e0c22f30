package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/video"
	"seedance-mcp/server"
)

// TestTheUserIsAskedThePriceWhereverTheClientCanAsk: in both eras, over both
// transports, by clients that nobody here wrote.
func TestTheUserIsAskedThePriceWhereverTheClientCanAsk(t *testing.T) {
	above := video.WholeCredits(100)
	for _, kind := range kinds {
		for _, says := range []string{"accept", "decline", "cancel", ""} {
			t.Run(kind.name+" "+kind.version+" "+says, func(t *testing.T) {
				p := newUpstream(t).serve(t, nil, func(o *engine.Options) { o.ConfirmAbove = &above })
				asked := make(chan string, 10)
				h := &heard{by: map[string][]float64{}}
				if says != "" {
					h.says = func(question string) string { asked <- question; return says }
				}
				c := kind.connect(t, p.fixture, kind.version, h)
				got, err := use(t.Context(), c, "generate_video", map[string]any{"prompt": "A fox in the snow"})
				if err != nil {
					t.Fatal(err)
				}
				if says != "" && !strings.Contains(await(t, asked), "200 credits") {
					t.Error("the question does not name the price")
				}
				sent := 0
				switch says {
				case "accept":
					sent = 1
					if got.isError || got.field(t, "task_id") == "" {
						t.Error(got.text)
					}
				case "decline":
					if !got.isError || !strings.Contains(got.text, "declined") {
						t.Error(got.text)
					}
				default: // nobody answered: the model has to ask
					if got.isError || got.field(t, "status") != "confirmation_required" || got.field(t, "confirm_token") == "" {
						t.Error(got.text)
					}
				}
				// The order is answered before it is sent, where sending takes long.
				until(t, func() bool { return p.books().Accepted >= sent })
				if books := p.books(); books.Accepted != sent {
					t.Errorf("%d were charged, want %d", books.Accepted, sent)
				}
				if len(asked) > 0 {
					t.Error("asked twice")
				}
			})
		}
	}
}

// TestTheNoteOfAClientThatCanBeAsked: what the session id is, and that nothing
// depends on one.
func TestTheNoteOfAClientThatCanBeAsked(t *testing.T) {
	// However long initialize takes, its answer has the note.
	f := newFixture(t, func(o *server.Options) { o.StreamAfter = time.Nanosecond })
	one, two := f.web(t), newFixture(t, nil).web(t) // another replica
	if response := do(t, request(t, one, initialize, "Accept: text/event-stream")); response.Header.Get("Mcp-Session-Id") == "" {
		t.Error(response.Header)
	}
	response, _ := post(t, one, initialize)
	id := response.Header.Get("Mcp-Session-Id")
	if again, _ := post(t, one, initialize); id == "" || again.Header.Get("Mcp-Session-Id") == id {
		t.Error("session ids", id)
	}
	for _, base := range []string{one, two} {
		for _, c := range []struct {
			header string
			asks   bool
		}{{"Mcp-Session-Id: " + id, true}, {"Mcp-Session-Id: elicitation.forged", true}, {"Mcp-Session-Id: lost", false}, {"Mcp-Session-Id:", false}} {
			_, m := post(t, base, call("1", "canask", "", 0, "", ""), c.header)
			if m.text() != map[bool]string{true: "yes", false: "no"}[c.asks] {
				t.Errorf("%s: %s", c.header, m.raw)
			}
		}
		r := request(t, base, "", "Mcp-Session-Id: "+id)
		r.Method = http.MethodDelete
		if response := do(t, r); response.StatusCode != http.StatusMethodNotAllowed {
			t.Error(response.Status)
		}
	}
	// A modern call says what it can do itself, and its note does not count.
	_, m := post(t, one, call("1", "canask", "", 0, "", modernMeta), append(modernHeaders("canask"), "Mcp-Session-Id: "+id)...)
	if m.text() != "no" {
		t.Error(m.raw)
	}
}

// TestThePriceIsAgreedBeforeThereIsATask: a client that takes tasks and can
// ask gets the question first and the task once it is answered.
func TestThePriceIsAgreedBeforeThereIsATask(t *testing.T) {
	above := video.WholeCredits(100)
	both := strings.Replace(tasksMeta, `"extensions"`, `"elicitation":{},"extensions"`, 1)
	order := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"generate_video","arguments":{"prompt":"A fox in the snow"}%s,"_meta":{` + both + `}}}`
	for _, over := range []string{"http", "stdio"} {
		t.Run(over, func(t *testing.T) {
			u := newUpstream(t)
			u.time.Stop() // an order that is done is no task
			p := u.serve(t, nil, func(o *engine.Options) { o.ConfirmAbove = &above })
			send := carriers(t, p.fixture)[over]
			_, raw := send(fmt.Sprintf(order, ""), modernHeaders("generate_video")...)
			var question struct {
				Result struct {
					ResultType, RequestState, TaskID string
					InputRequests                    map[string]any
				}
			}
			if err := json.Unmarshal([]byte(raw), &question); err != nil {
				t.Fatal(err)
			}
			asked := question.Result
			if asked.ResultType != "input_required" || asked.TaskID != "" || len(asked.InputRequests) != 1 || p.books().Accepted != 0 {
				t.Fatal(raw)
			}
			for key := range asked.InputRequests {
				got, raw := send(fmt.Sprintf(order, fmt.Sprintf(`,"inputResponses":{%q:{"action":"accept","content":{}}},"requestState":%q`, key, asked.RequestState)), modernHeaders("generate_video")...)
				if got.Result == nil || got.Result.ResultType != "task" || got.Result.TaskID == "" || strings.Contains(raw, "requestState") {
					t.Error(raw)
				}
				until(t, func() bool { return p.books().Accepted == 1 })
			}
		})
	}
}
