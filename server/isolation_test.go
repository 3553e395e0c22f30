package server_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"seedance-mcp/server"
)

var eras = []struct{ name, meta string }{{legacy, ""}, {modern, modernMeta}}

// TestStdioClientsWithTheSameIDsAreApart: neither sees what the other's call
// says, and each can cancel its own call only.
func TestStdioClientsWithTheSameIDsAreApart(t *testing.T) {
	for _, era := range eras {
		t.Run(era.name, func(t *testing.T) {
			f := newFixture(t, nil)
			a, b := f.stdio(t), f.stdio(t)
			for label, p := range map[string]*pipe{"a": a, "b": b} {
				if era.meta == "" {
					p.handshake()
				}
				p.send(call("1", "hold", label, 1, `"same"`, era.meta))
				await(t, f.started)
			}
			for label, p := range map[string]*pipe{"a": a, "b": b} {
				if m := p.recv(); m.Params.Message != label {
					t.Errorf("%s got %s", label, m.raw)
				}
			}
			a.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`)
			if label := await(t, f.stopped); label != "a" {
				t.Fatal("cancelled:", label)
			}
			a.send(call("2", "echo", "still here", 0, "", era.meta)) // the cancelled one stays unanswered
			if m := a.recv(); m.text() != "still here" {
				t.Error(m.raw)
			}
			f.release <- struct{}{}
			if m := b.recv(); m.text() != "released b" || string(m.ID) != "1" {
				t.Error(m.raw)
			}
		})
	}
}

// TestHTTPClientsWithTheSameIDsAreApart: the same over HTTP, where an id says
// nothing about whose call it is; not even the same key does.
func TestHTTPClientsWithTheSameIDsAreApart(t *testing.T) {
	for _, era := range eras {
		for _, c := range []struct{ name, a, b string }{{"nobody named", "", ""}, {"one principal", "alice", "alice"}, {"two principals", "alice", "bob"}} {
			t.Run(era.name+" "+c.name, func(t *testing.T) {
				f := newFixture(t, func(o *server.Options) {
					o.StreamAfter = time.Millisecond
					if c.a != "" {
						o.Authenticate = func(r *http.Request) (string, error) { return r.Header.Get("Authorization"), nil }
					}
				})
				base := f.web(t)
				headers := func(who string) []string {
					h := []string{"Authorization: " + who}
					if era.meta != "" {
						h = append(h, modernHeaders("hold")...)
					}
					return h
				}
				ctx, leave := context.WithCancel(context.Background())
				defer leave()
				a := stream(t, do(t, request(t, base, call("1", "hold", "a", 1, "1", era.meta), headers(c.a)...).WithContext(ctx)))
				await(t, f.started)
				b := stream(t, do(t, request(t, base, call("1", "hold", "b", 1, "1", era.meta), headers(c.b)...)))
				await(t, f.started)
				for label, e := range map[string]*events{"a": a, "b": b} {
					if m := e.message(); m.Params.Message != label {
						t.Errorf("%s got %s", label, m.raw)
					}
				}
				// Nobody can cancel by id, whoever says whose call it is.
				for _, header := range []string{"X-None: 1", "Mcp-Session-Id: 1", "Mcp-Session-Id: elicitation.1"} {
					for _, who := range []string{c.a, c.b} {
						post(t, base, `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1,"_meta":{`+era.meta+`}}}`, header, "Authorization: "+who)
					}
				}
				select {
				case label := <-f.stopped:
					t.Fatal("cancelled:", label)
				case <-time.After(never):
				}
				leave() // closing the stream is how a client cancels its own
				if label := await(t, f.stopped); label != "a" {
					t.Fatal("cancelled:", label)
				}
				f.release <- struct{}{}
				if m := b.message(); m.text() != "released b" {
					t.Error(m.raw)
				}
			})
		}
	}
}

// TestOrdersOfTwoPrincipalsAreApart: the same order by two callers is two
// videos, and neither can see, wait for, cancel or list the other's.
func TestOrdersOfTwoPrincipalsAreApart(t *testing.T) {
	for _, era := range eras {
		t.Run(era.name, func(t *testing.T) {
			p := newUpstream(t).serve(t, func(r *http.Request) (string, error) { return r.Header.Get("Authorization"), nil }, nil)
			base := p.web(t)
			ask := func(who, tool, arguments string) message {
				t.Helper()
				headers := []string{"Authorization: " + who}
				if era.meta != "" {
					headers = append(headers, modernHeaders(tool)...)
				}
				_, m := post(t, base, fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":%q,"arguments":%s,"_meta":{%s}}}`, tool, arguments, era.meta), headers...)
				return m
			}
			ids := map[string]string{}
			for _, who := range []string{"alice", "bob"} {
				ids[who] = toolReply{text: ask(who, "generate_video", `{"prompt":"A fox in the snow"}`).text()}.field(t, "task_id")
			}
			if ids["alice"] == ids["bob"] || ids["alice"] == "" {
				t.Fatal("one task for two callers:", ids)
			}
			if m := ask("bob", "get_task_status", `{"task_id":"`+ids["alice"]+`","wait_seconds":1}`); !m.Result.IsError {
				t.Error("bob sees", m.raw)
			}
			if m := ask("bob", "download_video", `{"task_id":"`+ids["alice"]+`"}`); !m.Result.IsError {
				t.Error("bob saves", m.raw)
			}
			for _, tool := range []string{"list_tasks", "get_task_status", "get_usage"} {
				if m := ask("bob", tool, `{}`); strings.Contains(m.raw, ids["alice"]) || m.Result.IsError {
					t.Errorf("bob's %s: %s", tool, m.raw)
				}
			}
			for _, method := range []string{"tasks/get", "tasks/cancel", "tasks/update"} {
				_, m := post(t, base, about(method, ids["alice"], tasksMeta), append(taskHeaders(method, ids["alice"]), "Authorization: bob")...)
				if m.code() != mcp.INVALID_PARAMS {
					t.Errorf("bob's %s: %s", method, m.raw)
				}
			}
			read := func(who, method, name, params string) message {
				t.Helper()
				headers := []string{"Authorization: " + who}
				if era.meta != "" {
					headers = append(headers, "Mcp-Protocol-Version: 2026-07-28", "Mcp-Method: "+method, "Mcp-Name: "+name)
				}
				_, m := post(t, base, fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q,"params":{%s,"_meta":{%s}}}`, method, params, era.meta), headers...)
				return m
			}
			for who, code := range map[string]int{"alice": 0, "bob": map[string]int{legacy: mcp.RESOURCE_NOT_FOUND, modern: mcp.INVALID_PARAMS}[era.name]} {
				for _, ending := range []string{"", "/video"} {
					uri := "seedance://tasks/" + ids["alice"] + ending
					m := read(who, "resources/read", uri, `"uri":"`+uri+`"`)
					if ending == "" && m.code() != code || who == "bob" && m.code() != code {
						t.Errorf("%s reads %s: %s", who, uri, m.raw)
					}
				}
				m := read(who, "completion/complete", "", `"ref":{"type":"ref/resource","uri":"seedance://tasks/{id}"},"argument":{"name":"id","value":""}`)
				if strings.Contains(m.raw, ids["alice"]) != (who == "alice") || m.code() != 0 {
					t.Errorf("%s completes to %s", who, m.raw)
				}
			}
			for _, who := range []string{"alice", "bob"} {
				if m := ask(who, "get_task_status", `{"task_id":"`+ids[who]+`","wait_seconds":45}`); !strings.Contains(m.text(), `"status":"success"`) {
					t.Errorf("%s: %s", who, m.raw)
				}
			}
			if books := p.books(); books.Accepted != 2 {
				t.Errorf("%d were charged, want 2", books.Accepted)
			}
		})
	}
}

// TestAClientThatGivesUpPaysOnce: the client is gone before the service has
// answered; the order goes on, and whoever asks later gets it. Ordering it
// again gives the same task.
func TestAClientThatGivesUpPaysOnce(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind.name+" "+kind.version, func(t *testing.T) {
			u := newUpstream(t)
			u.posts, u.answer = make(chan struct{}, 10), make(chan struct{})
			p := u.serve(t, nil, nil)
			fox := map[string]any{"prompt": "A fox in the snow"}
			impatient := kind.connect(t, p.fixture, kind.version, &heard{by: map[string][]float64{}})
			ctx, giveUp := context.WithCancel(t.Context())
			failed := make(chan error, 1)
			go func() {
				_, err := use(ctx, impatient, "generate_video", fox)
				failed <- err
			}()
			await(t, u.posts)
			giveUp()
			if err := await(t, failed); err == nil {
				t.Error("the cancelled call succeeded")
			}
			other := kind.connect(t, p.fixture, kind.version, &heard{by: map[string][]float64{}})
			early := must(t, other, "get_task_status", nil)
			if early.field(t, "status") != "submitting" || !strings.Contains(early.field(t, "next"), "Do not call generate_video again") {
				t.Errorf("while the service has not answered: %s", early.text)
			}
			close(u.answer)
			done := must(t, other, "get_task_status", map[string]any{"wait_seconds": 45})
			if done.field(t, "status") != "success" {
				t.Errorf("afterwards: %s", done.text)
			}
			again := must(t, impatient, "generate_video", fox)
			if id := done.field(t, "task_id"); again.field(t, "duplicate_of") != id || id == "" {
				t.Errorf("ordered again: %s", again.text)
			}
			if books := p.books(); books.Accepted != 1 || len(books.Entries) != 1 {
				t.Errorf("%d were charged of %d sent, want 1", books.Accepted, len(books.Entries))
			}
		})
	}
}

// TestGivingUpEndsTheWaitingOnly: two wait for the same video, one gives up;
// the other gets it, and until then is told that it goes on.
func TestGivingUpEndsTheWaitingOnly(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind.name+" "+kind.version, func(t *testing.T) {
			u := newUpstream(t)
			u.posts, u.answer = make(chan struct{}, 10), make(chan struct{})
			p := u.serve(t, nil, nil)
			connect := func() foreign {
				return kind.connect(t, p.fixture, kind.version, &heard{by: map[string][]float64{}})
			}
			first, second := connect(), connect()
			ordered := make(chan toolReply, 1)
			go func() {
				got, err := use(t.Context(), first, "generate_video", map[string]any{"prompt": "A fox in the snow"})
				if err != nil {
					t.Error(err)
				}
				ordered <- got
			}()
			await(t, u.posts)
			wait := map[string]any{"wait_seconds": 45}
			ctx, giveUp := context.WithCancel(t.Context())
			failed, got := make(chan error, 1), make(chan toolReply, 1)
			go func() {
				_, err := use(ctx, first, "get_task_status", wait)
				failed <- err
			}()
			go func() {
				reply, err := use(t.Context(), second, "get_task_status", wait)
				if err != nil {
					t.Error(err)
				}
				got <- reply
			}()
			until(t, func() bool { return strings.Contains(must(t, second, "list_tasks", nil).text, "submitting") })
			giveUp()
			if err := await(t, failed); err == nil {
				t.Error("the cancelled wait succeeded")
			}
			elsewhere := must(t, second, "get_task_status", nil)
			if next := elsewhere.field(t, "next"); !strings.Contains(next, "Do not call generate_video again") || !strings.Contains(next, "wait_seconds=45") {
				t.Errorf("elsewhere: %s", elsewhere.text)
			}
			close(u.answer)
			if reply := await(t, got); reply.field(t, "status") != "success" {
				t.Errorf("the other one: %s", reply.text)
			}
			await(t, ordered)
			if books := p.books(); books.Accepted != 1 {
				t.Errorf("%d were charged, want 1", books.Accepted)
			}
		})
	}
}

// TestTasksOutliveTheirServer: a task of the extension that one process
// answered with is finished by another, which has nothing but the store.
func TestTasksOutliveTheirServer(t *testing.T) {
	for _, over := range []string{"http", "stdio"} {
		t.Run(over, func(t *testing.T) {
			u := newUpstream(t)
			u.time.Stop() // an order that is done is no task
			one := u.serve(t, nil, nil)
			order := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"generate_video","arguments":{"prompt":"A fox in the snow"},"_meta":{` + tasksMeta + `}}}`
			made, raw := carriers(t, one.fixture)[over](order, modernHeaders("generate_video")...)
			if made.Result == nil || made.Result.ResultType != "task" || made.Result.Status != "working" || made.Result.PollMs < 3000 || made.Result.PollMs > 5000 {
				t.Fatal(raw)
			}
			one.stop()
			u.time.Go()
			two := u.serve(t, nil, nil)
			send := carriers(t, two.fixture)[over]
			id := made.Result.TaskID
			var got taskWire
			until(t, func() bool {
				got, raw = send(about("tasks/get", id, tasksMeta), taskHeaders("tasks/get", id)...)
				return got.Result == nil || got.Result.Status != "working"
			})
			if got.Result == nil || got.Result.Status != "completed" || !strings.Contains(raw, `\"status\":\"success\"`) {
				t.Fatal(raw)
			}
			structured, _ := got.Result.Result["structuredContent"].(map[string]any)
			if structured["task_id"] != id || structured["status"] != "success" {
				t.Error(raw)
			}
			again, raw := send(order, modernHeaders("generate_video")...) // over by now: no task, the result itself
			if again.Result == nil || again.Result.ResultType != "complete" || !strings.Contains(raw, id) {
				t.Error(raw)
			}
			if books := two.books(); books.Accepted != 1 {
				t.Errorf("%d were charged, want 1", books.Accepted)
			}
		})
	}
}
