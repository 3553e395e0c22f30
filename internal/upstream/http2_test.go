package upstream_test

import (
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"

	"golang.org/x/net/http2"

	"seedance-mcp/internal/video"
)

// breakingHTTP2 reads whole requests over HTTP/2 without TLS and answers each
// with a stream error.
func breakingHTTP2(t *testing.T, code http2.ErrCode) (address string, requests *atomic.Int32) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	requests = new(atomic.Int32)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serveHTTP2(conn, code, requests)
		}
	}()
	t.Cleanup(func() { _ = listener.Close(); <-done })
	return "http://" + listener.Addr().String(), requests
}

func serveHTTP2(conn net.Conn, code http2.ErrCode, requests *atomic.Int32) {
	defer func() { _ = conn.Close() }()
	if _, err := io.ReadFull(conn, make([]byte, len(http2.ClientPreface))); err != nil {
		return
	}
	framer := http2.NewFramer(conn, conn)
	if framer.WriteSettings() != nil {
		return
	}
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			return
		}
		if data, ok := frame.(*http2.DataFrame); ok && data.StreamEnded() {
			requests.Add(1)
			if framer.WriteRSTStream(data.StreamID, code) != nil {
				return
			}
		}
	}
}

// net/http repeats an HTTP/2 request whose stream the server broke with one of
// these codes, if it can have the body again. createTask must not give it.
func TestCreateIsNotRepeatedByHTTP2(t *testing.T) {
	for _, code := range []http2.ErrCode{http2.ErrCodeProtocol, http2.ErrCodeRefusedStream, http2.ErrCodeInternal} {
		address, requests := breakingHTTP2(t, code)
		pooled := &http.Transport{Protocols: new(http.Protocols)}
		pooled.Protocols.SetUnencryptedHTTP2(true)
		t.Cleanup(pooled.CloseIdleConnections)
		_, err := client(t, address, video.Workflow, carrier(pooled.RoundTrip)).Create(t.Context(), payload, "")
		if video.CodeOf(err) != video.OutcomeUnknown || requests.Load() != 1 {
			t.Errorf("%v: got %v after %d requests", code, err, requests.Load())
		}
	}
}
