package engine_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

// blindStore hands out nothing while blind, as if a parameter of the claim had
// the wrong type.
type blindStore struct {
	engine.Store

	blind *atomic.Bool
}

func (s blindStore) Claim(ctx context.Context, q store.ClaimQuery) ([]video.Task, error) {
	if s.blind.Load() {
		return nil, nil
	}
	return s.Store.Claim(ctx, q)
}

// Tasks that are due while nobody claims them raise the alarm: in the log, once
// a minute, and as a figure, for as long as it lasts.
func TestAlarmOnDueTasksThatNobodyClaims(t *testing.T) {
	inWorld(t, func(w *world) {
		blind := new(atomic.Bool)
		e := w.start(polling, func(o *engine.Options) {
			open := o.OpenStore
			o.OpenStore = func(ctx context.Context) (engine.Store, error) {
				s, err := open(ctx)
				return blindStore{s, blind}, err
			}
		})
		const alarm = "tasks are due but nobody claims them"
		overdue := func() int {
			t.Helper()
			n, err := e.Overdue(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		a, b := mustSubmit(t, e, alice, ask("a")).Task, mustSubmit(t, e, bob, ask("b")).Task
		blind.Store(true)
		time.Sleep(50 * time.Second)
		if n := overdue(); n != 0 || strings.Contains(w.log(), alarm) {
			t.Errorf("after 50 s: %d overdue, log:\n%s", n, w.log())
		}
		time.Sleep(3 * time.Minute)
		if n := overdue(); n != 2 {
			t.Errorf("%d overdue, want 2", n)
		}
		if n := strings.Count(w.log(), alarm); n < 2 || n > 4 || !strings.Contains(w.log(), "level=ERROR") || !strings.Contains(w.log(), "count=2") {
			t.Errorf("%d alarms in 4 minutes:\n%s", n, w.log())
		}
		blind.Store(false)
		settle(t, e, alice, a.ID)
		settle(t, e, bob, b.ID)
		quiet := strings.Count(w.log(), alarm)
		time.Sleep(5 * time.Minute)
		if n := overdue(); n != 0 || strings.Count(w.log(), alarm) != quiet {
			t.Errorf("afterwards: %d overdue, log:\n%s", n, w.log())
		}
	})
}
