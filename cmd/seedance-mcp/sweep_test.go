package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"seedance-mcp/internal/porttest"
	"seedance-mcp/internal/video"
)

const (
	// killsVariable asks for more kills than the default, seedVariable for the
	// order of an earlier sweep.
	killsVariable = "SEEDANCE_TEST_KILLS"
	seedVariable  = "SEEDANCE_TEST_SEED"

	// resumeWithin is the promise, slack what a loaded machine may add.
	resumeWithin = 5 * time.Second
	slack        = 55 * time.Second
)

// sweep is the kill sweep over one world.
type sweep struct {
	*world
	plan *plan

	counts  sync.Mutex
	resumes []time.Duration
}

// TestKillSweep is "one wish, one payment, and the video arrives" under
// kill -9: at every checkpoint of the engine, inside and after every write,
// and while every request is under way, over wishes that meet every fault of
// the sandbox, with one process on a store and with two, each wish repeated
// with its key as an agent repeats it.
func TestKillSweep(t *testing.T) {
	if testing.Short() {
		t.Skip("kill sweep: minutes of processes; skipped by -short")
	}
	least := 2 * len(killPoints()) // each point in both modes
	want, seed := least, uint64(time.Now().UnixNano())
	for name, value := range map[string]any{killsVariable: &want, seedVariable: &seed} {
		if text := os.Getenv(name); text != "" {
			if _, err := fmt.Sscan(text, value); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
	}
	t.Logf("%s=%d %s=%d", killsVariable, want, seedVariable, seed)
	whole := want >= least
	halves := [2]map[way][]string{{}, {}}
	for w, all := range map[way][]string{byTerminal: terminalFaults(), byServer: serverFaults()} {
		for i, fault := range all {
			halves[i%2][w] = append(halves[i%2][w], fault)
		}
	}
	if want > 4*least { // time enough for every fault in both modes
		both := map[way][]string{byTerminal: terminalFaults(), byServer: serverFaults()}
		halves = [2]map[way][]string{both, {byTerminal: terminalFaults(), byServer: serverFaults()}}
	}
	modes := []string{"one process", "two processes"}
	sweeps := make([]*sweep, len(modes))
	tallies := make([]tally, len(modes))
	t.Run("modes", func(t *testing.T) {
		for i, mode := range modes {
			t.Run(mode, func(t *testing.T) {
				t.Parallel()
				s := &sweep{world: newWorld(t, 50)}
				s.plan = newPlan(seed+uint64(i), (want+1)/2, whole, halves[i])
				s.kill(i + 1)
				if whole && !t.Failed() {
					s.withdraw()
					s.leaveEndless()
				}
				sweeps[i], tallies[i] = s, s.audit()
			})
		}
	})
	if !t.Failed() {
		reportSweep(t, fmt.Sprintf("%s=%d %s=%d", killsVariable, want, seedVariable, seed), whole, modes, sweeps, tallies)
	}
}

// kill carries out orders from so many processes at a time.
func (s *sweep) kill(processes int) {
	var workers sync.WaitGroup
	for range processes {
		workers.Go(func() {
			for !s.t.Failed() {
				order, more := s.plan.next()
				if !more {
					return
				}
				s.wish(order)
			}
		})
	}
	workers.Wait()
	if s.plan.whole && !s.t.Failed() {
		if unmet := s.plan.unmet(); len(unmet) > 0 || !s.plan.finished() {
			s.t.Errorf("after %d wishes and %d kills: no process died at %v", s.plan.tries, s.plan.total(), unmet)
		}
	}
}

// wish makes one wish on its way, whose process dies at its point, and repeats
// it with its key until a process lives.
func (s *sweep) wish(o order) {
	prompt := strings.TrimSpace(fmt.Sprintf("%s wish %d", o.fault, o.n))
	first := []string{"generate", "--json", "--yes", "--duration", "4", "--idempotency-key", fmt.Sprintf("wish-%d", o.n), prompt}
	killAt := o.name + ":1"
	if o.isNew {
		defer func() {
			if met := s.faultsMet(); slices.ContainsFunc(wordsOf(o.fault), func(word string) bool { return met[word] == 0 }) {
				s.plan.giveBack(o.way, o.fault)
			}
		}()
	}
	switch o.way {
	case byTerminal:
		_, killed := s.run(killAt, first...)
		s.plan.note(o.name, killed)
		if !killed {
			return
		}
		for range 2 {
			start, point := time.Now(), s.plan.again()
			_, killed := s.run(point+":1", first...)
			if !killed {
				s.resumed(prompt, o.fault, start)
				return
			}
			s.plan.note(point, true)
		}
	case byServer:
		s.plan.note(o.name, s.serve(killAt, prompt, o.n))
		s.run("none:0", first...)
	case byAdoption:
		s.adopt(o, killAt, prompt)
	case byHand, byMerging:
		s.resolve(o, killAt, prompt, first)
	}
}

// resumed notes how long after a process's start the task that another left
// was asked for again.
func (s *sweep) resumed(prompt, fault string, start time.Time) {
	if fault != "" { // faults and their back-off would be measured
		return
	}
	at, asked := s.front.firstAfter(s.accepted(prompt), start)
	if !asked {
		return // it had ended, or its answer was lost
	}
	took := at.Sub(s.lastDeath(start, at))
	s.counts.Lock()
	s.resumes = append(s.resumes, took)
	s.counts.Unlock()
	if took > resumeWithin+slack {
		s.t.Errorf("%q was followed again %s after the restart", prompt, took)
	}
}

func (s *sweep) adopt(o order, killAt, prompt string) {
	id := s.order(prompt)
	_, killed := s.run(killAt, "tasks", id, "--wait", "--json")
	s.plan.note(o.name, killed)
	s.run("none:0", "tasks", id, "--wait", "--json")
}

func (s *sweep) resolve(o order, killAt, prompt string, first []string) {
	out, _ := s.run("none:0", first...)
	var task taskView
	if err := json.Unmarshal([]byte(out), &task); err != nil {
		s.t.Errorf("generate --json: %v\n%s", err, out)
		return
	}
	id := s.accepted(prompt)
	if task.Status != video.Unconfirmed || id == "" {
		s.plan.note(o.name, false) // it met a full account first, say
		return
	}
	if o.way == byMerging {
		s.run("none:0", "tasks", id, "--json")
	}
	word := []string{"tasks", "resolve", task.TaskID, "--upstream-id", id, "--json"}
	_, killed := s.run(killAt, word...)
	s.plan.note(o.name, killed)
	s.run("none:0", word...)
}

// serve makes the wish through the tool of an HTTP server that takes webhooks,
// and ends the server by kill -9 in any case.
func (s *sweep) serve(killAt, prompt string, n int) (killedThere bool) {
	ctx, cancel := context.WithTimeout(context.Background(), hung)
	defer cancel()
	addr := porttest.Addr(s.t)
	server := s.process(ctx, killAt, "http", "--addr", addr, "--public-url", "http://"+addr)
	server.Stderr = os.Stderr
	if err := server.Start(); err != nil {
		s.t.Error(err)
		return false
	}
	var ended sync.WaitGroup
	ended.Go(func() {
		server.Wait()
		cancel() // calls under way end too
	})
	if waitHealthy(ctx, addr) {
		s.callGenerate(ctx, addr, prompt, n)
	}
	killedThere = ctx.Err() != nil
	if !killedThere {
		server.Process.Kill()
	}
	ended.Wait()
	return killedThere
}

// callGenerate orders and waits for the end; errors are the server's death.
func (s *sweep) callGenerate(ctx context.Context, addr, prompt string, n int) {
	client := mcp.NewClient(&mcp.Implementation{Name: "sweep", Version: "1"}, nil)
	session, err := client.Connect(ctx, &mcp.StreamableClientTransport{Endpoint: "http://" + addr + "/mcp", MaxRetries: -1}, nil)
	if err != nil {
		return
	}
	defer session.Close()
	_, err = session.CallTool(ctx, &mcp.CallToolParams{Name: "generate_video", Arguments: map[string]any{
		"prompt": prompt, "duration": 4, "idempotency_key": fmt.Sprintf("wish-%d", n),
	}})
	// A task whose answer was lost is settled at once; its webhook comes when
	// the video is done.
	for range 3 {
		if err != nil {
			return
		}
		_, err = session.CallTool(ctx, &mcp.CallToolParams{Name: "get_task_status", Arguments: map[string]any{"wait_seconds": 1}})
		select {
		case <-ctx.Done():
		case <-time.After(2 * childPoll):
		}
	}
}

// waitHealthy waits until the server answers; false: ctx ended.
func waitHealthy(ctx context.Context, addr string) bool {
	for ctx.Err() == nil {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/healthz", nil)
		if err != nil {
			return false
		}
		if answer, err := http.DefaultClient.Do(request); err == nil {
			answer.Body.Close()
			return true
		}
		time.Sleep(10 * time.Millisecond)
	}
	return false
}

// leaveEndless makes the wishes that the upstream never ends, each by a
// process that dies: somebody must go on asking.
func (s *sweep) leaveEndless() {
	s.settle() // nothing else waits for their slots
	for _, fault := range endlessFaults() {
		_, killed := s.run("look.recorded:1", "generate", "--json", "--yes", "--duration", "4", fault+" wish")
		s.plan.note("look.recorded", killed)
	}
}

// withdraw makes the wish that the account never takes, and takes it back by a
// process that dies in the middle of it.
func (s *sweep) withdraw() {
	prompt := alwaysBusy + " wish"
	s.run("post.stored:1", "generate", "--json", "--yes", "--duration", "4", prompt)
	find := func() video.Task {
		for _, task := range s.tasks() {
			if task.Request.Prompt == prompt {
				return task
			}
		}
		s.t.Fatal("the withdrawn wish is not in the store")
		return video.Task{}
	}
	for deadline := time.Now().Add(hung); ; {
		task := find()
		if task.State == video.Failed {
			if task.Failure.Class != video.FailWithdrawn || task.Charged != 0 || !task.Settled {
				s.t.Errorf("withdrawn: %+v, %s charged", task.Failure, task.Charged)
			}
			return
		}
		if task.State == video.Unconfirmed {
			return // the process died while it asked for a slot: a person settles it
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("cannot be withdrawn: %s %s", task.State, task.Reason)
		}
		s.run(writeChangeDone+":1", "tasks", "cancel", task.ID, "--json")
	}
}
