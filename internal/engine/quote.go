package engine

import (
	"context"
	"slices"

	"seedance-mcp/internal/video"
)

// Quotation is what a wish would cost and send, and what the budgets leave.
type Quotation struct {
	Plan video.Plan
	// Budgets are those that bind this principal, before this request.
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

// Quote prices a wish and sends nothing. That it would be refused is no error:
// whoever asks for a price should get it, with Refusal and a warning.
func (e *Engine) Quote(ctx context.Context, principal string, w Wish) (Quotation, error) {
	plan, hash, err := e.plan(w)
	if err != nil {
		return Quotation{}, err
	}
	budgets, err := e.budgetsOf(ctx, principal)
	if err != nil {
		return Quotation{}, err
	}
	left, err := e.left(ctx, principal, budgets)
	if err != nil {
		return Quotation{}, err
	}
	quotation := Quotation{Plan: plan, Budgets: left, Sandbox: e.o.Account.Sandbox, Dialect: e.o.Account.Dialect}
	if _, quotation.Refusal = e.accountOf(ctx, principal); quotation.Refusal == nil {
		quotation.Refusal = e.allowed(ctx, principal, plan.Request.Model)
	}
	if quotation.Refusal == nil {
		quotation.Refusal = e.refusal(plan.Quote, w.MaxCredits, budgets, left)
	}
	switch {
	case quotation.Refusal != nil:
		quotation.Plan.Warnings = append(slices.Clone(plan.Warnings), "It would be refused now: "+quotation.Refusal.Error())
	case e.needsConfirmation(plan.Quote):
		quotation.NeedsConfirmation = true
		quotation.ConfirmToken = e.confirmToken(principal, hash, plan.Quote)
	}
	return quotation, nil
}
