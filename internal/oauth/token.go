package oauth

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

const (
	// maxToken is the longest token that is looked at, in bytes; issuers that
	// put groups into tokens stay below it.
	maxToken = 16 << 10
	// leeway is how far the issuer's clock may be off.
	leeway = 30 * time.Second
	// maxSubject keeps a subject from filling the memory of whoever hashes it.
	maxSubject = 1 << 10
)

// algorithms are the accepted ones: asymmetric, so that a published key cannot
// make tokens. What a token says of itself only chooses among them.
func algorithms() []jose.SignatureAlgorithm {
	return []jose.SignatureAlgorithm{
		jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512,
		jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
	}
}

// Check gives the principal of a token. An error that is about the token holds
// nothing of it; any other means that it could not be judged.
func (r *Resource) Check(ctx context.Context, token string) (principal string, err error) {
	if len(token) > maxToken {
		return "", refused("the token is too long")
	}
	parsed, err := jwt.ParseSigned(token, algorithms())
	if err != nil || len(parsed.Headers) != 1 {
		return "", refused("the token is no signed JWT, or its algorithm is not accepted")
	}
	// Of the header only the key's id, the algorithm and the type count: keys
	// and addresses of keys in it (jwk, jku, x5c, x5u) are its author's.
	header := parsed.Headers[0]
	if !accessTokenType(header.ExtraHeaders[jose.HeaderType]) {
		return "", refused("the token is of another type than at+jwt or JWT")
	}
	candidates, err := r.keys.matching(ctx, header.KeyID, header.Algorithm)
	if err != nil {
		return "", err
	}
	for _, key := range candidates {
		var standard jwt.Claims
		var more moreClaims
		err := parsed.Claims(key.Key, &standard, &more)
		switch {
		case errors.Is(err, jose.ErrCryptoFailure), errors.Is(err, jose.ErrUnsupportedAlgorithm), errors.Is(err, jose.ErrUnsupportedKeyType):
			continue
		case err != nil:
			return "", refused("the token's claims cannot be read")
		}
		return r.judge(standard, more)
	}
	return "", refused("the token is not signed by a key of the issuer")
}

// accessTokenType knows the types of access tokens; many issuers name none.
func accessTokenType(given any) bool {
	if given == nil {
		return true
	}
	name, _ := given.(string)
	switch strings.TrimPrefix(strings.ToLower(name), "application/") {
	case "at+jwt", "jwt":
		return true
	}
	return false
}

// moreClaims are those that go-jose leaves to us.
type moreClaims struct {
	Scope        words           `json:"scope"`
	Scp          words           `json:"scp"` // the name that some issuers use
	Confirmation json.RawMessage `json:"cnf"`
}

// words are scopes: one string with blanks, or a list.
type words []string

func (w *words) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(data, []byte("[")) {
		return json.Unmarshal(data, (*[]string)(w))
	}
	var text string
	err := json.Unmarshal(data, &text)
	*w = strings.Fields(text)
	return err
}

// judge decides on the claims of a token whose signature is good.
func (r *Resource) judge(c jwt.Claims, more moreClaims) (principal string, err error) {
	expected := jwt.Expected{Issuer: r.config.Issuer, AnyAudience: jwt.Audience{r.config.Audience}, Time: r.config.Now()}
	switch err := c.ValidateWithLeeway(expected, leeway); {
	case errors.Is(err, jwt.ErrInvalidIssuer):
		return "", refused("the token is from another issuer")
	case errors.Is(err, jwt.ErrInvalidAudience):
		return "", refused("the token is for another audience")
	case errors.Is(err, jwt.ErrExpired):
		return "", refused("the token has expired")
	case err != nil:
		return "", refused("the token is not valid yet")
	case c.Expiry == nil:
		return "", refused("the token has no end (exp)")
	case c.Subject == "" || len(c.Subject) > maxSubject:
		return "", refused("the token has no subject (sub) that could be used")
	case len(more.Confirmation) > 0 && !bytes.Equal(more.Confirmation, []byte("null")):
		// Whoever stole it could use it: the proof that it wants is not asked
		// for here.
		return "", refused("the token is bound to a key (cnf), which is not supported")
	}
	have := slices.Concat(more.Scope, more.Scp)
	for _, scope := range r.config.Scopes {
		if !slices.Contains(have, scope) {
			return "", &refusedError{reason: "the token lacks a scope that is needed here", scope: true}
		}
	}
	return Principal(c.Issuer, c.Subject), nil
}
