package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"seedance-mcp/internal/catalog"
	"seedance-mcp/internal/clocktest"
	"seedance-mcp/internal/sandbox"
	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

// hung is how long a process of the tests may take: it is a mistake if it
// does, not a measurement.
const hung = 2 * time.Minute

// world is a data folder that many processes share, and the upstream with its
// own books beside it.
type world struct {
	t       *testing.T
	dataDir string
	// filesOff says that nothing is downloaded.
	filesOff bool
	// database is the URL of the store on Postgres; "": SQLite in dataDir.
	database string
	home     string
	box      *sandbox.Server
	time     *clocktest.Clock // of the box
	front    *front
	env      []string
	usage    func() usageTotals // of who orders

	mu     sync.Mutex
	deaths []time.Time
}

func newWorld(t *testing.T, speed float64) *world {
	t.Helper()
	const tightAccount = 6 // so that tasks queue
	return newWorldOf(t, speed, tightAccount)
}

// newWorldOf has an account that runs so many tasks at once.
func newWorldOf(t *testing.T, speed float64, limit int) *world {
	t.Helper()
	models, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, dataDir: t.TempDir(), home: t.TempDir(), front: newFront(), time: &clocktest.Clock{}}
	server := httptest.NewUnstartedServer(w.front)
	base := "http://" + server.Listener.Addr().String()
	w.box, err = sandbox.New(sandbox.Options{
		Catalog: models, Dialect: video.Workflow, Speed: speed, BaseURL: base, Limit: limit, Webhooks: &http.Client{Transport: w.front}, Now: w.time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	w.usage = w.ownUsage
	w.front.box = w.box
	server.Start()
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
		w.box.Close()
	})
	w.env = []string{
		"HOME=" + w.home, "SEEDANCE_API_URL=" + base + "/api/v1", "SEEDANCE_API_KEY=" + w.box.Key(), "SEEDANCE_DATA_DIR=" + w.dataDir,
		"SEEDANCE_LOG_LEVEL=error", "SEEDANCE_DOWNLOAD=on",
	}
	return w
}

// process makes a child of this world that dies at the kill point.
func (w *world) process(ctx context.Context, killAt string, args ...string) *exec.Cmd {
	made := child(w.t, append([]string{killVariable + "=" + killAt}, w.env...), args...)
	cmd := exec.CommandContext(ctx, made.Path, args...)
	cmd.Env = made.Env
	return cmd
}

// run is one whole process; it reports what it printed on stdout and whether
// it was killed at its kill point.
func (w *world) run(killAt string, args ...string) (out string, killed bool) {
	ctx, cancel := context.WithTimeout(context.Background(), hung)
	defer cancel()
	cmd := w.process(ctx, killAt, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	exit, ended := errors.AsType[*exec.ExitError](err)
	switch {
	case ctx.Err() != nil:
		w.t.Errorf("%q killed at %s did not end:\n%s%s", args, killAt, stdout.String(), stderr.String())
	case ended && exit.ExitCode() == -1:
		w.mu.Lock()
		w.deaths = append(w.deaths, time.Now())
		w.mu.Unlock()
		return stdout.String(), true
	case ended && exit.ExitCode() > exitFailed, err != nil && !ended:
		w.t.Errorf("%q: %v\n%s%s", args, err, stdout.String(), stderr.String())
	}
	return stdout.String(), false
}

// lastDeath is when the last process before end was killed, or start: who
// takes a task over may be killed too.
func (w *world) lastDeath(start, end time.Time) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, death := range w.deaths {
		if death.After(start) && death.Before(end) {
			start = death
		}
	}
	return start
}

// tasks reads the store as it is now.
func (w *world) tasks() []video.Task {
	w.t.Helper()
	ctx := context.Background()
	handle := (&settings{dataDir: w.dataDir, databaseURL: w.database}).newStore()
	opened, err := handle.open(ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	defer opened.Close()
	var tasks []video.Task
	for filter := (store.Filter{Limit: 1000}); ; {
		page, err := opened.List(ctx, filter)
		if err != nil {
			w.t.Fatal(err)
		}
		tasks = append(tasks, page.Tasks...)
		if filter.Cursor = page.Next; page.Next == "" {
			return tasks
		}
	}
}

// open says that a task has neither come to its end nor, where its wish has
// none, to an owner who looks at it again.
func (w *world) open(task video.Task) bool {
	switch prompt := task.Request.Prompt; {
	case endless(prompt) && !task.State.Settled():
		return task.DueAt.IsZero() || task.UpstreamID == "" // not sent yet, or its answer is not stored
	case task.State != video.Success:
		return !task.State.Settled()
	default:
		return !w.filesOff && !unfetchable(prompt) && task.Videos[0].Path == ""
	}
}

// settle lets one quiet process follow everything to its end.
func (w *world) settle() []video.Task {
	w.t.Helper()
	// A stdio server without a client follows what others left.
	server := w.process(context.Background(), "none:0", "stdio")
	stdin, err := server.StdinPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		w.t.Fatal(err)
	}
	defer func() {
		stdin.Close()
		server.Wait()
	}()
	for deadline := time.Now().Add(hung); ; time.Sleep(childPoll) {
		tasks := w.tasks()
		var left []video.Task
		for _, task := range tasks {
			if w.open(task) {
				left = append(left, task)
			}
		}
		if len(left) == 0 {
			return tasks
		}
		if time.Now().After(deadline) {
			for _, task := range left {
				w.t.Errorf("no end and no owner: %s is %s, due %s (%q): %s", task.ID, task.State, task.DueAt, task.Request.Prompt, task.Reason)
			}
			return tasks
		}
	}
}

// order posts a createTask as somebody else would who has the same account.
func (w *world) order(prompt string) string {
	w.t.Helper()
	body := `{"model":"wan22-video-generation","inputs":{"model":"seedance-20","prompt":"` + prompt + `","resolution":"1280x720","duration":"4s"}}`
	request := httptest.NewRequest(http.MethodPost, "/api/v1/jobs/createTask", strings.NewReader(body))
	request.Header.Set("Authorization", "Bearer "+w.box.Key())
	request.Header.Set("Content-Type", "application/json")
	for {
		answer := httptest.NewRecorder()
		w.box.ServeHTTP(answer, request.Clone(context.Background()))
		if answer.Code == http.StatusOK {
			break
		}
		if answer.Code != http.StatusTooManyRequests {
			text, _ := io.ReadAll(answer.Body)
			w.t.Fatalf("createTask: %d %s", answer.Code, text)
		}
		request.Body = io.NopCloser(strings.NewReader(body))
		time.Sleep(childPoll)
	}
	return w.accepted(prompt)
}

// accepted is the upstream's task of a prompt, "" if it took none.
func (w *world) accepted(prompt string) string {
	for _, entry := range w.box.Books().Entries {
		if entry.Accepted && entry.Prompt == prompt {
			return entry.TaskID
		}
	}
	return ""
}
