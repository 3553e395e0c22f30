package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// server is one that is measured.
type server struct {
	name string
	argv []string // over stdio
	// http is the command that serves at an address; nil: stdio only.
	http     func(addr string) []string
	httpArgs []string
	// variables besides HOME and PATH.
	variables func(home string) []string
	// prepare makes the task that the measured call asks for; nil: the server
	// answers about any.
	prepare func(ctx context.Context, call func(tool string, arguments any) (string, error)) (taskID string, err error)
}

func (s server) env(home string) []string {
	if s.variables == nil {
		return nil
	}
	return s.variables(home)
}

const (
	idleSettles = 2 * time.Second // until what a start leaves behind is done

	inFlight   = 32 // over stdio
	connection = 16 // over HTTP
)

// effort is how often things are done.
type effort struct {
	starts   int // spawns of each server
	rounds   int // turns of each server in the comparisons of calls
	perRound int // calls in a turn
	idle     time.Duration
}

// bareServers answer get_task_status as ours does, with nothing behind it.
func bareServers(p *place) []server {
	typescript := filepath.Join(p.npm, "bare.mjs")
	return []server{
		{
			name: "seedance-mcp", argv: []string{p.binary("seedance-mcp"), "stdio"},
			http:      func(addr string) []string { return []string{p.binary("seedance-mcp"), "http", "--addr", addr} },
			variables: func(string) []string { return []string{"SEEDANCE_SANDBOX_SPEED=100", "SEEDANCE_LOG_LEVEL=error"} },
			prepare:   finishedTask,
		},
		{
			name: "bare mcp-go", argv: []string{p.binary("barego"), "stdio"},
			http: func(addr string) []string { return []string{p.binary("barego"), addr} },
		},
		{
			name: "bare Go SDK", argv: []string{p.binary("baresdk"), "stdio"},
			http: func(addr string) []string { return []string{p.binary("baresdk"), addr} },
		},
		{
			name: "bare TypeScript SDK", argv: []string{"node", typescript, "stdio"},
			http: func(addr string) []string { return []string{"node", typescript, addr} },
		},
	}
}

// finishedTask makes a video in the sandbox, so that its state can be asked for.
func finishedTask(_ context.Context, call func(string, any) (string, error)) (string, error) {
	text, err := call("generate_video", map[string]any{"prompt": "a red fox in the snow"})
	if err != nil {
		return "", err
	}
	id := field(text, "task_id")
	for range 10 {
		text, err = call("get_task_status", map[string]any{"task_id": id, "wait_seconds": 45})
		if err != nil || field(text, "status") == "success" {
			return id, err
		}
	}
	return "", errors.New("the sandbox's video did not finish")
}

func field(text, name string) string {
	var object map[string]any
	if json.Unmarshal([]byte(text), &object) != nil {
		return ""
	}
	value, _ := object[name].(string)
	return value
}

// figures are what one server came to.
type figures struct {
	initialize, exit, memory samples
	listBytes                int
	idle                     float64 // of one core
	stdio, web               load
}

// load is what calls took.
type load struct {
	rate      samples // calls a second, with many in flight
	latencies samples // ms, one after the other
}

func protocolSection(ctx context.Context, p *place) error {
	servers := bareServers(p)
	measured, err := measure(ctx, p, servers, effort{starts: 31, rounds: 7, perRound: 400, idle: 20 * time.Second})
	if err != nil {
		return err
	}
	base := measured[1] // mcp-go is what ours is built on
	t := newTable("Start and size (medians)", "server", "spawn → initialize", "× mcp-go", "RSS after tools/list", "tools/list", "idle, of one core", "exit after stdin closes")
	for i, s := range servers {
		m := measured[i]
		t.row(s.name, ms(m.initialize.median()), ratio(m.initialize.median(), base.initialize.median()),
			fmt.Sprintf("%.1f MiB", m.memory.median()), fmt.Sprintf("%d B", m.listBytes), fmt.Sprintf("%.3f %%", m.idle*100), ms(m.exit.median()))
	}
	t.print(p.out)
	t = newTable(fmt.Sprintf("One read-only tool call: latency one at a time, calls a second with %d in flight (stdio) or on %d connections (HTTP)", inFlight, connection),
		"server", "stdio p50", "stdio p99", "stdio calls/s", "× mcp-go", "HTTP p50", "HTTP p99", "HTTP calls/s", "× mcp-go")
	for i, s := range servers {
		m := measured[i]
		t.row(s.name, ms(m.stdio.latencies.quantile(0.5)), ms(m.stdio.latencies.quantile(0.99)), count(m.stdio.rate.median()), ratio(m.stdio.rate.median(), base.stdio.rate.median()),
			ms(m.web.latencies.quantile(0.5)), ms(m.web.latencies.quantile(0.99)), count(m.web.rate.median()), ratio(m.web.rate.median(), base.web.rate.median()))
	}
	t.print(p.out)
	ours := measured[0]
	p.atMost("spawn → initialize", "%.1f ms", 25, ours.initialize.median())
	p.atMost("spawn → initialize, times a bare mcp-go server", "%.2f ×", 1.5, ours.initialize.median()/base.initialize.median())
	p.atMost("RSS after tools/list", "%.1f MB", 20, ours.memory.median()*mebibyte)
	p.atMost("tools/list with output schemas", "%.0f B", 8192, float64(ours.listBytes))
	p.atMost("idle, of one core", "%.3f %%", 0.1, ours.idle*100)
	p.atLeast("read-only call over stdio, times a bare mcp-go typed tool", "%.2f ×", 0.8, ours.stdio.rate.median()/base.stdio.rate.median())
	p.atLeast("read-only call over HTTP, times a bare mcp-go typed tool", "%.2f ×", 0.8, ours.web.rate.median()/base.web.rate.median())
	return nil
}

// measure takes all figures of all servers.
func measure(ctx context.Context, p *place, servers []server, how effort) ([]figures, error) {
	measured := make([]figures, len(servers))
	for _, part := range []func(context.Context, *place, []server, effort, []figures) error{measureStarts, measureIdle, measureStdio, measureHTTP} {
		if err := part(ctx, p, servers, how, measured); err != nil {
			return nil, err
		}
	}
	return measured, nil
}

func measureStarts(ctx context.Context, p *place, servers []server, how effort, measured []figures) error {
	for range how.starts {
		for i, s := range servers {
			home, err := p.fresh()
			if err != nil {
				return err
			}
			one, took, err := start(ctx, s, home)
			if err != nil {
				return err
			}
			list, err := one.request(ctx, "tools/list", map[string]any{})
			if err != nil {
				return err
			}
			measured[i].initialize.add(milliseconds(took))
			measured[i].memory.add(memory(one.cmd.Process.Pid))
			measured[i].listBytes = list.size
			measured[i].exit.add(milliseconds(one.end()))
		}
	}
	return nil
}

// measureIdle lets all servers stand still at the same time, after a first list.
func measureIdle(ctx context.Context, p *place, servers []server, how effort, measured []figures) error {
	running := make([]*process, len(servers))
	for i, s := range servers {
		home, err := p.fresh()
		if err != nil {
			return err
		}
		if running[i], _, err = start(ctx, s, home); err != nil {
			return err
		}
		defer running[i].end()
		if _, err := running[i].request(ctx, "tools/list", map[string]any{}); err != nil {
			return err
		}
	}
	select {
	case <-time.After(idleSettles):
	case <-ctx.Done():
		return ctx.Err()
	}
	before := make([]time.Duration, len(servers))
	for i, one := range running {
		before[i] = threadTime(one.cmd.Process.Pid)
	}
	began := time.Now()
	select {
	case <-time.After(how.idle):
	case <-ctx.Done():
		return ctx.Err()
	}
	for i, one := range running {
		measured[i].idle = (threadTime(one.cmd.Process.Pid) - before[i]).Seconds() / time.Since(began).Seconds()
	}
	return nil
}

func measureStdio(ctx context.Context, p *place, servers []server, how effort, measured []figures) error {
	calls := make([]func() error, len(servers))
	for i, s := range servers {
		home, err := p.fresh()
		if err != nil {
			return err
		}
		one, _, err := start(ctx, s, home)
		if err != nil {
			return err
		}
		defer one.end()
		id, err := prepare(ctx, s, one.call)
		if err != nil {
			return err
		}
		calls[i] = func() error {
			_, err := one.call(ctx, "get_task_status", map[string]any{"task_id": id})
			return err
		}
	}
	return byTurns(calls, how, inFlight, func(i int) *load { return &measured[i].stdio })
}

func measureHTTP(ctx context.Context, p *place, servers []server, how effort, measured []figures) error {
	calls := make([]func() error, len(servers))
	for i, s := range servers {
		home, err := p.fresh()
		if err != nil {
			return err
		}
		one, err := startHTTP(ctx, s, home)
		if err != nil {
			return err
		}
		defer one.stop()
		call := func(ctx context.Context, tool string, arguments any) (string, error) {
			return one.call(ctx, tool, arguments)
		}
		id, err := prepare(ctx, s, call)
		if err != nil {
			return err
		}
		message, err := json.Marshal(toolCall("get_task_status", map[string]any{"task_id": id}))
		if err != nil {
			return err
		}
		calls[i] = func() error {
			body, err := one.post(ctx, message)
			if err == nil && !strings.Contains(string(body), "task_id") {
				err = fmt.Errorf("%s: no answer in %.200s", s.name, body)
			}
			return err
		}
	}
	return byTurns(calls, how, connection, func(i int) *load { return &measured[i].web })
}

func prepare(ctx context.Context, s server, call func(context.Context, string, any) (string, error)) (string, error) {
	if s.prepare == nil {
		return "vid_0", nil
	}
	return s.prepare(ctx, func(tool string, arguments any) (string, error) { return call(ctx, tool, arguments) })
}

func toolCall(tool string, arguments any) map[string]any {
	return map[string]any{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": map[string]any{"name": tool, "arguments": arguments}}
}

// call calls a tool over HTTP; the answer's text may come as JSON or in a stream.
func (w *web) call(ctx context.Context, tool string, arguments any) (string, error) {
	message, err := json.Marshal(toolCall(tool, arguments))
	if err != nil {
		return "", err
	}
	body, err := w.post(ctx, message)
	if err != nil {
		return "", err
	}
	text := string(body)
	for line := range strings.Lines(text) {
		if data, ok := strings.CutPrefix(line, "data:"); ok && strings.Contains(data, `"result"`) {
			text = data
		}
	}
	var answered struct {
		Result struct {
			Content []struct {
				Text string `json:"text"`
			} `json:"content"`
		} `json:"result"`
	}
	if err := json.Unmarshal([]byte(text), &answered); err != nil || len(answered.Result.Content) == 0 {
		return "", fmt.Errorf("no tool result in %.200s", body)
	}
	return answered.Result.Content[0].Text, nil
}

// byTurns makes every server's calls in rounds, each in its turn: one after the
// other for latencies, then flight at once for the rate. The first round warms
// up and is not counted.
func byTurns(calls []func() error, how effort, flight int, into func(i int) *load) error {
	for round := range how.rounds + 1 {
		for i, call := range calls {
			var found load
			for range how.perRound {
				began := time.Now()
				if err := call(); err != nil {
					return err
				}
				found.latencies.add(milliseconds(time.Since(began)))
			}
			began := time.Now()
			if err := atOnce(call, how.perRound*4, flight); err != nil {
				return err
			}
			found.rate.add(float64(how.perRound*4) / time.Since(began).Seconds())
			if round > 0 {
				into(i).latencies = append(into(i).latencies, found.latencies...)
				into(i).rate = append(into(i).rate, found.rate...)
			}
		}
	}
	return nil
}

func atOnce(call func() error, total, flight int) error {
	var wait sync.WaitGroup
	failed := make(chan error, flight)
	for worker := range flight {
		wait.Go(func() {
			for i := worker; i < total; i += flight {
				if err := call(); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	wait.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}
