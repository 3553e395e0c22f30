package oauth_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"seedance-mcp/internal/oauth"
	"seedance-mcp/internal/oauth/oauthtest"
)

const mcp = "https://videos.example.com/mcp"

func resource(t *testing.T, config oauth.Config) *oauth.Resource {
	t.Helper()
	if config.Resource == "" {
		config.Resource = mcp
	}
	r, err := oauth.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// raw is a token made by hand.
func raw(t *testing.T, header, claims map[string]any, signature []byte) string {
	t.Helper()
	var parts []string
	for _, part := range []map[string]any{header, claims} {
		text, err := json.Marshal(part)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, base64.RawURLEncoding.EncodeToString(text))
	}
	return strings.Join(append(parts, base64.RawURLEncoding.EncodeToString(signature)), ".")
}

// Everything that attackers have sent to checkers of JWTs.
func TestForgedAndForeignTokens(t *testing.T) {
	issuer := oauthtest.New(t, "")
	stranger := oauthtest.New(t, "")
	key, now := issuer.Key(), time.Now()
	public, ok := key.Private.Public().(*rsa.PublicKey)
	if !ok {
		t.Fatal("the issuer's key is not RSA")
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	published := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	modulus := public.N.Bytes()
	asked := 0
	trap := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		stranger.ServeHTTP(w, r)
	}))
	t.Cleanup(trap.Close)
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	forEncryption, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	symmetric := []byte("a shared secret of thirty-two by")
	issuer.Publish(
		jose.JSONWebKey{Key: weak.Public(), KeyID: "weak", Use: "sig"},
		jose.JSONWebKey{Key: forEncryption.Public(), KeyID: "enc", Use: "enc"},
		jose.JSONWebKey{Key: symmetric, KeyID: "shared", Use: "sig"},
		map[string]any{"kty": "OKP-of-tomorrow", "kid": "unknown kind"},
	)
	good := func(change map[string]any) map[string]any { return issuer.Claims(mcp, now, change) }
	hs256 := func(secret []byte, kid string) string {
		unsigned := raw(t, map[string]any{"alg": "HS256", "typ": "at+jwt", "kid": kid}, good(nil), nil)
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(strings.TrimSuffix(unsigned, ".")))
		return unsigned + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
	}
	sign := func(header map[string]any, change map[string]any) string {
		return oauthtest.Sign(t, key, header, good(change))
	}
	signed := sign(nil, nil)
	parts := strings.Split(signed, ".")
	embedded := jose.JSONWebKey{Key: stranger.Key().Private.Public(), KeyID: key.ID}
	r := resource(t, oauth.Config{Issuer: issuer.URL, Scopes: []string{"videos"}, Now: func() time.Time { return now }})

	for name, c := range map[string]struct{ token, want string }{
		"alg none":                        {raw(t, map[string]any{"alg": "none"}, good(nil), nil), "algorithm"},
		"alg None":                        {raw(t, map[string]any{"alg": "None", "kid": key.ID}, good(nil), nil), "algorithm"},
		"alg none, a signature beside":    {raw(t, map[string]any{"alg": "none", "kid": key.ID}, good(nil), []byte("x")), "algorithm"},
		"no alg":                          {raw(t, map[string]any{"kid": key.ID}, good(nil), nil), "algorithm"},
		"HS256 with the public key's PEM": {hs256(published, key.ID), "algorithm"},
		"HS256 with the public key's DER": {hs256(der, key.ID), "algorithm"},
		"HS256 with the modulus":          {hs256(modulus, key.ID), "algorithm"},
		"HS256 with a published secret":   {hs256(symmetric, "shared"), "algorithm"},
		"HS256 with nothing":              {hs256(nil, key.ID), "algorithm"},
		"ES256 said of an RSA key":        {raw(t, map[string]any{"alg": "ES256", "kid": key.ID}, good(nil), make([]byte, 64)), "not signed by a key"},
		"ES256 of zeros, no kid":          {raw(t, map[string]any{"alg": "ES256"}, good(nil), make([]byte, 64)), "not signed by a key"},
		"another issuer's key":            {oauthtest.Sign(t, stranger.Key(), nil, good(nil)), "not signed by a key"},
		"another issuer's key, our kid":   {oauthtest.Sign(t, oauthtest.Key{ID: key.ID, Private: stranger.Key().Private}, nil, good(nil)), "not signed by a key"},
		"another issuer's token":          {stranger.Token(t, mcp, nil), "not signed by a key"},
		"a key too short":                 {oauthtest.Sign(t, oauthtest.Key{ID: "weak", Private: weak}, nil, good(nil)), "not signed by a key"},
		"a key for encryption":            {oauthtest.Sign(t, oauthtest.Key{ID: "enc", Private: forEncryption}, nil, good(nil)), "not signed by a key"},
		"a key in its own header (jwk)":   {oauthtest.Sign(t, oauthtest.Key{ID: key.ID, Private: stranger.Key().Private}, map[string]any{"jwk": embedded}, good(nil)), "not signed by a key"},
		"jku":                             {oauthtest.Sign(t, stranger.Key(), map[string]any{"jku": trap.URL + "/jwks"}, good(nil)), "not signed by a key"},
		"x5u":                             {oauthtest.Sign(t, stranger.Key(), map[string]any{"x5u": trap.URL + "/x5u"}, good(nil)), "not signed by a key"},
		"kid of a path":                   {oauthtest.Sign(t, oauthtest.Key{ID: "../../../../dev/null", Private: stranger.Key().Private}, nil, good(nil)), "not signed by a key"},
		"kid of a URL":                    {oauthtest.Sign(t, oauthtest.Key{ID: trap.URL + "/jwks", Private: stranger.Key().Private}, nil, good(nil)), "not signed by a key"},
		"kid of SQL":                      {oauthtest.Sign(t, oauthtest.Key{ID: "' OR 1=1 --", Private: stranger.Key().Private}, nil, good(nil)), "not signed by a key"},
		"unknown critical field":          {sign(map[string]any{"crit": []string{"exp"}, "exp": 1}, nil), ""},
		"claims changed":                  {parts[0] + "." + strings.Split(raw(t, nil, good(map[string]any{"sub": "admin"}), nil), ".")[1] + "." + parts[2], "not signed by a key"},
		"signature cut off":               {parts[0] + "." + parts[1] + ".", ""},
		"signature shortened":             {signed[:len(signed)-4], "not signed by a key"},
		"wrong audience":                  {sign(nil, map[string]any{"aud": "https://other.example.com/mcp"}), "another audience"},
		"audience: the host alone":        {sign(nil, map[string]any{"aud": "https://videos.example.com"}), "another audience"},
		"audience: longer":                {sign(nil, map[string]any{"aud": mcp + "/x"}), "another audience"},
		"audience: the client":            {sign(nil, map[string]any{"aud": []string{"test-client", "other"}}), "another audience"},
		"no audience":                     {sign(nil, map[string]any{"aud": nil}), "another audience"},
		"wrong issuer, right key":         {sign(nil, map[string]any{"iss": stranger.URL}), "another issuer"},
		"issuer with a slash":             {sign(nil, map[string]any{"iss": issuer.URL + "/"}), "another issuer"},
		"no issuer":                       {sign(nil, map[string]any{"iss": nil}), "another issuer"},
		"expired":                         {sign(nil, map[string]any{"exp": now.Add(-time.Minute).Unix()}), "expired"},
		"never ends":                      {sign(nil, map[string]any{"exp": nil}), "no end"},
		"ends at a word":                  {sign(nil, map[string]any{"exp": "tomorrow"}), "cannot be read"},
		"ends at null":                    {sign(nil, map[string]any{"exp": json.RawMessage("null")}), "no end"},
		"nbf to come":                     {sign(nil, map[string]any{"nbf": now.Add(time.Minute).Unix()}), "not valid yet"},
		"iat to come":                     {sign(nil, map[string]any{"iat": now.Add(time.Hour).Unix(), "nbf": nil}), "not valid yet"},
		"no subject":                      {sign(nil, map[string]any{"sub": nil}), "no subject"},
		"empty subject":                   {sign(nil, map[string]any{"sub": ""}), "no subject"},
		"subject is a list":               {sign(nil, map[string]any{"sub": []string{"a", "b"}}), "cannot be read"},
		"huge subject":                    {sign(nil, map[string]any{"sub": strings.Repeat("a", 2000)}), "no subject"},
		"bound to a key (DPoP, mTLS)":     {sign(nil, map[string]any{"cnf": map[string]any{"jkt": "x"}}), "bound to a key"},
		"missing scope":                   {sign(nil, map[string]any{"scope": "audio"}), "lacks a scope"},
		"no scope":                        {sign(nil, map[string]any{"scope": nil}), "lacks a scope"},
		"scope as part of another":        {sign(nil, map[string]any{"scope": "videos:read videosx"}), "lacks a scope"},
		"type of another use":             {sign(map[string]any{"typ": "logout+jwt"}, nil), "another type"},
		"huge":                            {sign(nil, map[string]any{"groups": strings.Repeat("g", 20<<10)}), "too long"},
		"endless dots":                    {strings.Repeat(".", 4000), ""},
		"no JSON":                         {"aaaa.bbbb.cccc", ""},
		"empty parts":                     {"..", ""},
		"encrypted":                       {"a.b.c.d.e", ""},
	} {
		t.Run(name, func(t *testing.T) {
			principal, err := r.Check(t.Context(), c.token)
			if principal != "" || err == nil {
				t.Fatalf("let in as %q", principal)
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("refused because %v, want %q", err, c.want)
			}
			for part := range strings.SplitSeq(c.token, ".") {
				if len(part) > 8 && strings.Contains(err.Error(), part) {
					t.Errorf("the refusal repeats the token: %v", err)
				}
			}
		})
	}
	if asked > 0 {
		t.Errorf("an address in a token was asked %d times", asked)
	}
	if principal, err := r.Check(t.Context(), signed); err != nil || principal != oauth.Principal(issuer.URL, oauthtest.Subject) {
		t.Errorf("the good one after all: %q, %v", principal, err)
	}
}

func TestGoodTokens(t *testing.T) {
	issuer := oauthtest.New(t, "/tenant")
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	elliptical := oauthtest.Key{ID: "ec", Private: curve}
	key, now := issuer.Key(), time.Now()
	issuer.Publish(elliptical)
	r := resource(t, oauth.Config{
		Issuer: issuer.URL, Scopes: []string{"videos", "audio"}, Audience: "api://videos", Now: func() time.Time { return now },
	})
	for name, c := range map[string]struct {
		key    oauthtest.Key
		header map[string]any
		change map[string]any
	}{
		"plain":                 {key, nil, nil},
		"PS256":                 {key, map[string]any{"alg": "PS256"}, nil},
		"RS512":                 {key, map[string]any{"alg": "RS512"}, nil},
		"ES256":                 {elliptical, nil, nil},
		"without a kid":         {oauthtest.Key{Private: key.Private}, nil, nil},
		"typ JWT":               {key, map[string]any{"typ": "JWT"}, nil},
		"typ in full":           {key, map[string]any{"typ": "application/at+jwt"}, nil},
		"several audiences":     {key, nil, map[string]any{"aud": []string{"other", "api://videos"}}},
		"scopes as a list":      {key, nil, map[string]any{"scope": []string{"audio", "videos"}}},
		"scopes as scp":         {key, nil, map[string]any{"scope": nil, "scp": []string{"audio", "videos", "x"}}},
		"more scopes":           {key, nil, map[string]any{"scope": "openid  videos email audio"}},
		"expired a moment ago":  {key, nil, map[string]any{"exp": now.Add(-15 * time.Second).Unix()}},
		"valid in a moment":     {key, nil, map[string]any{"nbf": now.Add(15 * time.Second).Unix(), "iat": now.Add(15 * time.Second).Unix()}},
		"without nbf and iat":   {key, nil, map[string]any{"nbf": nil, "iat": nil}},
		"cnf null":              {key, nil, map[string]any{"cnf": json.RawMessage("null")}},
		"jku and x5u beside":    {key, map[string]any{"jku": "http://127.0.0.1:1/", "x5u": "http://127.0.0.1:1/"}, nil},
		"many claims, all good": {key, nil, map[string]any{"groups": strings.Repeat("g", 5000)}},
	} {
		t.Run(name, func(t *testing.T) {
			change := map[string]any{"scope": "videos audio"}
			maps.Copy(change, c.change)
			principal, err := r.Check(t.Context(), oauthtest.Sign(t, c.key, c.header, issuer.Claims("api://videos", now, change)))
			if err != nil || principal != oauth.Principal(issuer.URL, oauthtest.Subject) {
				t.Errorf("%q, %v", principal, err)
			}
		})
	}
}

func TestPrincipals(t *testing.T) {
	seen := map[string]string{}
	for _, pair := range [][2]string{
		{"https://a.example", "1"}, {"https://a.example", "2"}, {"https://b.example", "1"}, {"https://a.example1", ""},
		{"https://a.exampl", "e1"}, {"https://a.example", "fox@example.com"}, {"https://a.example", "FOX@example.com"},
	} {
		name := oauth.Principal(pair[0], pair[1])
		if other, taken := seen[name]; taken {
			t.Errorf("%v and %s are both %s", pair, other, name)
		}
		seen[name] = strings.Join(pair[:], " ")
		if len(name) != 32 || !strings.HasPrefix(name, oauth.PrincipalPrefix) || strings.ContainsAny(name, "@ /:") || strings.Contains(name, "fox") {
			t.Errorf("name %q", name)
		}
	}
	// People's tasks hang on it.
	if got := oauth.Principal("https://login.example.com", "fox@example.com"); got != stable {
		t.Errorf("the name of a principal changed: %s, was %s", got, stable)
	}
}

// stable is what TestPrincipals saw when the name was chosen.
const stable = "oauth-beiub2uu2e2sqboobpj3gxvcp3"

func TestUnknownToNew(t *testing.T) {
	for name, config := range map[string]oauth.Config{
		"plain issuer":     {Issuer: "http://login.example.com", Resource: mcp},
		"no issuer":        {Resource: mcp},
		"issuer's query":   {Issuer: "https://login.example.com?x=1", Resource: mcp},
		"issuer's login":   {Issuer: "https://u:p@login.example.com", Resource: mcp},
		"no resource":      {Issuer: "https://login.example.com"},
		"plain key set":    {Issuer: "https://login.example.com", Resource: mcp, JWKSURL: "http://login.example.com/jwks"},
		"scope with quote": {Issuer: "https://login.example.com", Resource: mcp, Scopes: []string{`a"b`}},
		"empty scope":      {Issuer: "https://login.example.com", Resource: mcp, Scopes: []string{""}},
	} {
		if _, err := oauth.New(config); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func decoded(token string) []byte {
	var all []byte
	for part := range strings.SplitSeq(token, ".") {
		text, _ := base64.RawURLEncoding.DecodeString(part)
		all = append(append(all, text...), '.')
	}
	return all
}

func FuzzCheck(f *testing.F) {
	issuer := oauthtest.New(f, "")
	r, err := oauth.New(oauth.Config{Issuer: issuer.URL, Resource: mcp})
	if err != nil {
		f.Fatal(err)
	}
	good := issuer.Token(f, mcp, nil)
	f.Add(good)
	f.Add("a.b.c")
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Fuzz(func(t *testing.T, token string) {
		principal, err := r.Check(context.Background(), token)
		if (principal == "") != (err != nil) || token == good && err != nil {
			t.Errorf("%q: %q, %v", token, principal, err)
		}
		// base64 has several spellings of the same bytes; other bytes do not pass.
		if err == nil && !bytes.Equal(decoded(token), decoded(good)) {
			t.Errorf("%q was let in", token)
		}
	})
}
