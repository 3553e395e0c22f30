package server

import (
	"context"
	"errors"
	"sync"
	"time"
)

// liveReply is the reply to a call that runs: its notifications, the server's
// requests to the client and the keep-alive are written beside it, one at a
// time, until the call's own goroutine ends it with the answer.
type liveReply struct {
	reply *reply
	gone  context.CancelFunc // called when the client takes no more

	mu    sync.Mutex
	over  bool
	timer *time.Timer
}

var errReplyOver = errors.New("the call is over")

// write does one thing unless the reply is over or the client gone.
func (l *liveReply) write(what func() error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.locked(what)
}

func (l *liveReply) locked(what func() error) error {
	if l.over {
		return errReplyOver
	}
	err := what()
	if err != nil {
		l.over = true
		l.gone()
	}
	return err
}

// event sends a message before the answer, where the client can be told.
func (l *liveReply) event(message any) error {
	if !l.reply.accepts {
		return nil
	}
	return l.write(func() error { return l.reply.event(message) })
}

// keep begins the stream after a while, and then writes a comment whenever the
// interval has passed.
func (l *liveReply) keep(after, interval time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	begun := false
	l.timer = time.AfterFunc(after, func() {
		_ = l.write(func() error { // a client that is gone cancels the call
			defer l.timer.Reset(interval)
			if begun {
				return l.reply.comment()
			}
			begun = true
			return l.reply.start()
		})
	})
}

// end writes what is last, if anything, and nothing after it.
func (l *liveReply) end(last func() error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if last != nil {
		_ = l.locked(last) // the client may be gone
	}
	l.over = true
	if l.timer != nil {
		l.timer.Stop()
	}
}
