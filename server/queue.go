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
	messages chan mcp.JSONRPCNotification
	patient  bool // hold senders back; else a full queue drops

	mu     sync.Mutex
	room   sync.Cond
	closed bool
}

func newQueue(patient bool) *queue {
	q := &queue{messages: make(chan mcp.JSONRPCNotification, queueSize), patient: patient}
	q.room.L = &q.mu
	return q
}

// NotificationChannel is called by mcp-go for each notification.
func (q *queue) NotificationChannel() chan<- mcp.JSONRPCNotification {
	if q.patient {
		q.mu.Lock()
		for len(q.messages) >= queueSize/2 && !q.closed {
			q.room.Wait()
		}
		q.mu.Unlock()
	}
	return q.messages
}

// took must be called after each receive.
func (q *queue) took() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.room.Broadcast()
}

// close lets senders go. What they send from now on is never delivered.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.room.Broadcast()
}

// rest hands over what was sent before the call ended, and nothing of what a
// stray goroutine of the tool may still be sending.
func (q *queue) rest(deliver func(mcp.JSONRPCNotification) error) error {
	q.close()
	for range len(q.messages) {
		if err := deliver(<-q.messages); err != nil {
			return err
		}
	}
	return nil
}
