package engine_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

// polling is an engine that gets no webhooks.
func polling(o *engine.Options) { o.CallbackURL = nil }

// waiting is one call of Wait, made in the background.
type waiting struct {
	tasks []video.Task
	err   error
	took  time.Duration
}

func waitFor(ctx context.Context, e *engine.Engine, ids []string, all bool, limit time.Duration) <-chan waiting {
	done := make(chan waiting, 1)
	began := time.Now()
	go func() {
		tasks, err := e.Wait(ctx, alice, ids, all, limit, nil)
		done <- waiting{tasks, err, time.Since(began)}
	}()
	return done
}

func TestWaitForAnyAndAll(t *testing.T) {
	inWorld(t, func(w *world) {
		e := w.start(polling)
		long := mustSubmit(t, e, alice, engine.Wish{Ask: askOf("long", "10s")}).Task.ID // 13 s
		time.Sleep(time.Millisecond)                                                    // so that there is a latest one
		short := mustSubmit(t, e, alice, ask("short")).Task.ID                          // 8 s
		ids := []string{long, short, long}
		either := waitFor(context.Background(), e, ids, false, time.Minute)
		all := <-waitFor(context.Background(), e, ids, true, time.Minute)
		first := <-either
		for _, got := range []waiting{first, all} {
			if got.err != nil || len(got.tasks) != 2 || got.tasks[0].ID != long || got.tasks[1].ID != short {
				t.Fatalf("got %+v", got)
			}
		}
		if first.tasks[0].State.Final() || first.tasks[1].State != video.Success || first.took > 11*time.Second {
			t.Errorf("any: after %s %s and %s", first.took, first.tasks[0].State, first.tasks[1].State)
		}
		if all.tasks[0].State != video.Success || all.tasks[1].State != video.Success || all.took > 16*time.Second {
			t.Errorf("all: after %s %s and %s", all.took, all.tasks[0].State, all.tasks[1].State)
		}
		latest, err := e.Wait(context.Background(), alice, nil, true, time.Minute, nil)
		if err != nil || len(latest) != 1 || latest[0].ID != short {
			t.Errorf("latest = %+v, %v", latest, err)
		}
		_, err = e.Wait(context.Background(), alice, []string{short, "vid_nosuch"}, false, time.Minute, nil)
		wantCode(t, err, video.NotFound)
		_, err = e.Wait(context.Background(), bob, []string{short}, false, time.Minute, nil)
		wantCode(t, err, video.NotFound)
	})
}

func TestWaitEnds(t *testing.T) {
	inWorld(t, func(w *world) {
		e := w.start(polling)
		id := mustSubmit(t, e, alice, ask("x [sandbox:stuck]")).Task.ID
		wait := func(ctx context.Context, limit, took time.Duration, want error) {
			t.Helper()
			got := <-waitFor(ctx, e, []string{id}, true, limit)
			if got.took != took || !errors.Is(got.err, want) || len(got.tasks) != 1 || got.tasks[0].ID != id || got.tasks[0].State.Settled() {
				t.Errorf("after %s: %v, %+v", got.took, got.err, got.tasks)
			}
		}
		wait(context.Background(), 0, 0, nil)
		wait(context.Background(), 45*time.Second, 45*time.Second, nil)
		cut, cancel := context.WithCancel(context.Background())
		time.AfterFunc(7*time.Second, cancel)
		wait(cut, time.Minute, 7*time.Second, context.Canceled)
		time.AfterFunc(7*time.Second, e.Drain)
		wait(context.Background(), time.Minute, 7*time.Second, nil)
		wait(context.Background(), time.Minute, 0, nil) // drained: at once
		mustSubmit(t, e, alice, ask("y"))               // which ends nothing else
	})
}

// Whoever waits hears of every change at once, and every 3 s in between.
func TestWaitTellsProgress(t *testing.T) {
	inWorld(t, func(w *world) {
		e := w.start(polling)
		id := mustSubmit(t, e, alice, engine.Wish{Ask: askOf("x", "10s")}).Task.ID
		last, states := time.Now(), []video.State{video.Waiting}
		_, err := e.Wait(context.Background(), alice, []string{id}, true, time.Minute, func(tasks []video.Task) {
			if silence := time.Since(last); silence > 3*time.Second {
				t.Errorf("silent for %s", silence)
			}
			last = time.Now()
			if state := tasks[0].State; state != states[len(states)-1] {
				states = append(states, state)
			}
		})
		if err != nil || len(states) != 3 || states[1] != video.Generating || states[2] != video.Success {
			t.Errorf("states = %v, %v", states, err)
		}
	})
}

// idleStore gives its engine nothing to look at.
type idleStore struct{ engine.Store }

func (idleStore) Claim(context.Context, store.ClaimQuery) ([]video.Task, error) { return nil, nil }

// A waiter is woken as soon as a look is stored, by its own process at once, by
// another one on the same store within the store's watch interval.
func TestWaitersAreWokenAtOnce(t *testing.T) {
	inWorld(t, func(w *world) {
		following := w.start(polling)
		asking := w.start(polling, func(o *engine.Options) {
			open := o.OpenStore
			o.OpenStore = func(ctx context.Context) (engine.Store, error) {
				s, err := open(ctx)
				return idleStore{s}, err
			}
		})
		id := mustSubmit(t, following, alice, ask("x")).Task.ID
		own := waitFor(context.Background(), following, []string{id}, true, time.Minute)
		other := waitFor(context.Background(), asking, []string{id}, true, time.Minute)
		began := time.Now()
		for mustGet(t, following, alice, id).State != video.Success {
			time.Sleep(10 * time.Millisecond)
		}
		stored := time.Now() // at most 10 ms late
		for name, got := range map[string]waiting{"own": <-own, "other": <-other} {
			late := began.Add(got.took).Sub(stored)
			if got.err != nil || got.tasks[0].State != video.Success || late > 100*time.Millisecond {
				t.Errorf("%s: %s late, %v", name, late, got.err)
			}
			if name == "own" && late > 0 {
				t.Errorf("the own waiter is %s late", late)
			}
		}
	})
}

func TestCloseWaitsForPosts(t *testing.T) {
	tests := map[string]struct {
		patience, took time.Duration
		state          video.State
	}{
		"until they are answered":     {time.Minute, 18 * time.Second, video.Waiting},
		"as long as it may, not more": {5 * time.Second, 5 * time.Second, video.Unconfirmed},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				e := w.start(polling)
				got := mustSubmit(t, e, alice, ask("x [sandbox:create-slow=20]"))
				if got.Task.State != video.Submitting {
					t.Fatalf("state %s", got.Task.State)
				}
				ctx, cancel := context.WithTimeout(context.Background(), tt.patience)
				defer cancel()
				began := time.Now()
				closing := make(chan error)
				go func() { closing <- e.Close(ctx) }()
				synctest.Wait()
				_, err := e.Submit(context.Background(), alice, ask("y"))
				wantCode(t, err, video.Unavailable)
				if err := <-closing; err != nil {
					t.Error(err)
				}
				if took := time.Since(began); took != tt.took {
					t.Errorf("closed after %s, want %s", took, tt.took)
				}
				second := w.start(polling)
				if task := mustGet(t, second, alice, got.Task.ID); task.State != tt.state {
					t.Errorf("stored as %s", task.State)
				}
				if n := len(w.sandbox.Books().Entries); n != 1 {
					t.Errorf("posted %d times", n)
				}
				_, err = e.Get(context.Background(), alice, got.Task.ID)
				wantCode(t, err, video.Unavailable)
				if log := w.log(); containsAny(log, "context canceled", "level=ERROR") {
					t.Errorf("closing is no trouble, but the log says:\n%s", log)
				}
			})
		})
	}
}
