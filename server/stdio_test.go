package server_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"

	"seedance-mcp/server"
)

func TestStdioSpeaksBothEras(t *testing.T) {
	p := newFixture(t, nil).stdio(t)
	for _, c := range []struct{ asked, given string }{
		{"2024-11-05", "2024-11-05"},
		{"2025-03-26", "2025-03-26"},
		{"2025-06-18", "2025-06-18"},
		{"2025-11-25", "2025-11-25"},
		{"2026-07-28", "2025-11-25"}, // initialize ended with 2025-11-25
		{"1999-01-01", "2025-11-25"},
	} {
		p.send(strings.Replace(initialize, "2025-11-25", c.asked, 1))
		if m := p.recv(); m.Result.ProtocolVersion != c.given {
			t.Errorf("%s: %s", c.asked, m.raw)
		}
	}
	p.send(`{"jsonrpc":"2.0","id":"d","method":"server/discover","params":{"_meta":{` + modernMeta + `}}}`)
	if m := p.recv(); !slices.Equal(m.Result.SupportedVersions, mcp.ValidProtocolVersions) || string(m.ID) != `"d"` {
		t.Error(m.raw)
	}
	p.send(call("1", "echo", "hi", 0, "", modernMeta))
	if m := p.recv(); m.text() != "hi" || m.Result.Meta["io.modelcontextprotocol/serverInfo"] == nil {
		t.Error(m.raw)
	}
	for _, unknown := range []string{"2099-01-01", "1999-01-01", "latest"} {
		p.send(call("2", "echo", "hi", 0, "", strings.Replace(modernMeta, modern, unknown, 1)))
		if m := p.recv(); m.code() != -32022 || !slices.Equal(m.Error.Data.Supported, mcp.ValidProtocolVersions) {
			t.Errorf("%s: %s", unknown, m.raw)
		}
	}
}

func TestStdioProgressComesBeforeTheResultAndAllOfIt(t *testing.T) {
	for _, meta := range []string{"", modernMeta} {
		p := newFixture(t, nil).stdio(t)
		p.handshake()
		const n = 1000
		p.send(call("1", "count", "", n, `"tok"`, meta))
		for i := range n {
			if m := p.recv(); m.Method != "notifications/progress" || m.Params.Progress != float64(i+1) || string(m.Params.ProgressToken) != `"tok"` {
				t.Fatalf("progress %d: %s", i+1, m.raw)
			}
		}
		if m := p.recv(); m.text() != fmt.Sprint(n) || string(m.ID) != "1" {
			t.Fatal(m.raw)
		}
	}
}

func TestStdioNothingFollowsTheResult(t *testing.T) {
	p := newFixture(t, nil).stdio(t)
	p.handshake()
	p.send(call("1", "stray", "", 0, `"tok"`, ""))
	for p.recv().Method != "" {
		continue
	}
	for id := range 20 {
		p.send(fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"ping"}`, id+10))
		if m := p.recv(); string(m.ID) != fmt.Sprint(id+10) {
			t.Fatal("after the result:", m.raw)
		}
	}
}

func TestStdioCallsRunSideBySide(t *testing.T) {
	f := newFixture(t, nil)
	p := f.stdio(t)
	p.handshake()
	const calls, each = 20, 50
	for id := range calls {
		p.send(call(fmt.Sprint(id+1), "count", fmt.Sprint(id+1), each, fmt.Sprint(id+1), ""))
	}
	progress, results := map[string]float64{}, 0
	for results < calls {
		m := p.recv()
		if m.Method == "" {
			if id := string(m.ID); m.text() != fmt.Sprint(each) || progress[id] != each {
				t.Errorf("call %s: %s after progress %v", id, m.raw, progress[id])
			}
			results++
			continue
		}
		token := string(m.Params.ProgressToken)
		if m.Params.Message != token || m.Params.Progress != progress[token]+1 {
			t.Fatalf("after %v: %s", progress[token], m.raw)
		}
		progress[token]++
	}
}

func TestStdioHoldsOnlyTheSlowCallBack(t *testing.T) {
	f := newFixture(t, nil)
	p := f.stdio(t)
	p.handshake()
	for id := range 50 { // more than any fixed number of workers
		p.send(call(fmt.Sprint(id), "hold", fmt.Sprint(id), 0, "", ""))
		await(t, f.started)
	}
	p.send(call(`"quick"`, "echo", "hi", 0, "", ""))
	if m := p.recv(); m.text() != "hi" {
		t.Fatal(m.raw)
	}
}

func TestStdioCancel(t *testing.T) {
	f := newFixture(t, nil)
	p := f.stdio(t)
	p.handshake()
	p.send(call("1", "hold", "one", 0, "", ""), call(`"1"`, "hold", "string one", 0, "", ""))
	await(t, f.started)
	await(t, f.started)
	p.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":99}}`) // unknown
	p.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":"nonsense"}`)
	p.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1,"reason":"bored"}}`)
	if label := await(t, f.stopped); label != "one" {
		t.Fatal("cancelled", label)
	}
	// The id is free again, and its answer is the new call's.
	p.send(call("1", "echo", "again", 0, "", ""))
	if m := p.recv(); string(m.ID) != "1" || m.text() != "again" {
		t.Fatal(m.raw)
	}
	f.release <- struct{}{}
	if m := p.recv(); string(m.ID) != `"1"` || m.text() != "released string one" {
		t.Fatal(m.raw)
	}
}

func TestStdioAnswersNonsense(t *testing.T) {
	p := newFixture(t, nil).stdio(t)
	for _, c := range []struct {
		name, send string
		code       int
		id         string
	}{
		{"no JSON", `{"jsonrpc":"2.0","id":1,`, -32700, "null"},
		{"no JSON at all", `hello`, -32700, "null"},
		{"a string", `"hello"`, -32600, "null"},
		{"a batch", `[{"jsonrpc":"2.0","id":1,"method":"ping"}]`, -32600, "null"},
		{"no version", `{"id":1,"method":"ping"}`, -32600, "1"},
		{"wrong version", `{"jsonrpc":"1.0","id":1,"method":"ping"}`, -32600, "1"},
		{"a number as version", `{"jsonrpc":2.0,"id":1,"method":"ping"}`, -32600, "1"},
		{"a number as method", `{"jsonrpc":"2.0","id":1,"method":5}`, -32600, "1"},
		{"no method", `{"jsonrpc":"2.0","id":1}`, -32600, "1"},
		{"null id", `{"jsonrpc":"2.0","id":null,"method":"ping"}`, -32600, "null"},
		{"object id", `{"jsonrpc":"2.0","id":{},"method":"ping"}`, -32600, "null"},
		{"unknown method", `{"jsonrpc":"2.0","id":"x","method":"nope"}`, -32601, `"x"`},
		{"unknown tool", call("1", "nope", "", 0, "", ""), -32602, "1"},
		{"params no object", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":[1]}`, -32600, "1"},
		{"unwritable answer", call("1", "unwritable", "", 0, "", ""), -32603, "1"},
		{"big id kept", `{"jsonrpc":"2.0","id":9007199254740993,"method":"ping"}`, 0, "9007199254740993"},
		{"negative id", `{"jsonrpc":"2.0","id":-7,"method":"ping"}`, 0, "-7"},
		{"odd string id", `{"jsonrpc":"2.0","id":"<&\u00e9>","method":"ping"}`, 0, `"<&é>"`},
		{"blank lines", "\n \r\n" + `{"jsonrpc":"2.0","id":1,"method":"ping"}` + "\r", 0, "1"},
	} {
		p.send(c.send)
		m := p.recv()
		same := string(m.ID) == c.id || (strings.Contains(c.id, "é") && m.ID != nil && decodesTo(m.ID, "<&é>"))
		if m.code() != c.code || !same {
			t.Errorf("%s: %s", c.name, m.raw)
		}
	}
	p.send(`{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"?"}}`, `{"jsonrpc":"2.0","id":"?","result":{}}`,
		`{"jsonrpc":"2.0","method":"notifications/whatever"}`, `{"jsonrpc":"2.0","id":1,"method":"ping"}`)
	if m := p.recv(); string(m.ID) != "1" || m.code() != 0 {
		t.Error("answered what asks for no answer:", m.raw)
	}
}

func TestStdioSurvivesOverlongLines(t *testing.T) {
	p := newFixture(t, nil).stdio(t)
	fits := `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{"x":"`
	fits += strings.Repeat("x", server.MaxLine-len(fits)-len(`"}}}`)) + `"}}}`
	p.send(fits)
	if m := p.recv(); string(m.ID) != "1" || m.code() != 0 {
		t.Errorf("%.100s", m.raw)
	}
	for _, long := range []string{fits + " ", strings.Repeat("x", 3*server.MaxLine)} {
		p.send(long)
		if m := p.recv(); m.code() != -32700 || string(m.ID) != "null" {
			t.Errorf("%.100s", m.raw)
		}
		p.send(`{"jsonrpc":"2.0","id":2,"method":"ping"}`)
		if m := p.recv(); string(m.ID) != "2" {
			t.Errorf("%.100s", m.raw)
		}
	}
}

func TestStdioRefusesMoreThanItHolds(t *testing.T) {
	f := newFixture(t, nil)
	p := f.stdio(t)
	p.handshake()
	for id := range server.MaxStdioCalls {
		p.send(call(fmt.Sprint(id), "hold", "", 0, "", ""))
		await(t, f.started)
	}
	p.send(call("5", "hold", "", 0, "", "")) // busy comes before the id
	if m := p.recv(); m.code() != -32000 || !strings.Contains(m.Error.Message, "256") {
		t.Fatal(m.raw)
	}
	f.release <- struct{}{}
	p.recv()
	p.send(call(`"late"`, "echo", "hi", 0, "", ""))
	if m := p.recv(); m.text() != "hi" {
		t.Fatal(m.raw)
	}
	p.send(call("5", "echo", "", 0, "", ""))
	if m := p.recv(); m.code() != -32600 && m.text() != "" { // 5 may be the one released
		t.Fatal(m.raw)
	}
}

func TestStdioRefusesAnIDInUse(t *testing.T) {
	f := newFixture(t, nil)
	p := f.stdio(t)
	p.handshake()
	p.send(call("5", "hold", "first", 0, "", ""))
	await(t, f.started)
	p.send(call("5", "echo", "second", 0, "", ""))
	if m := p.recv(); m.code() != -32600 || string(m.ID) != "5" {
		t.Fatal(m.raw)
	}
	f.release <- struct{}{}
	if m := p.recv(); m.text() != "released first" {
		t.Fatal(m.raw)
	}
}

func TestStdioElicitation(t *testing.T) {
	p := newFixture(t, nil).stdio(t)
	p.handshake()
	for _, c := range []struct{ answer, text string }{
		{`"result":{"action":"accept","content":{}}`, "accept"},
		{`"result":{"action":"decline"}`, "decline"},
		{`"error":{"code":-32601,"message":"not here"}`, `the client refused elicitation/create: {"code":-32601,"message":"not here"}`},
	} {
		p.send(call("1", "ask", "", 0, "", ""))
		question := p.recv()
		if question.Method != "elicitation/create" {
			t.Fatal(question.raw)
		}
		p.send(`{"jsonrpc":"2.0","id":` + string(question.ID) + `,` + c.answer + `}`)
		if m := p.recv(); m.text() != c.text {
			t.Error(m.raw)
		}
	}
}

func TestStdioPanicsDoNotSpread(t *testing.T) {
	p := newFixture(t, nil).stdio(t)
	p.handshake()
	p.send(call("1", "panic", "", 0, "", ""))
	if m := p.recv(); !m.Result.IsError || strings.Contains(m.raw, "secret") {
		t.Error(m.raw)
	}
	p.send(call("2", "echo", "hi", 0, "", ""))
	if m := p.recv(); m.text() != "hi" {
		t.Error(m.raw)
	}
}

func TestStdioListenIsAcknowledgedInTheClientsSpelling(t *testing.T) {
	f := newFixture(t, nil)
	p := f.stdio(t)
	for _, id := range []string{"7", `"seven"`, "9007199254740993"} {
		p.send(`{"jsonrpc":"2.0","id":` + id + `,"method":"subscriptions/listen","params":{"notifications":{"toolsListChanged":true},"_meta":{` + modernMeta + `}}}`)
		ack := p.recv()
		if ack.Method != "notifications/subscriptions/acknowledged" || string(ack.Params.Meta["io.modelcontextprotocol/subscriptionId"]) != id {
			t.Error(ack.raw)
		}
		if m := p.recv(); string(m.ID) != id || m.code() != 0 { // nothing changes here: closed at once
			t.Error(m.raw)
		}
	}
}
