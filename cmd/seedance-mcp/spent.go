package main

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

// spentView is what one caller's tasks come to, as scripts read it.
type spentView struct {
	Name      string        `json:"name"`
	Label     string        `json:"label,omitempty"`
	Sandbox   bool          `json:"sandbox"`
	Tasks     int           `json:"tasks"`
	Succeeded int           `json:"succeeded"`
	Failed    int           `json:"failed"`
	Charged   video.Credits `json:"charged"`
	Reserved  video.Credits `json:"reserved"`
}

// spentByCallers shows who spent what. Sandbox credits stand apart, whatever
// this command's own settings are: whoever asks may have no API key at hand.
func spentByCallers(ctx context.Context, a *app, t terminal, f callerFlags) (int, error) {
	kept, err := a.store.open(ctx)
	if err != nil {
		return exitFailed, err
	}
	spendings, err := kept.Spending(ctx, time.Now().UTC().AddDate(0, 0, -f.days))
	if err != nil {
		return exitFailed, err
	}
	said, err := kept.CallerTerms(ctx)
	if err != nil {
		return exitFailed, err
	}
	labels := make(map[string]string, len(said))
	for _, one := range said {
		labels[one.Principal] = one.Label
	}
	if f.json {
		views := make([]spentView, 0, len(spendings))
		for _, s := range spendings {
			views = append(views, spentView{
				Name: s.Principal, Label: labels[s.Principal], Sandbox: s.Sandbox, Tasks: s.Count, Succeeded: s.Succeeded, Failed: s.Failed,
				Charged: s.Charged, Reserved: s.Reserved,
			})
		}
		return printJSON(t, views)
	}
	if len(spendings) == 0 {
		fmt.Fprintf(t.out, "Nobody ordered anything in %d days.\n", f.days)
		return exitOK, nil
	}
	return exitOK, printSpendings(t, spendings, labels)
}

func printSpendings(t terminal, spendings []store.Spending, labels map[string]string) error {
	table := tabwriter.NewWriter(t.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tLABEL\tCREDITS\tTASKS\tSUCCESS\tFAIL\tCHARGED\tRESERVED")
	for _, s := range spendings {
		kind := "real"
		if s.Sandbox {
			kind = "sandbox"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%d\t%d\t%s\t%s\n", s.Principal, textOr(labels[s.Principal], "-"), kind,
			s.Count, s.Succeeded, s.Failed, s.Charged, s.Reserved)
	}
	return table.Flush()
}
