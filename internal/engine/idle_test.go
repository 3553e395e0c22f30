package engine_test

import (
	"context"
	"testing"
	"time"

	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/video"
)

// To look at a queued task, or to take it back, must not send it: the account
// is free by now, so that any loop would.
func TestIdleEngineSendsNothingBeforeStart(t *testing.T) {
	full(t, 1, func(w *world) {
		first := w.start()
		running := mustSubmit(t, first, alice, ask("a"))
		waiting := mustSubmit(t, first, alice, ask("b"))
		if err := first.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		o := w.options()
		o.Idle = true
		idle, err := engine.New(o)
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := idle.Close(context.Background()); err != nil {
				t.Error(err)
			}
		}()
		if task := mustGet(t, idle, alice, waiting.Task.ID); task.State != video.Queued {
			t.Fatalf("before a look it is %s", task.State)
		}
		time.Sleep(time.Minute)
		task, err := idle.Withdraw(context.Background(), alice, waiting.Task.ID)
		if err != nil || task.State != video.Failed {
			t.Errorf("taken back: %s, %v", task.State, err)
		}
		time.Sleep(time.Minute)
		if got := acceptedPrompts(w); len(got) != 1 {
			t.Errorf("paid for %q", got)
		}
		if task := mustGet(t, idle, alice, running.Task.ID); task.State.Final() {
			t.Errorf("the other was followed: %s", task.State)
		}
		if err := idle.Start(context.Background()); err != nil {
			t.Fatal(err)
		}
		if task := settle(t, idle, alice, running.Task.ID); task.State != video.Success {
			t.Errorf("followed after Start it ends as %s", task.State)
		}
	})
}
