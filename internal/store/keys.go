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

// Key is an access key of the HTTP server, without the key itself: only its
// hash is kept.
type Key struct {
	ID string
	// Name is the principal that the key acts for.
	Name string
	// Hash is the key's SHA-256 in hex.
	Hash string
	// Terms are what the key says of the principal; an operator may say else.
	Terms
	CreatedAt time.Time
	// ExpiresAt, RevokedAt and LastUsedAt are zero for never.
	ExpiresAt, RevokedAt, LastUsedAt time.Time
}

const (
	keyColumns = `id, name, hash, ` + termsColumns + `, created_at, expires_at, revoked_at, last_used_at`

	insertAccessKey = `INSERT INTO access_keys (` + keyColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, NULL, NULL)`
	revokeAccessKey = `UPDATE access_keys SET revoked_at = $1 WHERE revoked_at IS NULL AND (id = $2 OR name = $2) RETURNING ` + keyColumns
	touchAccessKey  = `UPDATE access_keys SET last_used_at = $1 WHERE id = $2 AND (last_used_at IS NULL OR last_used_at < $1)`

	selectAccessKeys = `SELECT ` + keyColumns + ` FROM access_keys ORDER BY created_at, id`
	selectKeyByHash  = `SELECT ` + keyColumns + ` FROM access_keys WHERE hash = $1`
	selectKeyByName  = `SELECT ` + keyColumns + ` FROM access_keys WHERE name = $1 AND revoked_at IS NULL`
	anyAccessKey     = `SELECT EXISTS (SELECT 1 FROM access_keys)`
)

// AddKey stores a new key. Conflict: its name has a live key already.
func (s *Store) AddKey(ctx context.Context, key Key) error {
	models, err := json.Marshal(key.Models)
	if err != nil {
		return fmt.Errorf("encode key %s: %w", key.ID, err)
	}
	return s.write(ctx, func(t *transaction) error {
		_, err := t.exec(insertAccessKey, key.ID, key.Name, key.Hash, creditsOrNull(key.Daily), creditsOrNull(key.Monthly),
			string(models), countOrNull(key.PerMinute), countOrNull(key.OpenCalls), key.CreatedAt.UnixMilli(), timeOrNull(key.ExpiresAt))
		if isDuplicate(err) {
			return &video.Error{
				Code: video.Conflict, Argument: "name", Given: video.Clip(key.Name, 60), Err: err,
				Message:    fmt.Sprintf("There is a live access key named %q.", video.Clip(key.Name, 60)),
				Suggestion: "Choose another name, or revoke that one first: seedance-mcp keys revoke " + video.Clip(key.Name, 60),
			}
		}
		return err
	})
}

// Keys are all keys ever made, oldest first.
func (s *Store) Keys(ctx context.Context) ([]Key, error) {
	var keys []Key
	err := s.each(ctx, selectAccessKeys, nil, func(rows *sql.Rows) error {
		var k keyRow
		err := rows.Scan(k.places()...)
		keys = append(keys, k.key())
		return err
	})
	return keys, err
}

// HasKeys says that a key was ever made, whatever became of it.
func (s *Store) HasKeys(ctx context.Context) (bool, error) {
	var exists bool
	err := s.scanOne(ctx, anyAccessKey, nil, []any{&exists})
	return exists, explain(err)
}

// KeyByHash gives the key with this hash, also one that is revoked or expired.
// NotFound when there is none.
func (s *Store) KeyByHash(ctx context.Context, hash string) (Key, error) {
	return s.key(ctx, selectKeyByHash, hash)
}

// KeyByName gives the name's live key, also an expired one. NotFound when
// there is none.
func (s *Store) KeyByName(ctx context.Context, name string) (Key, error) {
	return s.key(ctx, selectKeyByName, name)
}

func (s *Store) key(ctx context.Context, text, argument string) (Key, error) {
	var k keyRow
	err := s.scanOne(ctx, text, []any{argument}, k.places())
	if errors.Is(err, sql.ErrNoRows) {
		return Key{}, errNoKey()
	}
	return k.key(), explain(err)
}

// RevokeKey ends the live key with this name or id, for ever. NotFound when
// there is none.
func (s *Store) RevokeKey(ctx context.Context, nameOrID string) (Key, error) {
	var k keyRow
	err := s.write(ctx, func(t *transaction) error {
		err := t.scan(revokeAccessKey, []any{s.now().UnixMilli(), nameOrID}, k.places())
		if errors.Is(err, sql.ErrNoRows) {
			return errNoKey()
		}
		return err
	})
	return k.key(), err
}

// TouchKey notes that the key was used at this time.
func (s *Store) TouchKey(ctx context.Context, id string, at time.Time) error {
	return s.write(ctx, func(t *transaction) error {
		_, err := t.exec(touchAccessKey, at.UnixMilli(), id)
		return err
	})
}

func errNoKey() error {
	return &video.Error{
		Code:       video.NotFound,
		Message:    "There is no such live access key.",
		Suggestion: "seedance-mcp keys list shows the keys there are.",
	}
}

// keyRow is a key as its columns hold it.
type keyRow struct {
	id, name, hash                   string
	terms                            termsRow
	createdAt                        int64
	expiresAt, revokedAt, lastUsedAt sql.Null[int64]
}

func (k *keyRow) places() []any {
	places := append([]any{&k.id, &k.name, &k.hash}, k.terms.places()...)
	return append(places, &k.createdAt, &k.expiresAt, &k.revokedAt, &k.lastUsedAt)
}

func (k *keyRow) key() Key {
	return Key{
		ID: k.id, Name: k.name, Hash: k.hash, Terms: k.terms.terms(),
		CreatedAt: time.UnixMilli(k.createdAt).UTC(), ExpiresAt: timeOf(k.expiresAt), RevokedAt: timeOf(k.revokedAt), LastUsedAt: timeOf(k.lastUsedAt),
	}
}
