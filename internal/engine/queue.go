package engine

import (
	"context"
	"errors"
	"sync"
	"time"

	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

const (
	// The queue's back-off while the account is full and no slot of ours ends.
	minRetry = 2 * time.Second
	maxRetry = time.Minute
)

// sender is this process's part in sending what is queued. Which task goes
// next is decided from the store each time, so that several processes may do
// it at once: only the one that moves a task to "submitting" posts it.
type sender struct {
	mu      sync.Mutex
	waiting bool // tasks are queued, as far as this process knows
	active  bool // a goroutine sends
	again   bool // it shall look once more before it ends
	retry   time.Duration
	next    time.Time // no try before it, unless a slot became free
}

// found notes whether anything is queued.
func (s *sender) found(waiting bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = waiting
}

// refused notes that createTask took no task, for a reason that may pass, and
// says when the queue is worth another try.
func (s *sender) refused(now time.Time, code video.Code) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch code {
	case video.ConcurrencyLimit, video.Unavailable:
		s.waiting = true
	case video.OutcomeUnknown: // an upstream in trouble would lose one after the other
	default:
		return 0
	}
	if !now.Before(s.next) { // a burst of refusals is one
		s.retry = min(maxRetry, max(minRetry, 2*s.retry))
		s.next = now.Add(s.retry)
	}
	return s.next.Sub(now)
}

// taken notes that the account has room.
func (s *sender) taken() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.retry, s.next = 0, time.Time{}
}

// begin says whether the caller shall send now. A free slot is reason enough;
// otherwise the back-off holds.
func (s *sender) begin(now time.Time, freed bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !freed && (!s.waiting || now.Before(s.next)) {
		return false
	}
	if s.active {
		s.again = s.again || freed
		return false
	}
	s.active, s.again = true, false
	return true
}

// end says whether the caller is done: not when a slot became free meanwhile.
func (s *sender) end() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.again {
		s.again = false
		return false
	}
	s.active = false
	return true
}

// sendQueued sends an account's queued tasks in the background for as long as it
// takes them. freed says that one of its tasks has just ended.
func (e *Engine) sendQueued(tasks Store, account string, freed bool) {
	queue := e.queues.of(account)
	if !queue.begin(e.now(), freed) {
		return
	}
	if !e.following.Load() || !e.join(&e.workers) {
		queue.end()
		return
	}
	go func() {
		defer e.workers.Done()
		for {
			e.emptyQueue(e.work, tasks, account)
			if e.work.Err() != nil || queue.end() {
				return
			}
		}
	}()
}

// emptyQueue sends one task after the other until one is not taken.
func (e *Engine) emptyQueue(ctx context.Context, tasks Store, account string) {
	for ctx.Err() == nil {
		heads, err := tasks.Queued(ctx, account)
		if err != nil {
			e.logQueue(ctx, "read the queue", err)
			return
		}
		e.queues.of(account).found(len(heads) > 0)
		if len(heads) == 0 {
			return
		}
		if !e.join(&e.posts) {
			return
		}
		task, err := e.takeFromQueue(tasks, fairest(heads).Task.ID)
		if err != nil {
			e.posts.Done()
			if errors.Is(err, errMoved) {
				continue // another process, or its owner, was quicker
			}
			if !errors.Is(err, errFull) { // the next free slot, or tick, tries again
				e.logQueue(ctx, "take a task from the queue", err)
			}
			return
		}
		if !e.sendTaken(ctx, tasks, task) {
			return
		}
	}
}

func (e *Engine) logQueue(ctx context.Context, what string, err error) {
	if ctx.Err() == nil {
		e.o.Logger.Warn("cannot "+what, "error", err)
	}
}

var (
	errMoved = errors.New("the task moved meanwhile")
	errFull  = errors.New("the account is full")
)

// takeFromQueue makes this process the one that posts the task, if the account
// has a slot for it.
func (e *Engine) takeFromQueue(tasks Store, id string) (video.Task, error) {
	now := e.now()
	return tasks.Take(e.life, id, func(slots store.Slots, t *video.Task) error {
		if t.State != video.Queued {
			return errMoved
		}
		if full(slots, now) {
			return errFull
		}
		t.State, t.Reason = video.Submitting, ""
		t.DueAt, t.Interval = now.Add(e.o.Hold), e.o.Hold
		t.Attempts++
		return nil
	})
}

// sendTaken posts a task and says whether the next may be tried. It waits for
// the answer, which the POST's time-out bounds: an upstream that loses answers
// would otherwise leave the whole queue unconfirmed.
func (e *Engine) sendTaken(ctx context.Context, tasks Store, task video.Task) bool {
	e.o.Checkpoint("queue.taken")
	select {
	case out := <-e.post(ctx, tasks, task, true):
		switch video.CodeOf(out.err) {
		case video.ConcurrencyLimit, video.Unavailable, video.OutcomeUnknown, video.Internal:
			return false
		default:
			return true
		}
	case <-ctx.Done():
		return false
	}
}

// fairest is the head whose principal has the fewest tasks under way; of
// several the one that waits longest.
func fairest(heads []store.QueueHead) store.QueueHead {
	best := heads[0]
	for _, head := range heads[1:] {
		fewer := head.Running < best.Running
		older := head.Running == best.Running && head.Task.CreatedAt.Before(best.Task.CreatedAt)
		if fewer || older {
			best = head
		}
	}
	return best
}
