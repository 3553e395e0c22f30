package main

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
	"unicode/utf8"

	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

const callersSynopsis = `callers set NAME [flags]  say what a caller may do; what is not given stays, "default" takes it back
       seedance-mcp callers list             show of whom something is said
       seedance-mcp callers spent [--days N] show what each caller spent, and still holds reserved
       seedance-mcp callers remove NAME      take back all that is said of one`

// callerFlags are the flags of `callers`.
type callerFlags struct {
	json    bool
	days    int
	subject string
	label   *string
	terms   termFlags
}

func runCallers(ctx context.Context, t terminal, args []string) (int, error) {
	fs := flag.NewFlagSet("callers", flag.ContinueOnError)
	var f callerFlags
	fs.BoolVar(&f.json, "json", false, "JSON instead of text")
	fs.IntVar(&f.days, "days", 30, "with spent: how many `days` back")
	fs.StringVar(&f.subject, "subject", "", "instead of NAME: the caller whose tokens have this `text` as sub, of SEEDANCE_OAUTH_ISSUER")
	fs.Func("label", "with set: a `text` that list shows, to know the caller by", func(v string) error {
		f.label = &v
		return nil
	})
	f.terms.add(fs, "set", "its")
	s, rest, err := parseSettings(t, fs, callersSynopsis, args)
	if err != nil {
		return exitUsage, err
	}
	if f.days < 1 {
		return exitUsage, usageError("--days must be at least 1")
	}
	var work func(context.Context, *app) (int, error)
	switch {
	case len(rest) == 1 && rest[0] == doList:
		work = func(ctx context.Context, a *app) (int, error) { return listCallers(ctx, a, t, f) }
	case len(rest) == 1 && rest[0] == doSpent:
		work = func(ctx context.Context, a *app) (int, error) { return spentByCallers(ctx, a, t, f) }
	case len(rest) > 0 && (rest[0] == doSet || rest[0] == doRemove):
		principal, err := namedCaller(s, f.subject, rest[1:])
		if err != nil {
			return exitUsage, err
		}
		if principal == localPrincipal {
			return exitUsage, usageError("this machine's own user has SEEDANCE_MAX_CREDITS_PER_DAY and _PER_MONTH, and is no caller with a key or token")
		}
		if rest[0] == doSet {
			work = func(ctx context.Context, a *app) (int, error) { return setCaller(ctx, a, t, f, principal) }
		} else {
			work = func(ctx context.Context, a *app) (int, error) { return removeCaller(ctx, a, t, f, principal) }
		}
	default:
		return exitUsage, usageError("say what to do: set NAME, list, spent, or remove NAME")
	}
	if err := flagsGoWith(fs, rest[0]); err != nil {
		return exitUsage, err
	}
	return administer(ctx, s, t, work)
}

func setCaller(ctx context.Context, a *app, t terminal, f callerFlags, principal string) (int, error) {
	changes, err := f.terms.changes(a)
	if err != nil {
		return exitUsage, err
	}
	if f.label != nil {
		if err := checkLabel(*f.label, f.subject); err != nil {
			return exitUsage, err
		}
	} else if len(changes) == 0 {
		return exitUsage, usageError("say what %s may do: --daily-credits, --monthly-credits, --models, --calls-per-minute or --open-calls; %q takes one back",
			video.Clip(principal, 60), takenBack)
	}
	kept, err := a.store.open(ctx)
	if err != nil {
		return exitFailed, err
	}
	if err := knownCaller(ctx, kept, principal); err != nil {
		return exitFailed, err
	}
	said, err := kept.ChangeCallerTerms(ctx, principal, func(said *store.CallerTerms) {
		for _, change := range changes {
			change(&said.Terms)
		}
		if f.label != nil {
			said.Label = *f.label
		}
	})
	if err != nil {
		return exitFailed, err
	}
	if f.json {
		return printJSON(t, callerJSON(said))
	}
	if err := printCallers(t, []store.CallerTerms{said}); err != nil {
		return exitFailed, err
	}
	fmt.Fprintln(t.err, "Budgets and models hold from the next order on, limits of calls within seconds, on every server of this store.\n"+
		"Where this says nothing (-), the caller's key does, or else the server's settings.")
	return exitOK, nil
}

// maxLabel is in characters.
const maxLabel = 60

// checkLabel keeps out what would spoil a table, and the subject, which the
// store must not hold.
func checkLabel(label, subject string) error {
	if !utf8.ValidString(label) || utf8.RuneCountInString(label) > maxLabel || strings.ContainsFunc(label, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return usageError("--label must be at most %d printable characters", maxLabel)
	}
	if subject != "" && strings.EqualFold(strings.TrimSpace(label), subject) {
		return usageError("--label would put the subject into the store, which knows its hash only; choose another")
	}
	return nil
}

func listCallers(ctx context.Context, a *app, t terminal, f callerFlags) (int, error) {
	kept, err := a.store.open(ctx)
	if err != nil {
		return exitFailed, err
	}
	all, err := kept.CallerTerms(ctx)
	if err != nil {
		return exitFailed, err
	}
	if f.json {
		views := make([]callerView, 0, len(all))
		for _, one := range all {
			views = append(views, callerJSON(one))
		}
		return printJSON(t, views)
	}
	if len(all) == 0 {
		fmt.Fprintln(t.out, "Nothing is said of any caller: their keys and the server's settings hold.")
		return exitOK, nil
	}
	if err := printCallers(t, all); err != nil {
		return exitFailed, err
	}
	return exitOK, nil
}

func printCallers(t terminal, all []store.CallerTerms) error {
	table := tabwriter.NewWriter(t.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tLABEL\t"+termsHead+"\tCHANGED")
	for _, one := range all {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", one.Principal, textOr(one.Label, "-"), termsCells(one.Terms, "-"), day(one.ChangedAt))
	}
	return table.Flush()
}

func removeCaller(ctx context.Context, a *app, t terminal, f callerFlags, principal string) (int, error) {
	kept, err := a.store.open(ctx)
	if err != nil {
		return exitFailed, err
	}
	removed, err := kept.RemoveCallerTerms(ctx, principal)
	if err != nil {
		return exitFailed, err
	}
	if f.json {
		return printJSON(t, callerJSON(removed))
	}
	fmt.Fprintf(t.out, "Nothing is said of %s any more: its key, if it has one, and the server's settings hold.\n", principal)
	return exitOK, nil
}

// callerView is what is said of a caller as scripts read it.
type callerView struct {
	Name  string `json:"name"`
	Label string `json:"label,omitempty"`
	termsView
	ChangedAt time.Time `json:"changed_at"`
}

func callerJSON(said store.CallerTerms) callerView {
	return callerView{Name: said.Principal, Label: said.Label, termsView: termsJSON(said.Terms), ChangedAt: said.ChangedAt}
}
