package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"seedance-mcp/internal/accounts"
	"seedance-mcp/internal/store"
)

const accountsSynopsis = `accounts set NAME --key-file FILE   let a caller's videos be paid by an account of its own
       seedance-mcp accounts list          show the accounts there are
       seedance-mcp accounts reseal        seal all keys again, after the master key changed: --old-key-file
       seedance-mcp accounts remove NAME   end one for new videos; what it paid for is followed to its end`

// accountFlags are the flags of `accounts`.
type accountFlags struct {
	json    bool
	keyFile string
	subject string
	oldFile string
}

func runAccounts(ctx context.Context, t terminal, args []string) (int, error) {
	fs := flag.NewFlagSet("accounts", flag.ContinueOnError)
	var f accountFlags
	fs.BoolVar(&f.json, "json", false, "JSON instead of text")
	fs.StringVar(&f.keyFile, "key-file", "", "with set: `file` that holds the account's upstream API key; - is stdin")
	fs.StringVar(&f.subject, "subject", "", "instead of NAME: the caller whose tokens have this `text` as sub, of SEEDANCE_OAUTH_ISSUER")
	fs.StringVar(&f.oldFile, "old-key-file", "", "with reseal: `file` that holds the former master key")
	s, rest, err := parseSettings(t, fs, accountsSynopsis, args)
	if err != nil {
		return exitUsage, err
	}
	var work func(context.Context, *app) (int, error)
	switch {
	case len(rest) == 1 && rest[0] == doList:
		work = func(ctx context.Context, a *app) (int, error) { return listAccounts(ctx, a, t, f) }
	case len(rest) == 1 && rest[0] == "reseal":
		work = func(ctx context.Context, a *app) (int, error) { return resealAccounts(ctx, a, t, f) }
	case len(rest) > 0 && (rest[0] == doSet || rest[0] == doRemove):
		principal, err := accountOwner(s, f, rest[1:])
		if err != nil {
			return exitUsage, err
		}
		if rest[0] == doSet {
			work = func(ctx context.Context, a *app) (int, error) { return setAccount(ctx, a, t, f, principal) }
		} else {
			work = func(ctx context.Context, a *app) (int, error) { return removeAccount(ctx, a, t, f, principal) }
		}
	default:
		return exitUsage, usageError("say what to do: set NAME --key-file FILE, list, reseal --old-key-file FILE, or remove NAME")
	}
	if err := flagsGoWith(fs, rest[0]); err != nil {
		return exitUsage, err
	}
	return administer(ctx, s, t, work)
}

// accountOwner is the principal that the command line names.
func accountOwner(s settings, f accountFlags, names []string) (string, error) {
	principal, err := namedCaller(s, f.subject, names)
	if principal == localPrincipal {
		return "", usageError("this machine's own user pays with SEEDANCE_API_KEY")
	}
	return principal, err
}

func setAccount(ctx context.Context, a *app, t terminal, f accountFlags, principal string) (int, error) {
	apiKey, err := readAPIKey(t, f.keyFile)
	if err != nil {
		return exitUsage, err
	}
	kept, err := a.store.open(ctx)
	if err != nil {
		return exitFailed, err
	}
	if err := knownCaller(ctx, kept, principal); err != nil {
		return exitFailed, err
	}
	row, err := a.book.Seal(principal, apiKey)
	if err != nil {
		return exitUsage, usageError("%s", err)
	}
	if err := kept.SetAccount(ctx, row); err != nil {
		return exitFailed, err
	}
	if f.json {
		return printJSON(t, a.accountJSON(row))
	}
	fmt.Fprintf(t.out, "%s pays with its own account (%s) from now on. Its API key is sealed and never shown.\n", principal, row.ID)
	return exitOK, nil
}

// readAPIKey never takes the key from the command line, which others can see.
func readAPIKey(t terminal, path string) (string, error) {
	var data []byte
	var err error
	switch path {
	case "":
		return "", usageError("give the account's API key with --key-file FILE, or --key-file - for stdin")
	case "-":
		data, err = io.ReadAll(io.LimitReader(t.in, maxAPIKey+1))
	default:
		data, err = os.ReadFile(path)
	}
	apiKey := strings.TrimSpace(string(data))
	switch {
	case err != nil:
		return "", usageError("--key-file: %s", err)
	case apiKey == "" || len(data) > maxAPIKey:
		return "", usageError("--key-file must hold one API key and nothing else")
	}
	if err := setAPIKey(new(settings), apiKey); err != nil {
		return "", usageError("--key-file %s", err)
	}
	return apiKey, nil
}

// maxAPIKey is far above any key's length in bytes.
const maxAPIKey = 4 << 10

func listAccounts(ctx context.Context, a *app, t terminal, f accountFlags) (int, error) {
	kept, err := a.store.open(ctx)
	if err != nil {
		return exitFailed, err
	}
	rows, err := kept.Accounts(ctx)
	if err != nil {
		return exitFailed, err
	}
	if f.json {
		views := make([]accountView, 0, len(rows))
		for _, row := range rows {
			views = append(views, a.accountJSON(row))
		}
		return printJSON(t, views)
	}
	if len(rows) == 0 {
		fmt.Fprintln(t.out, "Nobody has an account of its own; SEEDANCE_API_KEY pays for all.")
		return exitOK, nil
	}
	table := tabwriter.NewWriter(t.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tID\tSTATE\tCREATED\tENDED")
	for _, row := range rows {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", row.Principal, row.ID, a.accountJSON(row).State, day(row.CreatedAt), day(row.EndedAt))
	}
	return exitOK, table.Flush()
}

func removeAccount(ctx context.Context, a *app, t terminal, f accountFlags, principal string) (int, error) {
	kept, err := a.store.open(ctx)
	if err != nil {
		return exitFailed, err
	}
	row, err := kept.EndAccount(ctx, principal)
	if err != nil {
		return exitFailed, err
	}
	if f.json {
		return printJSON(t, a.accountJSON(row))
	}
	fmt.Fprintf(t.out, "SEEDANCE_API_KEY pays for new videos of %s. What account %s paid for is followed to its end.\n", principal, row.ID)
	return exitOK, nil
}

// resealAccounts seals what the former master key opens with the present one.
// It may be repeated: what is sealed with the present one stays.
func resealAccounts(ctx context.Context, a *app, t terminal, f accountFlags) (int, error) {
	if a.settings.master == nil || f.oldFile == "" {
		return exitUsage, usageError("give the new master key as SEEDANCE_MASTER_KEY, and the former one with --old-key-file FILE")
	}
	text, err := readSmall(f.oldFile)
	if err != nil {
		return exitUsage, usageError("--old-key-file: %s", err)
	}
	old, err := accounts.ParseMaster(string(text))
	if err != nil {
		return exitUsage, usageError("--old-key-file: %s %s", f.oldFile, err)
	}
	kept, err := a.store.open(ctx)
	if err != nil {
		return exitFailed, err
	}
	rows, err := kept.Accounts(ctx)
	if err != nil {
		return exitFailed, err
	}
	sealed, left := 0, 0
	for _, row := range rows {
		if _, err := a.settings.master.Open(row); err == nil {
			continue
		}
		apiKey, err := old.Open(row)
		if err != nil {
			left++
			fmt.Fprintf(t.err, "%s (%s) stays as it is: neither key opens it.\n", row.Principal, row.ID)
			continue
		}
		if err := kept.ResealAccount(ctx, row.ID, row.Sealed, a.settings.master.Seal(row, apiKey)); err != nil {
			return exitFailed, err
		}
		sealed++
	}
	fmt.Fprintf(t.out, "%d sealed again, of %d. Give the new master key to every server, then forget the former one.\n", sealed, len(rows))
	if left > 0 {
		return exitFailed, nil
	}
	return exitOK, nil
}

// accountView is an account as scripts read it; its key is nowhere in it.
type accountView struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	State     string     `json:"state"`
	CreatedAt time.Time  `json:"created_at"`
	EndedAt   *time.Time `json:"ended_at,omitempty"`
}

func (a *app) accountJSON(row store.Account) accountView {
	view := accountView{ID: row.ID, Name: row.Principal, State: "live", CreatedAt: row.CreatedAt, EndedAt: timeOrNil(row.EndedAt)}
	switch {
	case !row.EndedAt.IsZero():
		view.State = "ended"
	case a.book.Usable(row) != nil:
		view.State = "unusable" // with the master key and address of this command
	}
	return view
}
