package upstream_test

import (
	"bytes"
	"io"
	"log"
	"net/http"
	"os"
	"testing"

	"go.uber.org/goleak"

	"seedance-mcp/internal/upstream"
	"seedance-mcp/internal/video"
)

const fakeKey = "sk-test-not-a-real-key"

func TestMain(m *testing.M) {
	if address := os.Getenv(childBase); address != "" {
		os.Exit(proxyChild(address))
	}
	goleak.VerifyTestMain(m)
}

// carrier is an in-process transport.
type carrier func(*http.Request) (*http.Response, error)

func (c carrier) RoundTrip(req *http.Request) (*http.Response, error) { return c(req) }

// says answers every request in the same way.
func says(status int, contentType, body string) carrier {
	return func(req *http.Request) (*http.Response, error) {
		if req.Body != nil {
			_, _ = io.Copy(io.Discard, req.Body)
			_ = req.Body.Close()
		}
		return &http.Response{
			StatusCode: status,
			Header:     http.Header{"Content-Type": {contentType}},
			Body:       io.NopCloser(bytes.NewReader([]byte(body))),
			Request:    req,
		}, nil
	}
}

func saysJSON(status int, body string) carrier { return says(status, "application/json", body) }

// client speaks to base over transport (nil: the network).
func client(t testing.TB, base string, dialect video.Dialect, transport http.RoundTripper) *upstream.Client {
	t.Helper()
	made, err := upstream.New(upstream.Config{BaseURL: base, Dialect: dialect, APIKey: fakeKey, Transport: transport})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(made.Close)
	return made
}

const base = "https://api.example.test/api/v1"

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }
