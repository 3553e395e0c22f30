package server_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"seedance-mcp/internal/video"
	"seedance-mcp/server"
)

func TestHTTPAnswersQuickCallsWithJSON(t *testing.T) {
	base := newFixture(t, func(o *server.Options) { o.StreamAfter = patience }).web(t)
	for _, c := range []struct {
		name    string
		body    string
		headers []string
		text    string
	}{
		{"before 2025-06-18", call("1", "echo", "hi", 0, "", ""), nil, "hi"},
		{"2025-06-18", call("1", "echo", "hi", 0, "", ""), []string{"Mcp-Protocol-Version: 2025-06-18"}, "hi"},
		{"2026-07-28", call("1", "echo", "hi", 0, "", modernMeta), modernHeaders("echo"), "hi"},
		{"a foreign session id", call("1", "echo", "hi", 0, "", ""), []string{"Mcp-Session-Id: mcp-session-of-another-server"}, "hi"},
		{"no Accept", call("1", "echo", "hi", 0, "", ""), []string{"Accept:"}, "hi"},
		{"charset", call("1", "echo", "hi", 0, "", ""), []string{"Content-Type: application/json; charset=utf-8"}, "hi"},
	} {
		response, m := post(t, base, c.body, c.headers...)
		if response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != "application/json" || m.text() != c.text {
			t.Errorf("%s: %s %v %s", c.name, response.Status, response.Header, m.raw)
		}
		if response.Header.Get("Mcp-Session-Id") != "" || response.Header.Get("Cache-Control") != "no-store" ||
			response.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", c.name, response.Header)
		}
	}
	for _, capabilities := range []string{`{}`, `{"elicitation":{"url":{}}}`, `{"sampling":{},"roots":{}}`} {
		response, m := post(t, base, strings.Replace(initialize, `{"elicitation":{}}`, capabilities, 1))
		if m.Result.ProtocolVersion != legacy || response.Header.Get("Mcp-Session-Id") != "" {
			t.Error(response.Header, m.raw)
		}
	}
	// A client that reads nothing but streams gets one.
	only := stream(t, do(t, request(t, base, call("1", "echo", "hi", 0, "", ""), "Accept: text/event-stream")))
	if m := only.message(); m.text() != "hi" {
		t.Error(m.raw)
	}
}

func TestHTTPChecksTheEra(t *testing.T) {
	base := newFixture(t, func(o *server.Options) { o.StreamAfter = patience }).web(t) // a stream has no status
	unknown := strings.Replace(modernMeta, modern, "2099-01-01", 1)
	old := strings.Replace(modernMeta, modern, "1999-01-01", 1)
	with := func(change ...string) []string { return append(modernHeaders("echo"), change...) }
	for _, c := range []struct {
		name    string
		body    string
		headers []string
		status  int
		code    int
	}{
		{"unknown version", call("1", "echo", "", 0, "", unknown), with("Mcp-Protocol-Version: 2099-01-01"), 400, -32022},
		{"unknown old version", call("1", "echo", "", 0, "", old), with("Mcp-Protocol-Version: 1999-01-01"), 400, -32022},
		{"unknown version in the header only", call("1", "echo", "", 0, "", ""), []string{"Mcp-Protocol-Version: 2024-12-31"}, 400, -32022},
		{"no version header", call("1", "echo", "", 0, "", modernMeta), with("Mcp-Protocol-Version:"), 400, -32020},
		{"no version in the body", call("1", "echo", "", 0, "", ""), with(), 400, -32602},
		{"versions differ", call("1", "echo", "", 0, "", modernMeta), with("Mcp-Protocol-Version: 2025-11-25"), 400, -32020},
		{"the header's version is unknown", call("1", "echo", "", 0, "", modernMeta), with("Mcp-Protocol-Version: 2099-01-01"), 400, -32020},
		{"the header's version is long", call("1", "echo", "", 0, "", modernMeta), with("Mcp-Protocol-Version: " + strings.Repeat("9", 5000)), 400, -32020},
		{"no method header", call("1", "echo", "", 0, "", modernMeta), with("Mcp-Method:"), 400, -32020},
		{"wrong method header", call("1", "echo", "", 0, "", modernMeta), with("Mcp-Method: tools/list"), 400, -32020},
		{"no name header", call("1", "echo", "", 0, "", modernMeta), with("Mcp-Name:"), 400, -32020},
		{"wrong name header", call("1", "echo", "", 0, "", modernMeta), with("Mcp-Name: hold"), 400, -32020},
		{"resumption", call("1", "echo", "", 0, "", modernMeta), with("Last-Event-ID: 5"), 400, -32020},
		{"no capabilities", call("1", "echo", "", 0, "", `"io.modelcontextprotocol/protocolVersion":"2026-07-28"`), with(), 400, -32602},
		{"unknown tool", call("1", "nope", "", 0, "", modernMeta), with("Mcp-Name: nope"), 400, -32602},
		{
			"unknown method", `{"jsonrpc":"2.0","id":1,"method":"nope","params":{"_meta":{` + modernMeta + `}}}`,
			[]string{"Mcp-Protocol-Version: 2026-07-28", "Mcp-Method: nope"}, 404, -32601,
		},
		{"unknown method of old", `{"jsonrpc":"2.0","id":1,"method":"nope"}`, nil, 200, -32601},
		{"discover", `{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{"_meta":{` + modernMeta + `}}}`, []string{"Mcp-Protocol-Version: 2026-07-28", "Mcp-Method: server/discover"}, 200, 0},
		{"initialize whatever the header says", initialize, []string{"Mcp-Protocol-Version: 2026-07-28"}, 200, 0},
	} {
		response, m := post(t, base, c.body, c.headers...)
		if response.StatusCode != c.status || m.code() != c.code || string(m.ID) == "null" {
			t.Errorf("%s: %s %s", c.name, response.Status, m.raw)
		}
		if c.code == -32022 && !slices.Equal(m.Error.Data.Supported, mcp.ValidProtocolVersions) {
			t.Errorf("%s: %s", c.name, m.raw)
		}
	}
}

func TestHTTPRefuses(t *testing.T) {
	base := newFixture(t, func(o *server.Options) { o.MaxBody = 1000 }).web(t)
	ping := `{"jsonrpc":"2.0","id":1,"method":"ping"}`
	for _, c := range []struct {
		name    string
		body    string
		headers []string
		status  int
		code    int
	}{
		{"a form", ping, []string{"Content-Type: application/x-www-form-urlencoded"}, 415, -32600},
		{"no type", ping, []string{"Content-Type:"}, 415, -32600},
		{"too much", `{"x":"` + strings.Repeat("x", 1000) + `"}`, nil, 413, -32600},
		{"no JSON", "{", nil, 400, -32700},
		{"a batch", "[" + ping + "]", nil, 400, -32600},
		{"nothing", "", nil, 400, -32700},
	} {
		response, m := post(t, base, c.body, c.headers...)
		if response.StatusCode != c.status || m.code() != c.code {
			t.Errorf("%s: %s %s", c.name, response.Status, m.raw)
		}
	}
	for _, method := range []string{http.MethodGet, http.MethodDelete, http.MethodPut, http.MethodHead, http.MethodOptions} {
		r := request(t, base, "", "Accept: text/event-stream")
		r.Method = method
		if response := do(t, r); response.StatusCode != http.StatusMethodNotAllowed || response.Header.Get("Allow") != http.MethodPost {
			t.Error(method, response.Status, response.Header)
		}
	}
}

func TestHTTPTakesBodiesOfOneMiB(t *testing.T) {
	base := newFixture(t, nil).web(t)
	fits := call("1", "echo", "", 0, "", `"x":"`)
	fits = call("1", "echo", "", 0, "", `"x":"`+strings.Repeat("x", 1<<20-len(fits)-1)+`"`)
	for over, status := range []int{http.StatusOK, http.StatusRequestEntityTooLarge} {
		response, m := post(t, base, fits+strings.Repeat(" ", over))
		if response.StatusCode != status || (m.code() == 0) != (status == http.StatusOK) {
			t.Errorf("%d bytes: %s %.200s", len(fits)+over, response.Status, m.raw)
		}
	}
}

func TestHTTPAcceptsWhatNeedsNoAnswer(t *testing.T) {
	base := newFixture(t, nil).web(t)
	for _, body := range []string{
		`{"jsonrpc":"2.0","method":"notifications/initialized"}`,
		`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`,
		`{"jsonrpc":"2.0","id":"nobody-asked","result":{}}`,
		`{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"x"}}`,
	} {
		for _, header := range []string{"X-None: 1", "Mcp-Protocol-Version: 2026-07-28"} {
			response, m := post(t, base, body, header)
			if response.StatusCode != http.StatusAccepted || m.raw != "" {
				t.Errorf("%s: %s %s", body, response.Status, m.raw)
			}
		}
	}
}

func TestHTTPStreamsLongCallsFromTheStart(t *testing.T) {
	f := newFixture(t, func(o *server.Options) { o.StreamAfter, o.KeepAlive = time.Millisecond, 5*time.Millisecond })
	base := f.web(t)
	response := do(t, request(t, base, call("1", "hold", "x", 0, "", ""))) // the headers are here: the call goes on
	await(t, f.started)
	e := stream(t, response)
	if response.Header.Get("X-Accel-Buffering") != "no" || response.Header.Get("Cache-Control") != "no-store" {
		t.Error(response.Header)
	}
	for range 3 {
		if m, comment := e.next(); comment != ": keep-alive" {
			t.Fatal(m.raw, comment)
		}
	}
	f.release <- struct{}{}
	if m := e.message(); m.text() != "released x" || string(m.ID) != "1" {
		t.Error(m.raw)
	}
	if m, comment := e.next(); m.raw != "" || comment != "" {
		t.Error("after the result:", m.raw, comment)
	}
}

func TestHTTPWaitsForTheResultWhereStreamsAreNotAccepted(t *testing.T) {
	f := newFixture(t, func(o *server.Options) { o.StreamAfter = time.Nanosecond })
	base := f.web(t)
	go func() {
		<-f.started
		time.Sleep(never)
		f.release <- struct{}{}
	}()
	response, m := post(t, base, call("1", "hold", "x", 1, "5", ""), "Accept: application/json")
	if response.Header.Get("Content-Type") != "application/json" || m.text() != "released x" {
		t.Error(response.Header, m.raw)
	}
}

func TestHTTPProgressComesBeforeTheResultAndAllOfIt(t *testing.T) {
	base := newFixture(t, nil).web(t)
	const n = 1000
	for _, c := range []struct {
		meta    string
		headers []string
	}{{"", nil}, {modernMeta, modernHeaders("count")}} {
		e := stream(t, do(t, request(t, base, call("1", "count", "", n, `"tok"`, c.meta), c.headers...)))
		for i := range n {
			if m := e.message(); m.Method != "notifications/progress" || m.Params.Progress != float64(i+1) || string(m.Params.ProgressToken) != `"tok"` {
				t.Fatalf("progress %d: %s", i+1, m.raw)
			}
		}
		if m := e.message(); m.text() != fmt.Sprint(n) {
			t.Fatal(m.raw)
		}
		if m, _ := e.next(); m.raw != "" {
			t.Error("after the result:", m.raw)
		}
	}
	e := stream(t, do(t, request(t, base, call("1", "stray", "", 0, "1", ""))))
	for e.message().Method != "" {
		continue
	}
	if m, _ := e.next(); m.raw != "" {
		t.Error("after the result:", m.raw)
	}
}

func TestHTTPServesManyAtOnce(t *testing.T) {
	f := newFixture(t, func(o *server.Options) { o.StreamAfter = time.Millisecond })
	base := f.web(t)
	const clients = 200
	var wait sync.WaitGroup
	for range clients {
		wait.Go(func() {
			e := stream(t, do(t, request(t, base, call("1", "hold", "x", 1, "1", ""))))
			if m := e.message(); m.Method != "notifications/progress" {
				t.Error(m.raw)
			}
			if m := e.message(); m.text() != "released x" {
				t.Error(m.raw)
			}
		})
	}
	for range clients {
		await(t, f.started)
	}
	close(f.release)
	wait.Wait()
}

func TestHTTPRefusesMoreThanItHolds(t *testing.T) {
	f := newFixture(t, func(o *server.Options) { o.MaxConcurrent, o.StreamAfter = 2, time.Millisecond })
	base := f.web(t)
	var held []*events
	for range 2 {
		held = append(held, stream(t, do(t, request(t, base, call("1", "hold", "x", 0, "", "")))))
		await(t, f.started)
	}
	response, m := post(t, base, call("1", "echo", "hi", 0, "", ""))
	if response.StatusCode != http.StatusServiceUnavailable || response.Header.Get("Retry-After") == "" || m.code() != -32000 {
		t.Error(response.Status, response.Header, m.raw)
	}
	for range held {
		f.release <- struct{}{}
	}
	for _, e := range held {
		e.message()
	}
	for { // the slot is free as soon as the handler has returned
		if response, _ := post(t, base, call("1", "echo", "hi", 0, "", "")); response.StatusCode == http.StatusOK {
			break
		}
	}
}

func TestHTTPAuthentication(t *testing.T) {
	f := newFixture(t, func(o *server.Options) {
		o.Authenticate = func(r *http.Request) (string, error) {
			switch key := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "); key {
			case "alice", "bob":
				return key, nil
			case "revoked":
				return "", video.Errorf(video.Forbidden, "revoked")
			case "outage":
				return "", video.Errorf(video.Unavailable, "store")
			}
			return "", errors.New("who?")
		}
	})
	base := f.web(t)
	for _, c := range []struct {
		header string
		status int
		text   string
	}{
		{"Authorization:", 401, ""},
		{"Authorization: Bearer wrong", 401, ""},
		{"Authorization: Bearer revoked", 403, ""},
		{"Authorization: Bearer outage", 503, ""},
		{"Authorization: Bearer alice", 200, "alice"},
		{"Authorization: Bearer bob", 200, "bob"},
	} {
		response, m := post(t, base, call("1", "whoami", "", 0, "", ""), c.header)
		if response.StatusCode != c.status || (c.status == 200 && m.text() != c.text) {
			t.Errorf("%s: %s %s", c.header, response.Status, m.raw)
		}
		challenge := response.Header.Get("WWW-Authenticate")
		if (c.status == 401) != (challenge == `Bearer realm="seedance-mcp"`) {
			t.Errorf("%s: challenge %q", c.header, challenge)
		}
	}
}

func TestHTTPElicitationIsAnsweredByWhomItAsked(t *testing.T) {
	f := newFixture(t, func(o *server.Options) {
		o.Authenticate = func(r *http.Request) (string, error) { return r.Header.Get("Authorization"), nil }
	})
	base := f.web(t)
	e := stream(t, do(t, request(t, base, call("1", "ask", "", 0, "", ""), "Authorization: alice")))
	question := e.message()
	if question.Method != "elicitation/create" {
		t.Fatal(question.raw)
	}
	answer := `{"jsonrpc":"2.0","id":` + string(question.ID) + `,"result":{"action":%q,"content":{}}}`
	post(t, base, fmt.Sprintf(answer, "decline"), "Authorization: mallory")
	post(t, base, fmt.Sprintf(answer, "accept"), "Authorization: alice")
	if m := e.message(); m.text() != "accept" {
		t.Error(m.raw)
	}
	// Where the question cannot be carried the tool hears so at once.
	if _, m := post(t, base, call("1", "ask", "", 0, "", ""), "Authorization: alice", "Accept: application/json"); !m.Result.IsError {
		t.Error(m.raw)
	}
}

func TestHTTPPanicsDoNotSpread(t *testing.T) {
	base := newFixture(t, nil).web(t)
	if _, m := post(t, base, call("1", "panic", "", 0, "", "")); !m.Result.IsError || strings.Contains(m.raw, "secret") {
		t.Error(m.raw)
	}
	if _, m := post(t, base, call("1", "unwritable", "", 0, "", "")); m.code() != -32603 {
		t.Error(m.raw)
	}
}
