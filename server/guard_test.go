package server_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"seedance-mcp/internal/video"
	"seedance-mcp/server"
)

// arrive is a request as it comes in on the given local address.
func arrive(h http.Handler, method, path, host, local string, headers map[string]string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"ping"}`))
	r.Host = host
	r.Header.Set("Content-Type", "application/json")
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	if local != "" {
		addr, err := net.ResolveTCPAddr("tcp", local)
		if err != nil {
			panic(err)
		}
		r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, addr))
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestGuardKeepsForeignPagesOut(t *testing.T) {
	open := newFixture(t, nil).Handler()
	listed := newFixture(t, func(o *server.Options) {
		o.AllowedHosts = []string{"mcp.example.com", "proxy.example.com:8443"}
		o.AllowedOrigins = []string{"https://app.example.com/"}
	}).Handler()
	const loop, wide = "127.0.0.1:8080", "192.0.2.7:8080"
	for _, c := range []struct {
		name                string
		handler             http.Handler
		host, local, origin string
		status              int
	}{
		{"loopback", open, "127.0.0.1:8080", loop, "", 200},
		{"another loopback address", open, "127.8.9.1", loop, "", 200},
		{"localhost", open, "LocalHost:8080", loop, "", 200},
		{"IPv6", open, "[::1]:8080", "[::1]:8080", "", 200},
		{"mapped IPv4", open, "[::ffff:127.0.0.1]:8080", loop, "", 200},
		{"rebound name", open, "evil.example", loop, "", 403},
		{"rebound name with our port", open, "evil.example:8080", loop, "", 403},
		{"localhost as a label", open, "localhost.evil.example", loop, "", 403},
		{"decimal address", open, "2130706433", loop, "", 403},
		{"any name where keys are required", open, "mcp.example.com", wide, "", 200},
		{"nobody knows where it came in", open, "mcp.example.com", "", "", 403},
		{"hostile page", open, "127.0.0.1:8080", loop, "https://evil.example", 403},
		{"hostile page elsewhere", open, "mcp.example.com", wide, "https://evil.example", 403},
		{"page of the rebound name", open, "evil.example", loop, "http://evil.example", 403},
		{"own page where keys are required", open, "mcp.example.com:8080", wide, "http://MCP.example.com:8080", 200},
		{"own page behind TLS", open, "mcp.example.com", wide, "https://mcp.example.com", 200},
		{"own page at another port", open, "mcp.example.com:8080", wide, "http://mcp.example.com:9090", 403},
		{"own page of an unlisted host", listed, "other.example.com", wide, "https://other.example.com", 403},
		{"opaque page", open, "127.0.0.1:8080", loop, "null", 403},
		{"local file", open, "127.0.0.1:8080", loop, "file://", 403},
		{"extension", open, "127.0.0.1:8080", loop, "chrome-extension://localhost", 403},
		{"page of this machine", open, "127.0.0.1:8080", loop, "http://localhost:6274", 200},
		{"listed host", listed, "mcp.example.com", wide, "", 200},
		{"listed host, any port", listed, "MCP.example.com:9999", loop, "", 200},
		{"listed port", listed, "proxy.example.com:8443", loop, "", 200},
		{"other port", listed, "proxy.example.com:80", loop, "", 403},
		{"unlisted host", listed, "other.example.com", wide, "", 403},
		{"loopback beside a list", listed, "localhost:8080", loop, "", 200},
		{"listed page", listed, "mcp.example.com", wide, "https://app.example.com", 200},
		{"page of the listed host", listed, "mcp.example.com", wide, "https://mcp.example.com", 200},
		{"unlisted page", listed, "mcp.example.com", wide, "https://app.example.com.evil.example", 403},
		{"local page, remote server", listed, "mcp.example.com", wide, "http://localhost:3000", 403},
	} {
		headers := map[string]string{}
		if c.origin != "" {
			headers["Origin"] = c.origin
		}
		w := arrive(c.handler, http.MethodPost, "/mcp", c.host, c.local, headers)
		if w.Code != c.status {
			t.Errorf("%s: %d %s", c.name, w.Code, w.Body)
		}
		if c.origin != "" && c.status == 200 && !strings.Contains(w.Header().Get("Access-Control-Expose-Headers"), "Mcp-Session-Id") {
			t.Errorf("%s: a page cannot read its note", c.name)
		}
		allowed := w.Header().Get("Access-Control-Allow-Origin")
		if want := c.origin; c.status == 200 && allowed != want || c.status == 403 && allowed != "" {
			t.Errorf("%s: Access-Control-Allow-Origin %q", c.name, allowed)
		}
	}
}

func TestGuardAnswersPreflights(t *testing.T) {
	h := newFixture(t, func(o *server.Options) {
		o.Authenticate = func(*http.Request) (string, error) { return "", video.Errorf(video.Unauthenticated, "no key") }
	}).Handler()
	ask := map[string]string{
		"Origin": "http://localhost:6274", "Access-Control-Request-Method": "POST",
		"Access-Control-Request-Headers": "authorization,mcp-method",
	}
	w := arrive(h, http.MethodOptions, "/mcp", "127.0.0.1:8080", "127.0.0.1:8080", ask)
	if w.Code != http.StatusNoContent || w.Header().Get("Access-Control-Allow-Headers") != "authorization,mcp-method" ||
		!strings.Contains(w.Header().Get("Access-Control-Allow-Methods"), "POST") || w.Header().Get("Vary") != "Origin" {
		t.Error(w.Code, w.Header())
	}
	ask["Origin"] = "https://evil.example"
	if w := arrive(h, http.MethodOptions, "/mcp", "127.0.0.1:8080", "127.0.0.1:8080", ask); w.Code != http.StatusForbidden {
		t.Error(w.Code, w.Header())
	}
}

func TestCheckAddr(t *testing.T) {
	for _, c := range []struct {
		addr          string
		authenticated bool
		ok            bool
	}{
		{"127.0.0.1:8080", false, true},
		{"localhost:8080", false, true},
		{"[::1]:0", false, true},
		{"127.99.0.1:1", false, true},
		{":8080", false, false},
		{"0.0.0.0:8080", false, false},
		{"[::]:8080", false, false},
		{"192.0.2.7:8080", false, false},
		{"mcp.example.com:8080", false, false},
		{"localhost.example.com:8080", false, false},
		{"8080", false, false},
		{"8080", true, false},
		{":8080", true, true},
		{"0.0.0.0:8080", true, true},
	} {
		if err := server.CheckAddr(c.addr, c.authenticated); (err == nil) != c.ok || (err != nil && video.CodeOf(err) != video.Invalid) {
			t.Errorf("%s, authenticated %t: %v", c.addr, c.authenticated, err)
		}
	}
}
