package main

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"seedance-mcp/internal/store"
)

// openStore is the one handle of this process on the store: the engine's tasks
// and the access keys. It is opened when it is first needed, and tried again
// while that fails.
type openStore struct {
	connect func(context.Context) (*store.Store, error)

	opening sync.Mutex
	opened  atomic.Pointer[store.Store]
	// delay is set while await opens the store: nobody else tries meanwhile.
	delay atomic.Pointer[delay]
}

// newStore is a handle on the store that the settings name.
func (s *settings) newStore() *openStore {
	if url := s.databaseURL; url != "" {
		return &openStore{connect: func(ctx context.Context) (*store.Store, error) { return store.OpenPostgres(ctx, url) }}
	}
	path := s.storePath()
	return &openStore{connect: func(ctx context.Context) (*store.Store, error) { return store.Open(ctx, path) }}
}

// storePath is the SQLite file.
func (s *settings) storePath() string { return filepath.Join(s.dataDir, "seedance.db") }

// storePlace tells a person where the store is; no password is in it.
func (s *settings) storePlace() string {
	if s.databaseURL != "" {
		return "Postgres at " + s.databasePlace
	}
	return s.storePath()
}

// storeExists says that an earlier process, or another replica, may have left
// unfinished work.
func (s *settings) storeExists() bool {
	if s.databaseURL != "" {
		return true
	}
	_, err := os.Stat(s.storePath()) //nolint:gosec // the user's own setting
	return err == nil
}

// isOpen says that the store has been opened.
func (o *openStore) isOpen() bool { return o.opened.Load() != nil }

func (o *openStore) open(ctx context.Context) (*store.Store, error) {
	if opened := o.opened.Load(); opened != nil {
		return opened, nil
	}
	if delay := o.delay.Load(); delay != nil {
		return nil, delay.err()
	}
	return o.openNow(ctx)
}

func (o *openStore) openNow(ctx context.Context) (*store.Store, error) {
	o.opening.Lock()
	defer o.opening.Unlock()
	if opened := o.opened.Load(); opened != nil {
		return opened, nil
	}
	opened, err := o.connect(ctx)
	if err != nil {
		return nil, err
	}
	o.opened.Store(opened)
	return opened, nil
}

// now is the clock of all who share the store; before it is open, this
// machine's.
func (o *openStore) now() time.Time {
	if opened := o.opened.Load(); opened != nil {
		return opened.Now()
	}
	return time.Now()
}

// close closes what was opened. Closing twice is harmless: the engine closes
// the store that it was given.
func (o *openStore) close() error {
	o.opening.Lock()
	defer o.opening.Unlock()
	if opened := o.opened.Load(); opened != nil {
		return opened.Close()
	}
	return nil
}
