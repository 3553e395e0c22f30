package oauth_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/oauthex"

	"seedance-mcp/internal/oauth"
	"seedance-mcp/internal/oauth/oauthtest"
	"seedance-mcp/internal/video"
)

func TestDoor(t *testing.T) {
	issuer := oauthtest.New(t, "")
	dark := oauthtest.New(t, "")
	dark.Down(true)
	keys := func(r *http.Request) (string, error) {
		switch r.Header.Get("Authorization") {
		case "Bearer sdmcp_good":
			return "team-a", nil
		case "Bearer sdmcp_locked":
			return "", video.Errorf(video.Unavailable, "locked")
		}
		return "", video.Errorf(video.Unauthenticated, "no")
	}
	door := &oauth.Door{Keys: keys, Resource: resource(t, oauth.Config{Issuer: issuer.URL, Scopes: []string{"videos", "audio"}})}
	unlit := &oauth.Door{Keys: keys, Resource: resource(t, oauth.Config{Issuer: dark.URL})}
	full := issuer.Token(t, mcp, map[string]any{"scope": "videos audio"})
	const metadata = "https://videos.example.com/.well-known/oauth-protected-resource/mcp"
	for name, c := range map[string]struct {
		door      *oauth.Door
		headers   []string
		principal string
		code      video.Code
		kind      string // of the challenge
	}{
		"token":                  {door, []string{"Bearer " + full}, oauth.Principal(issuer.URL, oauthtest.Subject), "", ""},
		"scheme's case":          {door, []string{"bearer  " + full}, oauth.Principal(issuer.URL, oauthtest.Subject), "", ""},
		"key":                    {door, []string{"Bearer sdmcp_good"}, "team-a", "", ""},
		"key, issuer away":       {unlit, []string{"Bearer sdmcp_good"}, "team-a", "", ""},
		"nothing":                {door, nil, "", video.Unauthenticated, ""},
		"empty":                  {door, []string{""}, "", video.Unauthenticated, ""},
		"another scheme":         {door, []string{"Basic " + full}, "", video.Unauthenticated, ""},
		"DPoP":                   {door, []string{"DPoP " + full}, "", video.Unauthenticated, ""},
		"bare":                   {door, []string{full}, "", video.Unauthenticated, ""},
		"two":                    {door, []string{"Bearer " + full, "Bearer " + full}, "", video.Unauthenticated, "invalid_request"},
		"wrong key":              {door, []string{"Bearer sdmcp_bad"}, "", video.Unauthenticated, "invalid_token"},
		"expired token":          {door, []string{"Bearer " + issuer.Token(t, mcp, map[string]any{"exp": 1})}, "", video.Unauthenticated, "invalid_token"},
		"too little scope":       {door, []string{"Bearer " + issuer.Token(t, mcp, nil)}, "", video.Forbidden, "insufficient_scope"},
		"keys cannot be read":    {door, []string{"Bearer sdmcp_locked"}, "", video.Unavailable, ""},
		"issuer cannot be asked": {unlit, []string{"Bearer " + full}, "", video.Unavailable, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, "/mcp?access_token="+full, nil)
			for _, header := range c.headers {
				r.Header.Add("Authorization", header)
			}
			principal, err := c.door.Authenticate(r)
			if principal != c.principal || video.CodeOf(err) != c.code {
				t.Fatalf("%q, %v", principal, err)
			}
			challenged, ok := errors.AsType[interface {
				error
				Challenge() string
			}](err)
			if ok != (c.code == video.Unauthenticated || c.code == video.Forbidden) {
				t.Fatalf("challenge: %t", ok)
			}
			if !ok {
				return
			}
			// Read as the official client reads it.
			read, err := oauthex.ParseWWWAuthenticate([]string{challenged.Challenge()})
			if err != nil || len(read) != 1 || read[0].Scheme != "bearer" {
				t.Fatalf("%s: %v, %v", challenged.Challenge(), read, err)
			}
			params := read[0].Params
			if params["resource_metadata"] != metadata || params["error"] != c.kind || params["scope"] != "videos audio" ||
				(params["error_description"] == "") != (c.kind == "") {
				t.Errorf("challenge %v", params)
			}
			if strings.Contains(challenged.Error()+challenged.Challenge(), full[10:40]) {
				t.Error("the refusal repeats the token")
			}
		})
	}
}

func TestMetadata(t *testing.T) {
	const base = "/.well-known/oauth-protected-resource"
	for name, c := range map[string]struct {
		resource string
		path     string
		method   string
		status   int
	}{
		"alone":                {mcp, base, http.MethodGet, 200},
		"with the path":        {mcp, base + "/mcp", http.MethodGet, 200},
		"HEAD":                 {mcp, base + "/mcp", http.MethodHead, 200},
		"sub-path":             {"https://example.com/videos/mcp", base + "/videos/mcp", http.MethodGet, 200},
		"sub-path, taken away": {"https://example.com/videos/mcp", base + "/mcp", http.MethodGet, 200},
		"another path":         {mcp, base + "/other", http.MethodGet, 404},
		"climbing":             {mcp, base + "/mcp/../../x", http.MethodGet, 404},
		"POST":                 {mcp, base, http.MethodPost, 405},
	} {
		t.Run(name, func(t *testing.T) {
			r := resource(t, oauth.Config{Issuer: "https://login.example.com/tenant", Resource: c.resource, Scopes: []string{"videos"}, Name: "Videos"})
			w := httptest.NewRecorder()
			r.Metadata().ServeHTTP(w, httptest.NewRequest(c.method, c.path, nil))
			if w.Code != c.status {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			if c.status != 200 {
				return
			}
			var got oauthex.ProtectedResourceMetadata
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			if got.Resource != c.resource || len(got.AuthorizationServers) != 1 || got.AuthorizationServers[0] != "https://login.example.com/tenant" ||
				len(got.ScopesSupported) != 1 || got.ScopesSupported[0] != "videos" || got.ResourceName != "Videos" ||
				len(got.BearerMethodsSupported) != 1 || got.BearerMethodsSupported[0] != "header" {
				t.Errorf("%+v", got)
			}
		})
	}
}
