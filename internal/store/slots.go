package store

import (
	"context"
	"time"

	"seedance-mcp/internal/video"
)

// Slots is how the concurrent tasks of an account stand, for one principal's
// next task. It is read in the transaction that decides from it, so that
// several processes never fill the same slot.
type Slots struct {
	// Limit is how many tasks the account may run at once, as it said at
	// LearntAt; 0: it never said.
	Limit    int
	LearntAt time.Time
	// Active counts the tasks that take a slot, as far as we know; it is not
	// counted beyond Limit.
	Active int
	// Waiting says that tasks are queued, or that one of the principal's was
	// and is being sent.
	Waiting bool
}

const (
	limitOfAccount = `SELECT tasks FROM account_limits WHERE upstream = $1`

	selectSlots = `SELECT COALESCE((` + limitOfAccount + `), 0),
		COALESCE((SELECT learnt_at FROM account_limits WHERE upstream = $1), 0),
		(SELECT COUNT(*) FROM (SELECT 1 FROM tasks WHERE upstream = $1 AND ` + active + `
			LIMIT COALESCE((` + limitOfAccount + `), 0)) AS busy),
		EXISTS (SELECT 1 FROM tasks WHERE upstream = $1 AND ` + unfinished + ` AND state = 'queued')
		OR EXISTS (SELECT 1 FROM tasks WHERE upstream = $1 AND ` + unfinished + ` AND state = 'submitting' AND principal = $2
			AND queued_at IS NOT NULL)`

	learnLimit = `INSERT INTO account_limits (upstream, tasks, learnt_at) VALUES ($1, $2, $3)
		ON CONFLICT (upstream) DO UPDATE SET tasks = excluded.tasks, learnt_at = excluded.learnt_at`
)

func (t *transaction) slots(upstream, principal string) (Slots, error) {
	var slots Slots
	var learnt int64
	err := t.scan(selectSlots, []any{upstream, principal}, []any{&slots.Limit, &learnt, &slots.Active, &slots.Waiting})
	if learnt != 0 {
		slots.LearntAt = time.UnixMilli(learnt).UTC()
	}
	return slots, err
}

// LearnLimit keeps how many tasks an account says it may run at once.
func (s *Store) LearnLimit(ctx context.Context, upstream string, limit int, at time.Time) error {
	return s.write(ctx, func(t *transaction) error {
		_, err := t.exec(learnLimit, upstream, limit, at.UnixMilli())
		return err
	})
}

// Take is Change for a task that may fill a slot of its account: change is
// told how they stand.
func (s *Store) Take(ctx context.Context, id string, change func(Slots, *video.Task) error) (video.Task, error) {
	locked := func(t *transaction) error { return s.db.lockAccountOf(t, id) }
	return s.change(ctx, id, locked, func(t *transaction, task *video.Task) error {
		slots, err := t.slots(task.Upstream, task.Principal)
		if err != nil {
			return err
		}
		return change(slots, task)
	})
}
