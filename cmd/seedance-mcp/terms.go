package main

import (
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

// takenBack, given instead of a value, unsays a term.
const takenBack = "default"

// termFlags are the flags that say what a caller may do, as they were given.
type termFlags struct {
	daily, monthly, models, perMinute, openCalls *string
}

// add makes the flags; when says with which action they go, whose whose terms
// they are.
func (f *termFlags) add(fs *flag.FlagSet, when, whose string) {
	one := func(name string, to **string, usage string) {
		fs.Func(name, fmt.Sprintf("with %s: %s", when, usage), func(v string) error { *to = &v; return nil })
	}
	one("daily-credits", &f.daily, "what "+whose+" tasks may cost a day (UTC), in `credits`")
	one("monthly-credits", &f.monthly, "what "+whose+" tasks may cost a month (UTC), in `credits`")
	one("models", &f.models, "only these `models`, separated by commas")
	one("calls-per-minute", &f.perMinute, "the `number` of messages that may come a minute")
	one("open-calls", &f.openCalls, "the `number` of calls that may wait for an answer")
}

// changes are what the flags do to terms; none was given: none.
func (f *termFlags) changes(a *app) ([]func(*store.Terms), error) {
	var all []func(*store.Terms)
	credits := func(name string, given *string, field func(*store.Terms) **video.Credits) error {
		if given == nil {
			return nil
		}
		amount, err := creditsFlag(name, *given)
		all = append(all, func(t *store.Terms) { *field(t) = amount })
		return err
	}
	count := func(name string, given *string, field func(*store.Terms) *int) error {
		if given == nil {
			return nil
		}
		n, err := countFlag(name, *given)
		all = append(all, func(t *store.Terms) { *field(t) = n })
		return err
	}
	for _, err := range []error{
		credits("--daily-credits", f.daily, func(t *store.Terms) **video.Credits { return &t.Daily }),
		credits("--monthly-credits", f.monthly, func(t *store.Terms) **video.Credits { return &t.Monthly }),
		count("--calls-per-minute", f.perMinute, func(t *store.Terms) *int { return &t.PerMinute }),
		count("--open-calls", f.openCalls, func(t *store.Terms) *int { return &t.OpenCalls }),
	} {
		if err != nil {
			return nil, err
		}
	}
	if f.models != nil {
		models, err := a.modelsFlag(*f.models)
		if err != nil {
			return nil, err
		}
		all = append(all, func(t *store.Terms) { t.Models = models })
	}
	return all, nil
}

func creditsFlag(name, text string) (*video.Credits, error) {
	if text == takenBack {
		return nil, nil
	}
	amount, err := video.ParseCredits(text)
	if err != nil || amount < 0 {
		return nil, usageError("%s must be an amount of credits such as 200 or 85.68, not %q", name, video.Clip(text, 40))
	}
	return &amount, nil
}

func countFlag(name, text string) (int, error) {
	if text == takenBack {
		return 0, nil
	}
	n, err := parseCount(text)
	if err != nil {
		return 0, usageError("%s %s, not %q", name, err, video.Clip(text, 40))
	}
	return n, nil
}

// modelsFlag are the ids of the models that a list names.
func (a *app) modelsFlag(text string) ([]string, error) {
	if text == takenBack {
		return nil, nil
	}
	var ids []string
	for asked := range listed(text) {
		id, err := a.catalog.FindModel(a.settings.dialect, asked)
		if err != nil {
			return nil, usageError("--models: %s", err)
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil, usageError("--models must name models, such as seedance-20, separated by commas; seedance-mcp models lists them")
	}
	return ids, nil
}

// termsView is what scripts read of terms.
type termsView struct {
	DailyCredits   string   `json:"daily_credits,omitempty"`
	MonthlyCredits string   `json:"monthly_credits,omitempty"`
	Models         []string `json:"models,omitempty"`
	CallsPerMinute int      `json:"calls_per_minute,omitempty"`
	OpenCalls      int      `json:"open_calls,omitempty"`
}

func termsJSON(terms store.Terms) termsView {
	view := termsView{Models: terms.Models, CallsPerMinute: terms.PerMinute, OpenCalls: terms.OpenCalls}
	if terms.Daily != nil {
		view.DailyCredits = terms.Daily.String()
	}
	if terms.Monthly != nil {
		view.MonthlyCredits = terms.Monthly.String()
	}
	return view
}

// termsHead are the columns of termsCells.
const termsHead = "DAILY\tMONTHLY\tMODELS\tCALLS/MIN\tOPEN CALLS"

// termsCells show terms in a table; otherwise is what no models mean.
func termsCells(terms store.Terms, otherwise string) string {
	view := termsJSON(terms)
	return strings.Join([]string{
		textOr(view.DailyCredits, "-"), textOr(view.MonthlyCredits, "-"), textOr(strings.Join(view.Models, ","), otherwise),
		countText(view.CallsPerMinute), countText(view.OpenCalls),
	}, "\t")
}

func countText(n int) string {
	if n == 0 {
		return "-"
	}
	return strconv.Itoa(n)
}
