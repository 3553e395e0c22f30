package tools

import (
	"context"
	"fmt"
	"slices"
	"time"

	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/video"
)

const (
	defaultUsageDays = 30
	maxUsageDays     = 366
)

type usageArguments struct {
	Days int `json:"days"`
}

type usageResult struct {
	Since                string         `json:"since"`
	Charged              video.Credits  `json:"charged"`
	Reserved             video.Credits  `json:"reserved"`
	Estimated            video.Credits  `json:"estimated"`
	EstimateErrorPercent string         `json:"estimate_error_percent,omitempty"`
	Rows                 []usageRow     `json:"rows"`
	Budgets              []budgetResult `json:"budgets,omitempty"`
	Sandbox              bool           `json:"sandbox,omitempty"`
	Notes                []string       `json:"notes,omitempty"`
	Next                 string         `json:"next"`
}

// usageRow is one UTC day's use of one model.
type usageRow struct {
	Day       string        `json:"day"`
	Model     string        `json:"model"`
	Tasks     int           `json:"tasks"`
	Succeeded int           `json:"succeeded"`
	Failed    int           `json:"failed"`
	Estimated video.Credits `json:"estimated"`
	Charged   video.Credits `json:"charged"`
	Reserved  video.Credits `json:"reserved"`
}

func getUsage(d Deps) tool {
	least, most := 1, maxUsageDays
	def := definition{
		name: "get_usage", title: "Get usage",
		description: "What your videos cost: credits charged, reserved and estimated by UTC day and model, and what each budget leaves. Free. " +
			"For questions about money, or after a budget refused a video; estimate_cost prices one.",
		arguments: []argument{
			{name: "days", kind: integerKind, minimum: &least, maximum: &most, aliases: []string{"period", "last_days"}, description: "1-366, default 30"},
		},
		repeatable: true,
	}
	return adapt(d, def, func(ctx context.Context, c call[usageArguments]) (any, error) {
		days, notes := defaultUsageDays, c.Notes
		if c.In.Days != 0 {
			days, notes = clamp("days", c.In.Days, least, most, notes)
		}
		since := d.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 1-days)
		usage, err := d.Service.Usage(ctx, c.Principal, since, time.Time{})
		if err != nil {
			return nil, err
		}
		return showUsage(d, usage, since, notes), nil
	})
}

func showUsage(d Deps, usage engine.Usage, since time.Time, notes []string) usageResult {
	result := usageResult{
		Since: since.Format(time.DateOnly), Charged: usage.Charged, Reserved: usage.Reserved, Estimated: usage.Estimated,
		EstimateErrorPercent: usage.EstimateErrorPercent, Rows: []usageRow{},
		Budgets: showBudgets(usage.Budgets), Sandbox: d.Sandbox, Notes: notes,
		Next: "Call list_tasks to see the videos behind these numbers, or estimate_cost for the price of a new one.",
	}
	if d.Sandbox {
		result.Notes = slices.Concat([]string{sandboxNote}, notes)
	}
	used := 0
	for i, row := range usage.Rows {
		shown := usageRow{row.Day.Format(time.DateOnly), row.Model, row.Count, row.Succeeded, row.Failed, row.Estimated, row.Charged, row.Reserved}
		if used += len(quoted(shown)) + 1; used > listedText {
			result.Notes = append(result.Notes, fmt.Sprintf("Only the newest %d of %d rows are shown, the totals are over all; ask for fewer days.", i, len(usage.Rows)))
			break
		}
		result.Rows = append(result.Rows, shown)
	}
	return result
}
