package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"

	"seedance-mcp/internal/porttest"
	"seedance-mcp/internal/postgrestest"
	"seedance-mcp/internal/video"
)

// cluster is several HTTP servers on one Postgres database, each a process.
type cluster struct {
	*world
	postgres *postgrestest.Server
	replicas []*replica
	client   *http.Client
}

// replica is one server; its address stays when it is started anew.
type replica struct {
	addr     string
	database string
	key      string // of who calls it; "": nobody needs one
	process  *exec.Cmd
}

// newCluster starts a database server and n replicas on it, with more in their
// environment.
func newCluster(t *testing.T, n int, more ...string) *cluster {
	t.Helper()
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
	// A clip takes 0.8 s, a slow one 3.2 s; bursts queue, steady orders do not.
	const speed, limit = 10, 12
	c := &cluster{world: newWorldOf(t, speed, limit), postgres: server, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32}}}
	server.Exec(t, "CREATE DATABASE replicas")
	c.database = server.URL("replicas")
	c.filesOff = true // replicas give out the upstream's address
	c.env = append(append(c.env, "SEEDANCE_DATABASE_URL="+c.database, "SEEDANCE_DOWNLOAD=off"), more...)
	for range n {
		c.replicas = append(c.replicas, &replica{addr: porttest.Addr(t), database: c.database})
	}
	t.Cleanup(func() {
		c.client.CloseIdleConnections()
		for _, r := range c.replicas {
			if r.process != nil {
				r.process.Process.Kill()
				r.process.Wait()
			}
		}
	})
	return c
}

// start starts replicas, all at once, and waits until they answer.
func (c *cluster) start(replicas ...*replica) {
	c.t.Helper()
	for _, r := range replicas {
		r.process = c.process(context.Background(), "none:0", "http", "--addr", r.addr)
		r.process.Env = append(r.process.Env, "SEEDANCE_DATABASE_URL="+r.database)
		r.process.Stderr = os.Stderr
		if err := r.process.Start(); err != nil {
			c.t.Fatal(err)
		}
	}
	for _, r := range replicas {
		c.waitReady(r)
	}
}

// end sends a signal that ends the replica, and waits for that.
func (c *cluster) end(r *replica, signal os.Signal) error {
	c.t.Helper()
	if err := r.process.Process.Signal(signal); err != nil {
		c.t.Fatal(err)
	}
	err := r.process.Wait()
	r.process = nil
	return err
}

// waitReady waits until the replica says that it can use the store.
func (c *cluster) waitReady(r *replica) {
	c.t.Helper()
	c.waitFor(r, http.StatusOK)
}

// waitFor waits for an answer of /readyz.
func (c *cluster) waitFor(r *replica, status int) {
	c.t.Helper()
	for deadline := time.Now().Add(hung); ; time.Sleep(20 * time.Millisecond) {
		answer, err := c.client.Get("http://" + r.addr + "/readyz")
		if err == nil {
			answer.Body.Close()
			if answer.StatusCode == status {
				return
			}
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("/readyz never says %d: %v %v", status, answer, err)
		}
	}
}

// taskAnswer is what a tool says about one task.
type taskAnswer struct {
	ID           string      `json:"task_id"`
	Status       video.State `json:"status"`
	ConfirmToken string      `json:"confirm_token"`
	Notes        []string    `json:"notes"`
}

// call calls a tool of one replica; an error is the tool's refusal, or the
// replica's death.
func (c *cluster) call(ctx context.Context, r *replica, tool string, arguments map[string]any) (taskAnswer, error) {
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": map[string]any{"name": tool, "arguments": arguments}})
	if err != nil {
		return taskAnswer{}, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+r.addr+"/mcp", bytes.NewReader(body))
	if err != nil {
		return taskAnswer{}, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	if r.key != "" {
		request.Header.Set("Authorization", "Bearer "+r.key)
	}
	answer, err := c.client.Do(request)
	if err != nil {
		return taskAnswer{}, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return taskAnswer{}, err
	}
	var reply struct {
		Result *struct {
			IsError bool            `json:"isError"`
			Content json.RawMessage `json:"content"`
			Task    taskAnswer      `json:"structuredContent"`
		} `json:"result"`
	}
	if err := json.Unmarshal(text, &reply); err != nil || reply.Result == nil {
		return taskAnswer{}, fmt.Errorf("%d %s", answer.StatusCode, text)
	}
	if reply.Result.IsError {
		return taskAnswer{}, fmt.Errorf("the tool refused: %s", reply.Result.Content)
	}
	return reply.Result.Task, nil
}

// order makes a wish at one replica.
func (c *cluster) order(ctx context.Context, r *replica, prompt, key string) (taskAnswer, error) {
	arguments := map[string]any{"prompt": prompt, "duration": 4}
	if key != "" {
		arguments["idempotency_key"] = key
	}
	return c.call(ctx, r, "generate_video", arguments)
}

// agents order at any replica, each wish with a key, sometimes at two at once,
// and repeat it, elsewhere too, until one has answered. One key is one task,
// whoever answers.
func (c *cluster) agents(ctx context.Context, count int) (wait func() (wishes, repeats int)) {
	var all sync.WaitGroup
	var mu sync.Mutex
	wishes, repeats := 0, 0
	for range count {
		all.Go(func() {
			for ctx.Err() == nil {
				mu.Lock()
				wishes++
				n := wishes
				mu.Unlock()
				answers := make(chan taskAnswer, 2)
				var twice sync.WaitGroup
				for range 1 + rand.IntN(2) {
					twice.Go(func() {
						answer, again := c.insist(fmt.Sprint("wish ", n), fmt.Sprint("key-", n))
						mu.Lock()
						repeats += again
						mu.Unlock()
						answers <- answer
					})
				}
				twice.Wait()
				close(answers)
				first := <-answers
				for other := range answers {
					if other.ID != first.ID {
						c.t.Errorf("wish %d became two tasks: %s and %s", n, first.ID, other.ID)
					}
				}
				select {
				case <-ctx.Done():
				case <-time.After(time.Duration(rand.IntN(1000)) * time.Millisecond):
				}
			}
		})
	}
	return func() (int, int) {
		all.Wait()
		return wishes, repeats
	}
}

// insist repeats a wish until a replica has answered it.
func (c *cluster) insist(prompt, key string) (answer taskAnswer, again int) {
	const patience = 3 * time.Second
	for deadline := time.Now().Add(hung); ; again++ {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		answer, err := c.order(ctx, c.replicas[rand.IntN(len(c.replicas))], prompt, key)
		cancel()
		if err == nil {
			return answer, again
		}
		if time.Now().After(deadline) {
			c.t.Errorf("%q is never answered: %v", prompt, err)
			return answer, again
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// resumed is the longest time from an outage until somebody asked about a task
// that was under way, and how many there were. What ended while the outage
// began is none of them.
func (c *cluster) resumed(underWay []video.Task, outage time.Time) (longest time.Duration, count int) {
	c.t.Helper()
	for _, task := range underWay {
		if task.UpstreamID == "" {
			continue // the audit settles it
		}
		for deadline := time.Now().Add(resumeWithin + slack); ; time.Sleep(10 * time.Millisecond) {
			if at, ok := c.front.firstAfter(task.UpstreamID, outage); ok {
				longest, count = max(longest, at.Sub(outage)), count+1
				break
			}
			if time.Now().After(deadline) {
				c.t.Errorf("nobody asked about %s (%s) after its replica was gone", task.ID, task.State)
				break
			}
		}
	}
	return longest, count
}

// breakable is a way to the database that can be cut: nothing passes any more,
// and nobody is told.
type breakable struct {
	listener net.Listener
	target   string
	whole    sync.RWMutex // held while cut

	mu    sync.Mutex
	conns []net.Conn
}

func newBreakable(t *testing.T, target string) *breakable {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &breakable{listener: listener, target: target}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", target)
			if err != nil {
				near.Close()
				continue
			}
			b.mu.Lock()
			b.conns = append(b.conns, near, far)
			b.mu.Unlock()
			all.Go(func() { b.pass(near, far) })
			all.Go(func() { b.pass(far, near) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		b.drop()
		all.Wait()
	})
	return b
}

func (b *breakable) pass(to, from net.Conn) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		b.whole.RLock() // waits while the way is cut
		if err == nil {
			_, err = to.Write(buffer[:n])
		}
		b.whole.RUnlock()
		if err != nil {
			to.Close()
			from.Close()
			return
		}
	}
}

func (b *breakable) drop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, conn := range b.conns {
		conn.Close()
	}
	b.conns = nil
}

// cut stops everything for a while; the connections of before are dead then.
func (b *breakable) cut(during func()) {
	b.whole.Lock()
	during()
	b.drop()
	b.whole.Unlock()
}

// freeze stops the replica as a pause of its machine does.
func (c *cluster) freeze(r *replica, during func()) {
	c.t.Helper()
	if err := r.process.Process.Signal(syscall.SIGSTOP); err != nil {
		c.t.Fatal(err)
	}
	during()
	if err := r.process.Process.Signal(syscall.SIGCONT); err != nil {
		c.t.Fatal(err)
	}
}
