package server_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"seedance-mcp/server"
)

func TestHealth(t *testing.T) {
	var trouble error
	f := newFixture(t, func(o *server.Options) {
		o.Ready = func(context.Context) error { return trouble }
	})
	check := func(path string, status int, says string) {
		t.Helper()
		// Probes come by address, whatever the Host checks say of others.
		w := arrive(f.Handler(), http.MethodGet, path, "10.1.2.3", "127.0.0.1:8080", nil)
		if w.Code != status || !strings.Contains(w.Body.String(), says) {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	check("/healthz", 200, `"version":"1.2.3"`)
	check("/readyz", 200, "ready")
	trouble = errors.New("the store is\nread-only")
	check("/readyz", 503, "the store is read-only")
	check("/healthz", 200, "ok")
	trouble = nil
	f.Drain()
	check("/readyz", 503, "shutting down")
	check("/healthz", 200, "ok")
}
