package store_test

import (
	"context"
	"fmt"
	"reflect"
	"testing"

	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

// getAgain is about what a store remembers of a task it has read: others'
// writes must show in it, and callers' must not.
func getAgain(t *testing.T, open opener) {
	ctx := context.Background()
	a, b := twice(t, open)
	due := wish("ann", "a fox", 1)
	due.State, due.DueAt, due.UpstreamID = video.Generating, noon, "task-1"
	id := add(t, a, due).ID
	get := func(s *store.Store) video.Task {
		t.Helper()
		task, err := s.Get(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		return task
	}
	first := get(a)
	if again := get(a); !reflect.DeepEqual(first, again) {
		t.Errorf("unchanged, but\n%+v\n%+v", first, again)
	}

	spoilt := get(a)
	*spoilt.Quote.Credits++
	if again := get(a); !reflect.DeepEqual(first, again) {
		t.Error("what a caller did to its copy shows in another's")
	}

	claimed, err := b.Claim(ctx, store.ClaimQuery{Now: noon, Upstreams: []string{account}, Limit: 1})
	if err != nil || len(claimed) != 1 {
		t.Fatal(claimed, err)
	}
	if got := get(a); got.Polls != first.Polls+1 || !got.DueAt.Equal(claimed[0].DueAt) {
		t.Errorf("another's booking does not show: polls %d, due %v; want %d, %v", got.Polls, got.DueAt, first.Polls+1, claimed[0].DueAt)
	}

	want := change(t, b, id, func(task *video.Task) { task.Videos = []video.Video{{URL: "https://e.test/v.mp4"}} })
	if got := get(a); !reflect.DeepEqual(got, want) {
		t.Errorf("another's change does not show:\n%+v\n%+v", got, want)
	}
	want = change(t, a, id, func(task *video.Task) { task.State = video.Success })
	if got := get(a); !reflect.DeepEqual(got, want) || !reflect.DeepEqual(get(b), want) {
		t.Errorf("its own change does not show:\n%+v\n%+v", got, want)
	}
}

// TestManyTasksAreReadAgain reads more tasks than a store remembers.
func TestManyTasksAreReadAgain(t *testing.T) {
	s := openNew(t)
	var ids []string
	for i := range store.MaxKept + 10 {
		ids = append(ids, add(t, s, wish("ann", fmt.Sprintf("fox %d", i), 1)).ID)
	}
	for range 2 {
		for i, id := range ids {
			if task, err := s.Get(t.Context(), id); err != nil || task.Request.Prompt != fmt.Sprintf("fox %d", i) {
				t.Fatalf("%s: %q, %v", id, task.Request.Prompt, err)
			}
		}
	}
	if n := store.Kept(s); n != store.MaxKept {
		t.Errorf("%d tasks are kept, want %d", n, store.MaxKept)
	}
}
