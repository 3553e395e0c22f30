package engine_test

import (
	"context"
	"testing"
	"time"

	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/video"
)

// Takes of one request are wishes of their own: each is paid once within the
// duplicate window, however often it is repeated, and anew after it.
func TestTakes(t *testing.T) {
	inWorld(t, func(w *world) {
		e := w.start(polling)
		take := func(n int) engine.Submission {
			return mustSubmit(t, e, alice, engine.Wish{Ask: askOf("x", "5s"), Take: n})
		}
		first := map[string]bool{}
		for n := range 3 {
			first[take(n).Task.ID] = true
		}
		if len(first) != 3 {
			t.Fatalf("3 takes became %d tasks", len(first))
		}
		time.Sleep(9 * time.Minute)
		for n := range 3 {
			if again := take(n); !again.Duplicate || !first[again.Task.ID] {
				t.Errorf("take %d was ordered again after 9 minutes", n)
			}
		}
		time.Sleep(2 * time.Minute)
		if again := take(2); again.Duplicate {
			t.Error("take 2 leads to the old task after 11 minutes")
		}
		if n := len(w.sandbox.Books().Entries); n != 4 {
			t.Errorf("%d orders were placed, want 4", n)
		}
	})
}

// Whoever watches hears of tasks that other engines on the same store make.
func TestWatchHearsOfOthers(t *testing.T) {
	inWorld(t, func(w *world) {
		watching, ordering := w.start(polling), w.start(polling)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		changes, err := watching.Watch(ctx)
		if err != nil {
			t.Fatal(err)
		}
		id := mustSubmit(t, ordering, alice, ask("x")).Task.ID
		deadline := time.After(time.Minute)
		for mustGet(t, watching, alice, id).State != video.Success {
			select {
			case <-changes:
			case <-deadline:
				t.Fatal("no signal before the task's end")
			}
		}
		if err := watching.Close(context.Background()); err != nil {
			t.Error(err)
		}
		if _, err := watching.Watch(ctx); video.CodeOf(err) != "" && video.CodeOf(err) != video.Unavailable {
			t.Errorf("after the end: %v", err)
		}
	})
}
