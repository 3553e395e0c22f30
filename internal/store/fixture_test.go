package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(childFile); path != "" {
		os.Exit(runChild(path))
	}
	code := m.Run()
	// The server's own connection is no leak of the store's.
	if err := errors.Join(stopPostgres(), goleak.Find()); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// noon is when the tests' tasks begin.
var noon = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

const account = "00aa11bb22cc33dd"

func openAt(t testing.TB, path string, options ...store.Option) *store.Store {
	t.Helper()
	s, err := store.Open(context.Background(), path, options...)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return audited(t, s)
}

// audited closes the store with the test, whose books must be right then.
func audited(t testing.TB, s *store.Store) *store.Store {
	t.Helper()
	t.Cleanup(func() {
		if err := store.CheckBooks(context.Background(), s); err != nil {
			t.Errorf("books: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

func openNew(t testing.TB, options ...store.Option) *store.Store {
	t.Helper()
	return openAt(t, filepath.Join(t.TempDir(), "state", "tasks.db"), options...)
}

// wish is a new task that reserves credits; other prompts are other requests.
func wish(principal, prompt string, credits int64) video.Task {
	price := video.WholeCredits(credits)
	return video.Task{
		Principal: principal, State: video.Submitting, Upstream: account, Workflow: "seedance20-video-generation",
		Request:     video.Request{Prompt: prompt, Model: "seedance-20", AspectRatio: "16:9", Duration: 5, Resolution: "720p"},
		Payload:     json.RawMessage(fmt.Sprintf(`{"model":"seedance20-video-generation","inputs":{"prompt":%q}}`, prompt)),
		RequestHash: "hash of " + prompt, Quote: video.Quote{Credits: &price, Seconds: 5, Formula: "5 s"},
		Reserved: price, CreatedAt: noon, DueAt: noon.Add(90 * time.Second), Interval: 2 * time.Second,
	}
}

func submit(t testing.TB, s *store.Store, in store.Intent) store.Submitted {
	t.Helper()
	out, err := s.Submit(context.Background(), in)
	if err != nil {
		t.Fatalf("submit: %v", err)
	}
	return out
}

// add stores a task that is new for certain, and gives it as stored.
func add(t testing.TB, s *store.Store, task video.Task) video.Task {
	t.Helper()
	stored, isNew, err := s.Insert(context.Background(), task)
	if err != nil || !isNew {
		t.Fatalf("insert: new %v, %v", isNew, err)
	}
	return stored
}

func change(t testing.TB, s *store.Store, id string, f func(*video.Task)) video.Task {
	t.Helper()
	task, err := s.Change(context.Background(), id, func(task *video.Task) error {
		f(task)
		return nil
	})
	if err != nil {
		t.Fatalf("change: %v", err)
	}
	return task
}

func count(t testing.TB, s *store.Store) int {
	t.Helper()
	page, err := s.List(context.Background(), store.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	return page.Total
}

// wantError fails unless err is a *video.Error of the code, with something to
// do about it.
func wantError(t testing.TB, err error, code video.Code) *video.Error {
	t.Helper()
	failure, ok := errors.AsType[*video.Error](err)
	if !ok || failure.Code != code {
		t.Fatalf("error %v (%T), want code %q", err, err, code)
	}
	if failure.Message == "" || failure.Suggestion == "" {
		t.Errorf("error without message or suggestion: %+v", failure)
	}
	return failure
}

func ids(tasks []video.Task) []string {
	out := make([]string, len(tasks))
	for i, task := range tasks {
		out[i] = task.ID
	}
	return out
}
