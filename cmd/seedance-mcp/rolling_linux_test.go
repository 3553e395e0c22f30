package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"seedance-mcp/internal/porttest"
	"seedance-mcp/internal/postgrestest"
)

// balancer is a real load balancer, with the configuration that deploy/ has
// for it.
type balancer struct {
	program string
	// start writes its configuration into dir and gives the command to run.
	start func(t *testing.T, program, dir, listen string, replicas [2]string) *exec.Cmd
	// sees says that both replicas are asked again; nil: at once.
	sees func(dir string) bool
}

// run starts it before the replicas, until the test ends; dir is for sees.
func (lb balancer) run(t *testing.T, program, listen string, replicas [2]string) (dir string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "lb") // short: sockets' paths must be
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	proxy := lb.start(t, program, dir, listen, replicas)
	proxy.Stdout, proxy.Stderr = os.Stderr, os.Stderr
	if err := proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		proxy.Process.Signal(syscall.SIGTERM) // killed, nginx would leave its worker behind
		proxy.Wait()
	})
	return dir
}

// untilSeen waits until both replicas are asked.
func (lb balancer) untilSeen(t *testing.T, dir string) {
	t.Helper()
	for deadline := time.Now().Add(hung); lb.sees != nil && !lb.sees(dir); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s does not see both replicas", lb.program)
		}
	}
}

func balancers() []balancer {
	return []balancer{
		{"haproxy", func(t *testing.T, program, dir, listen string, replicas [2]string) *exec.Cmd {
			path := filepath.Join(dir, "haproxy.cfg")
			configure(t, "../../deploy/proxy/haproxy.cfg", path, listen, replicas, "inter 1s", "inter 100ms",
				"maxconn 4000", "maxconn 4000\n    stats socket "+haproxySocket(dir)+" level user")
			return exec.Command(program, "-db", "-f", path)
		}, haproxySeesBoth},
		{"nginx", func(t *testing.T, program, dir, listen string, replicas [2]string) *exec.Cmd {
			configure(t, "../../deploy/proxy/nginx.conf", filepath.Join(dir, "seedance.conf"), listen, replicas)
			whole := "daemon off; pid " + dir + "/nginx.pid; error_log stderr warn; worker_processes 1; events {}\n" +
				"http { access_log off; client_body_temp_path " + dir + "/body; proxy_temp_path " + dir + "/proxy; fastcgi_temp_path " + dir +
				"/fastcgi; uwsgi_temp_path " + dir + "/uwsgi; scgi_temp_path " + dir + "/scgi; include " + dir + "/seedance.conf; }\n"
			path := filepath.Join(dir, "nginx.conf")
			if err := os.WriteFile(path, []byte(whole), 0o600); err != nil {
				t.Fatal(err)
			}
			return exec.Command(program, "-p", dir, "-c", path, "-e", "stderr")
		}, nil},
	}
}

func haproxySocket(dir string) string { return filepath.Join(dir, "haproxy.sock") }

// haproxySeesBoth asks HAProxy itself.
func haproxySeesBoth(dir string) bool {
	conn, err := net.Dial("unix", haproxySocket(dir))
	if err != nil {
		return false
	}
	defer conn.Close()
	io.WriteString(conn, "show stat\n")
	stats, err := io.ReadAll(conn)
	up := 0
	for line := range strings.Lines(string(stats)) {
		if strings.HasPrefix(line, "seedance,a,") || strings.HasPrefix(line, "seedance,b,") {
			up += strings.Count(line, ",UP,")
		}
	}
	return err == nil && up == 2
}

// configure copies a configuration of deploy/ with addresses of this test.
func configure(t *testing.T, from, to, listen string, replicas [2]string, more ...string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	changes := append([]string{"0.0.0.0:8443", listen, "10.0.0.11:8080", replicas[0], "10.0.0.12:8080", replicas[1]}, more...)
	for i := 0; i < len(changes); i += 2 {
		if !bytes.Contains(text, []byte(changes[i])) {
			t.Fatalf("%s has no %s", from, changes[i])
		}
	}
	if err := os.WriteFile(to, []byte(strings.NewReplacer(changes...).Replace(string(text))), 0o600); err != nil {
		t.Fatal(err)
	}
}

// rolling is two servers on one store behind a balancer, which are
// ended and started again one after the other while clients go on calling.
type rolling struct {
	*world
	replicas [2]string
	url      string
	key      string
	servers  [2]*exec.Cmd

	calls, wishes, early atomic.Int64
}

// TestRollingRestart: no call fails, and nothing is paid twice.
func TestRollingRestart(t *testing.T) {
	if testing.Short() {
		t.Skip("rolling restarts: many processes; skipped by -short")
	}
	rounds := 3
	if kills, err := strconv.Atoi(os.Getenv(killsVariable)); err == nil && kills < 20 { // `make race`: each process is slow
		rounds = 1
	}
	for _, lb := range balancers() {
		t.Run(lb.program, func(t *testing.T) { rollBehind(t, lb, rounds) })
	}
	t.Run("haproxy, with PostgreSQL", func(t *testing.T) {
		postgrestest.Need(t)
		server, err := postgrestest.Start()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := server.Stop(); err != nil {
				t.Error(err)
			}
		})
		rollBehind(t, balancers()[0], rounds, server.URL(server.Database(t, "")))
	})
}

// rollBehind has the servers share the database, or else a data folder.
func rollBehind(t *testing.T, lb balancer, rounds int, database ...string) {
	program := foreign(t, lb.program)
	listen := porttest.Addr(t)
	r := &rolling{world: newWorld(t, 20), replicas: [2]string{porttest.Addr(t), porttest.Addr(t)}, url: "http://" + listen}
	for _, url := range database {
		r.database = url
		r.env = append(r.env, "SEEDANCE_DATABASE_URL="+url)
	}
	out, _ := r.run("none:0", "keys", "create", "rolling")
	r.key = strings.TrimSpace(out)
	r.usage = func() usageTotals { return r.usageOf("rolling") }
	dir := lb.run(t, program, listen, r.replicas)
	for i := range r.servers {
		r.begin(i)
	}
	r.untilReady(r.url)
	lb.untilSeen(t, dir)

	ctx, end := context.WithCancel(t.Context())
	var clients sync.WaitGroup
	for range 6 {
		clients.Go(func() { r.makeVideos(ctx) })
	}
	for range rounds {
		for i := range r.servers {
			r.finish(i)
			r.begin(i)
			lb.untilSeen(t, dir) // as a rollout waits (minReadySeconds)
		}
	}
	end()
	clients.Wait()
	for i := range r.servers {
		r.finish(i)
	}
	sum := r.audit()
	t.Logf("%s: %d restarts under %d calls for %d wishes, %d waits answered early; %d createTask, %d a second time, %d lost, ledger differs by %s",
		lb.program, 2*rounds, r.calls.Load(), r.wishes.Load(), r.early.Load(), sum.Creates, sum.SecondPosts, sum.Lost, sum.Difference)
	if r.wishes.Load() < int64(2*rounds) || sum.Accepted == 0 {
		t.Error("too little was asked to show anything")
	}
}

// begin starts the i-th server and returns when it is ready.
func (r *rolling) begin(i int) {
	server := r.process(context.Background(), "calm:0", "http", "--addr", r.replicas[i], "--public-url", r.url, "--drain-delay", "1s")
	server.Stderr = os.Stderr
	if err := server.Start(); err != nil {
		r.t.Fatal(err)
	}
	r.servers[i] = server
	r.t.Cleanup(func() { server.Process.Kill() }) // ended already, unless the test failed
	r.untilReady("http://" + r.replicas[i])
}

// finish ends the i-th server as a rollout does.
func (r *rolling) finish(i int) {
	if err := r.servers[i].Process.Signal(syscall.SIGTERM); err != nil {
		r.t.Fatal(err)
	}
	if err := r.servers[i].Wait(); err != nil {
		r.t.Errorf("replica %d ended with %v", i, err)
	}
}

func (r *rolling) untilReady(base string) {
	r.t.Helper()
	for deadline := time.Now().Add(hung); ; time.Sleep(20 * time.Millisecond) {
		response, err := http.Get(base + "/readyz")
		if err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return
			}
		}
		if time.Now().After(deadline) {
			r.t.Fatalf("%s is not ready: %v", base, err)
		}
	}
}

// makeVideos is an agent: order, wait, order again.
func (r *rolling) makeVideos(ctx context.Context) {
	for ctx.Err() == nil {
		n := r.wishes.Add(1)
		made := r.tool("generate_video", map[string]any{"prompt": fmt.Sprintf("rolling %d", n), "duration": 4})
		id, _ := made["task_id"].(string)
		if id == "" {
			return // told already
		}
		for {
			r.tool("estimate_cost", map[string]any{"prompt": "what would it cost", "duration": 4})
			start := time.Now()
			task := r.tool("get_task_status", map[string]any{"task_id": id, "wait_seconds": 5})
			status, _ := task["status"].(string)
			if status == "" {
				return
			}
			if status == "success" {
				break
			}
			if status == "fail" || status == "unconfirmed" {
				r.t.Errorf("%s: %v", id, task)
				return
			}
			if next, _ := task["next"].(string); !strings.Contains(next, "get_task_status") {
				r.t.Errorf("an answer before the end does not say how to go on: %v", task)
			}
			if time.Since(start) < 4*time.Second {
				r.early.Add(1)
			}
		}
	}
}

// tool calls a tool once, without any retry. A failure is the test's, and
// gives nil.
func (r *rolling) tool(name string, args map[string]any) map[string]any {
	r.calls.Add(1)
	body, _ := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": map[string]any{"name": name, "arguments": args}})
	request, err := http.NewRequest(http.MethodPost, r.url+"/mcp", bytes.NewReader(body))
	if err != nil {
		r.t.Error(err)
		return nil
	}
	request.Header.Set("Authorization", "Bearer "+r.key)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json, text/event-stream")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		r.t.Errorf("%s: %v", name, err)
		return nil
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		r.t.Errorf("%s: %s %v %s", name, response.Status, err, text)
		return nil
	}
	var answer struct {
		Result struct {
			IsError    bool             `json:"isError"`
			Structured map[string]any   `json:"structuredContent"`
			Content    []map[string]any `json:"content"`
		} `json:"result"`
	}
	if err := json.Unmarshal(lastMessage(text), &answer); err != nil || answer.Result.IsError || answer.Result.Structured == nil {
		r.t.Errorf("%s: %v %s", name, err, text)
		return nil
	}
	return answer.Result.Structured
}

// lastMessage is a JSON answer, or the last event of a stream.
func lastMessage(text []byte) []byte {
	last := text
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if data, ok := bytes.CutPrefix(lines.Bytes(), []byte("data:")); ok {
			last = bytes.Clone(data)
		}
	}
	return last
}
