package access_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"seedance-mcp/internal/access"
	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

var noon = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

func openStore(t *testing.T) *store.Store {
	t.Helper()
	s, err := store.Open(context.Background(), filepath.Join(t.TempDir(), "tasks.db"), store.WithClock(func() time.Time { return noon }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func keeper(s *store.Store, at time.Time) *access.Keeper {
	return &access.Keeper{
		Open: func(context.Context) (access.Keys, error) { return s, nil },
		Now:  func() time.Time { return at },
	}
}

func add(t *testing.T, s *store.Store, terms access.Terms) (secret string) {
	t.Helper()
	secret, record, err := access.New(terms, noon)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.AddKey(context.Background(), record); err != nil {
		t.Fatal(err)
	}
	return secret
}

func ask(k *access.Keeper, authorization string) (string, error) {
	r := httptest.NewRequest(http.MethodPost, "/mcp", nil)
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	return k.Authenticate(r)
}

func TestAuthenticate(t *testing.T) {
	s := openStore(t)
	good := add(t, s, access.Terms{Name: "team-a"})
	short := add(t, s, access.Terms{Name: "short", ExpiresAt: noon.Add(time.Hour)})
	gone := add(t, s, access.Terms{Name: "gone"})
	if _, err := s.RevokeKey(context.Background(), "gone"); err != nil {
		t.Fatal(err)
	}
	late := noon.Add(2 * time.Hour)
	for name, c := range map[string]struct {
		header string
		at     time.Time
		want   string // "" is a refusal
	}{
		"good":              {"Bearer " + good, noon, "team-a"},
		"scheme's case":     {"bearer " + good, noon, "team-a"},
		"not yet expired":   {"Bearer " + short, noon, "short"},
		"expired":           {"Bearer " + short, late, ""},
		"at its very end":   {"Bearer " + short, noon.Add(time.Hour), ""},
		"revoked":           {"Bearer " + gone, noon, ""},
		"none":              {"", noon, ""},
		"another scheme":    {"Basic " + good, noon, ""},
		"bare":              {good, noon, ""},
		"empty":             {"Bearer ", noon, ""},
		"a letter too many": {"Bearer " + good + "x", noon, ""},
		"a letter wrong":    {"Bearer " + good[:len(good)-1] + "!", noon, ""},
		"upper case":        {"Bearer " + strings.ToUpper(good), noon, ""},
		"SQL":               {"Bearer ' OR 1=1 --", noon, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ask(keeper(s, c.at), c.header)
			if got != c.want {
				t.Errorf("principal %q, want %q (%v)", got, c.want, err)
			}
			if (c.want == "") != (video.CodeOf(err) == video.Unauthenticated) {
				t.Errorf("error %v", err)
			}
		})
	}
}

// A refusal must not tell whether a key exists.
func TestRefusalsAreTheSame(t *testing.T) {
	s := openStore(t)
	gone := add(t, s, access.Terms{Name: "gone"})
	if _, err := s.RevokeKey(context.Background(), "gone"); err != nil {
		t.Fatal(err)
	}
	_, unknown := ask(keeper(s, noon), "Bearer sdmcp_unknown")
	_, revoked := ask(keeper(s, noon), "Bearer "+gone)
	if unknown == nil || revoked == nil || unknown.Error() != revoked.Error() {
		t.Errorf("unknown: %v; revoked: %v", unknown, revoked)
	}
	if strings.Contains(revoked.Error(), gone) {
		t.Error("the refusal repeats the key")
	}
}

// Without any key a server on loopback is open to its own user; the first key
// closes it, and it stays closed when that key is revoked.
func TestOpenUntilTheFirstKey(t *testing.T) {
	s := openStore(t)
	open := keeper(s, noon)
	open.OpenToAll = true
	if got, err := ask(open, ""); got != "local" || err != nil {
		t.Fatalf("before any key: %q, %v", got, err)
	}
	if got, err := ask(keeper(s, noon), ""); got != "" || err == nil {
		t.Fatalf("beyond loopback: %q, %v", got, err)
	}
	if got, err := ask(open, "Bearer sdmcp_unknown"); got != "" || err == nil {
		t.Fatalf("a caller that expects to be somebody: %q, %v", got, err)
	}
	add(t, s, access.Terms{Name: "team-a"})
	for _, when := range []string{"with a key", "with a revoked key"} {
		if got, err := ask(open, ""); got != "" || err == nil {
			t.Fatalf("%s: %q, %v", when, got, err)
		}
		_, _ = s.RevokeKey(context.Background(), "team-a")
	}
}

func TestOpenWithoutAStore(t *testing.T) {
	none := &access.Keeper{Open: func(context.Context) (access.Keys, error) { return nil, nil }, OpenToAll: true, Now: time.Now}
	if got, err := ask(none, ""); got != "local" || err != nil {
		t.Errorf("no store yet: %q, %v", got, err)
	}
	if got, err := ask(none, "Bearer sdmcp_unknown"); got != "" || err == nil {
		t.Errorf("a key, no store: %q, %v", got, err)
	}
	locked := &video.Error{Code: video.Unavailable, Message: "locked"}
	broken := &access.Keeper{Open: func(context.Context) (access.Keys, error) { return nil, locked }, OpenToAll: true, Now: time.Now}
	if got, err := ask(broken, ""); got != "" || !errors.Is(err, locked) {
		t.Errorf("keys that cannot be read: %q, %v; want the cause and nobody let in", got, err)
	}
}

func TestLastUseIsNoted(t *testing.T) {
	s := openStore(t)
	secret := add(t, s, access.Terms{Name: "team-a"})
	used := func() time.Time {
		keys, err := s.Keys(context.Background())
		if err != nil || len(keys) != 1 {
			t.Fatalf("%v, %v", keys, err)
		}
		return keys[0].LastUsedAt
	}
	for _, c := range []struct{ at, want time.Time }{
		{noon.Add(time.Second), noon.Add(time.Second)},
		{noon.Add(10 * time.Second), noon.Add(time.Second)}, // a write a minute is enough
		{noon.Add(2 * time.Minute), noon.Add(2 * time.Minute)},
	} {
		if _, err := ask(keeper(s, c.at), "Bearer "+secret); err != nil {
			t.Fatal(err)
		}
		if got := used(); !got.Equal(c.want) {
			t.Errorf("at %v: last used %v, want %v", c.at, got, c.want)
		}
	}
}

func TestNew(t *testing.T) {
	secret, record, err := access.New(access.Terms{Name: "team-a"}, noon)
	if err != nil {
		t.Fatal(err)
	}
	if len(secret) < 30 || !strings.HasPrefix(secret, "sdmcp_") || strings.Contains(record.Hash, secret[6:]) {
		t.Errorf("secret of %d characters, hash %q", len(secret), record.Hash)
	}
	other, second, err := access.New(access.Terms{Name: "team-a"}, noon)
	if err != nil || other == secret || second.ID == record.ID || second.Hash == record.Hash {
		t.Errorf("two keys are alike: %v", err)
	}
	for name, terms := range map[string]access.Terms{
		"empty": {}, "local": {Name: "local"}, "a token's": {Name: "oauth-beiub2uu2e2sqboobpj3gxvcp3"}, "an id": {Name: "key_h7n77nxz3o"}, "space": {Name: "team a"}, "capital": {Name: "Team"}, "path": {Name: "../x"},
		"long": {Name: strings.Repeat("a", 41)}, "expired": {Name: "a", ExpiresAt: noon}, "line break": {Name: "a\nb"},
	} {
		if _, _, err := access.New(terms, noon); video.CodeOf(err) != video.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
