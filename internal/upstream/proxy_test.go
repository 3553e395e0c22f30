package upstream_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"

	"seedance-mcp/internal/upstream"
	"seedance-mcp/internal/video"
)

// net/http reads the proxy variables once in a process, so each setting needs
// a process of its own: this test binary, told to make one call and say how it
// ended.
const childBase = "SEEDANCE_TEST_CHILD_BASE"

type childReport struct {
	Create, New video.Code
	TaskID      string
}

func proxyChild(address string) int {
	var report childReport
	made, err := upstream.New(upstream.Config{BaseURL: address, APIKey: fakeKey})
	report.New = video.CodeOf(err)
	if err == nil {
		accepted, err := made.Create(context.Background(), payload, "")
		report.TaskID, report.Create = accepted.TaskID, video.CodeOf(err)
	}
	if json.NewEncoder(os.Stdout).Encode(report) != nil {
		return 1
	}
	return 0
}

func runChild(t *testing.T, address string, env ...string) childReport {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(slices.DeleteFunc(os.Environ(), func(pair string) bool {
		return slices.ContainsFunc([]string{"HTTP_PROXY=", "HTTPS_PROXY=", "NO_PROXY=", "http_proxy=", "https_proxy=", "no_proxy="},
			func(name string) bool { return len(pair) >= len(name) && pair[:len(name)] == name })
	}), append(env, childBase+"="+address)...)
	out, err := child.Output()
	if err != nil {
		t.Fatal(err)
	}
	var report childReport
	if err := json.Unmarshal(out, &report); err != nil {
		t.Fatalf("%q: %v", out, err)
	}
	return report
}

func TestProxyVariablesAreHonoured(t *testing.T) {
	var mu sync.Mutex
	var seen []string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, fmt.Sprintf("%s %s key=%t proxy=%q", req.Method, req.RequestURI, req.Header.Get("Authorization") != "", req.Header.Get("Proxy-Authorization")))
		if req.Method == http.MethodConnect {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		_, _ = io.WriteString(w, `{"taskId":"task_1"}`)
	}))
	t.Cleanup(proxy.Close)
	taken := func() []string {
		mu.Lock()
		defer mu.Unlock()
		defer func() { seen = nil }()
		return seen
	}

	report := runChild(t, "http://api.example.test/api/v1", "HTTP_PROXY="+proxy.URL)
	if got := taken(); report.TaskID != "task_1" || len(got) != 1 || got[0] != `POST http://api.example.test/api/v1/jobs/createTask key=true proxy=""` {
		t.Errorf("HTTP: %+v, proxy saw %q", report, got)
	}

	// A tunnel that the proxy refuses: the paid request never left, and the key
	// is not shown to the proxy.
	report = runChild(t, "https://api.example.test/api/v1", "HTTPS_PROXY="+proxy.URL)
	got := taken()
	if report.Create != video.Unavailable || len(got) < 2 {
		t.Errorf("HTTPS: %+v, proxy saw %q", report, got)
	}
	for _, line := range got {
		if line != `CONNECT api.example.test:443 key=false proxy=""` {
			t.Errorf("proxy saw %q", line)
		}
	}

	// Nobody listens there; it is not a loopback address, which needs no NO_PROXY.
	report = runChild(t, "http://0.0.0.0:1/api/v1", "HTTP_PROXY="+proxy.URL, "NO_PROXY=0.0.0.0")
	if got := taken(); len(got) != 0 || report.Create != video.Unavailable {
		t.Errorf("NO_PROXY: %+v, proxy saw %q", report, got)
	}

	// Nobody listens at the proxy's address any more.
	proxy.Close()
	report = runChild(t, "http://api.example.test/api/v1", "HTTP_PROXY="+proxy.URL)
	if report.Create != video.Unavailable {
		t.Errorf("dead proxy: %+v", report)
	}
}
