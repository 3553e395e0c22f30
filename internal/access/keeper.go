package access

import (
	"context"
	"crypto/subtle"
	"net/http"
	"strings"
	"time"

	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

// touchEvery is how exact a key's last use is known: a write for every call
// would cost more than the call.
const touchEvery = time.Minute

// Keys is where keys are kept; store.Store says what each method promises.
type Keys interface {
	HasKeys(ctx context.Context) (bool, error)
	KeyByHash(ctx context.Context, hash string) (store.Key, error)
	KeyByName(ctx context.Context, name string) (store.Key, error)
	TouchKey(ctx context.Context, id string, at time.Time) error
}

// Keeper lets callers in.
type Keeper struct {
	// Open gives the keys; nil keys: nothing was ever stored.
	Open func(ctx context.Context) (Keys, error)
	// OpenToAll lets callers without a key in as the machine's own user, as
	// long as no key was ever made: right on loopback only.
	OpenToAll bool
	Now       func() time.Time
}

// Authenticate names the caller by the key in its Authorization header.
// Unauthenticated: no key, or one that is unknown, expired or revoked; which of
// them is not told. Unavailable: keys cannot be looked up.
func (k *Keeper) Authenticate(r *http.Request) (principal string, err error) {
	keys, err := k.Open(r.Context())
	if err != nil {
		return "", err
	}
	secret, given := bearer(r)
	if keys == nil {
		return k.withoutKeys(given)
	}
	if !given {
		exist, err := keys.HasKeys(r.Context())
		if err != nil {
			return "", err
		}
		if exist {
			return "", errNoAccess()
		}
		return k.withoutKeys(false)
	}
	sum := hash(secret)
	key, err := keys.KeyByHash(r.Context(), sum)
	if video.CodeOf(err) == video.NotFound {
		return "", errNoAccess()
	}
	if err != nil {
		return "", err
	}
	now := k.Now()
	if subtle.ConstantTimeCompare([]byte(key.Hash), []byte(sum)) != 1 || !live(key, now) {
		return "", errNoAccess()
	}
	if now.Sub(key.LastUsedAt) >= touchEvery {
		// That a key was used is worth knowing, not worth refusing a caller.
		_ = keys.TouchKey(r.Context(), key.ID, now)
	}
	return key.Name, nil
}

// withoutKeys decides while no key exists. A caller that sends one is refused
// even then: it expects to be somebody.
func (k *Keeper) withoutKeys(given bool) (string, error) {
	if given || !k.OpenToAll {
		return "", errNoAccess()
	}
	return local, nil
}

// KeyOf gives the key whose terms bind the principal now, and whether there is
// one: the machine's own user has none, nor has a principal whose key was
// revoked while its last tasks are under way.
func (k *Keeper) KeyOf(ctx context.Context, principal string) (store.Key, bool, error) {
	if principal == local {
		return store.Key{}, false, nil
	}
	keys, err := k.Open(ctx)
	if err != nil || keys == nil {
		return store.Key{}, false, err
	}
	key, err := keys.KeyByName(ctx, principal)
	if video.CodeOf(err) == video.NotFound {
		return store.Key{}, false, nil
	}
	return key, err == nil, err
}

func live(key store.Key, now time.Time) bool {
	return key.RevokedAt.IsZero() && (key.ExpiresAt.IsZero() || now.Before(key.ExpiresAt))
}

// bearer is the key that the request carries.
func bearer(r *http.Request) (secret string, given bool) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return "", false
	}
	scheme, secret, ok := strings.Cut(header, " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return "", true
	}
	return strings.TrimSpace(secret), true
}

func errNoAccess() error {
	return &video.Error{
		Code:       video.Unauthenticated,
		Message:    "A valid access key is required.",
		Suggestion: "Send the header \"Authorization: Bearer KEY\"; the server's owner makes keys with: seedance-mcp keys create NAME",
	}
}
