package oauth

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// PrincipalPrefix begins the names of all callers with tokens; other kinds of
// callers must not have such names.
const PrincipalPrefix = "oauth-"

// Config is whose tokens are taken, and for what.
type Config struct {
	// Issuer is the authorization server's identifier, exactly as its tokens
	// and its metadata spell it.
	Issuer string
	// Resource is this server's MCP endpoint as clients know it.
	Resource string
	// Audience must be among a token's; "" is Resource.
	Audience string
	// Scopes must all be in a token.
	Scopes []string
	// JWKSURL is where the issuer's keys are; "": where its metadata says.
	JWKSURL string
	// Name is the resource's for people; "" leaves it out.
	Name string
	// Transport reaches the issuer; nil is http.DefaultTransport.
	Transport http.RoundTripper
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Resource is a protected resource: it knows its issuer's keys.
type Resource struct {
	config   Config
	keys     *keyring
	metadata string // URL of the metadata
}

// New makes a resource and asks nobody yet: a server must start while its
// issuer is away.
func New(config Config) (*Resource, error) {
	resource, err := address("the resource", config.Resource)
	if err != nil {
		return nil, err
	}
	if err := CheckURL("the issuer", config.Issuer); err != nil {
		return nil, err
	}
	if config.JWKSURL != "" {
		if err := CheckURL("the key set's URL", config.JWKSURL); err != nil {
			return nil, err
		}
	}
	if config.Audience == "" {
		config.Audience = config.Resource
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	for _, scope := range config.Scopes {
		if !isScope(scope) {
			return nil, fmt.Errorf("%.40q is no scope", scope)
		}
	}
	known := *resource
	known.Path, known.RawPath = wellKnown+strings.TrimSuffix(resource.Path, "/"), ""
	return &Resource{
		config: config, metadata: known.String(),
		keys: &keyring{issuer: newIssuer(config.Issuer, config.JWKSURL, config.Transport), now: config.Now},
	}, nil
}

// Warm fetches the issuer's keys before the first token comes. An error says why
// tokens cannot be judged yet; they are tried again.
func (r *Resource) Warm(ctx context.Context) error { return r.keys.renew(ctx, fresh) }

// CheckURL says why a URL cannot be an issuer's: keys that come over a plain
// connection could be anybody's. On this machine they may.
func CheckURL(what, text string) error {
	u, err := address(what, text)
	if err != nil {
		return err
	}
	if u.Scheme != "https" && !loopback(u.Hostname()) {
		return fmt.Errorf("%s must begin with https://", what)
	}
	return nil
}

func address(what, text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil || u.Fragment != "" || u.RawQuery != "" {
		return nil, fmt.Errorf("%s must be a URL such as https://login.example.com", what)
	}
	return u, nil
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || (err == nil && ip.Unmap().IsLoopback())
}

// isScope is RFC 6749's scope-token, which also fits into a quoted string.
func isScope(text string) bool {
	for _, r := range text {
		if r <= ' ' || r == '"' || r == '\\' || r > '~' {
			return false
		}
	}
	return text != ""
}

// Principal is the name of an issuer's subject: the same for ever, different
// from every other's, and it tells neither.
func Principal(issuer, subject string) string {
	h := sha256.New()
	var size [8]byte
	for _, part := range []string{issuer, subject} {
		// With its length before it, no part can pass for another's end.
		binary.BigEndian.PutUint64(size[:], uint64(len(part)))
		h.Write(size[:])
		h.Write([]byte(part))
	}
	return PrincipalPrefix + strings.ToLower(base32.StdEncoding.EncodeToString(h.Sum(nil))[:principalHash])
}

// principalHash is the length of a principal's name behind the prefix, in
// letters of base32.
const principalHash = 26

// IsPrincipal says that name could be one that [Principal] gives.
func IsPrincipal(name string) bool {
	hash, ok := strings.CutPrefix(name, PrincipalPrefix)
	return ok && len(hash) == principalHash && strings.Trim(hash, "abcdefghijklmnopqrstuvwxyz234567") == ""
}

// refusedError is a token that is not accepted; the text is for its sender and
// holds nothing of the token.
type refusedError struct {
	reason string
	scope  bool // it is good, but for less
}

func (e *refusedError) Error() string { return e.reason }

func refused(reason string) error { return &refusedError{reason: reason} }

// unavailable says that a token could not be judged.
func unavailable(err error) bool {
	_, judged := errors.AsType[*refusedError](err)
	return err != nil && !judged
}
