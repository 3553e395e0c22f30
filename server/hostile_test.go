package server_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"seedance-mcp/internal/video"
	"seedance-mcp/server"
)

// endpoints are all paths that are served, below a base path and at the root.
// guarded ones refuse foreign pages and hosts; the others hold nothing that a
// page could use.
var endpoints = []struct {
	method, path string
	guarded      bool
	reads        bool // a body
}{
	{http.MethodPost, "/mcp", true, true},
	{http.MethodGet, "/healthz", false, false},
	{http.MethodGet, "/readyz", false, false},
	{http.MethodPost, "/webhooks/token", false, true},
	{http.MethodGet, "/ui", true, false},
	{http.MethodGet, "/sandbox/media/x.mp4", true, false},
}

func exposed(t *testing.T) *fixture {
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "page of "+r.URL.Path) })
	return newFixture(t, func(o *server.Options) {
		o.BasePath = "/team"
		o.Extra = map[string]http.Handler{"/ui": page, "/sandbox/": http.StripPrefix("/sandbox", page)}
		o.Authenticate = func(r *http.Request) (string, error) {
			if r.Header.Get("Authorization") != "Bearer right" {
				return "", video.Errorf(video.Unauthenticated, "no key")
			}
			return "caller", nil
		}
	})
}

func TestEveryEndpointKeepsForeignPagesOut(t *testing.T) {
	h := exposed(t).Handler()
	const loop = "127.0.0.1:8080"
	for _, e := range endpoints {
		for _, base := range []string{"", "/team"} {
			for _, c := range []struct {
				name, host, origin string
				allowed            bool
			}{
				{"own", loop, "", true},
				{"own page", loop, "http://127.0.0.1:8080", true},
				{"hostile page", loop, "https://evil.example", false},
				{"opaque page", loop, "null", false},
				{"rebound name", "evil.example:8080", "", false},
				{"page of a rebound name", "evil.example:8080", "http://evil.example:8080", false},
			} {
				headers := map[string]string{"Authorization": "Bearer right"}
				if c.origin != "" {
					headers["Origin"] = c.origin
				}
				w := arrive(h, e.method, base+e.path, c.host, loop, headers)
				want := http.StatusOK
				if e.guarded && !c.allowed {
					want = http.StatusForbidden
				}
				if w.Code != want {
					t.Errorf("%s%s, %s: %d %s", base, e.path, c.name, w.Code, w.Body)
				}
				// Whatever is answered, a page that may not call cannot read it.
				if shared := w.Header().Get("Access-Control-Allow-Origin"); shared == "*" || (shared != "" && !c.allowed) {
					t.Errorf("%s%s, %s: readable by %q", base, e.path, c.name, shared)
				}
				preflight := map[string]string{"Access-Control-Request-Method": e.method, "Access-Control-Request-Headers": "authorization"}
				if c.origin != "" && !c.allowed {
					preflight["Origin"] = c.origin
					if w := arrive(h, http.MethodOptions, base+e.path, c.host, loop, preflight); w.Code < 400 || w.Header().Get("Access-Control-Allow-Headers") != "" {
						t.Errorf("%s%s, %s: preflight %d", base, e.path, c.name, w.Code)
					}
				}
			}
		}
	}
}

func TestEveryEndpointWithoutOrWithAWrongKey(t *testing.T) {
	h := exposed(t).Handler()
	const loop = "127.0.0.1:8080"
	for _, e := range endpoints {
		for _, key := range []string{"", "Bearer wrong", "Bearer ", "Basic cmlnaHQ6", "Bearer right, Bearer right"} {
			w := arrive(h, e.method, "/team"+e.path, loop, loop, map[string]string{"Authorization": key})
			if (w.Code == http.StatusUnauthorized) != (e.path == "/mcp") {
				t.Errorf("%s with %q: %d", e.path, key, w.Code)
			}
		}
		for _, method := range []string{http.MethodPut, http.MethodPatch, http.MethodTrace, http.MethodConnect, "BREW"} {
			if strings.HasPrefix(e.path, "/ui") || strings.HasPrefix(e.path, "/sandbox") {
				continue // handlers of others; theirs is tested there
			}
			if w := arrive(h, method, "/team"+e.path, loop, loop, nil); w.Code != http.StatusMethodNotAllowed {
				t.Errorf("%s %s: %d", method, e.path, w.Code)
			}
		}
	}
}

func TestEveryEndpointTakesNoMoreThanItsBody(t *testing.T) {
	base := exposed(t).web(t)
	for _, e := range endpoints {
		if !e.reads {
			continue
		}
		r := request(t, base, strings.Repeat("x", 4<<20), "Authorization: Bearer right")
		r.URL.Path = "/team" + e.path
		response, err := wire.RoundTrip(r)
		if err != nil {
			continue // refused while it was still sent
		}
		if response.StatusCode != http.StatusRequestEntityTooLarge || !response.Close {
			t.Errorf("%s: %s, closes %t", e.path, response.Status, response.Close)
		}
		response.Body.Close()
	}
}

func TestEveryEndpointEndsSlowBodies(t *testing.T) {
	f := exposed(t)
	f.SetTiming(20*time.Millisecond, 0, 0, 0)
	base := f.web(t)
	for _, e := range endpoints {
		if !e.reads {
			continue
		}
		for _, length := range []string{"Content-Length: 500000", "Transfer-Encoding: chunked"} {
			conn := dial(t, base)
			_, _ = fmt.Fprintf(conn, "%s /team%s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer right\r\nContent-Type: application/json\r\n%s\r\n\r\n", e.method, e.path, length)
			response, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil || response.StatusCode != http.StatusRequestTimeout {
				t.Errorf("%s, %s: %v %v", e.path, length, response, err)
			}
			if _, err := io.Copy(io.Discard, conn); err != nil {
				t.Errorf("%s, %s: the connection stays open: %v", e.path, length, err)
			}
			conn.Close()
		}
	}
}

// What is no HTTP, or two requests in one, reaches no handler, and the server
// goes on serving.
func TestMalformedRequestsReachNothing(t *testing.T) {
	f := exposed(t)
	base, _, _ := f.listen(t)
	const body = `{"jsonrpc":"2.0","id":1,"method":"ping"}`
	const head = "POST /mcp HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer right\r\nContent-Type: application/json\r\n"
	for name, sent := range map[string]string{
		"two lengths":          head + "Content-Length: 5\r\nContent-Length: 40\r\n\r\n" + body,
		"a negative length":    head + "Content-Length: -1\r\n\r\n" + body,
		"length with a sign":   head + "Content-Length: +40\r\n\r\n" + body,
		"unknown coding":       head + "Transfer-Encoding: gzip\r\n\r\n" + body,
		"two codings":          head + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
		"a chunk of no size":   head + "Transfer-Encoding: chunked\r\n\r\nZZ\r\n" + body + "\r\n0\r\n\r\n",
		"a chunk too short":    head + "Transfer-Encoding: chunked\r\n\r\n2\r\n" + body + "\r\n0\r\n\r\n",
		"no host":              "POST /mcp HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
		"two hosts":            "POST /mcp HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nContent-Length: 0\r\n\r\n",
		"a blank in a name":    "POST /mcp HTTP/1.1\r\nHost: localhost\r\nX Y: z\r\nContent-Length: 0\r\n\r\n",
		"a blank after a name": "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length : 40\r\n\r\n" + body,
		"a NUL":                "POST /mcp HTTP/1.1\r\nHost: localhost\r\nX: a\x00b\r\n\r\n",
		"HTTP/0.9":             "GET /healthz\r\n\r\n",
		"HTTP/9.9":             "GET /healthz HTTP/9.9\r\nHost: localhost\r\n\r\n",
		"a foreign address":    "GET http://evil.example/ui HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"TLS":                  "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
		"nothing but noise":    strings.Repeat("\xff\xfe", 1000) + "\r\n\r\n",
		"a bad escape":         "GET /%zz HTTP/1.1\r\nHost: localhost\r\n\r\n",
	} {
		conn := dial(t, base)
		_, _ = io.WriteString(conn, sent)
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err == nil && (response.StatusCode < 400 || response.StatusCode > 505) {
			t.Errorf("%s: %s", name, response.Status)
		}
		conn.Close()
	}
	// A request hidden in another's body stays a body.
	conn := dial(t, base)
	hidden := "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
	_, _ = fmt.Fprintf(conn, "%sContent-Length: %d\r\nConnection: close\r\n\r\n%s", head, len(hidden), hidden)
	all, _ := io.ReadAll(conn)
	if strings.Count(string(all), "HTTP/1.1 ") != 1 || strings.Contains(string(all), `"ok"`) {
		t.Errorf("two answers: %s", all)
	}
	conn.Close()
	for path, want := range map[string]bool{
		"/sandbox/../mcp": false, "/team/../../etc/passwd": false, "/team/%2e%2e/%2e%2e/etc/passwd": false, "/webhooks/a/b": false,
		"/webhooks/": false, "//mcp": false, "/mcp/": false, "/healthz/x": false, "/healthz": true,
	} {
		conn := dial(t, base)
		_, _ = fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path)
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || (response.StatusCode == http.StatusOK) != want || response.StatusCode >= 500 {
			t.Errorf("%s: %v %v", path, response, err)
		}
		conn.Close()
	}
}
