package tools

import (
	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/video"
)

// budgetResult is one budget as answers show it, in credits. Of the overall
// budget a user among others sees only what is left.
type budgetResult struct {
	Name     string         `json:"name"`
	Scope    string         `json:"scope"`
	Left     video.Credits  `json:"left"`
	Limit    *video.Credits `json:"limit,omitempty"`
	Spent    *video.Credits `json:"spent,omitempty"`
	Reserved *video.Credits `json:"reserved,omitempty"`
	ResetsAt string         `json:"resets_at,omitempty"`
}

func showBudgets(budgets []engine.BudgetLeft) []budgetResult {
	shown := make([]budgetResult, 0, len(budgets))
	for _, b := range budgets {
		shown = append(shown, budgetResult{b.Name, string(b.Scope), b.Left, b.Limit, b.Spent, b.Reserved, stamp(b.ResetsAt)})
	}
	return shown
}
