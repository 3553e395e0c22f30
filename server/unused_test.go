package server_test

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// A connection that was opened to spare does not hold a shutdown up.
func TestServeDoesNotWaitForUnusedConnections(t *testing.T) {
	f := newFixture(t, nil)
	f.SetTiming(time.Minute, time.Minute, time.Second, time.Second) // net/http would wait 5 s for it, and fail
	base, stop, ended := f.listen(t)
	spare, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer spare.Close()
	// Connections are accepted in order: once another is served, this one is known.
	response, err := http.Get(base + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, response.Body)
	response.Body.Close()
	stop()
	if err := await(t, ended); err != nil {
		t.Error(err)
	}
	if _, err := spare.Read(make([]byte, 1)); err == nil {
		t.Error("the spare connection was answered")
	}
}
