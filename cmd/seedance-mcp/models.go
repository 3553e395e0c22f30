package main

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"text/tabwriter"

	"seedance-mcp/internal/catalog"
)

// modelView is a model as --json prints it.
type modelView struct {
	ID           string     `json:"id"`
	Title        string     `json:"title"`
	Default      bool       `json:"default,omitempty"`
	MinSeconds   int        `json:"min_seconds,omitempty"`
	MaxSeconds   int        `json:"max_seconds,omitempty"`
	AspectRatios []string   `json:"aspect_ratios,omitempty"`
	Resolutions  []string   `json:"resolutions,omitempty"`
	Rates        []rateView `json:"rates"`
}

type rateView struct {
	Resolution string `json:"resolution"`
	When       string `json:"when"`
	PerSecond  string `json:"credits_per_second"`
}

func runModels(_ context.Context, t terminal, args []string) (int, error) {
	fs := flag.NewFlagSet("models", flag.ContinueOnError)
	asJSON := fs.Bool("json", false, "JSON instead of a table")
	s, rest, err := parseSettings(t, fs, "models [flags]", args)
	if err != nil {
		return exitUsage, err
	}
	if len(rest) > 0 {
		return exitUsage, usageError("unexpected argument %q", rest[0])
	}
	all, err := catalog.Default()
	if s.catalogPath != "" {
		all, err = catalog.Load(s.catalogPath)
	}
	if err != nil {
		return exitFailed, err
	}
	var views []modelView
	for _, m := range all.Models(s.dialect) {
		view := modelView{
			ID: m.ID, Title: m.Title, Default: m.ID == all.DefaultModel(s.dialect), MinSeconds: m.MinSeconds, MaxSeconds: m.MaxSeconds,
			AspectRatios: m.AspectRatios, Resolutions: m.Resolutions, Rates: []rateView{},
		}
		for _, rate := range m.Rates() {
			view.Rates = append(view.Rates, rateView{rate.Resolution, rate.When, rate.PerSecond.String()})
		}
		views = append(views, view)
	}
	if *asJSON {
		return printJSON(t, views)
	}
	table := tabwriter.NewWriter(t.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "MODEL\tSECONDS\tRATIOS\tRESOLUTIONS\tCREDITS PER SECOND")
	for _, view := range views {
		mark := ""
		if view.Default {
			mark = " (default)"
		}
		fmt.Fprintf(table, "%s%s\t%s\t%s\t%s\t%s\n", view.ID, mark, secondsCell(view), strings.Join(view.AspectRatios, " "),
			strings.Join(view.Resolutions, " "), ratesCell(view.Rates))
	}
	return exitOK, table.Flush()
}

func secondsCell(view modelView) string {
	switch {
	case view.MaxSeconds == 0:
		return "as the source"
	case view.MinSeconds == view.MaxSeconds:
		return fmt.Sprint(view.MaxSeconds)
	}
	return fmt.Sprintf("%d-%d", view.MinSeconds, view.MaxSeconds)
}

// ratesCell shows the prices for text; what references cost is in --json and
// in the quote of generate.
func ratesCell(rates []rateView) string {
	var cells []string
	for _, rate := range rates {
		if strings.HasPrefix(rate.When, "text") {
			cells = append(cells, rate.Resolution+" "+rate.PerSecond)
		}
	}
	if len(cells) == 0 {
		return "not published"
	}
	return strings.Join(cells, ", ")
}
