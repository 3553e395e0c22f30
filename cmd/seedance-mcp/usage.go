package main

import (
	"context"
	"encoding/csv"
	"fmt"
	"strconv"
	"text/tabwriter"
	"time"

	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/video"
)

// showUsage prints credits by day and model: quoted beside charged, so that a
// price list that drifts shows up.
func showUsage(ctx context.Context, a *app, t terminal, f taskFlags) (int, error) {
	since := time.Now().UTC().AddDate(0, 0, -f.days)
	usage, err := a.engine.Usage(ctx, localPrincipal, since, time.Time{})
	if err != nil {
		return exitFailed, err
	}
	switch {
	case f.csv:
		return usageCSV(t, usage)
	case f.json:
		return printJSON(t, usage)
	}
	table := tabwriter.NewWriter(t.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "DAY (UTC)\tMODEL\tTASKS\tSUCCESS\tFAIL\tESTIMATED\tCHARGED\tRESERVED")
	for _, row := range usage.Rows {
		fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%d\t%s\t%s\t%s\n", row.Day.Format(time.DateOnly), row.Model,
			row.Count, row.Succeeded, row.Failed, row.Estimated, row.Charged, row.Reserved)
	}
	if err := table.Flush(); err != nil {
		return exitFailed, err
	}
	kind := "credits"
	if a.sandbox != nil {
		kind = "sandbox credits (not real)"
	}
	fmt.Fprintf(t.out, "\n%s %s charged, %s reserved, in %d days\n", usage.Charged, kind, usage.Reserved, f.days)
	if usage.EstimateErrorPercent != "" {
		fmt.Fprintf(t.out, "Estimates were off by %s %% in sum\n", usage.EstimateErrorPercent)
	}
	for _, b := range usage.Budgets {
		fmt.Fprintln(t.out, budgetLine(b))
	}
	return exitOK, nil
}

// budgetLine tells what a budget leaves, and how it came to it where that is
// the asker's to know.
func budgetLine(b engine.BudgetLeft) string {
	line := "Budget per " + b.Name
	if b.Scope == engine.Own {
		line = "Own budget per " + b.Name
	}
	line += ": " + b.Left.String()
	if b.Limit != nil {
		line += " of " + b.Limit.String()
	}
	line += " left"
	if b.Spent != nil && b.Reserved != nil {
		line += " (" + b.Spent.String() + " spent, " + b.Reserved.String() + " reserved)"
	}
	if !b.ResetsAt.IsZero() {
		line += ", anew on " + b.ResetsAt.UTC().Format(time.DateOnly)
	}
	return line
}

func usageCSV(t terminal, usage engine.Usage) (int, error) {
	w := csv.NewWriter(t.out)
	rows := [][]string{{"day", "model", "tasks", "succeeded", "failed", "estimated", "charged", "reserved"}}
	for _, row := range usage.Rows {
		rows = append(rows, []string{
			row.Day.Format(time.DateOnly), row.Model, strconv.Itoa(row.Count), strconv.Itoa(row.Succeeded), strconv.Itoa(row.Failed),
			row.Estimated.String(), row.Charged.String(), row.Reserved.String(),
		})
	}
	if err := w.WriteAll(rows); err != nil {
		return exitFailed, err
	}
	return exitOK, nil
}

// resolveTask takes a person's word on a paid call whose answer was lost.
func resolveTask(ctx context.Context, a *app, t terminal, f taskFlags, id string) (int, error) {
	resolution := engine.Resolution{UpstreamID: f.upstreamID}
	said := 0
	for _, given := range []bool{f.paid, f.notPaid, f.upstreamID != ""} {
		if given {
			said++
		}
	}
	if said != 1 {
		return exitUsage, usageError("say one of --paid, --not-paid or --upstream-id TASK, as the account's own task list shows it")
	}
	if f.upstreamID == "" {
		resolution.Paid = &f.paid
	}
	task, err := a.engine.Resolve(ctx, localPrincipal, id, resolution)
	if err == nil && task.State != video.Success && f.upstreamID != "" && !f.json {
		defer fmt.Fprintf(t.out, "\nFollow it: seedance-mcp tasks %s --wait\n", task.ID)
	}
	return printTask(t, f, task, err)
}
