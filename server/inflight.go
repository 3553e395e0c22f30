package server

import (
	"context"
	"encoding/json"
	"sync"
)

// inflight are one connection's open calls. Those that may still be answered
// are known by id, so that the client can cancel its own: whoever takes a call
// out first, its answer or its cancellation, wins.
type inflight struct {
	limit int

	mu      sync.Mutex
	calls   map[string]*flight
	running int // handlers, those of cancelled calls included
	closed  bool
	open    sync.WaitGroup // calls whose last word is not written yet
}

type flight struct {
	id     string
	cancel context.CancelFunc
}

func newInflight(limit int) *inflight {
	return &inflight{limit: limit, calls: map[string]*flight{}}
}

// verdict is what became of a new call.
type verdict int

const (
	begun verdict = iota
	tooMany
	idInUse
	shuttingDown
)

// begin enters a call. One that begun says of must be ended and done.
func (f *inflight) begin(id json.RawMessage, cancel context.CancelFunc) (*flight, verdict) {
	f.mu.Lock()
	defer f.mu.Unlock()
	key := string(id)
	switch _, used := f.calls[key]; {
	case f.closed:
		return nil, shuttingDown
	case f.running >= f.limit:
		return nil, tooMany
	case used:
		return nil, idInUse
	}
	call := &flight{id: key, cancel: cancel}
	f.calls[key] = call
	f.running++
	f.open.Add(1)
	return call, begun
}

// end says that the handler is over, before its answer is written: with the
// answer the client may use id and place again. false: the call was cancelled
// and must not be answered.
func (f *inflight) end(call *flight) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.running--
	if f.calls[call.id] != call {
		return false
	}
	delete(f.calls, call.id)
	return true
}

// done says that nothing more will be written for an ended call.
func (f *inflight) done() { f.open.Done() }

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

// close refuses new calls; idle is closed once the open ones are done.
func (f *inflight) close() (idle <-chan struct{}) {
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	done := make(chan struct{})
	go func() {
		f.open.Wait()
		close(done)
	}()
	return done
}
