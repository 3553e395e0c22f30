package upstream_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/net/http2"

	"seedance-mcp/internal/video"
)

// breaker answers a whole request by breaking it.
type breaker func(framer *http2.Framer, stream uint32) error

func resetBy(code http2.ErrCode) breaker {
	return func(framer *http2.Framer, stream uint32) error { return framer.WriteRSTStream(stream, code) }
}

// goAway tells the client that the server has not looked at the request.
func goAway(framer *http2.Framer, stream uint32) error {
	if err := framer.WriteGoAway(stream-1, http2.ErrCodeNo, nil); err != nil {
		return err
	}
	return io.EOF
}

// breakingHTTP2 reads whole requests over HTTP/2 without TLS and breaks each.
func breakingHTTP2(t *testing.T, how breaker) (address string, requests *atomic.Int32) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	requests = new(atomic.Int32)
	var mu sync.Mutex
	var conns []net.Conn
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, conn)
			mu.Unlock()
			serving.Go(func() { serveHTTP2(conn, how, requests) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		mu.Lock()
		for _, conn := range conns {
			_ = conn.Close()
		}
		mu.Unlock()
		serving.Wait()
	})
	return "http://" + listener.Addr().String(), requests
}

func serveHTTP2(conn net.Conn, how breaker, requests *atomic.Int32) {
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
			if how(framer, data.StreamID) != nil {
				return
			}
		}
	}
}

var breakers = map[string]breaker{
	"protocol": resetBy(http2.ErrCodeProtocol), "refused": resetBy(http2.ErrCodeRefusedStream),
	"internal": resetBy(http2.ErrCodeInternal), "go away": goAway,
}

func overHTTP2(t *testing.T) *http.Transport {
	pooled := &http.Transport{Protocols: new(http.Protocols)}
	pooled.Protocols.SetUnencryptedHTTP2(true)
	t.Cleanup(pooled.CloseIdleConnections)
	return pooled
}

// net/http repeats an HTTP/2 request whose stream the server broke with most
// of these, if it can have the body again. createTask must not give it.
func TestCreateIsNotRepeatedByHTTP2(t *testing.T) {
	for name, how := range breakers {
		address, requests := breakingHTTP2(t, how)
		_, err := client(t, address, video.Workflow, carrier(overHTTP2(t).RoundTrip)).Create(t.Context(), payload, "")
		if video.CodeOf(err) != video.OutcomeUnknown || requests.Load() != 1 {
			t.Errorf("%s: got %v after %d requests", name, err, requests.Load())
		}
	}
}

// The test above proves nothing unless a plain POST is repeated here.
func TestPlainPostIsRepeatedByHTTP2(t *testing.T) {
	for _, name := range []string{"protocol", "refused", "go away"} {
		twice := make(chan struct{})
		var seen atomic.Int32
		address, _ := breakingHTTP2(t, func(framer *http2.Framer, stream uint32) error {
			switch seen.Add(1) {
			case 1:
				return breakers[name](framer, stream)
			case 2:
				close(twice)
			}
			return nil
		})
		ctx, cancel := context.WithCancel(t.Context())
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		transport := overHTTP2(t)
		go func() {
			resp, err := transport.RoundTrip(req)
			if err == nil {
				_ = resp.Body.Close()
			}
			ended <- err
		}()
		select {
		case <-twice:
			cancel()
			<-ended
		case err := <-ended:
			cancel()
			t.Errorf("%s: ended after %d requests: %v", name, seen.Load(), err)
		}
	}
}
