package engine

import (
	"context"
	"sync"
	"time"
)

const (
	// probeAccount stands in the store for no account: writing that it has no
	// limit shows that the store can be written.
	probeAccount = "readiness"
	// probeEvery is how often a write is tried: probes come every few seconds,
	// from several sides.
	probeEvery = 5 * time.Second
)

// readiness is the last word on whether the store can be written.
type readiness struct {
	mu   sync.Mutex
	last time.Time
	err  error
}

// Ready says that the store can be read and written, so that new work would
// succeed: a full disk, a lost database or one that became a read-only replica
// shows here.
func (e *Engine) Ready(ctx context.Context) error {
	tasks, err := e.open(ctx)
	if err != nil {
		return err
	}
	e.ready.mu.Lock()
	defer e.ready.mu.Unlock()
	now := e.now()
	if age := now.Sub(e.ready.last); age >= 0 && age < probeEvery && !e.ready.last.IsZero() && e.ready.err == nil {
		return nil
	}
	e.ready.last, e.ready.err = now, tasks.LearnLimit(ctx, probeAccount, 0, now)
	return e.ready.err
}
