package main

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"seedance-mcp/internal/access"
	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

const keysSynopsis = `keys create NAME [flags]  make an access key of the HTTP server; it is shown once
       seedance-mcp keys list                 show the keys there are
       seedance-mcp keys revoke NAME|ID       end a key, at once and for ever`

// keyFlags are the flags of `keys`.
type keyFlags struct {
	json    bool
	terms   termFlags
	expires string
}

func runKeys(ctx context.Context, t terminal, args []string) (int, error) {
	fs := flag.NewFlagSet("keys", flag.ContinueOnError)
	var f keyFlags
	fs.BoolVar(&f.json, "json", false, "JSON instead of text")
	f.terms.add(fs, "create", "the key's")
	fs.StringVar(&f.expires, "expires", "", "with create: when it ends, a `time` such as 30d, 12h or 2027-01-31 (default never)")
	s, rest, err := parseSettings(t, fs, keysSynopsis, args)
	if err != nil {
		return exitUsage, err
	}
	var work func(context.Context, *app) (int, error)
	switch {
	case len(rest) == 2 && rest[0] == "create":
		work = func(ctx context.Context, a *app) (int, error) { return createKey(ctx, a, t, f, rest[1]) }
	case len(rest) == 1 && rest[0] == doList:
		work = func(ctx context.Context, a *app) (int, error) { return listKeys(ctx, a, t, f) }
	case len(rest) == 2 && rest[0] == "revoke":
		work = func(ctx context.Context, a *app) (int, error) { return revokeKey(ctx, a, t, f, rest[1]) }
	default:
		return exitUsage, usageError("say what to do: create NAME, list, or revoke NAME")
	}
	if err := flagsGoWith(fs, rest[0]); err != nil {
		return exitUsage, err
	}
	return administer(ctx, s, t, work)
}

func createKey(ctx context.Context, a *app, t terminal, f keyFlags, name string) (int, error) {
	now := time.Now().UTC()
	terms := access.Terms{Name: name}
	changes, err := f.terms.changes(a)
	if err != nil {
		return exitUsage, err
	}
	for _, change := range changes {
		change(&terms.Terms)
	}
	if terms.ExpiresAt, err = expiry(f.expires, now); err != nil {
		return exitUsage, err
	}
	secret, record, err := access.New(terms, now)
	if err != nil {
		return exitUsage, usageError("%s", err)
	}
	tasks, err := a.store.open(ctx)
	if err != nil {
		return exitFailed, err
	}
	said, err := tasks.CallerTerms(ctx)
	if err != nil {
		return exitFailed, err
	}
	if err := tasks.AddKey(ctx, record); err != nil {
		return exitFailed, err
	}
	noteOverruled(t, said, record)
	if f.json {
		view := keyJSON(record, now)
		view.Key = secret
		return printJSON(t, view)
	}
	fmt.Fprintf(t.out, "%s\n", secret)
	fmt.Fprintf(t.err, "This is the key of %q. It is shown now and never again.\n"+
		"Callers send it as: Authorization: Bearer KEY\nEnd it with: seedance-mcp keys revoke %s\n", name, name)
	return exitOK, nil
}

func listKeys(ctx context.Context, a *app, t terminal, f keyFlags) (int, error) {
	now := time.Now().UTC()
	tasks, err := a.store.open(ctx)
	if err != nil {
		return exitFailed, err
	}
	keys, err := tasks.Keys(ctx)
	if err != nil {
		return exitFailed, err
	}
	if f.json {
		views := make([]keyView, 0, len(keys))
		for _, key := range keys {
			views = append(views, keyJSON(key, now))
		}
		return printJSON(t, views)
	}
	if len(keys) == 0 {
		fmt.Fprintln(t.out, "No access keys. Make one: seedance-mcp keys create team-a --daily-credits 500")
		return exitOK, nil
	}
	table := tabwriter.NewWriter(t.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tID\tSTATE\t"+termsHead+"\tCREATED\tEXPIRES\tLAST USED")
	for _, key := range keys {
		view := keyJSON(key, now)
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", key.Name, key.ID, view.State,
			termsCells(key.Terms, "all"), day(key.CreatedAt), day(key.ExpiresAt), day(key.LastUsedAt))
	}
	if err := table.Flush(); err != nil {
		return exitFailed, err
	}
	said, err := tasks.CallerTerms(ctx)
	if err != nil {
		return exitFailed, err
	}
	noteOverruled(t, said, keys...)
	return exitOK, nil
}

// noteOverruled tells of live keys beside which something is said of their
// callers: it counts before what they say.
func noteOverruled(t terminal, said []store.CallerTerms, keys ...store.Key) {
	for _, key := range keys {
		if key.RevokedAt.IsZero() && slices.ContainsFunc(said, func(c store.CallerTerms) bool { return c.Principal == key.Name }) {
			fmt.Fprintf(t.err, "What seedance-mcp callers list shows of %q counts before what its key says.\n", key.Name)
		}
	}
}

func revokeKey(ctx context.Context, a *app, t terminal, f keyFlags, nameOrID string) (int, error) {
	tasks, err := a.store.open(ctx)
	if err != nil {
		return exitFailed, err
	}
	key, err := tasks.RevokeKey(ctx, nameOrID)
	if err != nil {
		return exitFailed, err
	}
	if f.json {
		return printJSON(t, keyJSON(key, time.Now().UTC()))
	}
	fmt.Fprintf(t.out, "The key of %q (%s) is revoked. Tasks under way are followed to their end.\n", key.Name, key.ID)
	return exitOK, nil
}

// keyView is a key as scripts read it.
type keyView struct {
	Key   string `json:"key,omitempty"` // only when it is made
	ID    string `json:"id"`
	Name  string `json:"name"`
	State string `json:"state"`
	termsView
	CreatedAt  time.Time  `json:"created_at"`
	ExpiresAt  *time.Time `json:"expires_at,omitempty"`
	RevokedAt  *time.Time `json:"revoked_at,omitempty"`
	LastUsedAt *time.Time `json:"last_used_at,omitempty"`
}

func keyJSON(key store.Key, now time.Time) keyView {
	view := keyView{
		ID: key.ID, Name: key.Name, State: "live", termsView: termsJSON(key.Terms), CreatedAt: key.CreatedAt,
		ExpiresAt: timeOrNil(key.ExpiresAt), RevokedAt: timeOrNil(key.RevokedAt), LastUsedAt: timeOrNil(key.LastUsedAt),
	}
	switch {
	case !key.RevokedAt.IsZero():
		view.State = "revoked"
	case !key.ExpiresAt.IsZero() && !now.Before(key.ExpiresAt):
		view.State = "expired"
	}
	return view
}

// expiry reads "30d", "12h" or a day; "" is never, the zero time.
func expiry(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n > 0 && n <= 36_500 {
			return now.AddDate(0, 0, n), nil
		}
	}
	if span, err := time.ParseDuration(text); err == nil && span > 0 {
		return now.Add(span), nil
	}
	if at, err := time.Parse(time.DateOnly, text); err == nil {
		return at, nil
	}
	return time.Time{}, usageError("--expires must be a time such as 30d, 12h or 2027-01-31, not %q", video.Clip(text, 40))
}

func day(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.Format("2006-01-02 15:04")
}

func textOr(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
