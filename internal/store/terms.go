package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"seedance-mcp/internal/video"
)

// Terms are what a caller may do. What is zero is not said, and then whoever
// comes next says it: first an operator of the caller, then its access key, then
// the server's settings.
type Terms struct {
	// Daily and Monthly are the caller's budgets in credits.
	Daily, Monthly *video.Credits
	// Models are the ids of the models it may use.
	Models []string
	// PerMinute is how many messages it may send a minute, OpenCalls how many of
	// its calls may wait for their answer.
	PerMinute, OpenCalls int
}

// CallerTerms are what an operator said of one caller, with a key or a token.
type CallerTerms struct {
	Principal string
	// Label is the operator's own name for the caller.
	Label string
	Terms
	ChangedAt time.Time
}

const (
	termsColumns       = `daily_credits, monthly_credits, models, calls_per_minute, open_calls`
	callerTermsColumns = `principal, label, ` + termsColumns + `, changed_at`

	selectCallerTerms   = `SELECT ` + callerTermsColumns + ` FROM caller_terms ORDER BY principal`
	selectCallerTermsOf = `SELECT ` + callerTermsColumns + ` FROM caller_terms WHERE principal = $1`
	upsertCallerTerms   = `INSERT INTO caller_terms (` + callerTermsColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (principal) DO UPDATE SET label = excluded.label, daily_credits = excluded.daily_credits,
			monthly_credits = excluded.monthly_credits, models = excluded.models, calls_per_minute = excluded.calls_per_minute,
			open_calls = excluded.open_calls, changed_at = excluded.changed_at`
	deleteCallerTerms = `DELETE FROM caller_terms WHERE principal = $1 RETURNING ` + callerTermsColumns

	// What an operator says counts before what the key says, each by itself.
	inForce = `SELECT p.principal, COALESCE(c.daily_credits, k.daily_credits), COALESCE(c.monthly_credits, k.monthly_credits),
		COALESCE(c.models, k.models), COALESCE(c.calls_per_minute, k.calls_per_minute), COALESCE(c.open_calls, k.open_calls) FROM (`
	inForceOf = `) AS p LEFT JOIN caller_terms AS c ON c.principal = p.principal
		LEFT JOIN access_keys AS k ON k.name = p.principal AND k.revoked_at IS NULL`

	selectTermsOf = inForce + `SELECT CAST($1 AS TEXT) AS principal` + inForceOf
	selectTerms   = inForce + `SELECT principal FROM caller_terms UNION SELECT name FROM access_keys WHERE revoked_at IS NULL` + inForceOf
)

// TermsOf gives the terms that bind the principal now: what an operator said of
// it, and what its live key says beside. Nobody need have said anything.
func (s *Store) TermsOf(ctx context.Context, principal string) (Terms, error) {
	var of string
	var t termsRow
	err := s.scanOne(ctx, selectTermsOf, []any{principal}, append([]any{&of}, t.places()...))
	return t.terms(), explain(err)
}

// TermsInForce are those of [Store.TermsOf], of everybody of whom something may
// be said, by principal.
func (s *Store) TermsInForce(ctx context.Context) (map[string]Terms, error) {
	all := map[string]Terms{}
	err := s.each(ctx, selectTerms, nil, func(rows *sql.Rows) error {
		var of string
		var t termsRow
		err := rows.Scan(append([]any{&of}, t.places()...)...)
		all[of] = t.terms()
		return err
	})
	return all, err
}

// CallerTerms are what an operator said of callers, by principal.
func (s *Store) CallerTerms(ctx context.Context) ([]CallerTerms, error) {
	var all []CallerTerms
	err := s.each(ctx, selectCallerTerms, nil, func(rows *sql.Rows) error {
		var c callerTermsRow
		err := rows.Scan(c.places()...)
		all = append(all, c.callerTerms())
		return err
	})
	return all, err
}

// ChangeCallerTerms lets change say more, or something else, of the principal,
// of which nothing need have been said; change may run more than once.
func (s *Store) ChangeCallerTerms(ctx context.Context, principal string, change func(*CallerTerms)) (CallerTerms, error) {
	var said CallerTerms
	err := s.write(ctx, func(t *transaction) error {
		if err := t.lockNames(lockOfPrincipal(principal)); err != nil {
			return err
		}
		var before callerTermsRow
		if err := t.scan(selectCallerTermsOf, []any{principal}, before.places()); err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		said = before.callerTerms()
		change(&said)
		said.Principal, said.ChangedAt = principal, time.UnixMilli(s.now().UnixMilli()).UTC()
		models := sql.Null[string]{Valid: len(said.Models) > 0}
		if models.Valid {
			text, err := json.Marshal(said.Models)
			if err != nil {
				return fmt.Errorf("encode the terms of %s: %w", principal, err)
			}
			models.V = string(text)
		}
		_, err := t.exec(upsertCallerTerms, principal, said.Label, creditsOrNull(said.Daily), creditsOrNull(said.Monthly), models,
			countOrNull(said.PerMinute), countOrNull(said.OpenCalls), said.ChangedAt.UnixMilli())
		return err
	})
	return said, err
}

// RemoveCallerTerms forgets what an operator said of the principal, and gives
// it. NotFound when that is nothing.
func (s *Store) RemoveCallerTerms(ctx context.Context, principal string) (CallerTerms, error) {
	var removed callerTermsRow
	err := s.write(ctx, func(t *transaction) error {
		err := t.scan(deleteCallerTerms, []any{principal}, removed.places())
		if errors.Is(err, sql.ErrNoRows) && !t.unsure { // else it may be gone already
			return &video.Error{
				Code:       video.NotFound,
				Message:    fmt.Sprintf("Nothing is said of a caller %q.", video.Clip(principal, 60)),
				Suggestion: "seedance-mcp callers list shows of whom something is.",
			}
		}
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	return removed.callerTerms(), err
}

// termsRow is Terms as columns hold them.
type termsRow struct {
	daily, monthly       sql.Null[int64]
	models               sql.Null[string]
	perMinute, openCalls sql.Null[int64]
}

func (t *termsRow) places() []any {
	return []any{&t.daily, &t.monthly, &t.models, &t.perMinute, &t.openCalls}
}

func (t *termsRow) terms() Terms {
	terms := Terms{
		Daily: creditsOf(t.daily), Monthly: creditsOf(t.monthly), PerMinute: int(t.perMinute.V), OpenCalls: int(t.openCalls.V),
	}
	if !decode(t.models.V, &terms.Models) {
		// A list that cannot be read must not become "all models".
		terms.Models = []string{"(unreadable)"}
	}
	return terms
}

func countOrNull(n int) sql.Null[int64] { return sql.Null[int64]{V: int64(n), Valid: n > 0} }

// callerTermsRow is CallerTerms as columns hold them.
type callerTermsRow struct {
	principal, label string
	terms            termsRow
	changedAt        int64
}

func (c *callerTermsRow) places() []any {
	return append(append([]any{&c.principal, &c.label}, c.terms.places()...), &c.changedAt)
}

func (c *callerTermsRow) callerTerms() CallerTerms {
	return CallerTerms{
		Principal: c.principal, Label: c.label, Terms: c.terms.terms(), ChangedAt: time.UnixMilli(c.changedAt).UTC(),
	}
}
