package server

import (
	"context"
	"encoding/json"
	"sync"
)

// inflight are one connection's calls by id, so that it can cancel its own.
// Whoever takes a call out of it first, the answer or the cancellation, wins.
type inflight struct {
	mu    sync.Mutex
	calls map[string]*flight
}

type flight struct {
	id     string
	cancel context.CancelFunc
}

func newInflight() *inflight { return &inflight{calls: map[string]*flight{}} }

// begin enters a call; nil if its id is in use.
func (f *inflight) begin(id json.RawMessage, cancel context.CancelFunc) *flight {
	f.mu.Lock()
	defer f.mu.Unlock()
	key := string(id)
	if _, used := f.calls[key]; used {
		return nil
	}
	call := &flight{id: key, cancel: cancel}
	f.calls[key] = call
	return call
}

// end takes a call out before it is answered; false: it was cancelled and must
// not be.
func (f *inflight) end(call *flight) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.calls[call.id] != call {
		return false
	}
	delete(f.calls, call.id)
	return true
}

// cancel ends the call that params, those of notifications/cancelled, name.
// Unknown ids are ignored: some clients cancel what is already answered.
func (f *inflight) cancel(params json.RawMessage) {
	var cancelled struct {
		ID json.RawMessage `json:"requestId"`
	}
	if json.Unmarshal(params, &cancelled) != nil {
		return
	}
	f.mu.Lock()
	call := f.calls[string(cancelled.ID)]
	delete(f.calls, string(cancelled.ID))
	f.mu.Unlock()
	if call != nil {
		call.cancel()
	}
}
