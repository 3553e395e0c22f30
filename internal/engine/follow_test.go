package engine_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/sandbox"
	"seedance-mcp/internal/upstream"
	"seedance-mcp/internal/video"
)

func containsAny(text string, parts ...string) bool {
	for _, part := range parts {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}

// looks notes when an engine, or several, ask about tasks.
type looks struct {
	mu    sync.Mutex
	times map[string][]time.Time
}

type noted struct {
	engine.Upstream

	looks *looks
}

func (u noted) Record(ctx context.Context, id string) (upstream.Record, error) {
	u.looks.mu.Lock()
	if u.looks.times == nil {
		u.looks.times = map[string][]time.Time{}
	}
	u.looks.times[id] = append(u.looks.times[id], time.Now())
	u.looks.mu.Unlock()
	return u.Upstream.Record(ctx, id)
}

func noting(l *looks) func(*engine.Options) {
	return func(o *engine.Options) { o.Account.Upstream = noted{o.Account.Upstream, l} }
}

func (l *looks) of(id string) []time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]time.Time(nil), l.times[id]...)
}

// gaps are the shortest and the longest time between two looks from a time on.
func gaps(times []time.Time) (shortest, longest time.Duration) {
	shortest = time.Hour
	for i := 1; i < len(times); i++ {
		gap := times[i].Sub(times[i-1])
		shortest, longest = min(shortest, gap), max(longest, gap)
	}
	return shortest, longest
}

// Two processes follow, people ask all the time, webhooks come twice: still
// nobody looks more often than every 2 s, or more rarely than every 5 s.
func TestLooksAreTwoToFiveSecondsApart(t *testing.T) {
	for _, tt := range []struct {
		usual time.Duration
		asked bool
	}{{8 * time.Second, true}, {10 * time.Minute, true}, {10 * time.Minute, false}} {
		t.Run(fmt.Sprint(tt.usual, "/asked=", tt.asked), func(t *testing.T) {
			inWorld(t, func(w *world) {
				var seen looks
				pace := func(o *engine.Options) {
					o.Account.Usual = func(video.Request) time.Duration { return tt.usual }
				}
				engines := []*engine.Engine{w.start(noting(&seen), pace), w.start(noting(&seen), pace)}
				submitted := time.Now()
				task := mustSubmit(t, engines[0], alice, ask("x [sandbox:stuck]")).Task
				for i := range 40 {
					time.Sleep(700 * time.Millisecond)
					if !tt.asked {
						continue
					}
					e := engines[i%2]
					mustGet(t, e, alice, task.ID)
					if err := e.Hint(context.Background(), task.CallbackToken, nil); err != nil {
						t.Fatal(err)
					}
				}
				times := seen.of(task.UpstreamID)
				shortest, longest := gaps(append([]time.Time{submitted}, times...))
				if shortest < 2*time.Second-5*time.Millisecond || longest > 5*time.Second+100*time.Millisecond || len(times) < 5 {
					t.Errorf("%d looks, %s to %s apart", len(times), shortest, longest)
				}
			})
		})
	}
}

func TestTransientTroubleNeverEndsATask(t *testing.T) {
	for _, word := range []string{
		"record-html-500=60", "record-502=60", "record-429=60", "record-404=20", "record-truncated=60", "record-hang=60",
		"success-no-url=12", "odd-state", "upper-case",
	} {
		t.Run(word, func(t *testing.T) {
			inWorld(t, func(w *world) {
				e := w.start(polling)
				got := mustSubmit(t, e, alice, ask("x [sandbox:"+word+"]"))
				began := time.Now()
				task := settle(t, e, alice, got.Task.ID)
				if task.State != video.Success || task.Videos[0].URL == "" || task.Charged != credits("200") {
					t.Errorf("ends as %+v", task)
				}
				if took := time.Since(began); took > 2*time.Minute {
					t.Errorf("known only after %s", took)
				}
			})
		})
	}
}

func TestStalledTaskIsStillLookedAt(t *testing.T) {
	inWorld(t, func(w *world) {
		var seen looks
		e := w.start(polling, noting(&seen))
		model, _ := w.catalog.Model(w.dialect, "seedance-20")
		task := mustSubmit(t, e, alice, ask("x [sandbox:stuck]")).Task
		time.Sleep(model.Deadline - time.Minute)
		if state := mustGet(t, e, alice, task.ID).State; state != video.Generating {
			t.Fatalf("%s before the deadline", state)
		}
		time.Sleep(2 * time.Minute)
		stalled := mustGet(t, e, alice, task.ID)
		if stalled.State != video.Stalled || stalled.Reason == "" || stalled.State.Settled() || stalled.Reserved != credits("200") {
			t.Fatalf("after the deadline: %+v", stalled)
		}
		before := len(seen.of(task.UpstreamID))
		time.Sleep(2 * time.Hour)
		times := seen.of(task.UpstreamID)
		after := times[before:]
		if len(after) < 3 || len(after) > 60 {
			t.Errorf("looked at %d times in two hours", len(after))
		}
		if first, last := after[1].Sub(after[0]), after[len(after)-1].Sub(after[len(after)-2]); last <= first {
			t.Errorf("looks are not rarer: %s apart at first, %s in the end", first, last)
		}
		asked := time.Now()
		mustGet(t, e, alice, task.ID) // somebody is interested
		time.Sleep(5 * time.Second)
		times = seen.of(task.UpstreamID)
		if times[len(times)-1].Before(asked) {
			t.Error("asking for it brings no look")
		}
	})
}

func TestForgottenTaskEndsWithAReason(t *testing.T) {
	inWorld(t, func(w *world) {
		e := w.start(polling)
		got := mustSubmit(t, e, alice, ask("x [sandbox:record-forgotten]"))
		began := time.Now()
		task := settle(t, e, alice, got.Task.ID)
		f := task.Failure
		if task.State != video.Failed || f.Class != video.FailForgotten || f.Charged != video.ChargedUnknown || f.Message == "" || f.Suggestion == "" {
			t.Fatalf("ends as %+v, %+v", task, f)
		}
		if took := time.Since(began); took < time.Minute || took > 10*time.Minute {
			t.Errorf("given up after %s", took)
		}
		if task.Settled || task.Reserved != credits("200") || !task.DueAt.IsZero() {
			t.Errorf("settled %t, reserved %s, due %s", task.Settled, task.Reserved, task.DueAt)
		}
	})
}

// "success" without a URL, again and again, is a failure in the end, but the
// video still counts when it comes after all.
func TestSuccessWithoutVideo(t *testing.T) {
	inWorld(t, func(w *world) {
		var late sync.Mutex
		arrived := false
		e := w.start(polling, changing(func(r *upstream.Record) {
			late.Lock()
			defer late.Unlock()
			if r.State == video.Success && !arrived {
				r.Videos = nil
			}
		}))
		got := mustSubmit(t, e, alice, ask("x"))
		task := settle(t, e, alice, got.Task.ID)
		f := task.Failure
		if task.State != video.Failed || f.Charged != video.ChargedYes || !strings.Contains(f.Message, "no video URL") || task.Charged != credits("200") {
			t.Fatalf("ends as %+v, %+v", task, f)
		}
		late.Lock()
		arrived = true
		late.Unlock()
		time.Sleep(61 * time.Minute)
		if task := mustGet(t, e, alice, got.Task.ID); task.State != video.Success || task.Failure != nil || task.Charged != credits("200") {
			t.Errorf("an hour later: %+v", task)
		}
	})
}

func TestETA(t *testing.T) {
	inWorld(t, func(w *world) {
		e := w.start(polling, func(o *engine.Options) {
			o.Account.Usual = func(video.Request) time.Duration { return 20 * time.Second }
		})
		eta := func(id string) time.Duration { return e.ETA(context.Background(), mustGet(t, e, alice, id)) }
		first := mustSubmit(t, e, alice, ask("x")).Task.ID
		if got := eta(first); got != 20*time.Second {
			t.Errorf("without history %s", got)
		}
		settle(t, e, alice, first)
		if got := eta(first); got != 0 {
			t.Errorf("of a finished task %s", got)
		}
		time.Sleep(2 * time.Minute)
		second := mustSubmit(t, e, alice, ask("y [sandbox:slow]")).Task.ID
		if got := eta(second); got != 8*time.Second {
			t.Errorf("with history %s, want 8 s", got)
		}
		time.Sleep(3 * time.Second)
		if got := eta(second); got != 5*time.Second {
			t.Errorf("3 s later %s, want 5 s", got)
		}
		time.Sleep(20 * time.Second)
		if got := eta(second); got != 0 {
			t.Errorf("of a late task %s", got)
		}
		other := mustSubmit(t, e, alice, engine.Wish{Ask: askOf("z", "10s")}).Task.ID
		if got := eta(other); got != 20*time.Second {
			t.Errorf("of another kind %s", got)
		}
	})
}

// A clock that jumps, forwards or back, costs no task its end.
func TestClockJumps(t *testing.T) {
	for name, jump := range map[string]time.Duration{
		"back an hour": -time.Hour, "back 3 s": -3 * time.Second, "forwards an hour": time.Hour, "forwards a day": 24 * time.Hour,
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				var mu sync.Mutex
				var offset time.Duration
				e := w.start(polling, func(o *engine.Options) {
					o.Now = func() time.Time {
						mu.Lock()
						defer mu.Unlock()
						return time.Now().Add(offset)
					}
				})
				got := mustSubmit(t, e, alice, ask("x"))
				time.Sleep(3 * time.Second)
				mu.Lock()
				offset = jump
				mu.Unlock()
				began := time.Now()
				mustGet(t, e, alice, got.Task.ID)
				time.Sleep(45 * time.Second)
				mustGet(t, e, alice, got.Task.ID) // as a client asks again after its limit
				task := settle(t, e, alice, got.Task.ID)
				if task.State != video.Success || task.Charged != credits("200") || task.CompletedAt.Before(task.CreatedAt.Add(-time.Hour)) {
					t.Errorf("ends as %+v", task)
				}
				if took := time.Since(began); took > 2*time.Minute {
					t.Errorf("known %s after the jump", took)
				}
			})
		})
	}
}

// More tasks are due at once than may be looked at: the next are claimed as
// soon as looks end, however many end together, also when they bring nothing
// new.
func TestBacklogIsWorkedOff(t *testing.T) {
	inWorldOf(t, sandbox.Options{Limit: 1 << 30, Credits: 1 << 60}, func(w *world) {
		const tasks = 300
		first := w.start(polling)
		for i := range tasks {
			mustSubmit(t, first, alice, ask(fmt.Sprint("clip ", i, " [sandbox:stuck]")))
		}
		time.Sleep(10 * time.Second)
		if err := first.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		var seen looks
		w.start(polling, changing(func(*upstream.Record) { time.Sleep(100 * time.Millisecond) }), noting(&seen))
		time.Sleep(2 * time.Second)
		seen.mu.Lock()
		defer seen.mu.Unlock()
		if n := len(seen.times); n != tasks {
			t.Errorf("%d of %d were looked at within 2 s", n, tasks)
		}
	})
}
