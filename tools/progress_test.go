package tools_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
)

// listener is a client's session that keeps what it is told.
type listener struct{ heard chan mcp.JSONRPCNotification }

func (*listener) SessionID() string                                     { return "listener" }
func (*listener) Initialize()                                           {}
func (*listener) Initialized() bool                                     { return true }
func (l *listener) NotificationChannel() chan<- mcp.JSONRPCNotification { return l.heard }

// TestProgress: with a token, and only then, a waiting client hears something
// ever greater every few seconds, never 100 % before the result, nothing after.
func TestProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, setup{})
		defer w.close(t)
		ear := &listener{heard: make(chan mcp.JSONRPCNotification, 100)}
		ctx := w.srv.WithContext(t.Context(), ear)

		w.callAs(t, ctx, "generate_video", `{"prompt":"A fox","duration":15}`)
		w.callAs(t, ctx, "get_task_status", `{"wait_seconds":5}`)
		if len(ear.heard) != 0 {
			t.Fatalf("%d notifications without a token", len(ear.heard))
		}

		var times []time.Duration
		begin := time.Now()
		ended := make(chan struct{})
		var got []map[string]any
		go func() {
			defer close(ended)
			for n := range ear.heard {
				times = append(times, time.Since(begin))
				got = append(got, n.Params.AdditionalFields)
				if n.Method != "notifications/progress" {
					t.Errorf("method %q", n.Method)
				}
			}
		}()
		raw := request(t, ctx, w.srv, "tools/call", `{"name":"get_task_status","arguments":{"wait_seconds":45},"_meta":{"progressToken":"tok"}}`)
		result := time.Since(begin)
		if !strings.Contains(string(raw), `\"status\":\"success\"`) {
			t.Fatalf("answer: %s", raw)
		}
		time.Sleep(time.Minute)
		close(ear.heard)
		<-ended

		if len(got) < 3 {
			t.Fatalf("%d notifications in %v: %v", len(got), result, got)
		}
		last, before := 0.0, time.Duration(0)
		line := regexp.MustCompile(`^(waiting|generating): about \d+ % \(\d+ s\)$`)
		for i, fields := range got {
			progress, _ := fields["progress"].(float64)
			if progress <= last || progress >= 100 {
				t.Errorf("progress %v after %v", progress, last)
			}
			last = progress
			if fields["progressToken"] != "tok" || fmt.Sprint(fields["total"]) != "100" {
				t.Errorf("fields %v", fields)
			}
			if message, _ := fields["message"].(string); !line.MatchString(message) {
				t.Errorf("message %q", message)
			}
			if gap := times[i] - before; gap > 5*time.Second {
				t.Errorf("silent for %v", gap)
			}
			before = times[i]
			if times[i] > result {
				t.Errorf("progress %v after the result", times[i]-result)
			}
		}
	})
}

// TestProgressOfSeveral also runs past every estimate.
func TestProgressOfSeveral(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, setup{})
		defer w.close(t)
		one := w.works(t, "generate_video", `{"prompt":"A fox"}`).text("task_id")
		two := w.works(t, "generate_video", `{"prompt":"A crane [sandbox:stuck]"}`).text("task_id")
		ear := &listener{heard: make(chan mcp.JSONRPCNotification, 100)}
		ctx := w.srv.WithContext(t.Context(), ear)
		request(t, ctx, w.srv, "tools/call", `{"name":"get_task_status","arguments":{"task_ids":["`+one+`","`+two+`"],"wait_seconds":45},"_meta":{"progressToken":7}}`)
		close(ear.heard)
		last, message := 0.0, ""
		for n := range ear.heard {
			progress, _ := n.Params.AdditionalFields["progress"].(float64)
			if progress <= last || progress >= 100 {
				t.Errorf("progress %v after %v", progress, last)
			}
			last = progress
			message, _ = n.Params.AdditionalFields["message"].(string)
		}
		if !strings.HasPrefix(message, "1 of 2 finished: about ") {
			t.Errorf("last message %q", message)
		}
	})
}
