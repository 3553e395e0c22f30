package main

import (
	"context"
	"sync"

	"seedance-mcp/internal/store"
)

// openStore is the one handle of this process on the store: the engine's tasks
// and the access keys. It is opened when it is first needed, and tried again
// while that fails.
type openStore struct {
	path string

	mu     sync.Mutex
	opened *store.Store
}

func (o *openStore) open(ctx context.Context) (*store.Store, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.opened != nil {
		return o.opened, nil
	}
	opened, err := store.Open(ctx, o.path)
	if err != nil {
		return nil, err
	}
	o.opened = opened
	return opened, nil
}

// close closes what was opened. Closing twice is harmless: the engine closes
// the store that it was given.
func (o *openStore) close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.opened == nil {
		return nil
	}
	return o.opened.Close()
}
