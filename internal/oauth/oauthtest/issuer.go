// Package oauthtest is an authorization server for tests, on loopback: it
// publishes metadata and keys, makes any token that a test wants, and takes
// real clients through registration, authorization and token requests without
// asking anybody. Only tests import it.
package oauthtest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Subject is whom the flow's tokens name.
const Subject = "fox@example.com"

const scopeName = "scope"

// Issuer is the server. Its fields may be changed before it is asked.
type Issuer struct {
	// URL is its identifier, with the path that New was given.
	URL string
	// OpenID publishes the metadata at the OpenID Connect place only.
	OpenID bool
	// Named is the issuer that its metadata names; "" is URL.
	Named string
	// Audience is that of the flow's tokens; "" is the resource asked for.
	Audience string

	server *httptest.Server
	prefix string

	mu      sync.Mutex
	private []Key
	extra   []any // more entries of the key set, as they are
	down    bool
	hits    map[string]int
	grants  map[string]grant
}

// Key signs tokens under an id.
type Key struct {
	ID      string
	Private crypto.Signer
}

// grant is what a code stands for.
type grant struct{ challenge, redirect, resource, scope string }

// New starts an issuer with one key; prefix is the path in its identifier.
func New(t testing.TB, prefix string) *Issuer {
	t.Helper()
	i := &Issuer{prefix: prefix, hits: map[string]int{}, grants: map[string]grant{}}
	i.server = httptest.NewServer(i)
	t.Cleanup(i.server.Close)
	i.URL = i.server.URL + prefix
	i.Rotate(t)
	return i
}

// Rotate replaces all keys by a new one.
func (i *Issuer) Rotate(t testing.TB) Key {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	key := Key{ID: fmt.Sprintf("key-%d", time.Now().UnixNano()), Private: private}
	i.private = []Key{key}
	return key
}

// Publish adds a key, or any other entry, to the set.
func (i *Issuer) Publish(entries ...any) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, entry := range entries {
		if key, ok := entry.(Key); ok {
			i.private = append(i.private, key)
		} else {
			i.extra = append(i.extra, entry)
		}
	}
}

// Key is the newest key.
func (i *Issuer) Key() Key {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.private[len(i.private)-1]
}

// Down makes it answer 503 to everything, or not.
func (i *Issuer) Down(down bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.down = down
}

// Hits is how often a path was asked for.
func (i *Issuer) Hits(path string) int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.hits[path]
}

// Claims are those of a good token for an audience; more and nil values in
// change add to them and take away.
func (i *Issuer) Claims(audience string, now time.Time, change map[string]any) map[string]any {
	claims := map[string]any{
		"iss": i.URL, "sub": Subject, "aud": audience, "iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(time.Hour).Unix(),
		"client_id": "test", scopeName: "videos",
	}
	maps.Copy(claims, change)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	return claims
}

// Token signs claims with the newest key.
func (i *Issuer) Token(t testing.TB, audience string, change map[string]any) string {
	t.Helper()
	return Sign(t, i.Key(), nil, i.Claims(audience, time.Now(), change))
}

// Sign makes a token with any claims and any more header fields.
func Sign(t testing.TB, key Key, header map[string]any, claims any) string {
	t.Helper()
	algorithm := jose.RS256
	if _, ok := key.Private.(*rsa.PrivateKey); !ok {
		algorithm = jose.ES256
	}
	options := (&jose.SignerOptions{}).WithType("at+jwt")
	for name, value := range header {
		if name == "alg" {
			text, _ := value.(string)
			algorithm = jose.SignatureAlgorithm(text)
			continue
		}
		options.WithHeader(jose.HeaderKey(name), value)
	}
	var private any = key.Private
	if key.ID != "" {
		private = jose.JSONWebKey{Key: key.Private, KeyID: key.ID}
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: private}, options)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func (i *Issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	i.hits[r.URL.Path]++
	down := i.down
	i.mu.Unlock()
	if down {
		http.Error(w, "<html>down</html>", http.StatusServiceUnavailable)
		return
	}
	metadata := []string{i.prefix + "/.well-known/openid-configuration"}
	if !i.OpenID {
		metadata = []string{"/.well-known/oauth-authorization-server" + i.prefix}
	}
	switch {
	case slices.Contains(metadata, r.URL.Path):
		i.metadata(w)
	case r.URL.Path == i.prefix+"/jwks":
		i.jwks(w)
	case r.URL.Path == i.prefix+"/register":
		i.register(w, r)
	case r.URL.Path == i.prefix+"/authorize":
		i.authorize(w, r)
	case r.URL.Path == i.prefix+"/token":
		i.token(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (i *Issuer) metadata(w http.ResponseWriter) {
	name := i.Named
	if name == "" {
		name = i.URL
	}
	answer(w, http.StatusOK, map[string]any{
		"issuer": name, "jwks_uri": i.URL + "/jwks", "authorization_endpoint": i.URL + "/authorize", "token_endpoint": i.URL + "/token",
		"registration_endpoint": i.URL + "/register", "response_types_supported": []string{"code"},
		"grant_types_supported": []string{"authorization_code"}, "code_challenge_methods_supported": []string{"S256"},
		"token_endpoint_auth_methods_supported": []string{"none"}, "authorization_response_iss_parameter_supported": true,
	})
}

func (i *Issuer) jwks(w http.ResponseWriter) {
	i.mu.Lock()
	entries := slices.Clone(i.extra)
	for _, key := range i.private {
		entries = append(entries, jose.JSONWebKey{Key: key.Private.Public(), KeyID: key.ID, Use: "sig"})
	}
	i.mu.Unlock()
	answer(w, http.StatusOK, map[string]any{"keys": entries})
}

func (i *Issuer) register(w http.ResponseWriter, r *http.Request) {
	registered := map[string]any{}
	if err := json.NewDecoder(r.Body).Decode(&registered); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	registered["client_id"], registered["token_endpoint_auth_method"] = "test-client", "none"
	answer(w, http.StatusCreated, registered)
}

func (i *Issuer) authorize(w http.ResponseWriter, r *http.Request) {
	asked := r.URL.Query()
	back, err := url.Parse(asked.Get("redirect_uri"))
	if err != nil || asked.Get("code_challenge_method") != "S256" {
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	code := rand.Text()
	i.mu.Lock()
	i.grants[code] = grant{asked.Get("code_challenge"), asked.Get("redirect_uri"), asked.Get("resource"), asked.Get(scopeName)}
	i.mu.Unlock()
	back.RawQuery = url.Values{"code": {code}, "state": {asked.Get("state")}, "iss": {i.URL}}.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound) //nolint:gosec // the redirect is what the client asked for
}

func (i *Issuer) token(w http.ResponseWriter, r *http.Request) {
	code := r.PostFormValue("code")
	i.mu.Lock()
	given, ok := i.grants[code]
	delete(i.grants, code)
	i.mu.Unlock()
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if !ok || base64.RawURLEncoding.EncodeToString(sum[:]) != given.challenge ||
		r.PostFormValue("redirect_uri") != given.redirect || r.PostFormValue("resource") != given.resource {
		answer(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant"})
		return
	}
	audience := i.Audience
	if audience == "" {
		audience = given.resource
	}
	claims := i.Claims(audience, time.Now(), map[string]any{scopeName: given.scope})
	answer(w, http.StatusOK, map[string]any{
		"access_token": Sign(fatal{}, i.Key(), nil, claims), "token_type": "Bearer", "expires_in": 3600, scopeName: given.scope,
	})
}

// fatal stands in where no test can be failed: net/http's goroutines.
type fatal struct{ testing.TB }

func (fatal) Helper()           {}
func (fatal) Fatal(args ...any) { panic(strings.TrimSpace(fmt.Sprintln(args...))) }

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		return // the client is gone
	}
}
