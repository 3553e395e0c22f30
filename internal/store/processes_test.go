package store_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

// The test binary runs itself as several processes on one file: childFile
// names the file, childRounds how long to work.
const (
	childFile   = "SEEDANCE_TEST_STORE_FILE"
	childRounds = "SEEDANCE_TEST_STORE_ROUNDS"

	children     = 3
	sharedBudget = 2000
	sharedPrice  = 70
)

// step is what a child reports, once the store has answered.
type step struct {
	Did   string // "ready", "shared", "own", "refused", "claimed", "counted"
	Wish  string `json:",omitempty"`
	ID    string `json:",omitempty"`
	New   bool   `json:",omitempty"`
	Polls int    `json:",omitempty"`
	Error string `json:",omitempty"`
}

// child is one process that works on the store.
type child struct {
	command *exec.Cmd
	begin   io.Closer // the child waits for the end of its input
	output  *json.Decoder
	stderr  *os.File
	steps   []step
}

// work is the child's main function: everything at once, as fast as it goes.
func work(path string, rounds int) error {
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}
	ctx, out := context.Background(), json.NewEncoder(os.Stdout)
	s, err := store.Open(ctx, path)
	if err != nil {
		return err
	}
	if err := out.Encode(step{Did: "ready"}); err != nil {
		return err
	}
	budget := []store.Limit{{Name: "day", Since: noon.Add(-time.Hour), Max: video.WholeCredits(sharedBudget)}}
	for round := range rounds {
		shared := wish("ann", fmt.Sprint("shared ", round), 0)
		if round%2 == 0 {
			shared.IdempotencyKey = shared.Request.Prompt
		}
		found, err := s.Submit(ctx, store.Intent{Task: shared, DedupeSince: noon})
		if err != nil {
			return err
		}
		own, err := s.Submit(ctx, store.Intent{Task: wish("ben", "own", sharedPrice), Limits: budget})
		if err != nil && video.CodeOf(err) != video.BudgetExceeded {
			return err
		}
		ownStep := step{Did: "own", ID: own.Task.ID}
		if err != nil {
			ownStep = step{Did: "refused"}
		}
		claimed, err := s.Claim(ctx, store.ClaimQuery{Now: time.Now(), Upstreams: []string{"polled"}, Limit: 3})
		if err != nil {
			return err
		}
		if _, err := s.Change(ctx, "vid_counter", func(task *video.Task) error {
			task.EmptySuccesses++
			return nil
		}); err != nil && video.CodeOf(err) != video.NotFound {
			return err
		}
		steps := []step{{Did: "shared", Wish: shared.Request.Prompt, ID: found.Task.ID, New: !found.Existing}, ownStep, {Did: "counted"}}
		for _, task := range claimed {
			steps = append(steps, step{Did: "claimed", ID: task.ID, Polls: task.Polls})
		}
		for _, step := range steps {
			if err := out.Encode(step); err != nil {
				return err
			}
		}
	}
	return s.Close()
}

// runChild gives the exit code.
func runChild(path string) int {
	var rounds int
	_, err := fmt.Sscan(os.Getenv(childRounds), &rounds)
	if err == nil {
		err = work(path, rounds)
	}
	if err != nil {
		_, _ = fmt.Fprintf(os.Stderr, "%v (%v)\n", err, errors.Unwrap(err))
		return 1
	}
	return 0
}

// startChildren starts processes that wait for begin.
func startChildren(t testing.TB, path string, rounds int) []*child {
	t.Helper()
	var all []*child
	for range children {
		c := &child{command: exec.Command(os.Args[0])}
		c.command.Env = append(os.Environ(), childFile+"="+path, childRounds+"="+fmt.Sprint(rounds))
		var err error
		if c.stderr, err = os.CreateTemp(t.TempDir(), "stderr"); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.stderr.Close() })
		c.command.Stderr = c.stderr
		if c.begin, err = c.command.StdinPipe(); err != nil {
			t.Fatal(err)
		}
		stdout, err := c.command.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		c.output = json.NewDecoder(bufio.NewReader(stdout))
		if err := c.command.Start(); err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	return all
}

// read takes the child's next step, false at the end.
func (c *child) read() bool {
	var s step
	if c.output.Decode(&s) != nil {
		return false
	}
	c.steps = append(c.steps, s)
	return true
}

// finish lets all children run to their end and gives what they did.
func finish(t testing.TB, all []*child) []step {
	t.Helper()
	for _, c := range all {
		c.begin.Close()
	}
	var steps []step
	for _, c := range all {
		for c.read() {
		}
		if err := c.command.Wait(); err != nil {
			said, _ := os.ReadFile(c.stderr.Name())
			t.Errorf("a child failed: %v: %s", err, said)
		}
		steps = append(steps, c.steps...)
	}
	return steps
}

func TestProcessesShareOneFile(t *testing.T) {
	const rounds, polled = 60, 10
	path := filepath.Join(t.TempDir(), "tasks.db")
	s := openAt(t, path)
	prepareShared(t, s, polled)
	steps := finish(t, startChildren(t, path, rounds))

	did, answers, news := make(map[string]int), make(map[string]string), make(map[string]int)
	looks := make(map[string]int)
	for _, step := range steps {
		did[step.Did]++
		switch step.Did {
		case "shared":
			if known, ok := answers[step.Wish]; ok && known != step.ID {
				t.Errorf("%s is %s and %s", step.Wish, known, step.ID)
			}
			answers[step.Wish] = step.ID
			if step.New {
				news[step.Wish]++
			}
		case "claimed":
			looks[fmt.Sprint(step.ID, " look ", step.Polls)]++
		}
	}
	for round := range rounds {
		if name := fmt.Sprint("shared ", round); news[name] != 1 {
			t.Errorf("%s was new %d times", name, news[name])
		}
	}
	if did["own"] != sharedBudget/sharedPrice || did["own"]+did["refused"] != children*rounds {
		t.Errorf("%d of %d fitted the budget of %d, %d refused", did["own"], children*rounds, sharedBudget/sharedPrice, did["refused"])
	}
	for look, times := range looks {
		if times != 1 {
			t.Errorf("%s was handed out %d times", look, times)
		}
	}
	polls := 0
	for _, task := range list(t, s, store.Filter{Upstream: "polled"}).Tasks {
		polls += task.Polls
	}
	if polls != did["claimed"] || polls < polled {
		t.Errorf("%d looks are counted, %d were handed out", polls, did["claimed"])
	}
	counter, err := s.Get(t.Context(), "vid_counter")
	if err != nil || counter.EmptySuccesses != children*rounds || counter.Version != 1+children*rounds {
		t.Errorf("counted to %d, version %d, %v, want %d", counter.EmptySuccesses, counter.Version, err, children*rounds)
	}
	if want := rounds + did["own"] + polled + 1; count(t, s) != want {
		t.Errorf("%d tasks, want %d", count(t, s), want)
	}
	checkBudget(t, s, did["own"], did["own"])
}

// prepareShared stores the task that children count on, and those they claim.
func prepareShared(t testing.TB, s *store.Store, polled int) {
	t.Helper()
	counter := wish("cem", "counter", 0)
	counter.ID, counter.DueAt = "vid_counter", time.Time{}
	add(t, s, counter)
	for i := range polled {
		task := due(fmt.Sprint("polled", i), time.Now())
		task.Principal, task.Upstream, task.Reserved = "cem", "polled", 0
		task.Interval = 20 * time.Millisecond
		add(t, s, task)
	}
}

func checkBudget(t testing.TB, s *store.Store, least, most int) {
	t.Helper()
	_, reserved, err := s.Spent(context.Background(), "ben", noon.Add(-time.Hour), false)
	low, high := video.WholeCredits(int64(least*sharedPrice)), video.WholeCredits(int64(most*sharedPrice))
	if err != nil || reserved < low || reserved > high || reserved > video.WholeCredits(sharedBudget) {
		t.Errorf("reserved %s of %d, %v, want %s to %s", reserved, sharedBudget, err, low, high)
	}
}

// Whatever was answered before kill -9 is there, and the rest is whole or not
// there at all.
func TestKilledProcessesLeaveTheStoreUsable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tasks.db")
	s := openAt(t, path)
	prepareShared(t, s, 10)
	const waves = 6
	var steps []step
	for wave := range waves {
		all := startChildren(t, path, 1_000_000)
		for _, c := range all {
			c.begin.Close()
		}
		for i, c := range all {
			for range 1 + (wave*7+i*11)%40 { // another place each time
				if !c.read() {
					said, _ := os.ReadFile(c.stderr.Name())
					t.Fatalf("a child ended: %s", said)
				}
			}
			if err := c.command.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			for c.read() { // what it still said
			}
			_ = c.command.Wait() // killed
			steps = append(steps, c.steps...)
		}
	}
	if err := store.CheckBooks(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	const kills = waves * children
	did := make(map[string]int)
	for _, step := range steps {
		did[step.Did]++
		if step.ID == "" {
			continue
		}
		if _, err := s.Get(t.Context(), step.ID); err != nil {
			t.Errorf("%s was answered %s: %v", step.Did, step.ID, err)
		}
	}
	// Each killed child may have done one thing more than it could say.
	counter := change(t, s, "vid_counter", func(*video.Task) {})
	if n := counter.EmptySuccesses; n < did["counted"] || n > did["counted"]+kills {
		t.Errorf("counted to %d, %d were answered", n, did["counted"])
	}
	checkBudget(t, s, did["own"], did["own"]+kills)
	if got := claim(t, s, time.Now().Add(time.Minute), 100, "polled"); len(got) != 10 {
		t.Errorf("claimed %d of 10 after the kills", len(got))
	}
	submit(t, s, store.Intent{Task: wish("ann", "afterwards", 1), DedupeSince: noon})
	t.Logf("%d kills, %v", kills, did)
}

// Several clients start the program at once on a machine that never had it.
func TestProcessesOpenANewFileAtOnce(t *testing.T) {
	for range 4 {
		path := filepath.Join(t.TempDir(), "new", "tasks.db")
		steps := finish(t, startChildren(t, path, 2))
		ready := 0
		for _, step := range steps {
			if step.Did == "ready" {
				ready++
			}
		}
		s := openAt(t, path)
		if total := count(t, s); ready != children || total != 2+2*children {
			t.Errorf("%d of %d opened, %d tasks", ready, children, total)
		}
	}
}
