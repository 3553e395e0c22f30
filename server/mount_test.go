package server_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"seedance-mcp/internal/video"
	"seedance-mcp/server"
)

func TestEverythingIsServedBelowTheBasePath(t *testing.T) {
	f := newFixture(t, func(o *server.Options) {
		o.BasePath = "/team/videos"
		o.Extra = map[string]http.Handler{"/ui": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, r.URL.Path)
		})}
	})
	base := f.web(t)
	for path, want := range map[string]string{
		"/healthz": `"ok"`, "/readyz": `"ready"`, "/ui": "/ui",
		"/team/videos/healthz": `"ok"`, "/team/videos/readyz": `"ready"`, "/team/videos/ui": "/ui",
		"/team/videos": "", "/team/videosx/ui": "", "/team/ui": "", "/team/videos/team/videos/ui": "", "/team%2Fvideos/ui": "",
	} {
		r := httptest.NewRequest(http.MethodGet, base+path, nil)
		r.Host = "localhost"
		w := httptest.NewRecorder()
		f.Handler().ServeHTTP(w, r)
		if found := w.Code == http.StatusOK && strings.Contains(w.Body.String(), want); found != (want != "") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	if response, m := post(t, base+"/team/videos", call("1", "echo", "hi", 0, "", "")); response.StatusCode != http.StatusOK || m.text() != "hi" {
		t.Error(response.Status, m.raw)
	}
	response, err := http.Post(base+"/team/videos/webhooks/x", "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	if response.StatusCode != http.StatusOK {
		t.Error(response.Status)
	}
}

// A proxy on the same machine passes the public Host on, or makes it its own;
// pages of the public URL come by either.
func TestPublicURLIsServedBesideLoopback(t *testing.T) {
	h := newFixture(t, func(o *server.Options) { o.PublicURL = "https://videos.example.com/team" }).Handler()
	const loop = "127.0.0.1:8080"
	for _, c := range []struct {
		host, origin string
		status       int
	}{
		{"videos.example.com", "", 200},
		{"VIDEOS.example.com:443", "", 200},
		{"videos.example.com", "https://videos.example.com", 200},
		{"127.0.0.1:8080", "https://videos.example.com", 200},
		{"127.0.0.1:8080", "https://videos.example.com:8443", 403},
		{"127.0.0.1:8080", "http://videos.example.com", 403},
		{"other.example.com", "", 403},
		{"videos.example.com.evil.example", "", 403},
		{"videos.example.com@evil.example", "", 403},
		{"videos.example.com", "https://evil.example", 403},
	} {
		headers := map[string]string{}
		if c.origin != "" {
			headers["Origin"] = c.origin
		}
		if w := arrive(h, http.MethodPost, "/mcp", c.host, loop, headers); w.Code != c.status {
			t.Errorf("%s, page of %q: %d %s", c.host, c.origin, w.Code, w.Body)
		}
	}
}

func TestFromThisMachine(t *testing.T) {
	for _, c := range []struct {
		host, header string
		own          bool
	}{
		{"127.0.0.1:8080", "", true}, {"localhost", "", true}, {"[::1]:8080", "", true},
		{"videos.example.com", "", false}, {"localhost.evil.example", "", false}, {"", "", false},
		{"127.0.0.1:8080", "X-Forwarded-For", false}, {"127.0.0.1:8080", "Forwarded", false}, {"localhost", "X-Real-Ip", false}, {"localhost", "Via", false},
	} {
		r := httptest.NewRequest(http.MethodPost, "/mcp", nil)
		r.Host = c.host
		if c.header != "" {
			r.Header.Set(c.header, "203.0.113.9")
		}
		if own := server.FromThisMachine(r); own != c.own {
			t.Errorf("%q %s: %t", c.host, c.header, own)
		}
	}
}

// What a browser's script may do and read, refusals included.
func TestPagesReadWhatTheyNeed(t *testing.T) {
	h := newFixture(t, func(o *server.Options) {
		o.AllowedOrigins = []string{"https://app.example.com"}
		o.Authenticate = func(r *http.Request) (string, error) {
			if r.Header.Get("Authorization") == "" {
				return "", video.Errorf(video.Unauthenticated, "no key")
			}
			return "page", nil
		}
		o.Limits.PerMinute = 1
	}).Handler()
	const loop = "127.0.0.1:8080"
	page := func(more map[string]string) map[string]string {
		more["Origin"] = "https://app.example.com"
		return more
	}
	for _, c := range []struct {
		method  string
		headers map[string]string
		status  int
	}{
		{http.MethodPost, page(map[string]string{}), 401},
		{http.MethodPost, page(map[string]string{"Authorization": "x"}), 200},
		{http.MethodPost, page(map[string]string{"Authorization": "x"}), 429},
		{http.MethodGet, page(map[string]string{"Authorization": "x"}), 405},
		{http.MethodDelete, page(map[string]string{"Authorization": "x"}), 405},
		{http.MethodOptions, page(map[string]string{"Access-Control-Request-Method": "DELETE", "Access-Control-Request-Private-Network": "true"}), 204},
	} {
		w := arrive(h, c.method, "/mcp", loop, loop, c.headers)
		got := w.Header()
		if w.Code != c.status || got.Get("Access-Control-Allow-Origin") != "https://app.example.com" || !strings.Contains(strings.Join(got.Values("Vary"), ","), "Origin") {
			t.Errorf("%s %d: %v", c.method, w.Code, got)
		}
		for _, name := range []string{"Mcp-Session-Id", "Mcp-Protocol-Version", "WWW-Authenticate", "Retry-After"} {
			if !strings.Contains(got.Get("Access-Control-Expose-Headers"), name) {
				t.Errorf("%s %d hides %s", c.method, w.Code, name)
			}
		}
		// No cookie counts here, so no browser needs to send one.
		if got.Get("Access-Control-Allow-Credentials") != "" {
			t.Error(got)
		}
		if c.status == 204 && (!strings.Contains(got.Get("Access-Control-Allow-Methods"), "DELETE") || got.Get("Access-Control-Allow-Private-Network") != "true") {
			t.Error(got)
		}
	}
}
