package server_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestHTTPDoesNotWaitForSlowBodies(t *testing.T) {
	f := newFixture(t, nil)
	f.SetTiming(20*time.Millisecond, 0, 0, 0)
	base := f.web(t)
	conn, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 500000\r\n\r\n{")
	_ = conn.SetReadDeadline(time.Now().Add(patience))
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || response.StatusCode != http.StatusRequestTimeout {
		t.Fatal(response, err)
	}
	if _, err := io.Copy(io.Discard, conn); err != nil {
		t.Error("the connection stays open:", err)
	}
}

// In fake time: a machine that pauses between a deadline and what it is for
// would meet deadlines of milliseconds.
func TestHTTPLongCallsOutliveTheBodyDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, nil)
		_, transport, _, _ := f.listenInBubble(t)
		response, err := transport.RoundTrip(request(t, "http://localhost", call("1", "hold", "x", 1, "1", "")))
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		e, answers := stream(t, response), make(chan message, 2)
		go func() { // all the time: nothing is kept in a pipe
			answers <- e.message()
			answers <- e.message()
		}()
		<-f.started
		time.Sleep(2 * patience) // longer than the deadlines of body and write
		synctest.Wait()
		select {
		case <-f.stopped:
			t.Fatal("cancelled by a deadline")
		default:
		}
		f.release <- struct{}{}
		<-answers
		if m := <-answers; m.text() != "released x" {
			t.Error(m.raw)
		}
	})
}

func TestHTTPGivesUpOnClientsThatDoNotRead(t *testing.T) {
	f := newFixture(t, nil)
	f.SetTiming(0, 20*time.Millisecond, 0, 0)
	base := f.web(t)
	conn, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	body := call("1", "count", strings.Repeat("x", 10_000), 1_000_000, "1", "")
	_, _ = fmt.Fprintf(conn, "POST /mcp HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	// The test ends only when the handler has: closing the test server waits for it.
}

func TestServeDoesNotWaitForSlowHeaders(t *testing.T) {
	f := newFixture(t, nil)
	f.SetHeaderTime(20 * time.Millisecond)
	base, _, _ := f.listen(t)
	for _, sent := range []string{"", "P", "POST /mcp HTTP/1.1\r\nHost: localhost\r\nX-Slow: "} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, sent)
		_ = conn.SetReadDeadline(time.Now().Add(patience))
		// What the server had no time to read resets the connection: closed is closed.
		if answer, err := io.ReadAll(conn); errors.Is(err, os.ErrDeadlineExceeded) || strings.Contains(string(answer), " 200 ") {
			t.Errorf("after %q: %s %v", sent, answer, err)
		}
		_ = conn.Close()
	}
}
