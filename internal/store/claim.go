package store

import (
	"context"
	"database/sql"
	"time"

	"seedance-mcp/internal/video"
)

// ClaimQuery asks for tasks that are due.
type ClaimQuery struct {
	Now time.Time
	// Upstreams are the fingerprints that the caller can speak to; others'
	// tasks are left alone.
	Upstreams []string
	// Files says that the caller fetches files. Others leave finished tasks of
	// which only the file is missing alone.
	Files bool
	// Limit is the most that the caller can look at now.
	Limit int
}

// FetchWithin is what tells a booking to fetch a finished task's file from one
// to look at the task again: its interval is shorter.
const FetchWithin = time.Hour

const (
	// noFetch is the opposite of a booking to fetch a file.
	noFetch = `NOT (state = 'success' AND settled = 1 AND interval_ms < 3600000)`

	// What toClaim makes of the two differs in how others' claims are kept away.
	selectDue = `SELECT id FROM tasks WHERE upstream = $2 AND due_at IS NOT NULL AND due_at <= $1
		AND ($4 = 1 OR ` + noFetch + `) ORDER BY due_at LIMIT $3`
	bookDue      = `UPDATE tasks SET due_at = $1 + interval_ms, booked_at = $1, polls = polls + 1 WHERE id IN `
	moveBookings = `UPDATE tasks SET due_at = $1 + (due_at - booked_at), booked_at = $1
		WHERE upstream = $2 AND due_at IS NOT NULL AND due_at > $1 AND booked_at > $1 + $3 AND due_at >= booked_at`
	selectNextDue = `SELECT MIN(due_at) FROM tasks WHERE upstream = $1 AND due_at IS NOT NULL AND ($2 = 1 OR ` + noFetch + `)`
	countOverdue  = `SELECT COUNT(*) FROM tasks WHERE upstream = $1 AND due_at IS NOT NULL AND due_at <= $2 AND ($3 = 1 OR ` + noFetch + `)`
)

// clockSkew is how far the clock must have gone backwards before bookings made
// by its former time are moved.
const clockSkew = 10 * time.Second

// Claim hands out tasks that are due, longest overdue first for each upstream,
// and in the same statement books each one's next look at Now+Interval and
// counts this one (Polls). No look is handed out twice, whoever asks; a caller
// that dies costs one interval. Nobody is woken.
func (s *Store) Claim(ctx context.Context, q ClaimQuery) ([]video.Task, error) {
	var claimed []video.Task
	err := s.write(ctx, func(t *transaction) error {
		claimed = nil
		if err := s.followClock(t, q); err != nil {
			return err
		}
		for _, upstream := range q.Upstreams {
			free := q.Limit - len(claimed)
			if free <= 0 {
				return nil
			}
			found, err := t.tasks(s.db.toClaim(), q.Now.UnixMilli(), upstream, free, oneIf(q.Files))
			if err != nil {
				return err
			}
			claimed = append(claimed, found...)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.latestClaim.Store(q.Now.UnixMilli())
	return claimed, nil
}

// followClock moves bookings when the clock was set back, keeping what was left
// of each: otherwise a clock that was a day ahead for a moment would leave
// tasks unwatched for a day. The first claim of a process looks too.
func (s *Store) followClock(t *transaction, q ClaimQuery) error {
	now := q.Now.UnixMilli()
	latest := s.latestClaim.Load()
	if latest != 0 && now >= latest-clockSkew.Milliseconds() {
		return nil
	}
	for _, upstream := range q.Upstreams {
		if _, err := t.exec(moveBookings, now, upstream, clockSkew.Milliseconds()); err != nil {
			return err
		}
	}
	return nil
}

// NextDue is when the next of these upstreams' tasks is due that Claim would
// hand out, zero when none will be.
func (s *Store) NextDue(ctx context.Context, upstreams []string, files bool) (time.Time, error) {
	var next sql.Null[int64]
	for _, upstream := range upstreams {
		var due sql.Null[int64]
		if err := s.scanOne(ctx, selectNextDue, []any{upstream, oneIf(files)}, []any{&due}); err != nil {
			return time.Time{}, explain(err)
		}
		if due.Valid && (!next.Valid || due.V < next.V) {
			next = due
		}
	}
	return timeOf(next), nil
}

// Overdue counts these upstreams' tasks that were due at before, that Claim
// would hand out and that nobody has claimed since: with before a grace ago, more than none is an
// alarm.
func (s *Store) Overdue(ctx context.Context, upstreams []string, before time.Time, files bool) (int, error) {
	total := 0
	for _, upstream := range upstreams {
		var count int
		if err := s.scanOne(ctx, countOverdue, []any{upstream, before.UnixMilli(), oneIf(files)}, []any{&count}); err != nil {
			return 0, explain(err)
		}
		total += count
	}
	return total, nil
}
