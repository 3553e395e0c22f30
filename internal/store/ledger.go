package store

import (
	"context"
	"database/sql"
	"time"

	"seedance-mcp/internal/video"
)

// spentColumns are the two sums of the ledger: what settled tasks cost, and
// what the others hold.
const spentColumns = `CAST(COALESCE(SUM(CASE WHEN settled = 1 THEN charged ELSE 0 END), 0) AS BIGINT),
	CAST(COALESCE(SUM(CASE WHEN settled = 1 THEN 0 ELSE reserved END), 0) AS BIGINT)`

const (
	spentByAll       = `SELECT ` + spentColumns + ` FROM tasks WHERE created_at >= $1 AND sandbox = $2`
	spentByPrincipal = `SELECT ` + spentColumns + ` FROM tasks WHERE principal = $3 AND created_at >= $1 AND sandbox = $2`
)

// spentQuery is the query and its arguments; principal "" is everybody.
func spentQuery(principal string, since time.Time, sandbox bool) (string, []any) {
	args := []any{since.UnixMilli(), oneIf(sandbox)}
	if principal == "" {
		return spentByAll, args
	}
	return spentByPrincipal, append(args, principal)
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

// UsageFilter selects the tasks of a usage report.
type UsageFilter struct {
	Principal string    // "": everybody's
	Since     time.Time // inclusive; zero: from the beginning
	Until     time.Time // exclusive; zero: to the end
	Sandbox   *bool     // nil: both
}

// UsageRow sums one model's tasks of one day.
type UsageRow struct {
	Day   time.Time // midnight UTC; by CreatedAt
	Model string

	Count, Succeeded, Failed int
	// Estimated sums the quotes of all tasks that had a price.
	Estimated video.Credits
	// Charged sums what settled tasks cost, Reserved what the others hold.
	Charged, Reserved video.Credits
	// ComparedEstimated and ComparedCharged sum only the tasks that succeeded,
	// are settled and had a price: how good the estimates are.
	ComparedEstimated, ComparedCharged video.Credits
}

// Usage reports by day, newest first, and model.
func (s *Store) Usage(ctx context.Context, f UsageFilter) ([]UsageRow, error) {
	var where conditions
	if f.Principal != "" {
		where.add("principal =", f.Principal)
	}
	where.between(f.Since, f.Until)
	if f.Sandbox != nil {
		where.add("sandbox =", oneIf(*f.Sandbox))
	}
	const compared = `state = 'success' AND settled = 1 AND estimated IS NOT NULL`
	var report []UsageRow
	err := s.each(ctx, `SELECT created_at / 86400000, model, COUNT(*),
		SUM(CASE WHEN state = 'success' THEN 1 ELSE 0 END), SUM(CASE WHEN state = 'fail' THEN 1 ELSE 0 END),
		CAST(COALESCE(SUM(estimated), 0) AS BIGINT), `+spentColumns+`,
		CAST(SUM(CASE WHEN `+compared+` THEN estimated ELSE 0 END) AS BIGINT),
		CAST(SUM(CASE WHEN `+compared+` THEN charged ELSE 0 END) AS BIGINT)
		FROM tasks`+where.clause()+` GROUP BY 1, 2 ORDER BY 1 DESC, 2`, where.args, func(rows *sql.Rows) error {
		var day int64
		var u UsageRow
		err := rows.Scan(&day, &u.Model, &u.Count, &u.Succeeded, &u.Failed, &u.Estimated, &u.Charged, &u.Reserved,
			&u.ComparedEstimated, &u.ComparedCharged)
		u.Day = time.UnixMilli(day * 86_400_000).UTC()
		report = append(report, u)
		return err
	})
	return report, err
}

const selectDurations = `SELECT completed_at - submitted_at FROM tasks
	WHERE model = $1 AND resolution = $2 AND seconds = $3 AND sandbox = $4 AND state = 'success'
	AND submitted_at IS NOT NULL AND completed_at > submitted_at
	ORDER BY completed_at DESC LIMIT 20`

// Durations are how long the latest successes, at most 20, newest first, took
// from SubmittedAt to CompletedAt; seconds is the clip's length. The sandbox
// keeps its own time, so it is asked for apart.
func (s *Store) Durations(ctx context.Context, model, resolution string, seconds int, sandbox bool) ([]time.Duration, error) {
	var took []time.Duration
	err := s.each(ctx, selectDurations, []any{model, resolution, seconds, oneIf(sandbox)}, func(rows *sql.Rows) error {
		var ms int64
		err := rows.Scan(&ms)
		took = append(took, time.Duration(ms)*time.Millisecond)
		return err
	})
	return took, err
}
