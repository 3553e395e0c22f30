package main

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"testing"

	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/video"
)

func TestWhereTheServerIsReached(t *testing.T) {
	for _, c := range []struct {
		public, base         string
		wantPublic, wantBase string
	}{
		{"", "", "", ""},
		{"", "/videos", "", "/videos"},
		{"https://a.example.com", "", "https://a.example.com", ""},
		{"https://a.example.com/", "/videos/", "https://a.example.com/videos", "/videos"},
		{"https://a.example.com/team/videos/", "", "https://a.example.com/team/videos", "/team/videos"},
		{"https://a.example.com/outside", "/inside", "https://a.example.com/outside", "/inside"},
	} {
		var s settings
		if c.public != "" {
			if err := setPublicURL(&s, c.public); err != nil {
				t.Fatal(err)
			}
		}
		if err := setBasePath(&s, c.base); err != nil {
			t.Fatal(err)
		}
		if err := s.settle(); err != nil || s.publicURL != c.wantPublic || s.serving.basePath != c.wantBase {
			t.Errorf("%s and %s: %s and %s, %v", c.public, c.base, s.publicURL, s.serving.basePath, err)
		}
	}
	s := settings{publicURL: "https://a.example.com/a b"}
	if err := s.settle(); err == nil {
		t.Error("a path with a space was taken")
	}
}

// A tunnel or proxy on this machine opens it to nobody.
func TestStrangersNeedKeys(t *testing.T) {
	for _, c := range []struct {
		principal, host, forwarded string
		ok                         bool
	}{
		{engine.LocalPrincipal, "127.0.0.1:8080", "", true},
		{engine.LocalPrincipal, "videos.example.com", "", false},
		{engine.LocalPrincipal, "127.0.0.1:8080", "203.0.113.9", false},
		{"team-a", "videos.example.com", "203.0.113.9", true},
	} {
		r := httptest.NewRequest(http.MethodPost, "/mcp", nil)
		r.Host = c.host
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		principal, err := strangersNeedKeys(func(*http.Request) (string, error) { return c.principal, nil })(r)
		if (err == nil) != c.ok || (err == nil && principal != c.principal) || (err != nil && video.CodeOf(err) != video.Unauthenticated) {
			t.Errorf("%+v: %q %v", c, principal, err)
		}
	}
}

// Whatever sounds like a secret can be given as a file, or is one already.
func TestSecretsCanBeFiles(t *testing.T) {
	all := slices.Concat(allSettings(), servingSettings(), copyingSettings())
	secret := regexp.MustCompile(`KEY|SECRET|TOKEN|PASSWORD|DATABASE_URL`)
	isFile := regexp.MustCompile("`file`")
	for _, one := range all {
		if secret.MatchString(one.env) && !isFile.MatchString(one.usage) && !slices.Contains(secretVariables(), one.env) {
			t.Errorf("%s cannot be given as %s%s: add it to secretVariables", one.env, one.env, fileSuffix)
		}
	}
	for _, name := range secretVariables() {
		if !slices.ContainsFunc(all, func(one setting) bool { return one.env == name }) {
			t.Errorf("there is no setting %s", name)
		}
		if slices.ContainsFunc(all, func(one setting) bool { return one.env == name+fileSuffix }) {
			t.Errorf("%s%s is a setting of its own", name, fileSuffix)
		}
	}
}
