package store

import (
	"context"
	"database/sql"
	"time"

	"seedance-mcp/internal/video"
)

// What an operator asks for: everybody's tasks, of all accounts.

const (
	countInFlight = `SELECT state, COUNT(*) FROM tasks WHERE ` + unfinished + ` GROUP BY state`

	selectPrincipalCredits = `SELECT principal, model, CAST(SUM(charged) AS BIGINT), CAST(SUM(reserved) AS BIGINT)
		FROM ledger WHERE hour >= $1 AND sandbox = $2 GROUP BY principal, model HAVING SUM(tasks) > 0 ORDER BY principal, model`
)

// InFlight counts the unfinished tasks by state.
func (s *Store) InFlight(ctx context.Context) (map[video.State]int, error) {
	counts := map[video.State]int{}
	err := s.each(ctx, countInFlight, nil, func(rows *sql.Rows) error {
		var state video.State
		var count int
		err := rows.Scan(&state, &count)
		counts[state] = count
		return err
	})
	return counts, err
}

// PrincipalCredits sums what one principal's tasks on one model come to.
type PrincipalCredits struct {
	Principal, Model string
	// Charged sums what settled tasks cost, Reserved what the others hold.
	Charged, Reserved video.Credits
}

// CreditsByPrincipal sums everybody's tasks created from since, a full hour, by
// principal and model.
func (s *Store) CreditsByPrincipal(ctx context.Context, since time.Time, sandbox bool) ([]PrincipalCredits, error) {
	var sums []PrincipalCredits
	err := s.each(ctx, selectPrincipalCredits, []any{hoursUp(since.UnixMilli()), oneIf(sandbox)}, func(rows *sql.Rows) error {
		var p PrincipalCredits
		err := rows.Scan(&p.Principal, &p.Model, &p.Charged, &p.Reserved)
		sums = append(sums, p)
		return err
	})
	return sums, err
}
