package oauth

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"seedance-mcp/internal/video"
)

const (
	// fetchTimeout is for all that one renewal asks.
	fetchTimeout = 5 * time.Second
	// maxDocument and maxKeys are more than any issuer publishes.
	maxDocument = 1 << 20
	maxKeys     = 100
	// minRSA is in bits: below it a key can be broken.
	minRSA = 2048
)

// issuer is the authorization server as this one sees it: what it publishes.
type issuer struct {
	name    string
	jwksURL string // "": in its metadata
	client  *http.Client
}

func newIssuer(name, jwksURL string, transport http.RoundTripper) *issuer {
	return &issuer{name: name, jwksURL: jwksURL, client: &http.Client{
		Transport: transport,
		// An identifier has one place: who is sent elsewhere asks somebody else.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// keys asks for the public signing keys. An answer without any is a fault: it
// must not push out keys that work.
func (i *issuer) keys(ctx context.Context) ([]jose.JSONWebKey, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	location := i.jwksURL
	if location == "" {
		var err error
		if location, err = i.discover(ctx); err != nil {
			return nil, err
		}
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := i.get(ctx, location, &set); err != nil {
		return nil, err
	}
	if len(set.Keys) > maxKeys {
		return nil, fmt.Errorf("%s publishes %d keys", location, len(set.Keys))
	}
	var usable []jose.JSONWebKey
	for _, text := range set.Keys {
		var key jose.JSONWebKey
		// Keys of kinds that are not known here are for others.
		if json.Unmarshal(text, &key) == nil && verifies(key) {
			usable = append(usable, key)
		}
	}
	if len(usable) == 0 {
		return nil, fmt.Errorf("%s publishes no key that verifies signatures", location)
	}
	return usable, nil
}

// verifies says that key is public, strong enough, and meant for signatures.
func verifies(key jose.JSONWebKey) bool {
	if !key.Valid() || !key.IsPublic() || (key.Use != "" && key.Use != "sig") {
		return false
	}
	if public, ok := key.Key.(*rsa.PublicKey); ok {
		return public.N.BitLen() >= minRSA
	}
	return true
}

// discover finds the key set's URL in the issuer's metadata: of RFC 8414, or
// of OpenID Connect. It counts only if it says the issuer's own name.
func (i *issuer) discover(ctx context.Context) (string, error) {
	var faults []error
	for _, location := range metadataURLs(i.name) {
		var document struct {
			Issuer  string `json:"issuer"`
			JWKSURI string `json:"jwks_uri"`
		}
		switch err := i.get(ctx, location, &document); {
		case err != nil:
			faults = append(faults, err)
		case document.Issuer != i.name:
			faults = append(faults, fmt.Errorf("%s is the metadata of %q", location, video.Clip(document.Issuer, 100)))
		default:
			if err := CheckURL("jwks_uri", document.JWKSURI); err != nil {
				return "", fmt.Errorf("%s: %w", location, err)
			}
			return document.JWKSURI, nil
		}
	}
	return "", errors.Join(faults...)
}

// metadataURLs are the places where an issuer's metadata may be, in order.
func metadataURLs(name string) []string {
	u, err := url.Parse(name)
	if err != nil {
		return nil
	}
	path := strings.TrimSuffix(u.EscapedPath(), "/")
	base := u.Scheme + "://" + u.Host
	locations := []string{base + "/.well-known/oauth-authorization-server" + path, base + "/.well-known/openid-configuration" + path}
	if path != "" {
		locations = append(locations, base+path+"/.well-known/openid-configuration")
	}
	return locations
}

func (i *issuer) get(ctx context.Context, location string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, location, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Accept", "application/json")
	response, err := i.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %d", location, response.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxDocument+1))
	if err != nil {
		return fmt.Errorf("%s: %w", location, err)
	}
	if len(body) > maxDocument {
		return fmt.Errorf("%s is longer than %d bytes", location, maxDocument)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("%s is no such document: %w", location, err)
	}
	return nil
}
