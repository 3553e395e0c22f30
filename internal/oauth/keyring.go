package oauth

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/sync/singleflight"
)

const (
	// fresh is how long a key set is used without asking again: a key that the
	// issuer takes back is accepted at most that long.
	fresh = 10 * time.Minute
	// trusted is how long the last set counts while the issuer is away.
	trusted = 24 * time.Hour
	// pause lies between two looks for a key that is not there, or at an issuer
	// that fails: strangers' tokens must not make this server hammer it.
	pause = 15 * time.Second
)

// keyring holds the issuer's keys. It is filled when the first token comes.
type keyring struct {
	issuer *issuer
	now    func() time.Time
	flight singleflight.Group

	mu      sync.Mutex
	keys    []jose.JSONWebKey
	fetched time.Time // when the keys came
	tried   time.Time // when they were last asked for
	fault   error     // of the last try
}

// matching gives the keys that may have signed a token. An id that is not known
// makes it look whether the issuer has new keys. Without an id all keys count.
func (k *keyring) matching(ctx context.Context, kid, algorithm string) ([]jose.JSONWebKey, error) {
	if err := k.renew(ctx, fresh); err != nil {
		return nil, err
	}
	if found := k.find(kid, algorithm); len(found) > 0 {
		return found, nil
	}
	if err := k.renew(ctx, 0); err != nil {
		return nil, err
	}
	return k.find(kid, algorithm), nil
}

func (k *keyring) find(kid, algorithm string) []jose.JSONWebKey {
	k.mu.Lock()
	defer k.mu.Unlock()
	var found []jose.JSONWebKey
	for _, key := range k.keys {
		if (kid == "" || key.KeyID == kid) && (key.Algorithm == "" || key.Algorithm == algorithm) {
			found = append(found, key)
		}
	}
	return found
}

// renew asks for the keys if they are older than age. The set that is there
// outlives an issuer that fails; an error means that there is none to go by.
func (k *keyring) renew(ctx context.Context, age time.Duration) error {
	k.mu.Lock()
	now := k.now()
	usable := len(k.keys) > 0 && now.Sub(k.fetched) < trusted
	recent := usable && now.Sub(k.fetched) < age
	waiting, fault := now.Sub(k.tried) < pause, k.fault
	k.mu.Unlock()
	switch {
	case recent, waiting && usable:
		return nil
	case waiting:
		return cmp.Or(fault, errNoKeys)
	}
	done := k.flight.DoChan("", func() (any, error) { return nil, k.fetch(ctx) })
	select {
	case <-ctx.Done():
		return ctx.Err()
	case result := <-done:
		if usable {
			return nil
		}
		return result.Err
	}
}

// errNoKeys is for the moment in which nobody has said why there are none.
var errNoKeys = fmt.Errorf("the issuer's keys are not known")

// fetch is one try. Others wait for it, so it outlives the request that began
// it.
func (k *keyring) fetch(ctx context.Context) error {
	keys, err := k.issuer.keys(context.WithoutCancel(ctx))
	k.mu.Lock()
	defer k.mu.Unlock()
	k.tried, k.fault = k.now(), err
	if err == nil {
		k.keys, k.fetched = slices.Clip(keys), k.tried
	}
	return err
}
