package access

import (
	"context"
	"time"

	"seedance-mcp/internal/store"
)

// freshFor is how old the terms may be that [Keeper.RecentTerms] gives.
const freshFor = 5 * time.Second

// recentTerms are everybody's terms as they were when they were read.
type recentTerms struct {
	of map[string]store.Terms
	at time.Time
}

func (r *recentTerms) fresh(now time.Time) bool {
	age := now.Sub(r.at)
	return age >= 0 && age < freshFor // a clock may be set back
}

// TermsOf gives the terms that bind the principal now. The machine's own user
// has none.
func (k *Keeper) TermsOf(ctx context.Context, principal string) (store.Terms, error) {
	if principal == local {
		return store.Terms{}, nil
	}
	kept, err := k.Open(ctx)
	if err != nil || kept == nil {
		return store.Terms{}, err
	}
	return kept.TermsOf(ctx, principal)
}

// RecentTerms gives the terms that bound the principal a few seconds ago at
// most: everybody's are read at once and then remembered, so that it may be
// asked at every message. An error is told to one asker and comes with what was
// read last.
func (k *Keeper) RecentTerms(ctx context.Context, principal string) (store.Terms, error) {
	known := k.recent.Load()
	switch {
	case principal == local:
		return store.Terms{}, nil
	case known == nil:
		k.reading.Lock()
	case known.fresh(k.Now()) || !k.reading.TryLock(): // somebody else reads
		return known.of[principal], nil
	}
	defer k.reading.Unlock()
	if newer := k.recent.Load(); newer != known {
		return newer.of[principal], nil
	}
	// The answer is everybody's: that this asker has gone must not spoil it.
	of, err := k.termsInForce(context.WithoutCancel(ctx))
	if err != nil && known != nil {
		of = known.of
	}
	k.recent.Store(&recentTerms{of: of, at: k.Now()})
	return of[principal], err
}

func (k *Keeper) termsInForce(ctx context.Context) (map[string]store.Terms, error) {
	kept, err := k.Open(ctx)
	if err != nil || kept == nil {
		return nil, err
	}
	return kept.TermsInForce(ctx)
}
