package server_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// message is any JSON-RPC message a server writes.
type message struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params struct {
		Meta          map[string]json.RawMessage `json:"_meta"`
		ProgressToken json.RawMessage            `json:"progressToken"`
		Progress      float64                    `json:"progress"`
		Message       string                     `json:"message"`
	} `json:"params"`
	Result struct {
		Content []struct {
			Text string `json:"text"`
		} `json:"content"`
		IsError           bool                       `json:"isError"`
		ProtocolVersion   string                     `json:"protocolVersion"`
		SupportedVersions []string                   `json:"supportedVersions"`
		Meta              map[string]json.RawMessage `json:"_meta"`
	} `json:"result"`
	Error *struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
		Data    struct {
			Supported []string `json:"supported"`
		} `json:"data"`
	} `json:"error"`
	raw string
}

func decode(t testing.TB, raw string) message {
	t.Helper()
	var m message
	if err := json.Unmarshal([]byte(raw), &m); err != nil {
		t.Fatalf("no JSON: %v\n%s", err, raw)
	}
	m.raw = raw
	return m
}

func (m message) text() string {
	if len(m.Result.Content) != 1 {
		return "no single text: " + m.raw
	}
	return m.Result.Content[0].Text
}

func (m message) code() int {
	if m.Error == nil {
		return 0
	}
	return m.Error.Code
}

// meta are the _meta members that make a request one of 2026-07-28.
const modernMeta = `"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"raw","version":"1"}`

// call is a tools/call message; token "" asks for no progress.
func call(id, tool, label string, count int, token, moreMeta string) string {
	var meta []string
	if token != "" {
		meta = append(meta, `"progressToken":`+token)
	}
	if moreMeta != "" {
		meta = append(meta, moreMeta)
	}
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"method":"tools/call","params":{"name":%q,"arguments":{"label":%q,"count":%d},"_meta":{%s}}}`,
		id, tool, label, count, strings.Join(meta, ","))
}

const initialize = `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{"elicitation":{}},"clientInfo":{"name":"raw","version":"1"}}}`

// pipe is a raw stdio client.
type pipe struct {
	t     testing.TB
	in    *io.PipeWriter
	out   *bufio.Reader
	ended chan error // ServeStdio's result
}

// stdio serves f over a pair of pipes until the test ends.
func (f *fixture) stdio(t testing.TB) *pipe {
	t.Helper()
	inReader, in := io.Pipe()
	out, outWriter := io.Pipe()
	p := &pipe{t: t, in: in, out: bufio.NewReader(out), ended: make(chan error, 1)}
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		err := f.ServeStdio(context.Background(), inReader, outWriter)
		_ = outWriter.Close()
		p.ended <- err
	}()
	t.Cleanup(func() {
		_ = in.Close()
		_ = out.Close()
		<-gone
	})
	return p
}

func (p *pipe) send(messages ...string) {
	p.t.Helper()
	for _, m := range messages {
		if _, err := io.WriteString(p.in, m+"\n"); err != nil {
			p.t.Fatal(err)
		}
	}
}

// recv is the next message.
func (p *pipe) recv() message {
	p.t.Helper()
	text, err := p.out.ReadString('\n')
	if err != nil {
		p.t.Fatal(err)
	}
	return decode(p.t, text)
}

// handshake initializes as a 2025-11-25 client.
func (p *pipe) handshake() {
	p.t.Helper()
	p.send(initialize)
	if m := p.recv(); m.Result.ProtocolVersion != legacy {
		p.t.Fatal(m.raw)
	}
	p.send(`{"jsonrpc":"2.0","method":"notifications/initialized"}`)
}

// web serves f over HTTP until the test ends.
func (f *fixture) web(t testing.TB) string {
	t.Helper()
	s := httptest.NewServer(f.Handler())
	t.Cleanup(s.Close)
	return s.URL
}

// request is one POST to /mcp as a well-behaved client sends it; header lines
// are "Name: value", "Name:" removes one.
func request(t testing.TB, base, body string, headers ...string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, base+"/mcp", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ":")
		if value = strings.TrimSpace(value); value == "" {
			r.Header.Del(name)
		} else {
			r.Header.Set(name, value)
		}
	}
	return r
}

// wire connects the raw HTTP clients.
var wire = &http.Transport{MaxIdleConnsPerHost: 300}

// do sends r; the test's end closes its body.
func do(t testing.TB, r *http.Request) *http.Response {
	t.Helper()
	response, err := wire.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = response.Body.Close()
		wire.CloseIdleConnections()
	})
	return response
}

// post sends a message and reads all of the answer, which on a slow machine
// may have become a stream.
func post(t testing.TB, base, body string, headers ...string) (*http.Response, message) {
	t.Helper()
	response := do(t, request(t, base, body, headers...))
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if len(text) == 0 {
		return response, message{}
	}
	if _, event, ok := strings.Cut(string(text), "data: "); ok && response.Header.Get("Content-Type") == "text/event-stream" {
		return response, decode(t, event)
	}
	return response, decode(t, string(text))
}

// events are an event stream's messages and comments.
type events struct {
	t  testing.TB
	in *bufio.Scanner
}

func stream(t testing.TB, response *http.Response) *events {
	t.Helper()
	if kind := response.Header.Get("Content-Type"); kind != "text/event-stream" {
		t.Fatalf("content type %q", kind)
	}
	in := bufio.NewScanner(response.Body)
	in.Buffer(nil, 16<<20)
	return &events{t: t, in: in}
}

// next is the next event's message, or a comment's text; "" at the end.
func (e *events) next() (m message, comment string) {
	e.t.Helper()
	for e.in.Scan() {
		switch text := e.in.Text(); {
		case strings.HasPrefix(text, "data: "):
			return decode(e.t, text[len("data: "):]), ""
		case strings.HasPrefix(text, ":"):
			return message{}, text
		case text != "" && text != "event: message":
			e.t.Fatalf("unexpected line %q", text)
		}
	}
	return message{}, ""
}

// message is the next event, past comments.
func (e *events) message() message {
	e.t.Helper()
	for {
		m, comment := e.next()
		if comment == "" {
			if m.raw == "" {
				e.t.Fatal("the stream ended")
			}
			return m
		}
	}
}

// modernHeaders are what a 2026-07-28 tools/call over HTTP needs.
func modernHeaders(tool string) []string {
	return []string{"Mcp-Protocol-Version: 2026-07-28", "Mcp-Method: tools/call", "Mcp-Name: " + tool}
}

// never is how long a test watches that nothing happens.
const never = 50 * time.Millisecond

// decodesTo says that raw is the JSON string text.
func decodesTo(raw json.RawMessage, text string) bool {
	var got string
	return json.Unmarshal(raw, &got) == nil && got == text
}
