package server

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"golang.org/x/time/rate"
)

// Limits are what one caller may ask of an HTTP server; zero is no limit. Each
// process counts for itself.
type Limits struct {
	// PerMinute is how many messages a caller may send: at once after a quiet
	// minute, then as fast as they are given back, evenly over the minute.
	PerMinute int
	// OpenCalls is how many of its calls may wait for their answer.
	OpenCalls int
}

// or is l, and what l does not limit as otherwise does.
func (l Limits) or(otherwise Limits) Limits {
	if l.PerMinute == 0 {
		l.PerMinute = otherwise.PerMinute
	}
	if l.OpenCalls == 0 {
		l.OpenCalls = otherwise.OpenCalls
	}
	return l
}

// forgetAfter is how often callers are forgotten that have nothing open and
// all their messages back: a minute gives back all.
const forgetAfter = time.Minute

// limiter counts what each caller does that has limits. It knows those of the
// last two minutes only.
type limiter struct {
	now func() time.Time

	mu      sync.Mutex
	callers map[string]*caller
	swept   time.Time
}

type caller struct {
	perMinute int // what bucket gives back; 0: there is none
	bucket    *rate.Limiter
	open      int
	told      time.Time // when the log was
}

// refuse makes a refusal of c.
func (c *caller) refuse(now time.Time, after time.Duration, why string) *tooMuch {
	refused := &tooMuch{why: why, after: after, first: now.Sub(c.told) >= time.Minute}
	if refused.first {
		c.told = now
	}
	return refused
}

// limit takes over what the caller may send a minute. A new limit begins as
// after a quiet minute.
func (c *caller) limit(perMinute int) {
	if c.perMinute == perMinute {
		return
	}
	c.perMinute, c.bucket = perMinute, nil
	if perMinute > 0 {
		c.bucket = rate.NewLimiter(rate.Limit(float64(perMinute)/60), perMinute)
	}
}

func newLimiter() *limiter {
	return &limiter{now: time.Now, callers: map[string]*caller{}}
}

// tooMuch says which limit refuses a message, and when to come again.
type tooMuch struct {
	why   string
	after time.Duration
	first bool // in a minute, of this caller: the log is not for flooding
}

// seconds are those of a Retry-After.
func (t *tooMuch) seconds() int { return max(1, int(math.Ceil(t.after.Seconds()))) }

// enter lets a message of principal in, or refuses it by the limits that the
// principal has now. A call is open until leave; other messages have nothing to
// leave.
func (l *limiter) enter(principal string, limits Limits, isCall bool) (leave func(), refused *tooMuch) {
	if limits == (Limits{}) {
		return func() {}, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	l.forget(now)
	c := l.callers[principal]
	if c == nil {
		c = &caller{}
		l.callers[principal] = c
	}
	c.limit(limits.PerMinute)
	if c.bucket != nil {
		reserved := c.bucket.ReserveN(now, 1)
		if wait := reserved.DelayFrom(now); wait > 0 {
			reserved.CancelAt(now)
			return nil, c.refuse(now, wait, fmt.Sprintf("Too many calls: this caller may make %d a minute.", limits.PerMinute))
		}
	}
	if !isCall {
		return func() {}, nil
	}
	if n := limits.OpenCalls; n > 0 && c.open >= n {
		return nil, c.refuse(now, 2*time.Second,
			fmt.Sprintf("Too many open calls: this caller has %d that are not answered yet, which is all it may have.", c.open))
	}
	c.open++
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		c.open--
	}, nil
}

// forget drops who would be met as a stranger all the same.
func (l *limiter) forget(now time.Time) {
	if now.Sub(l.swept) < forgetAfter {
		return
	}
	l.swept = now
	for principal, c := range l.callers {
		if c.open == 0 && (c.bucket == nil || c.bucket.TokensAt(now) >= float64(c.bucket.Burst())) {
			delete(l.callers, principal)
		}
	}
}

// limitsOf are the caller's own, and the server's where it has none.
func (s *Server) limitsOf(ctx context.Context, principal string) Limits {
	if s.options.LimitsOf == nil {
		return s.options.Limits
	}
	return s.options.LimitsOf(ctx, principal).or(s.options.Limits)
}

// refuseTooMuch answers a message that a limit refuses. A tool call gets a
// result, because many clients hide everything else from the model, which has
// to know that nothing was done and when to come again.
func (s *Server) refuseTooMuch(out *reply, m incoming, t *tooMuch) {
	out.w.Header().Set("Retry-After", strconv.Itoa(t.seconds()))
	again := fmt.Sprintf("%s Come again in %d s.", t.why, t.seconds())
	if !m.isRequest() || m.Method != string(mcp.MethodToolsCall) {
		out.refuse(http.StatusTooManyRequests, failure(m.ID, codeBusy, again))
		return
	}
	result := mcp.NewToolResultError(fmt.Sprintf(
		"%s Nothing was done: no video was ordered, nothing was charged. Call %s again in %d s, with the same arguments.",
		t.why, nameIn(m), t.seconds()))
	if mcp.IsModernProtocol(m.protocolVersion()) {
		result.ResultType, result.Meta = mcp.ResultTypeComplete, s.meta()
	}
	text, err := encodeAnswer(mcp.JSONRPCResponse{JSONRPC: mcp.JSONRPC_VERSION, Result: result}, m.ID)
	if err == nil {
		err = out.answer(http.StatusOK, text)
	}
	if err != nil {
		s.log.Debug("refusal could not be written", "error", err)
	}
}
