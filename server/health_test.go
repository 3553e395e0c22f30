package server_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

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

// Until what a server waits for is there, calls are told so, whoever makes them,
// and nothing holds up its end.
func TestWaiting(t *testing.T) {
	waits := "It waits for its database."
	f := newFixture(t, func(o *server.Options) {
		o.Waiting = func() string { return waits }
		o.Authenticate = func(*http.Request) (string, error) { return "ann", nil }
		o.DrainDelay = time.Hour
	})
	base, stop, ended := f.listen(t)
	response, m := post(t, base, call("1", "echo", "hi", 0, "", ""))
	if response.StatusCode != http.StatusServiceUnavailable || response.Header.Get("Retry-After") != "5" || !strings.Contains(m.raw, waits) {
		t.Errorf("while it waits: %s %s", response.Status, m.raw)
	}
	if code, _, _ := status(t, base+"/healthz"); code != http.StatusOK {
		t.Error("a probe would kill it:", code)
	}
	waits = ""
	if _, m := post(t, base, call("2", "echo", "hi", 0, "", "")); m.text() != "hi" {
		t.Errorf("after the wait: %s", m.raw)
	}
	waits = "It waits again."
	stop()
	if err := await(t, ended); err != nil {
		t.Error(err)
	}
}
