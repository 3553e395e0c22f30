package accounts

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

const (
	// lookEvery is how old the list of busy accounts may be, and how long an
	// account that could not be used is not tried again.
	lookEvery = 2 * time.Second
	// usedFor is how long an account counts as busy because it was asked for:
	// a task is about to be stored with it.
	usedFor = time.Minute
)

// Rows is where accounts are kept; store.Store says what each method promises.
type Rows interface {
	AccountOf(ctx context.Context, principal string) (store.Account, error)
	AccountsBy(ctx context.Context, fingerprint string) ([]store.Account, error)
	BusyAccounts(ctx context.Context) ([]store.Account, error)
}

// Book opens accounts. C is who speaks as one. It is safe for concurrent use.
type Book[C any] struct {
	// Rows gives the accounts; nil rows: nothing was ever stored.
	Rows func(ctx context.Context) (Rows, error)
	// Master is nil without a master key: then no account can be used.
	Master *Master
	// Fingerprint stands for an API key at the address that this process uses.
	Fingerprint func(apiKey string) string
	// Make speaks as the account with this API key.
	Make func(apiKey string) (C, error)
	Now  func() time.Time
	Log  *slog.Logger

	mu      sync.Mutex
	clients map[string]C // by fingerprint
	opened  map[store.Account]bool
	used    map[string]time.Time // when each was last asked for by its principal
	failed  map[string]failure   // fingerprints that cannot be spoken as
	told    map[string]bool      // ids of accounts that the log knows as unusable
	busy    []string
	looked  time.Time
}

type failure struct {
	at  time.Time
	err error
}

// Own gives the fingerprint of the principal's own account, or false. An
// account that cannot be used is an error, Unavailable: another one must not
// pay instead.
func (b *Book[C]) Own(ctx context.Context, principal string) (fingerprint string, has bool, err error) {
	rows, err := b.Rows(ctx)
	if err != nil || rows == nil {
		return "", false, err
	}
	row, err := rows.AccountOf(ctx, principal)
	if video.CodeOf(err) == video.NotFound {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	if _, err := b.client(row); err != nil {
		return "", true, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.used == nil {
		b.used = make(map[string]time.Time)
	}
	b.used[row.Fingerprint] = b.Now()
	return row.Fingerprint, true, nil
}

// Upstream speaks as the account with this fingerprint, also when it is nobody's
// any more. Unavailable: there is none, or none that can be used.
func (b *Book[C]) Upstream(ctx context.Context, fingerprint string) (C, error) {
	b.mu.Lock()
	client, known := b.clients[fingerprint]
	last, tried := b.failed[fingerprint]
	b.mu.Unlock()
	if known {
		return client, nil
	}
	if tried && b.Now().Sub(last.at) < lookEvery {
		return client, last.err
	}
	rows, err := b.Rows(ctx)
	if err != nil {
		return client, err
	}
	var found []store.Account
	if rows != nil {
		if found, err = rows.AccountsBy(ctx, fingerprint); err != nil {
			return client, err
		}
	}
	err = errUnknown()
	for _, row := range found {
		if client, err = b.client(row); err == nil {
			return client, nil
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failed == nil {
		b.failed = make(map[string]failure)
	}
	b.failed[fingerprint] = failure{b.Now(), err}
	return client, err
}

// Busy are the fingerprints of accounts that have tasks to be followed and that
// can be used.
func (b *Book[C]) Busy(ctx context.Context) []string {
	now := b.Now()
	b.mu.Lock()
	fresh := !b.looked.IsZero() && now.Sub(b.looked) < lookEvery
	b.mu.Unlock()
	if !fresh {
		b.look(ctx, now)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	maps.DeleteFunc(b.used, func(_ string, at time.Time) bool { return now.Sub(at) >= usedFor })
	all := slices.Concat(b.busy, slices.Collect(maps.Keys(b.used)))
	slices.Sort(all)
	return slices.Compact(all)
}

func (b *Book[C]) look(ctx context.Context, now time.Time) {
	rows, err := b.Rows(ctx)
	var found []store.Account
	if err == nil && rows != nil {
		found, err = rows.BusyAccounts(ctx)
	}
	if err != nil {
		if ctx.Err() == nil {
			b.Log.Warn("cannot read the upstream accounts", "error", err)
		}
		return // the list at hand is better than none
	}
	var busy []string
	for _, row := range found {
		if _, err := b.client(row); err == nil {
			busy = append(busy, row.Fingerprint)
		} else {
			b.tell(row, err)
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.busy, b.looked = busy, now
}

// tell logs once that an account's tasks are not followed here.
func (b *Book[C]) tell(row store.Account, err error) {
	b.mu.Lock()
	first := !b.told[row.ID]
	if b.told == nil {
		b.told = make(map[string]bool)
	}
	b.told[row.ID] = true
	b.mu.Unlock()
	if first {
		b.Log.Warn("an upstream account cannot be used: its tasks are not followed by this process", "account", row.ID, "principal", row.Principal, "error", err)
	}
}

// client opens a row, once. Every row is opened, whoever speaks as its account
// already: one that was forged to look like another principal's is refused.
func (b *Book[C]) client(row store.Account) (C, error) {
	row.EndedAt = time.Time{} // it may end meanwhile
	b.mu.Lock()
	client, opened := b.clients[row.Fingerprint], b.opened[row]
	b.mu.Unlock()
	if opened {
		return client, nil
	}
	apiKey, err := b.open(row)
	if err != nil {
		return client, err
	}
	made, err := b.Make(apiKey)
	if err != nil {
		return client, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.clients == nil {
		b.clients, b.opened = make(map[string]C), make(map[store.Account]bool)
	}
	if _, there := b.clients[row.Fingerprint]; !there {
		b.clients[row.Fingerprint] = made
	}
	client, b.opened[row] = b.clients[row.Fingerprint], true
	delete(b.failed, row.Fingerprint)
	return client, nil
}

func (b *Book[C]) open(row store.Account) (apiKey string, err error) {
	if b.Master == nil {
		return "", errUnusable("this server was started without the master key that its API key is sealed with", nil)
	}
	if apiKey, err = b.Master.Open(row); err != nil {
		return "", errUnusable(err.Error(), err)
	}
	if b.Fingerprint(apiKey) != row.Fingerprint {
		return "", errUnusable("it was set for another address or dialect of the video service", nil)
	}
	return apiKey, nil
}

// Seal makes the row that gives the principal an account. Invalid: the text
// cannot be an API key.
func (b *Book[C]) Seal(principal, apiKey string) (store.Account, error) {
	if b.Master == nil {
		return store.Account{}, &video.Error{
			Code:       video.Invalid,
			Message:    "There is no master key to seal the API key with.",
			Suggestion: "Set SEEDANCE_MASTER_KEY or SEEDANCE_MASTER_KEY_FILE to 32 random bytes in base64 (openssl rand -base64 32), here and where the server runs.",
		}
	}
	if _, err := b.Make(apiKey); err != nil {
		return store.Account{}, err
	}
	row := store.Account{
		ID: "acc_" + strings.ToLower(rand.Text()[:16]), Principal: principal, Fingerprint: b.Fingerprint(apiKey), CreatedAt: b.Now().UTC(),
	}
	row.Sealed = b.Master.Seal(row, apiKey)
	return row, nil
}

// Usable says why a row's account cannot be used here; nil: it can.
func (b *Book[C]) Usable(row store.Account) error {
	_, err := b.open(row)
	return err
}

func errUnusable(why string, cause error) error {
	return &video.Error{
		Code: video.Unavailable, Err: cause,
		Message: "Your own account at the video service cannot be used: " + why + ".",
		Suggestion: "Nothing was sent, and no other account pays instead. Tell the server's owner: give the server the SEEDANCE_MASTER_KEY that the account was set with, " +
			"or set it anew (seedance-mcp accounts set), or take it away (seedance-mcp accounts remove).",
	}
}

func errUnknown() error {
	return errUnusable("this server does not know it", errors.New("no such fingerprint"))
}
