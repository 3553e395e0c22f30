package upstream_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"seedance-mcp/internal/upstream"
	"seedance-mcp/internal/video"
)

// faulty serves HTTP over raw connections: respond gets every request, counted
// from 1 over all connections, and may break the connection as it likes.
func faulty(t *testing.T, respond func(conn net.Conn, n int32, req *http.Request) (keep bool)) (address string, count *atomic.Int32) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	count = new(atomic.Int32)
	done := make(chan struct{})
	live := make(chan struct{}, 64)
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			live <- struct{}{}
			go func() {
				defer func() { _ = conn.Close(); <-live }()
				reader := bufio.NewReader(conn)
				for {
					req, err := http.ReadRequest(reader)
					if err != nil {
						return
					}
					if _, err := io.Copy(io.Discard, req.Body); err != nil {
						return
					}
					if !respond(conn, count.Add(1), req) {
						return
					}
				}
			}()
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		<-done
		for range cap(live) {
			live <- struct{}{}
		}
	})
	return "http://" + listener.Addr().String() + "/api/v1", count
}

func write(conn net.Conn, text string) { _, _ = io.WriteString(conn, text) }

func TestCreateLostAnswersAreNeverSentAgain(t *testing.T) {
	for name, respond := range map[string]func(net.Conn){
		"closed without a word": func(net.Conn) {},
		"reset": func(conn net.Conn) {
			if tcp, ok := conn.(*net.TCPConn); ok {
				_ = tcp.SetLinger(0)
			}
		},
		"truncated body":   func(conn net.Conn) { write(conn, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"taskId\":\"ta") },
		"truncated header": func(conn net.Conn) { write(conn, "HTTP/1.1 200 OK\r\nContent-Le") },
		"not HTTP":         func(conn net.Conn) { write(conn, "SSH-2.0-OpenSSH\r\n\r\n") },
		"endless header":   func(conn net.Conn) { write(conn, "HTTP/1.1 200 OK\r\nX: "+strings.Repeat("x", 200<<10)+"\r\n\r\n") },
		"page 500": func(conn net.Conn) {
			write(conn, "HTTP/1.1 500 Oops\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>")
		},
		"page 502":        func(conn net.Conn) { write(conn, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 3\r\n\r\nbad") },
		"524":             func(conn net.Conn) { write(conn, "HTTP/1.1 524 x\r\nContent-Length: 0\r\n\r\n") },
		"503 retry-after": func(conn net.Conn) { write(conn, "HTTP/1.1 503 x\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n") },
		"redirect 307": func(conn net.Conn) {
			write(conn, "HTTP/1.1 307 x\r\nLocation: /api/v1/jobs/createTask\r\nContent-Length: 0\r\n\r\n")
		},
		"redirect 302": func(conn net.Conn) {
			write(conn, "HTTP/1.1 302 x\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n")
		},
	} {
		t.Run(name, func(t *testing.T) {
			address, count := faulty(t, func(conn net.Conn, _ int32, _ *http.Request) bool {
				respond(conn)
				return false
			})
			_, err := client(t, address, video.Workflow, nil).Create(t.Context(), payload, "")
			if video.CodeOf(err) != video.OutcomeUnknown {
				t.Errorf("got %v", err)
			}
			if n := count.Load(); n != 1 {
				t.Errorf("sent %d times", n)
			}
		})
	}
}

// A complete answer counts even when the connection then breaks.
func TestCreateTakesACompleteAnswerFromABrokenConnection(t *testing.T) {
	address, _ := faulty(t, func(conn net.Conn, _ int32, _ *http.Request) bool {
		write(conn, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"taskId\":\"task_1\"}")
		return false
	})
	accepted, err := client(t, address, video.Workflow, nil).Create(t.Context(), payload, "")
	if err != nil || accepted.TaskID != "task_1" {
		t.Errorf("got %+v, %v", accepted, err)
	}
}

// A server may close a pooled connection in the very moment in which the next
// request is written to it. net/http sends such a request again by itself when
// it believes that it may.
func TestCreateOnAClosingConnection(t *testing.T) {
	serve := func(t *testing.T) (string, *atomic.Int32, *atomic.Int32) {
		posts := new(atomic.Int32)
		address, count := faulty(t, func(conn net.Conn, _ int32, req *http.Request) bool {
			if req.Method == http.MethodPost {
				posts.Add(1)
				return false
			}
			write(conn, "HTTP/1.1 404 x\r\nContent-Type: application/json\r\nContent-Length: 28\r\n\r\n{\"message\":\"Task not found\"}")
			return true
		})
		return address, posts, count
	}
	run := func(t *testing.T, address string, posts *atomic.Int32, transport http.RoundTripper) {
		made := client(t, address, video.Workflow, transport)
		for range 3 { // leaves a pooled connection behind
			if _, err := made.Record(t.Context(), "t"); video.CodeOf(err) != video.NotFound {
				t.Fatal(err)
			}
			posts.Store(0)
			_, err := made.Create(t.Context(), payload, "")
			if video.CodeOf(err) != video.OutcomeUnknown {
				t.Errorf("got %v", err)
			}
			if n := posts.Load(); n != 1 {
				t.Errorf("sent %d times", n)
			}
		}
	}
	t.Run("own transport", func(t *testing.T) {
		address, posts, _ := serve(t)
		run(t, address, posts, nil)
	})
	// Behind a foreign wrapper the POST does share the pool.
	t.Run("wrapped transport", func(t *testing.T) {
		address, posts, _ := serve(t)
		pooled := &http.Transport{}
		t.Cleanup(pooled.CloseIdleConnections)
		run(t, address, posts, carrier(pooled.RoundTrip))
	})
}

// A few kilobytes may unpack to gigabytes: the cap counts what comes out.
func TestGzipBombs(t *testing.T) {
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	_, _ = io.WriteString(zip, `{"pad":"`)
	block := bytes.Repeat([]byte("x"), 1<<20)
	for range 24 {
		_, _ = zip.Write(block)
	}
	_, _ = io.WriteString(zip, `","taskId":"t1","status":"fail"}`)
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	whole := func(body []byte) func(net.Conn, int32, *http.Request) bool {
		return func(conn net.Conn, _ int32, req *http.Request) bool {
			if req.Header.Get("Accept-Encoding") != "gzip" {
				t.Error("gzip was not asked for")
			}
			_, _ = fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n", len(body))
			_, _ = conn.Write(body)
			return true
		}
	}
	address, count := faulty(t, whole(packed.Bytes()))
	made := client(t, address, video.Workflow, nil)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := made.Create(t.Context(), payload, "")
	runtime.ReadMemStats(&after)
	if video.CodeOf(err) != video.OutcomeUnknown || !strings.Contains(err.Error(), "longer than 1 MiB") || count.Load() != 1 {
		t.Errorf("got %v after %d requests", err, count.Load())
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 16<<20 {
		t.Errorf("allocated %d bytes", grown)
	}

	var small bytes.Buffer
	zip = gzip.NewWriter(&small)
	_, _ = io.WriteString(zip, `{"taskId":"t1"}`)
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	address, _ = faulty(t, whole(small.Bytes()))
	if accepted, err := client(t, address, video.Workflow, nil).Create(t.Context(), payload, ""); err != nil || accepted.TaskID != "t1" {
		t.Errorf("honest gzip: %+v, %v", accepted, err)
	}
	// Its checksum is missing, its content is not.
	address, _ = faulty(t, whole(small.Bytes()[:small.Len()-8]))
	if accepted, err := client(t, address, video.Workflow, nil).Create(t.Context(), payload, ""); err != nil || accepted.TaskID != "t1" {
		t.Errorf("gzip cut short: %+v, %v", accepted, err)
	}
	address, _ = faulty(t, whole([]byte("not gzip")))
	if _, err := client(t, address, video.Workflow, nil).Create(t.Context(), payload, ""); video.CodeOf(err) != video.OutcomeUnknown {
		t.Errorf("no gzip: %v", err)
	}
}

// The body of a 101 is the bare connection, which may never end.
func TestSwitchingProtocols(t *testing.T) {
	release := make(chan struct{})
	address, count := faulty(t, func(conn net.Conn, _ int32, _ *http.Request) bool {
		write(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
		<-release
		return false
	})
	_, err := client(t, address, video.Workflow, nil).Create(t.Context(), payload, "")
	close(release)
	if video.CodeOf(err) != video.OutcomeUnknown || count.Load() != 1 {
		t.Errorf("got %v after %d requests", err, count.Load())
	}
}

// Informational answers are not the answer.
func TestCreateAfterInformationalAnswers(t *testing.T) {
	address, count := faulty(t, func(conn net.Conn, _ int32, _ *http.Request) bool {
		write(conn, "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"taskId\":\"t1\"}")
		return false
	})
	accepted, err := client(t, address, video.Workflow, nil).Create(t.Context(), payload, "")
	if err != nil || accepted.TaskID != "t1" || count.Load() != 1 {
		t.Errorf("got %+v, %v after %d requests", accepted, err, count.Load())
	}
}

func TestCreateUsesAConnectionOfItsOwn(t *testing.T) {
	var protocols [2]string
	var remotes [2]string
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		at := 0
		if req.Method == http.MethodPost {
			at = 1
		}
		protocols[at], remotes[at] = req.Proto, req.RemoteAddr
		_, _ = io.WriteString(w, `{"taskId":"task_1","status":"waiting"}`)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	transport, ok := server.Client().Transport.(*http.Transport)
	if !ok {
		t.Fatal("no transport")
	}
	made := client(t, server.URL, video.Workflow, transport)
	if _, err := made.Record(t.Context(), "task_1"); err != nil {
		t.Fatal(err)
	}
	if _, err := made.Create(t.Context(), payload, ""); err != nil {
		t.Fatal(err)
	}
	if protocols != [2]string{"HTTP/2.0", "HTTP/1.1"} || remotes[0] == remotes[1] {
		t.Errorf("lookups and createTask came by %v from %v", protocols, remotes)
	}
}

// failingDial fails the first n dials.
func failingDial(n int32, err error) (*http.Transport, *atomic.Int32) {
	dials := new(atomic.Int32)
	dialer := &net.Dialer{}
	return &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		if dials.Add(1) <= n {
			return nil, err
		}
		return dialer.DialContext(ctx, network, address)
	}}, dials
}

func TestCreateRetriesWhatNeverLeft(t *testing.T) {
	address, count := faulty(t, func(conn net.Conn, _ int32, _ *http.Request) bool {
		write(conn, "HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\n{\"taskId\":\"task_1\"}")
		return false
	})
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	unresolved := &net.DNSError{Err: "no such host", Name: "api.example.test", IsNotFound: true}
	for _, failure := range []error{refused, unresolved, errors.New("some proxy's own error")} {
		count.Store(0)
		transport, dials := failingDial(1, failure)
		accepted, err := client(t, address, video.Workflow, transport).Create(t.Context(), payload, "")
		if err != nil || accepted.TaskID != "task_1" || count.Load() != 1 || dials.Load() != 2 {
			t.Errorf("%v: got %+v, %v after %d dials and %d requests", failure, accepted, err, dials.Load(), count.Load())
		}
	}

	count.Store(0)
	transport, dials := failingDial(1000, refused)
	_, err := client(t, address, video.Workflow, transport).Create(t.Context(), payload, "")
	if video.CodeOf(err) != video.Unavailable || !strings.Contains(err.Error(), "nothing was charged") {
		t.Errorf("never connected: %v", err)
	}
	if n := dials.Load(); n < 2 || n > 4 || count.Load() != 0 {
		t.Errorf("%d dials, %d requests", n, count.Load())
	}
}

// After one lost answer not even a dial failure may lead to another attempt.
func TestCreateDoesNotRetryAfterALostAnswer(t *testing.T) {
	address, count := faulty(t, func(net.Conn, int32, *http.Request) bool { return false })
	transport, dials := failingDial(1, &net.OpError{Op: "dial", Err: errors.New("refused")})
	_, err := client(t, address, video.Workflow, transport).Create(t.Context(), payload, "")
	if video.CodeOf(err) != video.OutcomeUnknown || dials.Load() != 2 || count.Load() != 1 {
		t.Errorf("got %v after %d dials and %d requests", err, dials.Load(), count.Load())
	}
}

func TestCreateTLSFailureNeverLeft(t *testing.T) {
	var posts atomic.Int32
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { posts.Add(1) }))
	server.Config.ErrorLog = quiet()
	t.Cleanup(server.Close)
	// Not the server's own client: its certificate is not trusted.
	_, err := client(t, server.URL, video.Workflow, nil).Create(t.Context(), payload, "")
	if video.CodeOf(err) != video.Unavailable || posts.Load() != 0 {
		t.Errorf("got %v, %d requests", err, posts.Load())
	}
}

// In fake time: of a machine that pauses for the time limit nothing had left.
func TestCreateTimeouts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var count atomic.Int32
		slow := client(t, "http://api.example.test/api/v1", video.Workflow, &http.Transport{
			DialContext: func(context.Context, string, string) (net.Conn, error) {
				near, far := net.Pipe()
				go func() {
					defer far.Close()
					reader := bufio.NewReader(far)
					if req, err := http.ReadRequest(reader); err == nil {
						count.Add(1)
						_, _ = io.Copy(io.Discard, req.Body)
						_, _ = reader.ReadByte() // until the client hangs up
					}
				}()
				return near, nil
			},
		})
		_, err := slow.Create(t.Context(), payload, "")
		if video.CodeOf(err) != video.OutcomeUnknown || !strings.Contains(err.Error(), "no answer in time") || count.Load() != 1 {
			t.Errorf("slow answer: %v, %d requests", err, count.Load())
		}
	})
}

func TestCreateTimeoutOfADial(t *testing.T) {
	// A dial that hangs: nothing ever left.
	hanging := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	stuck, err := upstream.New(upstream.Config{BaseURL: base, APIKey: fakeKey, CreateTimeout: 50 * time.Millisecond, Transport: hanging})
	if err != nil {
		t.Fatal(err)
	}
	_, err = stuck.Create(t.Context(), payload, "")
	if video.CodeOf(err) != video.Unavailable {
		t.Errorf("hanging dial: %v", err)
	}
}

// An in-process transport reports no connections, so its failures prove
// nothing unless they are a dial's own.
func TestCreateOverASilentTransport(t *testing.T) { synctest.Test(t, testSilentTransport) }

func testSilentTransport(t *testing.T) {
	var sent atomic.Int32
	failing := func(err error) carrier {
		return func(*http.Request) (*http.Response, error) { sent.Add(1); return nil, err }
	}
	refused := createError(t, failing(io.ErrUnexpectedEOF))
	if refused.Code != video.OutcomeUnknown || sent.Load() != 1 {
		t.Errorf("got %v, sent %d times", refused, sent.Load())
	}
	sent.Store(0)
	refused = createError(t, failing(&net.OpError{Op: "dial", Err: errors.New("refused")}))
	if refused.Code != video.Unavailable || sent.Load() < 2 {
		t.Errorf("got %v, tried %d times", refused, sent.Load())
	}
}
