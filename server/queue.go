package server

import (
	"sync"

	"github.com/mark3labs/mcp-go/mcp"
)

// queueSize is how many notifications wait for the client; from half of it on
// a sender is held back.
const queueSize = 32

// queue carries one call's notifications to its answer, in order.
//
// mcp-go never waits when it sends: it asks for the channel, tries once and
// drops. So asking for the channel is where a sender that is faster than its
// client is held back, until there is room or the call is over. The half that
// stays free is for senders that asked at the same moment.
type queue struct {
	patient bool // hold senders back; else a full queue drops

	mu       sync.Mutex
	messages chan mcp.JSONRPCNotification // nil until the first: it is an eighth of what a call allocates
	room     sync.Cond
	pump     func(mcp.JSONRPCNotification) // what the first notification starts
	ended    chan struct{}                 // closed when the pump has stopped
	over     chan struct{}                 // closed by close
	closed   bool
}

func newQueue(patient bool) *queue {
	q := &queue{patient: patient, over: make(chan struct{})}
	q.room.L = &q.mu
	return q
}

// NotificationChannel is called by mcp-go for each notification.
func (q *queue) NotificationChannel() chan<- mcp.JSONRPCNotification {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.messages == nil {
		q.messages = make(chan mcp.JSONRPCNotification, queueSize)
	}
	if q.pump != nil && q.ended == nil && !q.closed {
		q.ended = make(chan struct{})
		go q.run(q.pump, q.messages, q.ended)
	}
	for q.patient && len(q.messages) >= queueSize/2 && !q.closed {
		q.room.Wait()
	}
	return q.messages
}

// run delivers notifications as they come. Most calls send none, so it starts
// with the first.
func (q *queue) run(deliver func(mcp.JSONRPCNotification), messages <-chan mcp.JSONRPCNotification, ended chan<- struct{}) {
	defer close(ended)
	for {
		select {
		case message := <-messages:
			q.took()
			deliver(message)
		case <-q.over:
			return
		}
	}
}

// took must be called after each receive.
func (q *queue) took() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.room.Broadcast()
}

// close lets senders go and stops the pump; what they send from now on is
// never delivered. It may be called again.
func (q *queue) close() {
	q.mu.Lock()
	if !q.closed {
		q.closed = true
		close(q.over)
		q.room.Broadcast()
	}
	ended := q.ended
	q.mu.Unlock()
	if ended != nil {
		<-ended
	}
}

// rest hands over what was sent before the call ended, and nothing of what a
// stray goroutine of the tool may still be sending.
func (q *queue) rest(deliver func(mcp.JSONRPCNotification) error) error {
	q.close()
	q.mu.Lock()
	messages := q.messages
	q.mu.Unlock()
	for range len(messages) {
		if err := deliver(<-messages); err != nil {
			return err
		}
	}
	return nil
}
