package store

import (
	"context"
	"sync"
	"time"
)

// watchInterval is how often other processes' commits are looked for while
// anybody watches.
const watchInterval = 100 * time.Millisecond

// watchers are the channels of those who wait for changes, and the one
// goroutine that looks for those of other processes; it runs only while there
// are any.
type watchers struct {
	mu       sync.Mutex
	channels map[chan struct{}]struct{}
	stop     context.CancelFunc // of the goroutine; nil while none runs
	done     sync.WaitGroup
	closed   bool
}

// Watch gives a channel that is signalled after every commit that may have
// changed a task: of this process at once, of others within 100 ms. Signals
// coalesce, and some come for nothing (another process's claim): look at the
// task again. Watch first and look then, so that no change falls between. The
// channel is never closed; watching ends with ctx.
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
	if w.stop == nil {
		look, stop := context.WithCancel(context.Background())
		w.stop = stop
		w.done.Go(func() { s.lookForForeignCommits(look) })
	}
	context.AfterFunc(ctx, func() { w.leave(channel) })
	return channel
}

func (w *watchers) leave(channel chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.channels, channel)
	if len(w.channels) == 0 && w.stop != nil {
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

// lookForForeignCommits signals whenever the writer's connection sees that
// another one committed; its own commits do not count there. The first look
// signals too: a commit may have come between Watch and it.
func (s *Store) lookForForeignCommits(ctx context.Context) {
	ticker := time.NewTicker(watchInterval)
	defer ticker.Stop()
	known := int64(-1)
	for {
		version, err := s.foreignCommits(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil || version != known {
			s.watch.signal()
		}
		if err == nil {
			known = version
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// foreignCommits is a number that differs from its last value when another
// connection has committed since.
func (s *Store) foreignCommits(ctx context.Context) (int64, error) {
	connection, err := s.writer.Conn(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { _ = connection.Close() }() // back to the pool
	var version int64
	// Interrupting a statement would cost the connection.
	err = connection.QueryRowContext(context.WithoutCancel(ctx), dataVersion).Scan(&version)
	return version, err
}
