package store

import (
	"cmp"
	"context"
	"strings"
	"time"

	"seedance-mcp/internal/video"
)

// The ledger is a table of sums: what the tasks of one hour, principal,
// account, model and state come to. Every write of a task books its difference
// there in the same transaction, so that a budget over a month reads some
// hundred rows, not every task.

const (
	hour       = int64(time.Hour / time.Millisecond)
	hoursAtDay = 24
)

// entry is what one task adds to the ledger.
type entry struct {
	place entryPlace
	sums  entrySums
}

type entryPlace struct {
	principal              string
	hour, sandbox          int64
	upstream, model, state string
}

type entrySums struct {
	tasks, estimated, used, charged, reserved int64
	comparedEstimated, comparedCharged        int64
}

func entryOf(r row) entry {
	e := entry{
		place: entryPlace{principal: r.principal, hour: hoursDown(r.createdAt), sandbox: r.sandbox, upstream: r.upstream, model: r.model, state: r.state},
		sums:  entrySums{tasks: 1, estimated: r.estimated.V, used: r.used.V},
	}
	if r.settled == 0 {
		e.sums.reserved = r.reserved
		return e
	}
	e.sums.charged = r.charged
	if r.state == string(video.Success) && r.estimated.Valid {
		e.sums.comparedEstimated, e.sums.comparedCharged = r.estimated.V, r.charged
	}
	return e
}

func (s entrySums) plus(sign int64, other entrySums) entrySums {
	return entrySums{
		tasks:             s.tasks + sign*other.tasks,
		estimated:         s.estimated + sign*other.estimated,
		used:              s.used + sign*other.used,
		charged:           s.charged + sign*other.charged,
		reserved:          s.reserved + sign*other.reserved,
		comparedEstimated: s.comparedEstimated + sign*other.comparedEstimated,
		comparedCharged:   s.comparedCharged + sign*other.comparedCharged,
	}
}

const addToLedger = `INSERT INTO ledger (principal, hour, sandbox, upstream, model, state,
		tasks, estimated, used, charged, reserved, compared_estimated, compared_charged)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
	ON CONFLICT (principal, hour, sandbox, upstream, model, state) DO UPDATE SET
		tasks = ledger.tasks + excluded.tasks, estimated = ledger.estimated + excluded.estimated,
		used = ledger.used + excluded.used, charged = ledger.charged + excluded.charged,
		reserved = ledger.reserved + excluded.reserved,
		compared_estimated = ledger.compared_estimated + excluded.compared_estimated,
		compared_charged = ledger.compared_charged + excluded.compared_charged`

func (t *transaction) addToLedger(e entry) error {
	p, s := e.place, e.sums
	_, err := t.exec(addToLedger, p.principal, p.hour, p.sandbox, p.upstream, p.model, p.state,
		s.tasks, s.estimated, s.used, s.charged, s.reserved, s.comparedEstimated, s.comparedCharged)
	return err
}

// rebook moves a task's part in the ledger from what it was to what it is: the
// entries in one order, so that no two transactions wait for each other.
func (t *transaction) rebook(was, is row) error {
	before, after := entryOf(was), entryOf(is)
	switch {
	case before == after:
		return nil
	case before.place == after.place:
		return t.addToLedger(entry{place: after.place, sums: after.sums.plus(-1, before.sums)})
	}
	first, second := entry{place: before.place, sums: entrySums{}.plus(-1, before.sums)}, after
	if second.place.before(first.place) {
		first, second = second, first
	}
	if err := t.addToLedger(first); err != nil {
		return err
	}
	return t.addToLedger(second)
}

func (p entryPlace) before(other entryPlace) bool {
	return cmp.Or(strings.Compare(p.principal, other.principal), cmp.Compare(p.hour, other.hour), cmp.Compare(p.sandbox, other.sandbox),
		strings.Compare(p.upstream, other.upstream), strings.Compare(p.model, other.model), strings.Compare(p.state, other.state)) < 0
}

// What a task comes to, in the ledger's columns.
const (
	taskCharged  = `CASE WHEN settled = 1 THEN charged ELSE 0 END`
	taskReserved = `CASE WHEN settled = 1 THEN 0 ELSE reserved END`
	isCompared   = `state = 'success' AND settled = 1 AND estimated IS NOT NULL`
)

// Whole hours come from the ledger; the part of an hour in which the window
// begins comes from the tasks themselves.
const (
	spentFrom = `SELECT CAST(COALESCE(SUM(charged), 0) AS BIGINT), CAST(COALESCE(SUM(reserved), 0) AS BIGINT) FROM (
		SELECT charged, reserved FROM ledger WHERE hour >= $2 AND sandbox = $4`
	spentInPart = ` UNION ALL SELECT ` + taskCharged + `, ` + taskReserved + `
		FROM tasks WHERE created_at >= $1 AND created_at < $3 AND sandbox = $4`
	spentByAll       = spentFrom + spentInPart + `) AS entries`
	spentByPrincipal = spentFrom + ` AND principal = $5` + spentInPart + ` AND principal = $5) AS entries`
)

// spentQuery is the query and its arguments; principal "" is everybody.
func spentQuery(principal string, since time.Time, sandbox bool) (string, []any) {
	start := since.UnixMilli()
	whole := hoursUp(start)
	args := []any{start, whole, whole * hour, oneIf(sandbox)}
	if principal == "" {
		return spentByAll, args
	}
	return spentByPrincipal, append(args, principal)
}

// hoursUp is the first whole hour at ms or later, in hours since 1970.
func hoursUp(ms int64) int64 {
	return hoursDown(ms + hour - 1)
}

// hoursDown is the last whole hour at ms or before.
func hoursDown(ms int64) int64 {
	if ms < 0 {
		return -((-ms + hour - 1) / hour)
	}
	return ms / hour
}

func (t *transaction) spent(principal string, since time.Time, sandbox bool) (charged, reserved video.Credits, err error) {
	text, args := spentQuery(principal, since, sandbox)
	err = t.scan(text, args, []any{&charged, &reserved})
	return charged, reserved, err
}

// Spent sums the tasks created at since or later: a settled one counts in
// charged, any other in reserved. principal "" is everybody. Sandbox tasks and
// real ones are never summed together.
func (s *Store) Spent(ctx context.Context, principal string, since time.Time, sandbox bool) (charged, reserved video.Credits, err error) {
	text, args := spentQuery(principal, since, sandbox)
	err = s.scanOne(ctx, text, args, []any{&charged, &reserved})
	return charged, reserved, explain(err)
}
