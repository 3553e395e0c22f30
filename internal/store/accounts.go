package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"seedance-mcp/internal/video"
)

// Account is an upstream account of a principal's own. The store cannot read
// its API key.
type Account struct {
	ID        string
	Principal string
	// Fingerprint is what the account's tasks carry as Upstream.
	Fingerprint string
	// Sealed is the API key, encrypted.
	Sealed    string
	CreatedAt time.Time
	// EndedAt is when it ceased to be the principal's; zero: it has not. Tasks
	// that it paid for are followed with it all the same.
	EndedAt time.Time
}

const (
	accountColumns = `id, principal, fingerprint, sealed, created_at, ended_at`

	insertAccount = `INSERT INTO upstream_accounts (` + accountColumns + `) VALUES ($1, $2, $3, $4, $5, NULL)`
	endAccount    = `UPDATE upstream_accounts SET ended_at = $1 WHERE principal = $2 AND ended_at IS NULL RETURNING ` + accountColumns

	resealAccount = `UPDATE upstream_accounts SET sealed = $1 WHERE id = $2 AND sealed IN ($1, $3)`

	selectAccounts     = `SELECT ` + accountColumns + ` FROM upstream_accounts ORDER BY created_at, id`
	selectAccountOf    = `SELECT ` + accountColumns + ` FROM upstream_accounts WHERE principal = $1 AND ended_at IS NULL`
	selectAccountsBy   = `SELECT ` + accountColumns + ` FROM upstream_accounts WHERE fingerprint = $1 ORDER BY created_at DESC, id DESC`
	selectBusyAccounts = `SELECT ` + accountColumns + ` FROM upstream_accounts WHERE EXISTS
		(SELECT 1 FROM tasks WHERE upstream = fingerprint AND due_at IS NOT NULL) ORDER BY created_at DESC, id DESC`
)

// SetAccount makes account the principal's; the one before it ends.
func (s *Store) SetAccount(ctx context.Context, account Account) error {
	return s.write(ctx, func(t *transaction) error {
		if err := t.lockNames(lockOfPrincipal(account.Principal)); err != nil {
			return err
		}
		if t.unsure { // it may be stored already
			var stored accountRow
			err := t.scan(selectAccountOf, []any{account.Principal}, stored.places())
			if err == nil && stored.id == account.ID {
				return nil
			}
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return err
			}
		}
		var before accountRow
		err := t.scan(endAccount, []any{account.CreatedAt.UnixMilli(), account.Principal}, before.places())
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		_, err = t.exec(insertAccount, account.ID, account.Principal, account.Fingerprint, account.Sealed, account.CreatedAt.UnixMilli())
		return err
	})
}

// EndAccount takes the principal's account away. NotFound when it has none.
func (s *Store) EndAccount(ctx context.Context, principal string) (Account, error) {
	var a accountRow
	err := s.write(ctx, func(t *transaction) error {
		err := t.scan(endAccount, []any{s.now().UnixMilli(), principal}, a.places())
		if errors.Is(err, sql.ErrNoRows) {
			return errNoAccount()
		}
		return err
	})
	return a.account(), err
}

// ResealAccount replaces an account's sealed key, if it is still what it was; else
// NotFound.
func (s *Store) ResealAccount(ctx context.Context, id, was, sealed string) error {
	return s.write(ctx, func(t *transaction) error {
		n, err := t.exec(resealAccount, sealed, id, was)
		if err == nil && n == 0 {
			return errNoAccount()
		}
		return err
	})
}

// AccountOf gives the principal's account. NotFound when it has none.
func (s *Store) AccountOf(ctx context.Context, principal string) (Account, error) {
	var a accountRow
	err := s.scanOne(ctx, selectAccountOf, []any{principal}, a.places())
	if errors.Is(err, sql.ErrNoRows) {
		return Account{}, errNoAccount()
	}
	return a.account(), explain(err)
}

// Accounts are all that there ever were, oldest first.
func (s *Store) Accounts(ctx context.Context) ([]Account, error) {
	return s.accounts(ctx, selectAccounts)
}

// AccountsBy are those with this fingerprint, ended ones too, newest first:
// several principals may have the same.
func (s *Store) AccountsBy(ctx context.Context, fingerprint string) ([]Account, error) {
	return s.accounts(ctx, selectAccountsBy, fingerprint)
}

// BusyAccounts are those with tasks that a look is booked for, ended ones too.
func (s *Store) BusyAccounts(ctx context.Context) ([]Account, error) {
	return s.accounts(ctx, selectBusyAccounts)
}

func (s *Store) accounts(ctx context.Context, text string, args ...any) ([]Account, error) {
	var found []Account
	err := s.each(ctx, text, args, func(rows *sql.Rows) error {
		var a accountRow
		err := rows.Scan(a.places()...)
		found = append(found, a.account())
		return err
	})
	return found, err
}

func errNoAccount() error {
	return &video.Error{
		Code:       video.NotFound,
		Message:    "There is no such upstream account.",
		Suggestion: "seedance-mcp accounts list shows those there are.",
	}
}

// accountRow is an account as its columns hold it.
type accountRow struct {
	id, principal, fingerprint, sealed string
	createdAt                          int64
	endedAt                            sql.Null[int64]
}

func (a *accountRow) places() []any {
	return []any{&a.id, &a.principal, &a.fingerprint, &a.sealed, &a.createdAt, &a.endedAt}
}

func (a *accountRow) account() Account {
	return Account{
		ID: a.id, Principal: a.principal, Fingerprint: a.fingerprint, Sealed: a.sealed,
		CreatedAt: time.UnixMilli(a.createdAt).UTC(), EndedAt: timeOf(a.endedAt),
	}
}
