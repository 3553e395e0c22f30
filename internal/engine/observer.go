package engine

import (
	"context"
	"time"
)

// Observer hears of what the engine's loop does: for figures, nothing depends
// on it. It must be quick.
type Observer interface {
	// Claimed: this many due tasks were claimed at once, the first of them this
	// long after it was due.
	Claimed(count int, late time.Duration)
	// Alarm: a person must look at something. The log says more.
	Alarm(Alarm)
}

// Alarm is a kind of trouble.
type Alarm string

// The alarms.
const (
	// AlarmOverdue: tasks are due but nobody claims them.
	AlarmOverdue Alarm = "overdue"
	// AlarmNotStored: createTask was answered, but the answer could not be stored.
	AlarmNotStored Alarm = "answer_not_stored"
	// AlarmStore: the store failed when due tasks were to be claimed.
	AlarmStore Alarm = "store"
)

// Alarms are all there are.
func Alarms() []Alarm { return []Alarm{AlarmOverdue, AlarmNotStored, AlarmStore} }

// alarm raises one.
func (e *Engine) alarm(kind Alarm) {
	if e.o.Observer != nil {
		e.o.Observer.Alarm(kind)
	}
}

// lateness is how long the task that Claim will hand out first has been due. It
// is asked for only where somebody listens: it costs a query.
func (e *Engine) lateness(ctx context.Context, tasks Store) time.Duration {
	if e.o.Observer == nil {
		return 0
	}
	due, err := tasks.NextDue(ctx, e.upstreams(ctx), e.keepsFiles())
	if err != nil || due.IsZero() {
		return 0
	}
	return max(0, e.now().Sub(due))
}

// noteClaim tells of a claim that handed out count tasks.
func (e *Engine) noteClaim(count int, late time.Duration) {
	if e.o.Observer != nil && count > 0 {
		e.o.Observer.Claimed(count, late)
	}
}
