package tools

import (
	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/video"
)

// budgetResult is one budget as answers show it, in credits.
type budgetResult struct {
	Name     string        `json:"name"`
	Limit    video.Credits `json:"limit"`
	Spent    video.Credits `json:"spent"`
	Reserved video.Credits `json:"reserved"`
	Left     video.Credits `json:"left"`
}

func showBudgets(budgets []engine.BudgetLeft) []budgetResult {
	shown := make([]budgetResult, 0, len(budgets))
	for _, b := range budgets {
		shown = append(shown, budgetResult{b.Name, b.Limit, b.Spent, b.Reserved, b.Left})
	}
	return shown
}
