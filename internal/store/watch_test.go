package store_test

import (
	"context"
	"testing"
	"time"

	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

// patience bounds waits that must end; it is long because machines are slow.
const patience = 30 * time.Second

func wantSignal(t testing.TB, watched <-chan struct{}, after string) {
	t.Helper()
	select {
	case <-watched:
	case <-time.After(patience):
		t.Fatalf("no signal after %s", after)
	}
}

func watchOwn(t *testing.T, open opener) {
	s := open(t)
	ctx, cancel := context.WithCancel(context.Background())
	first := s.Watch(ctx)
	wantSignal(t, first, "the first look")
	second := s.Watch(t.Context()) // the looks are under way: no first one for it

	task := submit(t, s, store.Intent{Task: wish("ann", "a fox", 1), DedupeSince: noon}).Task
	wantSignal(t, first, "Submit")
	wantSignal(t, second, "Submit")
	change(t, s, task.ID, func(task *video.Task) { task.State = video.Waiting })
	wantSignal(t, first, "Change")
	wantSignal(t, second, "Change")
	foreign := wish("ann", "an owl", 1)
	foreign.UpstreamID = "task-1"
	add(t, s, foreign)
	wantSignal(t, first, "Insert")
	wantSignal(t, second, "Insert")

	submit(t, s, store.Intent{Task: wish("ann", "a fox", 1), DedupeSince: noon})
	claim(t, s, noon.Add(time.Hour), 9, account)
	time.Sleep(250 * time.Millisecond) // two looks for other processes' commits
	select {
	case <-first:
		t.Error("a duplicate or our own claim woke a watcher")
	default:
	}

	cancel()
	change(t, s, task.ID, func(task *video.Task) { task.State = video.Generating })
	wantSignal(t, second, "the other watcher left")
}

func watchCoalesces(t *testing.T, open opener) {
	s := open(t)
	watched := s.Watch(t.Context())
	wantSignal(t, watched, "the first look")
	task := add(t, s, wish("ann", "a fox", 1))
	for range 5 {
		change(t, s, task.ID, func(task *video.Task) { task.Polls++ })
	}
	wantSignal(t, watched, "six changes")
	select {
	case <-watched:
		t.Error("signals pile up")
	default:
	}
}

// Two stores on one database in one process see each other as two processes do.
func watchOthers(t *testing.T, open opener) {
	mine, other := twice(t, open)
	watched := mine.Watch(t.Context())
	wantSignal(t, watched, "the first look")
	task := add(t, other, wish("ann", "a fox", 1))
	wantSignal(t, watched, "another process's insert")
	change(t, other, task.ID, func(task *video.Task) { task.Polls++ })
	wantSignal(t, watched, "another process's change")
}
