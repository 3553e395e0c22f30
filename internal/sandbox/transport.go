package sandbox

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync"
)

// Transport answers requests with h in this process, without a socket. Bodies
// stream, the request's context reaches the handler, and a handler that breaks
// off (by http.ErrAbortHandler, or by writing less than its Content-Length)
// shows as io.ErrUnexpectedEOF, as a broken connection does. It works under
// testing/synctest, and its goroutine ends with the response body's Close.
func Transport(h http.Handler) http.RoundTripper { return &inProcess{handler: h} }

type inProcess struct{ handler http.Handler }

// RoundTrip hands the handler a server-side copy of the request and returns
// once the headers are known.
func (t *inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(r.Context())
	if r.Body != nil {
		defer func() { _ = r.Body.Close() }()
	}
	served, err := serverSide(ctx, r)
	if err != nil {
		cancel()
		return nil, err
	}
	reader, writer := io.Pipe()
	answer := &pipedAnswer{
		head: make(chan struct{}), headers: make(http.Header),
		body: writer, missing: -1, bodiless: r.Method == http.MethodHead,
	}
	go answer.run(t.handler, served)
	select {
	case <-answer.head:
	case <-ctx.Done():
		cancel()
		_ = reader.Close()
		return nil, r.Context().Err()
	}
	if answer.status == 0 {
		cancel()
		return nil, io.ErrUnexpectedEOF
	}
	return &http.Response{
		Status:     strconv.Itoa(answer.status) + " " + http.StatusText(answer.status),
		StatusCode: answer.status,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        answer.sent,
		ContentLength: answer.length,
		Request:       r,
		Body: &pipedBody{
			PipeReader: reader, gaveUp: r.Context().Err, cancel: cancel,
			stop: context.AfterFunc(r.Context(), func() { _ = reader.Close() }),
		},
	}, nil
}

// serverSide is the request as a handler sees it. The body is read first: a
// client may not touch it again after RoundTrip returned, while the handler
// may still run.
func serverSide(ctx context.Context, r *http.Request) (*http.Request, error) {
	served := r.Clone(ctx)
	served.RequestURI = r.URL.RequestURI()
	served.RemoteAddr = "127.0.0.1:0"
	served.Proto, served.ProtoMajor, served.ProtoMinor = "HTTP/1.1", 1, 1
	served.Body = http.NoBody
	if served.Host == "" {
		served.Host = r.URL.Host
	}
	if r.Body != nil && r.Body != http.NoBody {
		sent, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		served.Body = io.NopCloser(bytes.NewReader(sent))
		served.ContentLength = int64(len(sent))
	}
	return served, nil
}

// pipedAnswer is the handler's ResponseWriter; its status, sent and length may
// be read once head is closed. A status of 0 then says that no answer came.
type pipedAnswer struct {
	head     chan struct{}
	headOnce sync.Once
	status   int
	headers  http.Header
	sent     http.Header
	length   int64

	body     *io.PipeWriter
	missing  int64 // bytes still owed to Content-Length; -1: none declared
	bodiless bool
}

// run serves the request and ends the body, cleanly or broken.
func (a *pipedAnswer) run(h http.Handler, r *http.Request) {
	finished := false
	defer func() {
		cause := recover()
		if err, isError := cause.(error); cause != nil && (!isError || !errors.Is(err, http.ErrAbortHandler)) {
			panic(cause)
		}
		switch {
		case !finished:
			a.headOnce.Do(func() { close(a.head) })
			_ = a.body.CloseWithError(io.ErrUnexpectedEOF)
		case a.missing > 0 && !a.bodiless:
			_ = a.body.CloseWithError(io.ErrUnexpectedEOF)
		default:
			_ = a.body.Close()
		}
	}()
	h.ServeHTTP(a, r)
	a.WriteHeader(http.StatusOK)
	finished = true
}

// Header is the header to be sent.
func (a *pipedAnswer) Header() http.Header { return a.headers }

// WriteHeader sends the header as it is now; later changes are lost.
func (a *pipedAnswer) WriteHeader(status int) {
	if status < http.StatusOK {
		return
	}
	a.headOnce.Do(func() {
		a.status, a.sent, a.length = status, a.headers.Clone(), -1
		if declared, err := strconv.ParseInt(a.sent.Get("Content-Length"), 10, 64); err == nil {
			a.length, a.missing = declared, declared
		}
		if status == http.StatusNoContent || status == http.StatusNotModified {
			a.bodiless = true
		}
		close(a.head)
	})
}

// Write hands p to the client; it returns once the client took it.
func (a *pipedAnswer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	if a.bodiless {
		return len(p), nil
	}
	if a.missing >= 0 && int64(len(p)) > a.missing {
		return 0, http.ErrContentLength
	}
	n, err := a.body.Write(p)
	if a.missing >= 0 {
		a.missing -= int64(n)
	}
	return n, err
}

// Flush sends the header; written bytes are never held back.
func (a *pipedAnswer) Flush() { a.WriteHeader(http.StatusOK) }

// pipedBody is the response body: it breaks with the request's context, and
// its Close tells the handler that nobody listens any more.
type pipedBody struct {
	*io.PipeReader
	gaveUp func() error // the request context's Err
	stop   func() bool  // ends the watch on that context
	cancel context.CancelFunc
}

// Read reads what the handler wrote, until it ends, breaks or the request's
// context is done.
func (b *pipedBody) Read(p []byte) (int, error) {
	n, err := b.PipeReader.Read(p)
	if err != nil && b.gaveUp() != nil {
		// Also instead of EOF: a handler that ends because the request was
		// given up has not sent all it had to say.
		err = b.gaveUp()
	}
	return n, err
}

// Close cancels the handler's context and unblocks its writes.
func (b *pipedBody) Close() error {
	b.stop()
	b.cancel()
	return b.PipeReader.Close()
}
