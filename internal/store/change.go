package store

import (
	"context"
	"errors"
	"fmt"

	"seedance-mcp/internal/video"
)

// ErrUnchanged may be returned by the function given to Change: there is
// nothing to store, and that is no failure.
var ErrUnchanged = errors.New("task unchanged")

const (
	selectByID = `SELECT ` + columns + ` FROM tasks WHERE id = $1`
	updateTask = `UPDATE tasks SET upstream = $3, upstream_id = $4, state = $5, due_at = $6, interval_ms = $7,
		booked_at = $8, polls = $9, empty_successes = $10, version = $2 + 1, submitted_at = $11, updated_at = $12,
		completed_at = $13, model = $14, resolution = $15, seconds = $16, estimated = $17, reserved = $18, used = $19,
		charged = $20, settled = $21, request_hash = $22, callback_token = $23, reason = $24, workflow = $25,
		search_text = $26, request = $27, payload = $28, quote = $29, videos = $30, failure = $31, attempts = $32, queued_at = $33, hints = $34, save = $35,
		answers_repeats = CASE WHEN request_hash = $22 AND upstream = $3 THEN answers_repeats ELSE 0 END
		WHERE id = $1 AND version = $2`
)

// Change reads a task, lets change alter it, and writes it back, in one
// transaction: nothing comes between. It gives the task as stored.
//
// An error of change aborts and is returned as it is. ErrUnchanged, or a task
// left as it was, writes nothing: Version and UpdatedAt stay and nobody is
// woken. ID, Principal, Sandbox, CreatedAt, IdempotencyKey, UpdatedAt and
// Version are not change's to alter; what it does to them is ignored.
//
// change holds a lock that others wait for: it must be quick, call nothing
// remote, and not call the Store. Where two writers met it runs again, on what
// the other one left.
//
// NotFound: no such task. Conflict: its new UpstreamID or CallbackToken is
// another task's.
func (s *Store) Change(ctx context.Context, id string, change func(*video.Task) error) (video.Task, error) {
	unlocked := func(*transaction) error { return nil }
	return s.change(ctx, id, unlocked, func(_ *transaction, task *video.Task) error { return change(task) })
}

// change is Change after lock.
func (s *Store) change(ctx context.Context, id string, lock func(*transaction) error, change func(*transaction, *video.Task) error) (video.Task, error) {
	var stored video.Task
	var written row // by an attempt whose commit was not answered
	changed := false
	err := s.write(ctx, func(t *transaction) error {
		if err := lock(t); err != nil {
			return err
		}
		original, err := t.task(s.db.toChange(), id)
		if err != nil {
			return err
		}
		stored = original.task()
		if t.unsure && original == written {
			return nil // it was stored
		}
		changed = false
		next, err := s.altered(original, func(task *video.Task) error { return change(t, task) })
		if err != nil || next == original {
			return err
		}
		changed, written = true, next
		stored = next.task()
		return t.update(original, next)
	})
	switch {
	case errors.Is(err, ErrUnchanged):
		return stored, nil
	case err != nil:
		return video.Task{}, err
	case changed:
		s.watch.signal()
	}
	return stored, nil
}

// altered is original after change, with the version and times that it will
// be stored with; original itself when there is nothing to store.
func (s *Store) altered(original row, change func(*video.Task) error) (row, error) {
	before := original.task()
	decoded, err := rowOf(before)
	if err != nil {
		return row{}, err
	}
	after := original.task() // decoded anew: change may write through slices and pointers
	if err := change(&after); err != nil {
		return row{}, err
	}
	after.ID, after.Principal, after.Sandbox = before.ID, before.Principal, before.Sandbox
	after.CreatedAt, after.IdempotencyKey = before.CreatedAt, before.IdempotencyKey
	after.UpdatedAt, after.Version = before.UpdatedAt, before.Version
	next, err := rowOf(after)
	if err != nil {
		return row{}, err
	}
	next.keepUnread(original, decoded)
	next.bookedAt = original.bookedAt
	if next == original {
		return original, nil
	}
	now := s.now().UnixMilli()
	if next.dueAt != original.dueAt {
		next.bookedAt = now
	}
	next.updatedAt = now
	next.version++
	return next, nil
}

// update writes r, whose version is already the new one, in place of was.
func (t *transaction) update(was, r row) error {
	written, err := t.exec(updateTask, r.id, was.version,
		r.upstream, r.upstreamID, r.state, r.dueAt, r.interval, r.bookedAt, r.polls, r.emptySuccesses,
		r.submittedAt, r.updatedAt, r.completedAt, r.model, r.resolution, r.seconds, r.estimated, r.reserved, r.used,
		r.charged, r.settled, r.requestHash, r.callbackToken, r.reason, r.workflow,
		r.searchText, r.request, r.payload, r.quote, r.videos, r.failure, r.attempts, r.queuedAt, r.hints, r.save)
	if isDuplicate(err) {
		return &video.Error{
			Code:       video.Conflict,
			Message:    fmt.Sprintf("Another task already follows the upstream's task %s.", video.Clip(r.upstreamID.V, 100)),
			Suggestion: "Read that one with get_task_status.",
			Err:        err,
		}
	}
	if err != nil {
		return fmt.Errorf("update task %s: %w", r.id, err)
	}
	if written != 1 {
		return video.Errorf(video.Conflict, "Task %s changed meanwhile.", r.id)
	}
	return t.rebook(was, r)
}
