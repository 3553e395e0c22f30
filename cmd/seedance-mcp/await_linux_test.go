package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"seedance-mcp/internal/porttest"
	"seedance-mcp/internal/video"
)

// launch starts a server that need not become ready.
func (c *cluster) launch(r *replica, more ...string) (log *recorder) {
	c.t.Helper()
	log = &recorder{}
	r.process = c.process(context.Background(), "none:0", "http", "--addr", r.addr)
	r.process.Env = append(r.process.Env, append([]string{"SEEDANCE_DATABASE_URL=" + r.database, "SEEDANCE_LOG_LEVEL=info"}, more...)...)
	r.process.Stderr = log
	if err := r.process.Start(); err != nil {
		c.t.Fatal(err)
	}
	return log
}

// ended waits for the end of a process that nobody ends.
func (c *cluster) ended(r *replica) (code int) {
	c.t.Helper()
	over := time.AfterFunc(hung, func() { r.process.Process.Kill() })
	defer over.Stop()
	err := r.process.Wait()
	r.process = nil
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode()
	}
	if err != nil {
		c.t.Error(err)
	}
	return 0
}

// get is one answer of a server.
func (c *cluster) get(r *replica, path string) (status int, body string) {
	c.t.Helper()
	answer, err := c.client.Get("http://" + r.addr + path)
	if err != nil {
		c.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// TestServerWaitsForItsDatabase: the program starts before its database, says
// so, and goes on by itself.
func TestServerWaitsForItsDatabase(t *testing.T) {
	t.Parallel()
	metrics := porttest.Addr(t)
	c := newCluster(t, 1, "SEEDANCE_METRICS_ADDR="+metrics)
	r := c.replicas[0]
	r.database = strings.Replace(r.database, "seedance@", "seedance:not-a-real-secret@", 1)
	if err := c.postgres.Halt(); err != nil {
		t.Fatal(err)
	}
	log := c.launch(r)
	c.waitFor(r, http.StatusServiceUnavailable)
	if status, body := c.get(r, "/healthz"); status != http.StatusOK {
		t.Errorf("/healthz: %d %s", status, body)
	}
	var health struct{ Status, Reason string }
	_, body := c.get(r, "/readyz")
	if err := json.Unmarshal([]byte(body), &health); err != nil || health.Status != "not ready" {
		t.Errorf("%s: %v", body, err)
	}
	for _, words := range []string{"Waiting for the database since 20", "does not answer", "connection refused", "seedance-mcp doctor"} {
		if !strings.Contains(health.Reason, words) {
			t.Errorf("/readyz does not say %q: %s", words, health.Reason)
		}
	}
	for _, call := range []string{
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"generate_video","arguments":{"prompt":"too early"}}}`,
		`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}`,
	} {
		answer, err := c.client.Post("http://"+r.addr+"/mcp", "application/json", strings.NewReader(call))
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		if answer.StatusCode != http.StatusServiceUnavailable || answer.Header.Get("Retry-After") != "5" ||
			!strings.Contains(string(text), "waits for its database, since 20") || !strings.Contains(string(text), "Nothing was ordered") || strings.Contains(string(text), "127.0.0.1") {
			t.Errorf("a call: %d %v %s", answer.StatusCode, answer.Header, text)
		}
	}
	if _, figures := c.get(&replica{addr: metrics}, "/metrics"); !strings.Contains(figures, "\nseedance_store_up 0\n") {
		t.Errorf("figures:\n%s", figures)
	}
	said, err := c.process(t.Context(), "none:0", "tasks").CombinedOutput()
	if err == nil || !strings.Contains(string(said), "does not answer") {
		t.Errorf("a terminal command: %v %s", err, said)
	}

	if err := c.postgres.Launch(); err != nil {
		t.Fatal(err)
	}
	c.waitReady(r)
	if _, figures := c.get(&replica{addr: metrics}, "/metrics"); !strings.Contains(figures, "\nseedance_store_up 1\n") {
		t.Errorf("figures:\n%s", figures)
	}
	task, err := c.order(t.Context(), r, "at last", "")
	if err != nil {
		t.Fatal(err)
	}
	if done, err := c.call(t.Context(), r, "get_task_status", map[string]any{"task_id": task.ID, "wait_seconds": 45}); err != nil || done.Status != video.Success {
		t.Errorf("%+v %v", done, err)
	}
	if err := c.end(r, syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	if n := c.box.Books().Accepted; n != 1 {
		t.Errorf("%d paid", n)
	}
	for _, words := range []string{"waiting for the database", "the database answers", "serving MCP"} {
		if strings.Count(log.String(), words) != 1 {
			t.Errorf("not told once: %q", words)
		}
	}
	if strings.Contains(log.String(), "not-a-real-secret") {
		t.Error("the password is in the log")
	}
	if t.Failed() {
		t.Log(log)
	}
}

// TestServerWaitsForNoMistake: what somebody has to correct ends the program, at
// once or when the database is there to say so.
func TestServerWaitsForNoMistake(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1)
	r := c.replicas[0]
	whole := r.database
	wrong := strings.Replace(whole, "seedance@", "guarded:not-a-real-secret@", 1)
	for name, mistake := range map[string]struct {
		database, says string
		code           int
	}{
		"password":    {wrong, "refuses the role or the password", exitFailed},
		"no database": {strings.Replace(whole, "/replicas", "/none", 1), "no such database", exitFailed},
		"no TLS":      {strings.Replace(whole, "sslmode=disable", "sslmode=require", 1), "refused TLS", exitFailed},
		"no address":  {"postgres://127.0.0.1:port/replicas", "no address of a Postgres database", exitUsage},
	} {
		r.database = mistake.database
		log := c.launch(r)
		if code := c.ended(r); code != mistake.code || !strings.Contains(log.String(), mistake.says) || strings.Contains(log.String(), "waiting") {
			t.Errorf("%s: ended with %d:\n%s", name, code, log)
		}
	}
	later := func(name, database, says string, code int) {
		t.Helper()
		if err := c.postgres.Halt(); err != nil {
			t.Fatal(err)
		}
		r.database = database
		log := c.launch(r)
		c.waitFor(r, http.StatusServiceUnavailable)
		if err := c.postgres.Launch(); err != nil {
			t.Fatal(err)
		}
		if got := c.ended(r); got != code || !strings.Contains(log.String(), says) || strings.Contains(log.String(), "not-a-real-secret") {
			t.Errorf("%s, found later: ended with %d:\n%s", name, got, log)
		}
	}
	later("password", wrong, "refuses the role or the password", exitFailed)
	_, port, err := net.SplitHostPort(r.addr)
	if err != nil {
		t.Fatal(err)
	}
	r.addr = "0.0.0.0:" + port
	later("no keys", whole, "keys create", exitUsage)
}

// TestServerEndsWhileItWaits: SIGTERM ends a server that waits as it ends any
// other, and sooner: no balancer has to look elsewhere.
func TestServerEndsWhileItWaits(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1, "SEEDANCE_DRAIN_DELAY=5m") // longer than the test waits
	if err := c.postgres.Halt(); err != nil {
		t.Fatal(err)
	}
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := silent.Accept()
			if err != nil {
				return
			}
			defer conn.Close()
		}
	})
	t.Cleanup(func() {
		silent.Close()
		all.Wait()
	})
	r := c.replicas[0]
	for name, addr := range map[string]string{"nobody listens": c.postgres.Addr(), "nobody answers": silent.Addr().String()} {
		r.database = strings.Replace(c.database, c.postgres.Addr(), addr, 1)
		log := c.launch(r)
		c.waitFor(r, http.StatusServiceUnavailable)
		if err := r.process.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if code := c.ended(r); code != exitOK {
			t.Errorf("%s: ended with %d:\n%s", name, code, log)
		}
	}
}
