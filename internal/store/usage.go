package store

import (
	"context"
	"database/sql"
	"time"

	"seedance-mcp/internal/video"
)

// UsageFilter selects the tasks of a usage report.
type UsageFilter struct {
	Principal string    // "": everybody's
	Since     time.Time // inclusive; zero: from the beginning
	Until     time.Time // exclusive; zero: to the end
	Sandbox   *bool     // nil: both
}

// UsageRow sums one model's tasks of one day.
type UsageRow struct {
	Day   time.Time `json:"day"` // midnight UTC; by CreatedAt
	Model string    `json:"model"`

	Count     int `json:"tasks"`
	Succeeded int `json:"succeeded"`
	Failed    int `json:"failed"`
	// Estimated sums the quotes of all tasks that had a price.
	Estimated video.Credits `json:"estimated"`
	// Charged sums what settled tasks cost, Reserved what the others hold.
	Charged  video.Credits `json:"charged"`
	Reserved video.Credits `json:"reserved"`
	// ComparedEstimated and ComparedCharged sum only the tasks that succeeded,
	// are settled and had a price: how good the estimates are.
	ComparedEstimated video.Credits `json:"compared_estimated"`
	ComparedCharged   video.Credits `json:"compared_charged"`
}

// Usage reports by day, newest first, and model.
func (s *Store) Usage(ctx context.Context, f UsageFilter) ([]UsageRow, error) {
	var where conditions
	if f.Principal != "" {
		where.add("principal =", f.Principal)
	}
	if f.Sandbox != nil {
		where.add("sandbox =", oneIf(*f.Sandbox))
	}
	entries := where.entries(f.Since, f.Until)
	text := `SELECT day, model, CAST(SUM(tasks) AS BIGINT), CAST(SUM(CASE WHEN state = 'success' THEN tasks ELSE 0 END) AS BIGINT),
		CAST(SUM(CASE WHEN state = 'fail' THEN tasks ELSE 0 END) AS BIGINT), CAST(SUM(estimated) AS BIGINT), CAST(SUM(charged) AS BIGINT),
		CAST(SUM(reserved) AS BIGINT), CAST(SUM(compared_estimated) AS BIGINT), CAST(SUM(compared_charged) AS BIGINT)
		FROM (` + entries + `) AS entries GROUP BY day, model HAVING SUM(tasks) > 0 ORDER BY day DESC, model`
	var report []UsageRow
	err := s.each(ctx, text, where.args, func(rows *sql.Rows) error {
		var day int64
		var u UsageRow
		err := rows.Scan(&day, &u.Model, &u.Count, &u.Succeeded, &u.Failed, &u.Estimated, &u.Charged, &u.Reserved,
			&u.ComparedEstimated, &u.ComparedCharged)
		u.Day = time.UnixMilli(day * hour * hoursAtDay).UTC()
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
