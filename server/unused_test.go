package server_test

import (
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// A connection that was opened to spare does not hold a shutdown up: net/http
// would wait 5 s for it.
func TestServeDoesNotWaitForUnusedConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, nil)
		l, transport, stop, ended := f.listenInBubble(t)
		spare, err := l.dial(t.Context(), "", "")
		if err != nil {
			t.Fatal(err)
		}
		defer spare.Close()
		response, err := transport.RoundTrip(request(t, "http://localhost", ping))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, response.Body)
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			t.Error(response.Status)
		}
		began := time.Now()
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took >= time.Second {
			t.Errorf("the shutdown took %s", took)
		}
		if _, err := spare.Read(make([]byte, 1)); err == nil {
			t.Error("the spare connection was answered")
		}
	})
}
