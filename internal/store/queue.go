package store

import (
	"context"
	"database/sql"

	"seedance-mcp/internal/video"
)

// The first condition is in each query as the index tasks_unfinished has it.
const (
	unfinished  = `state NOT IN ('success', 'fail')`
	active      = unfinished + ` AND state IN ('submitting', 'waiting', 'generating', 'stalled')`
	countActive = `SELECT COUNT(*) FROM tasks WHERE upstream = $1 AND ` + active

	selectQueueHeads = `SELECT (SELECT COUNT(*) FROM tasks AS busy
			WHERE busy.upstream = $1 AND busy.principal = tasks.principal AND ` + active + `), ` + columns + `
		FROM tasks WHERE id IN (SELECT id FROM
			(SELECT id, ROW_NUMBER() OVER (PARTITION BY principal ORDER BY created_at, id) AS place
			FROM tasks WHERE upstream = $1 AND ` + unfinished + ` AND state = 'queued') AS queue WHERE place = 1)
		ORDER BY created_at, id`
)

// CountActive counts the upstream's tasks that take one of its account's
// slots, as far as we know: submitting, waiting, generating, stalled.
func (s *Store) CountActive(ctx context.Context, upstream string) (int, error) {
	var count int
	err := s.scanOne(ctx, countActive, []any{upstream}, []any{&count})
	return count, explain(err)
}

// QueueHead is the next in one principal's queue.
type QueueHead struct {
	// Task is the principal's oldest queued task on the upstream.
	Task video.Task
	// Running counts the principal's tasks that take a slot there.
	Running int
}

// Queued gives the head of each principal's queue on the upstream, oldest
// first: so that a free slot can go to whoever has the fewest.
func (s *Store) Queued(ctx context.Context, upstream string) ([]QueueHead, error) {
	var heads []QueueHead
	err := s.each(ctx, selectQueueHeads, []any{upstream}, func(rows *sql.Rows) error {
		var r row
		var head QueueHead
		err := rows.Scan(append([]any{&head.Running}, r.places()...)...)
		head.Task = r.task()
		heads = append(heads, head)
		return err
	})
	return heads, err
}
