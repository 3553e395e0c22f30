package store

import (
	"context"
	"sync"
)

// watchers are the channels of those who wait for changes, and the one
// goroutine that looks for those of other processes: on SQLite it runs only
// while there are any.
type watchers struct {
	mu       sync.Mutex
	channels map[chan struct{}]struct{}
	stop     context.CancelFunc // of the goroutine; nil while none runs
	done     sync.WaitGroup
	closed   bool
}

// Watch gives a channel that is signalled after every commit that may have
// changed a task: of this process at once, of others as soon as Postgres tells,
// or within 50 ms on SQLite. Signals coalesce, and some come for nothing
// (another process's claim): look at the task again. Watch first and look then,
// so that no change falls between. The channel is never closed; watching ends
// with ctx.
func (s *Store) Watch(ctx context.Context) <-chan struct{} {
	channel := make(chan struct{}, 1)
	w := &s.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed || ctx.Err() != nil {
		return channel
	}
	if w.channels == nil {
		w.channels = make(map[chan struct{}]struct{})
	}
	w.channels[channel] = struct{}{}
	always := s.db.always()
	if always {
		channel <- struct{}{} // as the first look of one that starts only now
	} else {
		w.startLocked(s.db)
	}
	context.AfterFunc(ctx, func() { w.leave(channel, always) })
	return channel
}

// start begins to look for others' commits.
func (w *watchers) start(db database) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.startLocked(db)
}

func (w *watchers) startLocked(db database) {
	if w.stop != nil {
		return
	}
	look, stop := context.WithCancel(context.Background())
	w.stop = stop
	w.done.Go(func() { db.watch(look, w.signal) })
}

func (w *watchers) leave(channel chan struct{}, always bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.channels, channel)
	if !always && len(w.channels) == 0 && w.stop != nil {
		w.stop()
		w.stop = nil
	}
}

func (w *watchers) signal() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for channel := range w.channels {
		select {
		case channel <- struct{}{}:
		default: // one is pending already
		}
	}
}

func (w *watchers) close() {
	w.mu.Lock()
	w.closed = true
	w.channels = nil
	if w.stop != nil {
		w.stop()
		w.stop = nil
	}
	w.mu.Unlock()
	w.done.Wait()
}
