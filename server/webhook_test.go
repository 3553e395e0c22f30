package server_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"seedance-mcp/server"
)

type hint struct{ token, body string }

// hook posts a callback; the answer's body comes with it.
func hook(t testing.TB, base, token, body string) (int, string) {
	t.Helper()
	r := request(t, base, body)
	r.URL.Path = "/webhooks/" + token
	response := do(t, r)
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

func TestWebhookTakesAnythingAndTellsNothing(t *testing.T) {
	hints := make(chan hint, 10)
	f := newFixture(t, func(o *server.Options) {
		o.Webhook = func(_ context.Context, token string, body []byte) error {
			hints <- hint{token, string(body)}
			switch token {
			case "known":
				return nil
			case "panics":
				panic("no")
			}
			return errors.New("unknown")
		}
	})
	base := f.web(t)
	for _, h := range []hint{
		{"known", `{"code":200,"data":{"taskId":"x"}}`}, {"unknown", "{}"}, {"panics", "not JSON"}, {"known", ""}, {"known", "[]"},
	} {
		if status, text := hook(t, base, h.token, h.body); status != 200 || text != "{\"code\":200}\n" {
			t.Errorf("%v: %d %s", h, status, text)
		}
		if got := await(t, hints); got != h {
			t.Errorf("sent %v, got %v", h, got)
		}
	}
	if status, _ := hook(t, base, "known", strings.Repeat("x", server.MaxWebhook+1)); status != http.StatusRequestEntityTooLarge {
		t.Error(status)
	}
	r := request(t, base, "")
	r.Method, r.URL.Path = http.MethodGet, "/webhooks/known"
	if response := do(t, r); response.StatusCode != http.StatusMethodNotAllowed {
		t.Error(response.Status)
	}
}

func TestWebhookAnswersBeforeItIsProcessed(t *testing.T) {
	begun, end := make(chan struct{}, server.MaxCallbacks), make(chan struct{})
	f := newFixture(t, func(o *server.Options) {
		o.Webhook = func(context.Context, string, []byte) error {
			begun <- struct{}{}
			<-end
			return nil
		}
	})
	base, stop, ended := f.listen(t)
	for range server.MaxCallbacks {
		if status, _ := hook(t, base, "x", "{}"); status != 200 {
			t.Fatal(status)
		}
		await(t, begun)
	}
	if status, _ := hook(t, base, "x", "{}"); status != http.StatusServiceUnavailable { // the sender repeats it
		t.Error(status)
	}
	stop()
	select {
	case err := <-ended:
		t.Fatal("callbacks cut off:", err)
	case <-time.After(never):
	}
	close(end)
	if err := await(t, ended); err != nil {
		t.Error(err)
	}
}

func TestWebhookWorksWithoutAHook(t *testing.T) {
	if status, _ := hook(t, newFixture(t, nil).web(t), "x", "{}"); status != 200 {
		t.Error(status)
	}
}

func TestWebhookDoesNotWaitForSlowBodies(t *testing.T) {
	f := newFixture(t, nil)
	f.SetTiming(20*time.Millisecond, 0, 0, 0)
	conn, err := net.Dial("tcp", strings.TrimPrefix(f.web(t), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "POST /webhooks/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n{")
	_ = conn.SetReadDeadline(time.Now().Add(patience))
	answer, err := io.ReadAll(conn)
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 408") {
		t.Errorf("%s %v", answer, err)
	}
}
