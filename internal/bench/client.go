package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"seedance-mcp/internal/porttest"
)

// initialize is what most clients of today send first.
const initialize = `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"bench","version":"1"}}}`

// process is a server under test.
type process struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader

	writing sync.Mutex
	ids     atomic.Int64
	mu      sync.Mutex
	waiting map[int64]chan answer
}

// answer is what came for one call.
type answer struct {
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Message string `json:"message"`
	} `json:"error"`
	size int
}

// start runs a stdio server and returns once it has answered initialize, with
// the time from the start of the process.
func start(ctx context.Context, s server, home string) (*process, time.Duration, error) {
	cmd := exec.CommandContext(ctx, s.argv[0], s.argv[1:]...)
	cmd.Env = environment(s, home)
	p := &process{cmd: cmd, waiting: make(map[int64]chan answer)}
	var err error
	if p.in, err = cmd.StdinPipe(); err != nil {
		return nil, 0, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, 0, err
	}
	p.out = bufio.NewReaderSize(out, 1<<20)
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, 0, err
	}
	if _, err := io.WriteString(p.in, initialize+"\n"); err != nil {
		return nil, 0, err
	}
	if _, err := p.out.ReadBytes('\n'); err != nil {
		return nil, 0, fmt.Errorf("%s ended before it answered initialize: %w", s.name, err)
	}
	took := time.Since(began)
	if _, err := io.WriteString(p.in, `{"jsonrpc":"2.0","method":"notifications/initialized"}`+"\n"); err != nil {
		return nil, 0, err
	}
	go p.read()
	return p, took, nil
}

func environment(s server, home string) []string {
	return append([]string{"HOME=" + home, "PATH=" + os.Getenv("PATH")}, s.env(home)...)
}

// read hands answers to who waits for them; what the server says beside that is
// dropped.
func (p *process) read() {
	for {
		line, err := p.out.ReadBytes('\n')
		if err != nil {
			p.mu.Lock()
			for id, wait := range p.waiting {
				close(wait)
				delete(p.waiting, id)
			}
			p.mu.Unlock()
			return
		}
		var message struct {
			ID     *int64 `json:"id"`
			Method string `json:"method"`
			answer
		}
		if json.Unmarshal(line, &message) != nil || message.ID == nil || message.Method != "" {
			continue
		}
		message.size = len(line)
		p.mu.Lock()
		wait := p.waiting[*message.ID]
		delete(p.waiting, *message.ID)
		p.mu.Unlock()
		if wait != nil {
			wait <- message.answer
		}
	}
}

var errEnded = errors.New("the server ended")

// request sends one request and waits for its answer.
func (p *process) request(ctx context.Context, method string, params any) (answer, error) {
	id := p.ids.Add(1)
	line, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": id, "method": method, "params": params})
	if err != nil {
		return answer{}, err
	}
	wait := make(chan answer, 1)
	p.mu.Lock()
	p.waiting[id] = wait
	p.mu.Unlock()
	p.writing.Lock()
	_, err = p.in.Write(append(line, '\n'))
	p.writing.Unlock()
	if err != nil {
		return answer{}, err
	}
	select {
	case a, ok := <-wait:
		if !ok {
			return answer{}, errEnded
		}
		return a, nil
	case <-ctx.Done():
		return answer{}, ctx.Err()
	}
}

// call calls a tool and gives all that it says, as text.
func (p *process) call(ctx context.Context, tool string, arguments any) (string, error) {
	a, err := p.request(ctx, "tools/call", map[string]any{"name": tool, "arguments": arguments})
	if err != nil {
		return "", err
	}
	if a.Error != nil {
		return "", errors.New(a.Error.Message)
	}
	var result struct {
		IsError bool `json:"isError"`
		Content []struct {
			Text string `json:"text"`
		} `json:"content"`
	}
	if err := json.Unmarshal(a.Result, &result); err != nil {
		return "", err
	}
	var text strings.Builder
	for _, item := range result.Content {
		text.WriteString(item.Text)
	}
	if result.IsError {
		return "", errors.New(text.String())
	}
	return text.String(), nil
}

// end closes stdin and gives the time until the process was gone; after 30 s it
// is killed.
func (p *process) end() time.Duration {
	began := time.Now()
	_ = p.in.Close()
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_ = p.cmd.Wait() // how it ended is not measured
	}()
	select {
	case <-gone:
	case <-time.After(30 * time.Second):
		_ = p.cmd.Process.Kill()
		<-gone
	}
	return time.Since(began)
}

// memory is the resident set in MiB, 0 where the system does not tell.
func memory(pid int) float64 {
	status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.ParseFloat(strings.Fields(value)[0], 64)
			if err != nil {
				return 0
			}
			return kib / 1024
		}
	}
	return 0
}

// processTime is the processor time that a process has used, 0 where the system
// does not tell.
func processTime(pid int) time.Duration {
	const tick, userField, systemField = 10 * time.Millisecond, 11, 12 // after the name, which may hold anything
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	var used time.Duration
	for _, at := range []int{userField, systemField} {
		ticks, err := strconv.Atoi(fields[at])
		if err != nil {
			return 0
		}
		used += time.Duration(ticks) * tick
	}
	return used
}

// threadTime is the same in nanoseconds, as the scheduler counts it for the
// threads that live.
func threadTime(pid int) time.Duration {
	threads, err := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/*/schedstat")
	if err != nil {
		return 0
	}
	var used time.Duration
	for _, thread := range threads {
		text, err := os.ReadFile(thread)
		if err != nil {
			continue // ended meanwhile
		}
		ran, _, _ := strings.Cut(string(text), " ")
		nanoseconds, err := strconv.ParseInt(ran, 10, 64)
		if err != nil {
			continue
		}
		used += time.Duration(nanoseconds)
	}
	return used
}

// web is an HTTP server under test.
type web struct {
	cmd     *exec.Cmd
	release func() // of its port
	url     string
	client  *http.Client
}

// hung is how long a server may take to its first answer: it is a mistake if it
// does, not a measurement.
const hung = 2 * time.Minute

// startHTTP runs a server on a free loopback port until it answers.
func startHTTP(ctx context.Context, s server, home string) (*web, error) {
	addr, release, err := porttest.Reserve()
	if err != nil {
		return nil, err
	}
	argv := append(s.http(addr), s.httpArgs...)
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = environment(s, home)
	if err := cmd.Start(); err != nil {
		release()
		return nil, err
	}
	w := &web{cmd: cmd, release: release, url: "http://" + addr + "/mcp", client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: waiters}}}
	for deadline := time.Now().Add(hung); ; {
		if _, err = w.post(ctx, []byte(initialize)); err == nil {
			return w, nil
		}
		if time.Now().After(deadline) {
			w.stop()
			return nil, fmt.Errorf("%s does not answer over HTTP: %w", s.name, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (w *web) stop() {
	_ = w.cmd.Process.Kill()
	_ = w.cmd.Wait()
	w.client.CloseIdleConnections()
	w.release()
}

// post sends one message and gives the body of the answer, stream or not.
func (w *web) post(ctx context.Context, message []byte) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(message))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	r.Header.Set("Mcp-Protocol-Version", "2025-06-18")
	response, err := w.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }() // read to its end
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %.200s", response.Status, body)
	}
	return body, err
}
