package engine

import (
	"context"
	"fmt"
	"time"

	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

// Usage is what a principal's tasks cost over a time.
type Usage struct {
	// Rows are by UTC day, newest first, and model.
	Rows []store.UsageRow `json:"rows"`
	// Charged sums what settled tasks cost, Reserved what the others hold,
	// Estimated the quotes.
	Charged   video.Credits `json:"charged"`
	Reserved  video.Credits `json:"reserved"`
	Estimated video.Credits `json:"estimated"`
	// EstimateErrorPercent is how far the quotes of settled successes were off
	// in sum, such as "1.3"; "" without any.
	EstimateErrorPercent string `json:"estimate_error_percent,omitempty"`
	// Budgets are those that bind the principal now.
	Budgets []BudgetLeft `json:"budgets,omitempty"`
}

// Usage sums the principal's tasks created from since (zero: ever) up to
// until (zero: now). With a sandbox account it sums sandbox credits.
func (e *Engine) Usage(ctx context.Context, principal string, since, until time.Time) (Usage, error) {
	tasks, err := e.open(ctx)
	if err != nil {
		return Usage{}, err
	}
	sandbox := e.o.Account.Sandbox
	rows, err := tasks.Usage(ctx, store.UsageFilter{Principal: principal, Since: since, Until: until, Sandbox: &sandbox})
	if err != nil {
		return Usage{}, err
	}
	budgets, err := e.budgetsOf(ctx, principal)
	if err != nil {
		return Usage{}, err
	}
	left, err := e.left(ctx, principal, budgets)
	if err != nil {
		return Usage{}, err
	}
	usage := Usage{Rows: rows, Budgets: left}
	var quoted, cost video.Credits
	for _, row := range rows {
		usage.Charged += row.Charged
		usage.Reserved += row.Reserved
		usage.Estimated += row.Estimated
		quoted += row.ComparedEstimated
		cost += row.ComparedCharged
	}
	usage.EstimateErrorPercent = percentOff(quoted, cost)
	return usage, nil
}

// percentOff is the difference of two sums in percent of the second, to one
// decimal, rounded half up.
func percentOff(quoted, cost video.Credits) string {
	if cost <= 0 {
		return ""
	}
	off := quoted - cost
	if off < 0 {
		off = -off
	}
	tenths := (off*1000 + cost/2) / cost
	return fmt.Sprintf("%d.%d", tenths/10, tenths%10)
}
