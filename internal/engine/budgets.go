package engine

import (
	"context"
	"time"

	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

// LocalPrincipal is who runs this program: whatever is made without
// authentication is its own, and it may see what all others spent together.
const LocalPrincipal = "local"

// Budgets are hard limits in credits; nil: none. Days and months are UTC's
// calendar. Sandbox tasks are held against sandbox spending only.
type Budgets struct {
	PerTask, PerDay, PerMonth *video.Credits
}

// BudgetScope says whose spending a budget limits.
type BudgetScope string

const (
	// Overall budgets are the deployment's: everybody's tasks together.
	Overall BudgetScope = "overall"
	// Own budgets are those of one principal.
	Own BudgetScope = "own"
)

// BudgetLeft is one budget and how far it is used.
type BudgetLeft struct {
	Scope BudgetScope `json:"scope"`
	// Name is "task", "day" or "month".
	Name string `json:"name"`
	// Left is never below 0.
	Left video.Credits `json:"left"`
	// Limit, Spent and Reserved are nil where they would tell a principal what
	// the others spent: then Left is all it sees. A task's budget is not spent.
	Limit    *video.Credits `json:"limit,omitempty"`
	Spent    *video.Credits `json:"spent,omitempty"`
	Reserved *video.Credits `json:"reserved,omitempty"`
	// ResetsAt is when it starts anew; zero for a task's.
	ResetsAt time.Time `json:"resets_at,omitzero"`
}

// budget is one limit that binds a principal's next task.
type budget struct {
	scope BudgetScope
	name  string // as in BudgetLeft
	words string // as in a message
	limit video.Credits
	// since and until bound the tasks that count, by CreatedAt; zero for the
	// budget of one task.
	since, until time.Time
}

// budgetsOf lists what binds the principal's next task: its own budgets first,
// so that a refusal tells of the others' spending only where it must.
func (e *Engine) budgetsOf(ctx context.Context, principal string) ([]budget, error) {
	var own Budgets
	if e.o.BudgetsOf != nil {
		var err error
		if own, err = e.o.BudgetsOf(ctx, principal); err != nil {
			return nil, err
		}
	}
	now := e.now()
	return append(own.list(Own, "your own", now), e.o.Budgets.list(Overall, "the overall", now)...), nil
}

func (b Budgets) list(scope BudgetScope, whose string, now time.Time) []budget {
	now = now.UTC()
	day := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC)
	month := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	var list []budget
	if b.PerTask != nil {
		list = append(list, budget{scope: scope, name: "task", words: whose + " budget per video", limit: *b.PerTask})
	}
	if b.PerDay != nil {
		list = append(list, budget{scope, "day", whose + " daily budget", *b.PerDay, day, day.AddDate(0, 0, 1)})
	}
	if b.PerMonth != nil {
		list = append(list, budget{scope, "month", whose + " monthly budget", *b.PerMonth, month, month.AddDate(0, 1, 0)})
	}
	return list
}

// principal is whose tasks count; "": everybody's.
func (b budget) principal(asking string) string {
	if b.scope == Own {
		return asking
	}
	return ""
}

// limitsOf are the budgets that the store checks while it stores an intent.
func (e *Engine) limitsOf(principal string, budgets []budget) []store.Limit {
	var limits []store.Limit
	for _, b := range budgets {
		if !b.since.IsZero() {
			limits = append(limits, store.Limit{
				Name: b.words, Principal: b.principal(principal), Since: b.since, ResetsAt: b.until, Max: b.limit, Sandbox: e.o.Account.Sandbox,
			})
		}
	}
	return limits
}

// left tells how far each budget is used.
func (e *Engine) left(ctx context.Context, principal string, budgets []budget) ([]BudgetLeft, error) {
	var list []BudgetLeft
	for _, b := range budgets {
		if b.since.IsZero() {
			list = append(list, BudgetLeft{Scope: b.scope, Name: b.name, Left: b.limit, Limit: &b.limit})
			continue
		}
		tasks, err := e.open(ctx)
		if err != nil {
			return nil, err
		}
		charged, reserved, err := tasks.Spent(ctx, b.principal(principal), b.since, e.o.Account.Sandbox)
		if err != nil {
			return nil, err
		}
		shown := BudgetLeft{Scope: b.scope, Name: b.name, Left: max(0, b.limit-charged-reserved), ResetsAt: b.until}
		if b.scope == Own || principal == LocalPrincipal {
			shown.Limit, shown.Spent, shown.Reserved = &b.limit, &charged, &reserved
		}
		list = append(list, shown)
	}
	return list, nil
}

// refusal is why a wish at this price would not be stored now. left goes with
// budgets, one to one.
func (e *Engine) refusal(q video.Quote, maxCredits *video.Credits, budgets []budget, left []BudgetLeft) error {
	if err := e.affordable(q, maxCredits, budgets); err != nil || q.Credits == nil {
		return err
	}
	for i, b := range budgets {
		if *q.Credits > left[i].Left {
			return video.OverBudget(b.words, *q.Credits, left[i].Left, b.until)
		}
	}
	return nil
}

// affordable holds a quote against the limits that need no ledger.
func (e *Engine) affordable(q video.Quote, maxCredits *video.Credits, budgets []budget) error {
	limited := maxCredits != nil || e.o.ConfirmAbove != nil || len(budgets) > 0
	switch {
	case q.Credits == nil && limited:
		return &video.Error{
			Code:       video.BudgetExceeded,
			Message:    "No price is published for this request, so it cannot be held against the limit on credits that is in force (" + q.Reason + ").",
			Suggestion: "Choose a model with a published price (list_models), or have the limit lifted.",
		}
	case q.Credits == nil:
		return nil
	case maxCredits != nil && *q.Credits > *maxCredits:
		return video.OverBudget("max_credits", *q.Credits, *maxCredits, time.Time{})
	}
	for _, b := range budgets {
		if b.since.IsZero() && *q.Credits > b.limit {
			return video.OverBudget(b.words, *q.Credits, b.limit, time.Time{})
		}
	}
	return nil
}
