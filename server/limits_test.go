package server_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"seedance-mcp/server"
)

// hourglass is a clock that a test moves.
type hourglass struct {
	mu  sync.Mutex
	now time.Time
}

func (h *hourglass) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *hourglass) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

// limited is a server whose callers name themselves.
func limited(t *testing.T, limits server.Limits) (f *fixture, base string, clock *hourglass) {
	f, base, clock, _ = limitedAndLogged(t, limits)
	return f, base, clock
}

func limitedAndLogged(t *testing.T, limits server.Limits) (f *fixture, base string, clock *hourglass, log *bytes.Buffer) {
	log = new(bytes.Buffer)
	f = newFixture(t, func(o *server.Options) {
		o.Limits = limits
		o.Logger = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelWarn}))
		o.Authenticate = func(r *http.Request) (string, error) { return r.Header.Get("Authorization"), nil }
	})
	clock = &hourglass{now: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)}
	f.SetClock(clock.Now)
	return f, f.web(t), clock, log
}

// Whoever calls on and on does not fill the log.
func TestLimitsAreLoggedOnceAMinute(t *testing.T) {
	_, base, clock, log := limitedAndLogged(t, server.Limits{PerMinute: 1})
	for range 3 {
		for range 10 {
			post(t, base, ping, "Authorization: alice")
			post(t, base, ping, "Authorization: bob")
		}
		clock.pass(time.Minute)
	}
	if told := strings.Count(log.String(), "over its limit"); told != 6 {
		t.Errorf("told %d times in three minutes of two callers:\n%s", told, log)
	}
}

const ping = `{"jsonrpc":"2.0","id":1,"method":"ping"}`

func TestLimitsCountEachCallersMessages(t *testing.T) {
	_, base, clock := limited(t, server.Limits{PerMinute: 3})
	const alice, bob = "Authorization: alice", "Authorization: bob"
	for range 3 {
		if response, m := post(t, base, call("1", "echo", "hi", 0, "", ""), alice); response.StatusCode != http.StatusOK || m.text() != "hi" {
			t.Fatal(response.Status, m.raw)
		}
	}
	// A tool call's refusal is a result that says when to come again.
	for _, headers := range [][]string{{alice}, append(modernHeaders("echo"), alice)} {
		meta := ""
		if len(headers) > 1 {
			meta = modernMeta
		}
		response, m := post(t, base, call("7", "echo", "hi", 0, "", meta), headers...)
		if response.StatusCode != http.StatusOK || !m.Result.IsError || string(m.ID) != "7" || response.Header.Get("Retry-After") != "20" {
			t.Error(response.Status, response.Header, m.raw)
		}
		for _, said := range []string{"3 a minute", "nothing was charged", "Call echo again in 20 s"} {
			if !strings.Contains(m.text(), said) {
				t.Errorf("%q is missing: %s", said, m.text())
			}
		}
		if meta != "" && (!strings.Contains(m.raw, `"resultType":"complete"`) || m.Result.Meta["io.modelcontextprotocol/serverInfo"] == nil) {
			t.Error(m.raw)
		}
	}
	// Everything else is told by its status.
	for _, body := range []string{ping, initialize, `{"jsonrpc":"2.0","method":"notifications/initialized"}`} {
		response, m := post(t, base, body, alice)
		if response.StatusCode != http.StatusTooManyRequests || response.Header.Get("Retry-After") != "20" || m.code() != -32000 {
			t.Error(response.Status, response.Header, m.raw)
		}
	}
	// Nobody else is held back, and an answer that the server asked for is taken.
	if response, _ := post(t, base, ping, bob); response.StatusCode != http.StatusOK {
		t.Error(response.Status)
	}
	clock.pass(19 * time.Second)
	if response, _ := post(t, base, ping, alice); response.StatusCode != http.StatusTooManyRequests || response.Header.Get("Retry-After") != "1" {
		t.Error(response.Status, response.Header)
	}
	clock.pass(time.Second)
	if response, _ := post(t, base, ping, alice); response.StatusCode != http.StatusOK {
		t.Error(response.Status, "after the time that was told")
	}
	if response, _ := post(t, base, ping, alice); response.StatusCode != http.StatusTooManyRequests {
		t.Error(response.Status)
	}
	clock.pass(time.Hour)
	for n := range 4 {
		if response, _ := post(t, base, ping, alice); (response.StatusCode == http.StatusOK) != (n < 3) {
			t.Error(n, response.Status, "after a quiet hour")
		}
	}
}

func TestLimitsCountEachCallersOpenCalls(t *testing.T) {
	f, base, _ := limited(t, server.Limits{OpenCalls: 2})
	const alice, bob = "Authorization: alice", "Authorization: bob"
	var held []*events
	for range 2 {
		held = append(held, stream(t, do(t, request(t, base, call("1", "hold", "x", 0, "", ""), alice))))
		await(t, f.started)
	}
	response, m := post(t, base, call("1", "echo", "hi", 0, "", ""), alice)
	if !m.Result.IsError || response.Header.Get("Retry-After") == "" || !strings.Contains(m.text(), "2 that are not answered") {
		t.Error(response.Header, m.raw)
	}
	if response, _ := post(t, base, `{"jsonrpc":"2.0","method":"notifications/initialized"}`, alice); response.StatusCode != http.StatusAccepted {
		t.Error("a notification is no call:", response.Status)
	}
	if _, m := post(t, base, call("1", "echo", "hi", 0, "", ""), bob); m.text() != "hi" {
		t.Error(m.raw)
	}
	f.release <- struct{}{}
	f.release <- struct{}{}
	for _, e := range held {
		e.message()
	}
	for { // the place is free as soon as the handler has returned
		if _, m := post(t, base, call("1", "echo", "hi", 0, "", ""), alice); !m.Result.IsError {
			break
		}
	}
}

// Answers to the server's own questions must get through: a person waits.
func TestLimitsLetAnswersThrough(t *testing.T) {
	_, base, _ := limited(t, server.Limits{PerMinute: 1, OpenCalls: 1})
	const alice = "Authorization: alice"
	e := stream(t, do(t, request(t, base, call("1", "ask", "", 0, "", ""), alice)))
	question := e.message()
	post(t, base, `{"jsonrpc":"2.0","id":`+string(question.ID)+`,"result":{"action":"accept","content":{}}}`, alice)
	if m := e.message(); m.text() != "accept" {
		t.Error(m.raw)
	}
}

func TestLimitsRememberNobodyForLong(t *testing.T) {
	f, base, clock := limited(t, server.Limits{PerMinute: 2, OpenCalls: 2})
	held := stream(t, do(t, request(t, base, call("1", "hold", "x", 0, "", ""), "Authorization: waiting")))
	await(t, f.started)
	for n := range 50 {
		post(t, base, ping, "Authorization: caller-"+strconv.Itoa(n))
	}
	if n := f.Remembered(); n != 51 {
		t.Fatal(n)
	}
	clock.pass(2 * time.Minute)
	post(t, base, ping, "Authorization: last")
	if n := f.Remembered(); n != 2 {
		t.Errorf("%d callers are remembered; the waiting one and the last should be", n)
	}
	f.release <- struct{}{}
	held.message()
}

func TestNoLimitsCountNothing(t *testing.T) {
	f, base, _ := limited(t, server.Limits{})
	for n := range 100 {
		if response, _ := post(t, base, ping, fmt.Sprint("Authorization: ", n)); response.StatusCode != http.StatusOK {
			t.Fatal(response.Status)
		}
	}
	if n := f.Remembered(); n != 0 {
		t.Error(n)
	}
}

// ownLimits are what callers may do, changed while the server runs.
type ownLimits struct {
	mu sync.Mutex
	of map[string]server.Limits
}

func (o *ownLimits) set(caller string, limits server.Limits) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.of[caller] = limits
}

func (o *ownLimits) limitsOf(_ context.Context, caller string) server.Limits {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.of[caller]
}

// A caller's own limits count before the server's, each by itself, and what
// changes holds from the next message on.
func TestLimitsOfACaller(t *testing.T) {
	own := &ownLimits{of: map[string]server.Limits{"alice": {PerMinute: 5}, "carol": {OpenCalls: 1}}}
	f := newFixture(t, func(o *server.Options) {
		o.Limits, o.LimitsOf = server.Limits{PerMinute: 2}, own.limitsOf
		o.Authenticate = func(r *http.Request) (string, error) { return r.Header.Get("Authorization"), nil }
	})
	clock := &hourglass{now: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)}
	f.SetClock(clock.Now)
	base := f.web(t)
	let := func(step, caller string, want int) {
		t.Helper()
		for n := range want + 1 {
			response, m := post(t, base, ping, "Authorization: "+caller)
			if (response.StatusCode == http.StatusOK) != (n < want) {
				t.Errorf("%s: message %d of %s, of %d: %s %s", step, n+1, caller, want, response.Status, m.raw)
			}
		}
	}
	let("more than others", "alice", 5)
	let("everybody's", "bob", 2)
	let("its own is another one", "carol", 2)
	clock.pass(time.Minute)
	own.set("alice", server.Limits{PerMinute: 1})
	own.set("bob", server.Limits{PerMinute: 3})
	let("lowered", "alice", 1)
	let("raised", "bob", 3)
	own.set("alice", server.Limits{})
	let("taken back", "alice", 2)
	clock.pass(time.Minute)
	held := stream(t, do(t, request(t, base, call("1", "hold", "x", 0, "", ""), "Authorization: carol")))
	await(t, f.started)
	if _, m := post(t, base, call("1", "echo", "hi", 0, "", ""), "Authorization: carol"); !strings.Contains(m.text(), "1 that are not answered") {
		t.Error(m.raw)
	}
	f.release <- struct{}{}
	held.message()
}

// Where the server limits nobody, a caller may have limits all the same.
func TestLimitsOfACallerAlone(t *testing.T) {
	own := &ownLimits{of: map[string]server.Limits{"alice": {PerMinute: 1}}}
	f := newFixture(t, func(o *server.Options) {
		o.LimitsOf = own.limitsOf
		o.Authenticate = func(r *http.Request) (string, error) { return r.Header.Get("Authorization"), nil }
	})
	f.SetClock((&hourglass{now: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)}).Now)
	base := f.web(t)
	for n := range 10 {
		if response, _ := post(t, base, ping, "Authorization: alice"); (response.StatusCode == http.StatusOK) != (n == 0) {
			t.Error("alice:", n, response.Status)
		}
		if response, _ := post(t, base, ping, "Authorization: bob"); response.StatusCode != http.StatusOK {
			t.Error("bob:", n, response.Status)
		}
	}
	if n := f.Remembered(); n != 1 {
		t.Errorf("%d callers are remembered, but one has limits", n)
	}
}
