package engine

import (
	"context"
	"fmt"
	"time"

	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

// limitFor is how long an account's limit is believed after it last said so.
// Then the next task finds out, for a refusal costs nothing: a limit that was
// raised is found, and tasks that only we count, such as one that the upstream
// forgot, hold nothing up for ever.
const limitFor = 10 * time.Minute

// full says that a createTask would be refused: our own tasks fill the account.
// What other programs run there is not known, and ends without our knowing, so
// the queue's back-off deals with it.
func full(slots store.Slots, now time.Time) bool {
	age := now.Sub(slots.LearntAt)
	believed := age < limitFor && age > -limitFor // a clock may go backwards
	return slots.Limit > 0 && believed && slots.Active >= slots.Limit
}

// mustWait is why a new task is queued instead of sent; "": it is sent.
func mustWait(slots store.Slots, now time.Time) string {
	switch {
	case slots.Waiting:
		return "Other tasks wait for a free slot of the account; it is sent after them. Nothing was charged."
	case full(slots, now):
		return slotReason(slots.Limit, slots.Limit)
	}
	return ""
}

func slotReason(running, limit int) string {
	return fmt.Sprintf("The account runs %d of %d tasks at once. Nothing was charged; it is sent when one ends.", running, limit)
}

// refusedReason is slotReason by createTask's own words.
func refusedReason(err error) string {
	cause := codedError(err)
	switch {
	case cause.Limit == nil:
		return "The account runs as many tasks as it may at once. Nothing was charged; it is sent when one ends."
	case cause.Current == nil:
		return slotReason(*cause.Limit, *cause.Limit)
	default:
		return slotReason(*cause.Current, *cause.Limit)
	}
}

// learnLimit keeps, for every process, what a refusal says about the account.
// Failing to do so costs another refusal.
func (e *Engine) learnLimit(tasks Store, task video.Task, a answer) {
	limit := codedError(a.err).Limit
	if video.CodeOf(a.err) != video.ConcurrencyLimit || limit == nil || *limit <= 0 {
		return
	}
	ctx := context.WithoutCancel(e.life)
	if err := tasks.LearnLimit(ctx, task.Upstream, *limit, a.at); err != nil {
		e.logStore(ctx, "keep the account's limit", task, err)
	}
}
