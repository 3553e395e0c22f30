package server_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"seedance-mcp/server"
)

// status is that of a GET on a connection of its own.
func status(t *testing.T, url string) (code int, reason string, closes bool) {
	t.Helper()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	response, err := (&http.Client{Transport: transport}).Get(url)
	if err != nil {
		return 0, err.Error(), true
	}
	defer response.Body.Close()
	var body struct {
		Reason string `json:"reason"`
	}
	_ = json.NewDecoder(response.Body).Decode(&body)
	return response.StatusCode, body.Reason, response.Close
}

// Between the signal and the drain only /readyz differs, so that a load
// balancer can look elsewhere before anything is refused.
func TestServeIsNotReadyBeforeItDrains(t *testing.T) {
	f := newFixture(t, func(o *server.Options) {
		o.StreamAfter = time.Millisecond
		o.DrainDelay = time.Hour // ended by the test's own end of it
	})
	delay := make(chan time.Time)
	f.SetDrainDelay(delay)
	base, stop, ended := f.listen(t)
	if code, _, closes := status(t, base+"/readyz"); code != http.StatusOK || closes {
		t.Fatal(code, closes)
	}
	held := stream(t, do(t, request(t, base, call("1", "hold", "x", 0, "", ""))))
	await(t, f.started)
	stop()
	for deadline := time.Now().Add(patience); ; {
		code, reason, closes := status(t, base+"/readyz")
		if code == http.StatusServiceUnavailable && reason == "shutting down" && closes {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("still ready:", code, reason, closes)
		}
	}
	if code, _, closes := status(t, base+"/healthz"); code != http.StatusOK || !closes {
		t.Error("a probe would kill it:", code, closes)
	}
	// Calls are served as ever, on connections that no proxy keeps.
	response, m := post(t, base, call("2", "echo", "hi", 0, "", ""))
	if m.text() != "hi" || !response.Close {
		t.Error(response.Close, m.raw)
	}
	late := stream(t, do(t, request(t, base, call("3", "hold", "late", 0, "", ""))))
	await(t, f.started)
	select {
	case <-f.drained:
		t.Fatal("drained before the delay was over")
	case err := <-ended:
		t.Fatal("ended before the delay was over:", err)
	default:
	}
	close(delay)
	for label, e := range map[string]*events{"x": held, "late": late} {
		if m := e.message(); m.text() != "drained "+label {
			t.Error(m.raw)
		}
	}
	if err := await(t, ended); err != nil {
		t.Error(err)
	}
	if code, _, _ := status(t, base+"/healthz"); code != 0 {
		t.Error("still serving:", code)
	}
}

// A person who is asked may take longer than a shutdown may: the call goes on
// without an answer.
func TestServeDoesNotWaitForPeople(t *testing.T) {
	f := newFixture(t, nil)
	base, stop, ended := f.listen(t)
	e := stream(t, do(t, request(t, base, call("1", "ask", "", 0, "", ""))))
	if question := e.message(); question.Method != "elicitation/create" {
		t.Fatal(question.raw)
	}
	stop()
	if m := e.message(); string(m.ID) != "1" || !m.Result.IsError {
		t.Error(m.raw)
	}
	if err := await(t, ended); err != nil {
		t.Error(err)
	}
}

// A call that arrives on a connection accepted just before the end is served.
func TestServeTakesCallsThatAreJustArriving(t *testing.T) {
	f := newFixture(t, nil)
	f.SetUnusedTime(patience)
	base, stop, ended := f.listen(t)
	conn := dial(t, base)
	defer conn.Close()
	status(t, base+"/healthz") // accepted in order
	stop()
	await(t, f.drained)
	code, body := conn.post(call("1", "echo", "just in time", 0, "", ""))
	if code != http.StatusOK || decode(t, body).text() != "just in time" {
		t.Error(code, body)
	}
	if err := await(t, ended); err != nil {
		t.Error(err)
	}
}

// rawConn is a connection on which a test writes by itself.
type rawConn struct {
	net.Conn
	t *testing.T
}

func dial(t *testing.T, base string) *rawConn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.SetDeadline(time.Now().Add(patience))
	return &rawConn{conn, t}
}

func (c *rawConn) post(body string) (code int, answer string) {
	c.t.Helper()
	_, err := fmt.Fprintf(c, "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	if err != nil {
		c.t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		c.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return response.StatusCode, string(text)
}
