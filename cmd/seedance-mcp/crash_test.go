package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"seedance-mcp/internal/catalog"
	"seedance-mcp/internal/sandbox"
	"seedance-mcp/internal/video"
)

// killsVariable asks for more kills than the default.
const killsVariable = "SEEDANCE_TEST_KILLS"

// checkpoints are the engine's, as far as a terminal session passes them.
var checkpoints = []string{
	"submit.stored", "queue.taken", "post.sending", "post.answered", "post.stored",
	"follow.claimed", "look.recorded", "look.stored", "download.claimed", "download.fetched", "download.stored",
}

// faults are what the upstream does to a wish; "" is nothing.
var faults = []string{
	"", "", "", "[sandbox:create-lost]", "[sandbox:create-truncated]", "[sandbox:create-html-500]", "[sandbox:create-html-500-accepted]",
	"[sandbox:create-502]", "[sandbox:create-502-accepted]", "[sandbox:create-drop]", "[sandbox:create-429=1]", "[sandbox:create-402]",
	"[sandbox:fail-text]", "[sandbox:fail-server]", "[sandbox:record-html-500]", "[sandbox:record-truncated]", "[sandbox:record-404]",
	"[sandbox:odd-state]", "[sandbox:success-no-url]", "[sandbox:no-credits]", "[sandbox:media-break]",
}

// sweep is a data folder that many short-lived processes share, and the
// upstream's own books beside it.
type sweep struct {
	t       *testing.T
	dataDir string
	box     *sandbox.Server
	env     []string

	mu     sync.Mutex
	kills  map[string]int
	wishes int
}

func newSweep(t *testing.T) *sweep {
	t.Helper()
	models, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	s := &sweep{t: t, dataDir: t.TempDir(), kills: map[string]int{}}
	server := httptest.NewUnstartedServer(nil)
	base := "http://" + server.Listener.Addr().String()
	s.box, err = sandbox.New(sandbox.Options{Catalog: models, Dialect: video.Workflow, Speed: 50, BaseURL: base, Limit: 4})
	if err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = s.box
	server.Start()
	t.Cleanup(func() {
		server.Close()
		s.box.Close()
	})
	s.env = []string{
		"SEEDANCE_API_URL=" + base + "/api/v1", "SEEDANCE_API_KEY=" + s.box.Key(), "SEEDANCE_DATA_DIR=" + s.dataDir,
		"SEEDANCE_LOG_LEVEL=error",
	}
	return s
}

// run starts one process that dies at the checkpoint, or lives when that is
// "none:0"; it reports what it printed and whether it was killed.
func (s *sweep) run(killAt string, args ...string) (out string, killed bool) {
	cmd := child(s.t, append([]string{killVariable + "=" + killAt}, s.env...), args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	data, err := cmd.Output()
	if exit, ok := err.(*exec.ExitError); ok && exit.ExitCode() == -1 {
		s.mu.Lock()
		s.kills[strings.SplitN(killAt, ":", 2)[0]]++
		s.mu.Unlock()
		return string(data), true
	}
	if killAt == "none:0" && err != nil && len(data) == 0 {
		s.t.Errorf("%v: %v\n%s", args, err, stderr.String())
	}
	return string(data), false
}

func (s *sweep) total() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, k := range s.kills {
		n += k
	}
	return n
}

// TestKillSweep is "one wish, one payment, and the video arrives" under
// kill -9: at every step between a write and the network, over wishes that
// meet every fault, from two processes at a time on one store, each wish
// repeated with its key as an agent repeats it.
func TestKillSweep(t *testing.T) {
	if testing.Short() {
		t.Skip("kill sweep: minutes of processes; skipped by -short")
	}
	want := 60
	if text := os.Getenv(killsVariable); text != "" {
		if _, err := fmt.Sscan(text, &want); err != nil {
			t.Fatal(err)
		}
	}
	const round = 200 // a folder's worth: tasks lists at most 1,000
	for ; want > 0; want -= round {
		s := newSweep(t)
		s.killFor(min(want, round))
		s.check(s.settle())
		t.Logf("%d kills over %d wishes: %v", s.total(), s.wishes, s.kills)
	}
}

// killFor makes wishes from two processes at a time until so many have died.
func (s *sweep) killFor(want int) {
	var workers sync.WaitGroup
	for worker := range 2 {
		workers.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(worker), 7))
			for s.total() < want && !s.t.Failed() {
				s.mu.Lock()
				s.wishes++
				n := s.wishes
				s.mu.Unlock()
				s.oneWish(n, rng)
			}
		})
	}
	workers.Wait()
}

// oneWish asks for one video up to three times with one key; all but the last
// process die somewhere.
func (s *sweep) oneWish(n int, rng *rand.Rand) {
	prompt := strings.TrimSpace(faults[n%len(faults)] + fmt.Sprintf(" wish %d", n))
	args := []string{"generate", "--json", "--yes", "--idempotency-key", fmt.Sprintf("wish-%d", n), prompt}
	for range 3 {
		killAt := fmt.Sprintf("%s:%d", checkpoints[rng.IntN(len(checkpoints))], 1+rng.IntN(2))
		if _, killed := s.run(killAt, args...); !killed {
			return
		}
	}
}

// settle lets one quiet process follow everything to its end.
func (s *sweep) settle() []taskView {
	// A stdio server without a client follows what others left.
	server := child(s.t, append([]string{killVariable + "=none:0"}, s.env...), "stdio")
	stdin, err := server.StdinPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	server.Stderr = os.Stderr
	if err := server.Start(); err != nil {
		s.t.Fatal(err)
	}
	defer func() {
		stdin.Close()
		server.Wait()
	}()
	for deadline := time.Now().Add(2 * time.Minute); ; {
		out, _ := s.run("none:0", "tasks", "--json", "--limit", "1000")
		var tasks []taskView
		if err := json.Unmarshal([]byte(out), &tasks); err != nil {
			s.t.Fatalf("tasks --json: %v\n%s", err, out)
		}
		open := 0
		for _, task := range tasks {
			if !task.Status.Settled() || (task.Status == video.Success && task.Videos[0].Path == "") {
				open++
			}
		}
		if open == 0 {
			return tasks
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("%d of %d tasks have no end: %s", open, len(tasks), out)
		}
	}
}

// check compares the store with the upstream's own books.
func (s *sweep) check(tasks []taskView) {
	t := s.t
	accepted := map[string]string{} // prompt → upstream task
	decided := map[string]bool{}    // prompts after whose last createTask no other may follow
	for _, e := range s.box.Books().Entries {
		if decided[e.Prompt] {
			t.Errorf("createTask was sent again for %q", e.Prompt)
		}
		// A 429 is definite and free: only after it may the same wish be sent again.
		decided[e.Prompt] = e.Status != 429
		if e.Accepted {
			if accepted[e.Prompt] != "" {
				t.Errorf("paid twice for %q", e.Prompt)
			}
			accepted[e.Prompt] = e.TaskID
		}
	}
	known := map[string]bool{}
	for _, task := range tasks {
		if known[task.Prompt] {
			t.Errorf("two tasks for %q", task.Prompt)
		}
		known[task.Prompt] = true
		if task.Status == video.Success {
			if info, err := os.Stat(task.Videos[0].Path); err != nil || info.Size() == 0 {
				t.Errorf("%q: its video is not on disk: %v", task.Prompt, err)
			}
		}
		// What nobody can know, a person looks up in the account, here the books.
		id := accepted[task.Prompt]
		switch {
		case task.Status == video.Unconfirmed && id == "":
			s.run("none:0", "tasks", "resolve", task.TaskID, "--not-paid")
		case task.Status == video.Unconfirmed:
			s.run("none:0", "tasks", "resolve", task.TaskID, "--upstream-id", id)
		case task.Error != nil && task.Error.Charged == video.ChargedUnknown:
			s.run("none:0", "tasks", "resolve", task.TaskID, "--paid")
		}
	}
	for prompt := range accepted {
		if !known[prompt] {
			t.Errorf("a paid task was lost: %q", prompt)
		}
	}
	for _, task := range s.settle() { // what the lost ones turned out to be
		if task.Error != nil && task.Error.Charged == video.ChargedUnknown {
			s.run("none:0", "tasks", "resolve", task.TaskID, "--paid")
		}
	}
	out, _ := s.run("none:0", "tasks", "--usage", "--json")
	var usage struct{ Charged, Reserved video.Credits }
	if err := json.Unmarshal([]byte(out), &usage); err != nil {
		t.Fatalf("usage: %v\n%s", err, out)
	}
	books := s.box.Books()
	if usage.Charged != books.Net || usage.Reserved != 0 {
		t.Errorf("the ledger says %s charged, %s reserved; the upstream's books say %s", usage.Charged, usage.Reserved, books.Net)
	}
	parts, err := filepath.Glob(filepath.Join(s.dataDir, "videos", "*.mp4"))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d createTask calls, %d accepted, %s credits net, %d files", len(books.Entries), books.Accepted, books.Net, len(parts))
}
