package engine

import (
	"context"
	"slices"
	"time"

	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

// Quotation is what a wish would cost and send, and what the budgets leave.
type Quotation struct {
	Plan video.Plan
	// Budgets are those in force, before this request.
	Budgets []BudgetLeft
	// NeedsConfirmation says that a person must agree first; ConfirmToken is
	// then what the paid call must carry, for 10 minutes and one video.
	NeedsConfirmation bool
	ConfirmToken      string
	// Refusal is why Submit would refuse it now, a *video.Error; nil: it would
	// not. A missing confirmation is no refusal.
	Refusal error
	Sandbox bool
	Dialect video.Dialect
}

// BudgetLeft is one budget and how far it is used.
type BudgetLeft struct {
	// Name is "task", "day" or "month"; the latter two are UTC's.
	Name  string
	Limit video.Credits
	// Spent and Reserved are 0 for "task". Left is never below 0.
	Spent, Reserved, Left video.Credits
}

// Quote prices a wish and sends nothing. That it would be refused is no error:
// whoever asks for a price should get it, with Refusal and a warning.
func (e *Engine) Quote(ctx context.Context, principal string, w Wish) (Quotation, error) {
	plan, hash, err := e.plan(w)
	if err != nil {
		return Quotation{}, err
	}
	budgets, err := e.budgets(ctx)
	if err != nil {
		return Quotation{}, err
	}
	quotation := Quotation{Plan: plan, Budgets: budgets, Sandbox: e.o.Account.Sandbox, Dialect: e.o.Account.Dialect}
	quotation.Refusal = e.refusal(plan.Quote, w.MaxCredits, budgets)
	switch {
	case quotation.Refusal != nil:
		quotation.Plan.Warnings = append(slices.Clone(plan.Warnings), "It would be refused now: "+quotation.Refusal.Error())
	case e.needsConfirmation(plan.Quote):
		quotation.NeedsConfirmation = true
		quotation.ConfirmToken = e.confirmToken(principal, hash, plan.Quote)
	}
	return quotation, nil
}

// refusal is why a wish at this price would not be stored now.
func (e *Engine) refusal(q video.Quote, maxCredits *video.Credits, budgets []BudgetLeft) error {
	if err := e.affordable(q, maxCredits); err != nil || q.Credits == nil {
		return err
	}
	for _, budget := range budgets {
		if *q.Credits > budget.Left {
			return errBudget("the budget of the "+budget.Name, *q.Credits, budget.Left)
		}
	}
	return nil
}

// affordable holds a quote against the limits that need no ledger.
func (e *Engine) affordable(q video.Quote, maxCredits *video.Credits) error {
	b := e.o.Budgets
	limited := maxCredits != nil || e.o.ConfirmAbove != nil || b.PerTask != nil || b.PerDay != nil || b.PerMonth != nil
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
		return errBudget("max_credits", *q.Credits, *maxCredits)
	case b.PerTask != nil && *q.Credits > *b.PerTask:
		return errBudget("the budget per video", *q.Credits, *b.PerTask)
	}
	return nil
}

func errBudget(name string, required, available video.Credits) error {
	return &video.Error{
		Code:       video.BudgetExceeded,
		Message:    "This video costs " + required.String() + " credits; " + name + " leaves " + available.String() + ".",
		Suggestion: "Ask for a shorter video, a lower resolution or a cheaper model (estimate_cost shows prices), or have the limit raised.",
		Required:   &required,
		Available:  &available,
	}
}

// limits are the budgets that the store checks while it stores an intent.
func (e *Engine) limits(now time.Time) []store.Limit {
	var limits []store.Limit
	for _, window := range e.windows(now) {
		limits = append(limits, store.Limit{Name: window.name, Since: window.since, Max: window.limit, Sandbox: e.o.Account.Sandbox})
	}
	return limits
}

// window is a budget over a stretch of UTC's calendar.
type window struct {
	name  string
	since time.Time
	limit video.Credits
}

func (e *Engine) windows(now time.Time) []window {
	now = now.UTC()
	var windows []window
	if limit := e.o.Budgets.PerDay; limit != nil {
		windows = append(windows, window{"day", time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC), *limit})
	}
	if limit := e.o.Budgets.PerMonth; limit != nil {
		windows = append(windows, window{"month", time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC), *limit})
	}
	return windows
}

// budgets tells how far each budget is used.
func (e *Engine) budgets(ctx context.Context) ([]BudgetLeft, error) {
	var list []BudgetLeft
	if limit := e.o.Budgets.PerTask; limit != nil {
		list = append(list, BudgetLeft{Name: "task", Limit: *limit, Left: *limit})
	}
	for _, w := range e.windows(e.now()) {
		tasks, err := e.open(ctx)
		if err != nil {
			return nil, err
		}
		charged, reserved, err := tasks.Spent(ctx, "", w.since, e.o.Account.Sandbox)
		if err != nil {
			return nil, err
		}
		list = append(list, BudgetLeft{Name: w.name, Limit: w.limit, Spent: charged, Reserved: reserved, Left: max(0, w.limit-charged-reserved)})
	}
	return list, nil
}
