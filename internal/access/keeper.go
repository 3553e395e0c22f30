package access

import (
	"context"
	"crypto/subtle"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

// touchEvery is how exact a key's last use is known: a write for every call
// would cost more than the call.
const touchEvery = time.Minute

// Keys is where keys and terms are kept; store.Store says what each method promises.
type Keys interface {
	HasKeys(ctx context.Context) (bool, error)
	KeyByHash(ctx context.Context, hash string) (store.Key, error)
	TouchKey(ctx context.Context, id string, at time.Time) error
	TermsOf(ctx context.Context, principal string) (store.Terms, error)
	TermsInForce(ctx context.Context) (map[string]store.Terms, error)
}

// Keeper lets callers in.
type Keeper struct {
	// Open gives the keys; nil keys: nothing was ever stored.
	Open func(ctx context.Context) (Keys, error)
	// OpenToAll lets callers without a key in as the machine's own user, as
	// long as no key was ever made: right on loopback only.
	OpenToAll bool
	Now       func() time.Time

	recent  atomic.Pointer[recentTerms]
	reading sync.Mutex // held by who reads the next
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
