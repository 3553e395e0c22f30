package store

import (
	"context"
	"database/sql"
	"time"

	"seedance-mcp/internal/video"
)

// Spending is what one principal's tasks come to. The sandbox's credits, which
// nobody pays, are never added to real ones.
type Spending struct {
	Principal string
	Sandbox   bool

	Count, Succeeded, Failed int
	// Charged sums what settled tasks cost, Reserved what the others hold.
	Charged, Reserved video.Credits
}

// Spending sums up the tasks created from since on (inclusive; zero: all), real
// ones first, and then by what they come to.
func (s *Store) Spending(ctx context.Context, since time.Time) ([]Spending, error) {
	var where conditions
	text := `SELECT principal, sandbox, CAST(SUM(tasks) AS BIGINT), CAST(SUM(CASE WHEN state = 'success' THEN tasks ELSE 0 END) AS BIGINT),
		CAST(SUM(CASE WHEN state = 'fail' THEN tasks ELSE 0 END) AS BIGINT), CAST(SUM(charged) AS BIGINT), CAST(SUM(reserved) AS BIGINT)
		FROM (` + where.entries(since, time.Time{}) + `) AS entries GROUP BY principal, sandbox HAVING SUM(tasks) > 0
		ORDER BY sandbox, SUM(charged) + SUM(reserved) DESC, principal`
	var all []Spending
	err := s.each(ctx, text, where.args, func(rows *sql.Rows) error {
		var one Spending
		var sandbox int64
		err := rows.Scan(&one.Principal, &sandbox, &one.Count, &one.Succeeded, &one.Failed, &one.Charged, &one.Reserved)
		one.Sandbox = sandbox != 0
		all = append(all, one)
		return err
	})
	return all, err
}
