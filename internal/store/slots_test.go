package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

// slotsOf is how the slots stand for the principal's next task, which is not
// stored.
func slotsOf(t *testing.T, s *store.Store, principal string) store.Slots {
	t.Helper()
	queued := wish(principal, "asks for slots", 1)
	queued.State = video.Success
	queued = add(t, s, queued)
	var got store.Slots
	_, err := s.Take(context.Background(), queued.ID, func(slots store.Slots, _ *video.Task) error {
		got = slots
		return store.ErrUnchanged
	})
	if err != nil {
		t.Fatalf("take: %v", err)
	}
	return got
}

func slotsCount(t *testing.T, open opener) {
	s := open(t)
	in := func(principal string, state video.State, mutate ...func(*video.Task)) {
		task := wish(principal, fmt.Sprint(principal, " ", state, len(mutate)), 200)
		task.State, task.CallbackToken = state, ""
		for _, f := range mutate {
			f(&task)
		}
		add(t, s, task)
	}
	for _, state := range []video.State{video.Submitting, video.Waiting, video.Generating, video.Stalled, video.Unconfirmed, video.Success, video.Failed} {
		in("ann", state)
	}
	in("ann", video.Waiting, func(task *video.Task) { task.Upstream = "another" })
	if got := slotsOf(t, s, "ann"); got != (store.Slots{}) {
		t.Errorf("before anything is known: %+v", got)
	}
	for limit, active := range map[int]int{3: 3, 5: 4} { // not counted beyond the limit
		if err := s.LearnLimit(context.Background(), account, limit, noon); err != nil {
			t.Fatal(err)
		}
		if got, want := slotsOf(t, s, "ann"), (store.Slots{Limit: limit, LearntAt: noon, Active: active}); got != want {
			t.Errorf("slots %+v, want %+v", got, want)
		}
	}
	// One that waited and is being sent is still before its principal's next.
	in("ben", video.Submitting, func(task *video.Task) { task.QueuedAt = noon })
	for principal, waits := range map[string]bool{"ann": false, "ben": true} {
		if got := slotsOf(t, s, principal); got.Waiting != waits {
			t.Errorf("while ben's is being sent, %s's slots are %+v", principal, got)
		}
	}
	in("ben", video.Queued)
	if got := slotsOf(t, s, "ann"); !got.Waiting {
		t.Errorf("while ben's is queued, ann's slots are %+v", got)
	}
}

// Submissions and takings at the same instant never fill a slot twice.
func slotsLastOne(t *testing.T, open opener) {
	s := open(t)
	const limit = 3
	if err := s.LearnLimit(context.Background(), account, limit, noon); err != nil {
		t.Fatal(err)
	}
	var queued []string
	for i := range 5 {
		task := wish("ann", fmt.Sprint("queued ", i), 200)
		task.State, task.CallbackToken = video.Queued, ""
		queued = append(queued, add(t, s, task).ID)
	}
	full := func(slots store.Slots) bool { return slots.Active >= slots.Limit }
	var all sync.WaitGroup
	for i := range 10 {
		all.Go(func() {
			task := wish("ben", fmt.Sprint("new ", i), 200)
			task.State, task.CallbackToken = video.Submitting, ""
			_, err := s.Submit(context.Background(), store.Intent{Task: task, Admit: func(slots store.Slots, task *video.Task) {
				if full(slots) {
					task.State = video.Queued
				}
			}})
			if err != nil {
				t.Error(err)
			}
		})
	}
	errFull := errors.New("full")
	for _, id := range queued {
		all.Go(func() {
			_, err := s.Take(context.Background(), id, func(slots store.Slots, task *video.Task) error {
				if full(slots) {
					return errFull
				}
				task.State = video.Submitting
				return nil
			})
			if err != nil && !errors.Is(err, errFull) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	active, err := s.CountActive(context.Background(), account)
	if err != nil || active != limit {
		t.Errorf("%d active, %v, want %d", active, err, limit)
	}
	page, err := s.List(context.Background(), store.Filter{States: []video.State{video.Queued}, Since: noon.Add(-time.Hour)})
	if err != nil || page.Total != 15-limit {
		t.Errorf("%d queued, %v", page.Total, err)
	}
}
