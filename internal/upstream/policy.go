package upstream

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// policy says how often, how long and after what a request is tried again.
type policy struct {
	attempts int
	// window after the first attempt began, no further one begins.
	window              time.Duration
	firstWait, longWait time.Duration
	again               func(f *flight, resp *http.Response, err error) bool
}

// createPolicy is for the paid call: a further attempt only while nothing has
// left, and only within the time that a tool call has.
func createPolicy() policy {
	return policy{
		attempts: 4, window: 2 * time.Second, firstWait: 100 * time.Millisecond, longWait: 500 * time.Millisecond,
		again: func(f *flight, _ *http.Response, err error) bool {
			return err != nil && f.neverLeft(err) && !permanent(err)
		},
	}
}

// readPolicy is for requests that may be repeated at will.
func readPolicy(window time.Duration) policy {
	return policy{
		attempts: 3, window: window, firstWait: 250 * time.Millisecond, longWait: 3 * time.Second,
		again: func(_ *flight, resp *http.Response, err error) bool {
			if err != nil {
				return !permanent(err)
			}
			return resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode >= 500
		},
	}
}

// permanent says that the same attempt would fail in the same way.
func permanent(err error) bool {
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	return untrusted || errors.Is(err, errRedirect)
}

// client binds the policy to an HTTP client.
func (p policy) client(inner *http.Client, logger *slog.Logger) *retryablehttp.Client {
	return &retryablehttp.Client{
		HTTPClient:   inner,
		Logger:       retryLog{logger},
		RetryMax:     p.attempts - 1,
		RetryWaitMin: p.firstWait,
		RetryWaitMax: p.longWait,
		CheckRetry:   p.check,
		Backoff:      backoff,
		// Without it the library swallows the last answer.
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
}

func (p policy) check(ctx context.Context, resp *http.Response, err error) (bool, error) {
	f := flightOf(ctx)
	if ctx.Err() != nil || time.Since(f.began) > p.window {
		return false, nil //nolint:nilerr // the library then returns err itself
	}
	// Asked to stay away for longer than we wait: the caller's own schedule
	// is the better place to come back from.
	if after, ok := retryAfter(resp); ok && after > p.longWait {
		return false, nil
	}
	return p.again(f, resp, err), nil
}

// backoff doubles from first to long, jittered over its upper half; an
// acceptable Retry-After is never undercut.
func backoff(first, long time.Duration, attempt int, resp *http.Response) time.Duration {
	wait := long
	if attempt < 10 {
		wait = min(first<<attempt, long)
	}
	wait = wait/2 + rand.N(wait/2+1) //nolint:gosec // jitter needs no secrecy
	if after, ok := retryAfter(resp); ok {
		wait = min(max(wait, after), long)
	}
	return wait
}

// retryAfter reads the header in either of its forms.
func retryAfter(resp *http.Response) (time.Duration, bool) {
	if resp == nil {
		return 0, false
	}
	text := resp.Header.Get("Retry-After")
	if text == "" {
		return 0, false
	}
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second, true
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, time.Until(at)), true
	}
	return 0, false
}

// flight is what is known about one request on its way, over all attempts.
type flight struct {
	began time.Time
	// asked: the transport reports, and asked for a connection.
	asked atomic.Bool
	// left: some attempt got a connection, so bytes may have been written.
	left atomic.Bool
}

type flightKey struct{}

// launch puts a new flight and the trace that feeds it into the context.
func launch(ctx context.Context) (context.Context, *flight) {
	f := &flight{began: time.Now()}
	ctx = context.WithValue(ctx, flightKey{}, f)
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { f.asked.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { f.left.Store(true) },
	}), f
}

func flightOf(ctx context.Context) *flight {
	f, ok := ctx.Value(flightKey{}).(*flight)
	if !ok {
		// Only requests that went through launch reach a policy.
		return new(flight)
	}
	return f
}

// neverLeft is proof, not absence of evidence: a connection was asked for and
// never got (DNS, dial, proxy, TLS handshake), or the failure is a dial's own.
// A transport that reports nothing, such as an in-process one, gives no proof
// by its silence.
func (f *flight) neverLeft(err error) bool {
	if f.left.Load() {
		return false
	}
	dial, ok := errors.AsType[*net.OpError](err)
	return f.asked.Load() || (ok && dial.Op == "dial")
}

// retryLog sends the library's lines to slog at debug level: what matters is
// in the error that comes back. The library logs URLs, never bodies or headers.
type retryLog struct{ logger *slog.Logger }

func (l retryLog) Error(message string, pairs ...any) { l.logger.Debug(message, pairs...) }
func (l retryLog) Warn(message string, pairs ...any)  { l.logger.Debug(message, pairs...) }
func (l retryLog) Info(message string, pairs ...any)  { l.logger.Debug(message, pairs...) }
func (l retryLog) Debug(message string, pairs ...any) { l.logger.Debug(message, pairs...) }
