package engine_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

// diskChild names, to the test binary started anew, the scenario that it plays
// on a real disk that fails: a child, because a mount or a limit is the
// process's.
const diskChild = "SEEDANCE_TEST_DISK"

// A disk that is really full (a tmpfs of a few hundred KB), files that may
// really not grow (RLIMIT_FSIZE), and a file system that is really read-only:
// a clear error, nothing sent, nothing lost, and all goes on when it is over.
func TestRealDiskTrouble(t *testing.T) {
	scenarios := map[string]struct {
		mounts bool
		play   func(t *testing.T, dir string)
	}{
		"full":               {true, playFull},
		"full at the answer": {true, playFullAtTheAnswer},
		"read-only":          {true, playReadOnly},
		"size limit":         {false, playSizeLimit},
	}
	if name := os.Getenv(diskChild); name != "" {
		scenarios[name].play(t, t.TempDir())
		return
	}
	for name, scenario := range scenarios {
		t.Run(name, func(t *testing.T) {
			child := exec.Command(os.Args[0], "-test.run=^TestRealDiskTrouble$", "-test.v")
			child.Env = append(os.Environ(), diskChild+"="+name)
			if scenario.mounts {
				child.SysProcAttr = &syscall.SysProcAttr{
					Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
					UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
					GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
				}
			}
			out, err := child.CombinedOutput()
			if scenario.mounts && (errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSPC)) {
				t.Logf("NOT TESTED: this system gives no user namespaces (%v); internal/store simulates it", err)
				return
			}
			if err != nil || !strings.Contains(string(out), "--- PASS: TestRealDiskTrouble") {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

func mount(t *testing.T, dir string, flags uintptr, options string) {
	t.Helper()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", flags, options); err != nil {
		t.Fatalf("mount: %v", err)
	}
	if flags&syscall.MS_REMOUNT == 0 {
		t.Cleanup(func() {
			if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
				t.Errorf("unmount: %v", err)
			}
		})
	}
}

// filler takes all space that is left.
type filler struct{ path string }

func (f filler) fill(t *testing.T) {
	file, err := os.OpenFile(f.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		t.Error(err)
		return
	}
	defer file.Close()
	for err == nil {
		_, err = file.Write(make([]byte, 4096))
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("filling the disk ended with %v", err)
	}
}

func (f filler) free(t *testing.T) {
	if err := os.Remove(f.path); err != nil {
		t.Error(err)
	}
}

// submitUntilRefused gives the tasks that were taken before the store refused.
func submitUntilRefused(t *testing.T, e *engine.Engine, words string) []string {
	t.Helper()
	var taken []string
	for i := range 2000 {
		got, err := e.Submit(context.Background(), alice, ask(fmt.Sprint("clip ", i)))
		if err == nil {
			taken = append(taken, got.Task.ID)
			continue
		}
		failure, ok := errors.AsType[*video.Error](err)
		if !ok || failure.Code != video.Unavailable || !strings.Contains(failure.Message, words) || failure.Suggestion == "" {
			t.Errorf("refused with %v (cause %v), want %q", err, errors.Unwrap(err), words)
		}
		return taken
	}
	t.Fatal("the disk was never full")
	return nil
}

// wentOn fails unless everything taken was posted once and ends well, nothing
// else was, and the store takes more.
func wentOn(t *testing.T, w *world, e *engine.Engine, taken []string) {
	t.Helper()
	if n := len(w.sandbox.Books().Entries); n != len(taken) {
		t.Errorf("%d posts for %d tasks", n, len(taken))
	}
	for _, id := range append(taken, mustSubmit(t, e, alice, ask("afterwards")).Task.ID) {
		if task := settle(t, e, alice, id); task.State != video.Success {
			t.Errorf("%s ends as %s (%s)", id, task.State, task.Reason)
		}
	}
	usage, err := e.Usage(context.Background(), alice, time.Time{}, time.Time{})
	if books := w.sandbox.Books(); err != nil || usage.Charged != books.Net || usage.Reserved != 0 {
		t.Errorf("the ledger says %s and %s, the upstream %s, %v", usage.Charged, usage.Reserved, books.Net, err)
	}
}

func playFull(t *testing.T, dir string) {
	mount(t, dir, 0, "size=600k")
	full(t, 5000, func(w *world) {
		w.path = filepath.Join(dir, "tasks.db")
		e := w.start()
		before := mustSubmit(t, e, alice, ask("before")).Task.ID
		disk := filler{filepath.Join(dir, "filler")}
		disk.fill(w.bubble)
		taken := submitUntilRefused(w.bubble, e, "disk is full")
		time.Sleep(30 * time.Second) // looks and webhooks that cannot be stored
		disk.free(w.bubble)
		wentOn(w.bubble, w, e, append(taken, before))
	})
}

// The disk fills up between the POST and its answer: what was paid for is kept
// when space comes back in time, and told as unconfirmed when it does not;
// never is it posted again.
func playFullAtTheAnswer(t *testing.T, dir string) {
	mount(t, dir, 0, "size=600k")
	for _, lasts := range []time.Duration{20 * time.Second, 80 * time.Second} {
		inWorld(t, func(w *world) {
			w.path = filepath.Join(dir, fmt.Sprint(lasts), "tasks.db")
			disk := filler{filepath.Join(dir, "filler")}
			inner := w.wire
			var filled atomic.Bool
			w.wire = roundTrip(func(r *httpRequest) (*httpResponse, error) {
				response, err := inner.RoundTrip(r)
				if strings.HasSuffix(r.URL.Path, "/createTask") && !filled.Swap(true) {
					disk.fill(w.bubble)
				}
				return response, err
			})
			e := w.start(polling)
			// What is free in the file and its log is not enough for this one.
			wish := ask(strings.Repeat("a long prompt ", 280))
			got, err := e.Submit(context.Background(), alice, wish)
			if err != nil || got.Task.State != video.Submitting {
				w.bubble.Errorf("submitted as %s, %v", got.Task.State, err)
			}
			time.Sleep(lasts)
			disk.free(w.bubble)
			time.Sleep(5 * time.Minute)
			synctest.Wait()
			task := mustGet(w.bubble, e, alice, got.Task.ID)
			kept := task.State == video.Success && task.Charged == credits("200")
			lost := task.State == video.Unconfirmed && task.Reserved == credits("200") && lasts > time.Minute
			if !kept && !lost {
				w.bubble.Errorf("full for %s: %s (%s)", lasts, task.State, task.Reason)
			}
			if n := len(w.sandbox.Books().Entries); n != 1 {
				w.bubble.Errorf("posted %d times", n)
			}
		})
	}
}

func playReadOnly(t *testing.T, dir string) {
	mount(t, dir, 0, "size=2m")
	inWorld(t, func(w *world) {
		w.path = filepath.Join(dir, "tasks.db")
		e := w.start()
		before := mustSubmit(w.bubble, e, alice, ask("before")).Task.ID
		if err := e.Close(context.Background()); err != nil {
			w.bubble.Fatal(err)
		}
		mount(t, dir, syscall.MS_REMOUNT|syscall.MS_RDONLY, "")
		for _, path := range []string{w.path, filepath.Join(dir, "new", "tasks.db")} {
			s, err := store.Open(context.Background(), path)
			if err == nil {
				_ = s.Close()
			}
			failure, ok := errors.AsType[*video.Error](err)
			if !ok || failure.Code != video.Unavailable || failure.Suggestion == "" {
				w.bubble.Errorf("%s opens with %v", filepath.Base(path), err)
			}
		}
		o := w.options()
		reader, err := engine.New(o)
		if err != nil {
			w.bubble.Fatal(err)
		}
		if _, err = reader.Submit(context.Background(), alice, ask("refused")); video.CodeOf(err) != video.Unavailable {
			w.bubble.Errorf("submit: %v", err)
		}
		if err := reader.Close(context.Background()); err != nil {
			w.bubble.Error(err)
		}
		mount(t, dir, syscall.MS_REMOUNT, "")
		wentOn(w.bubble, w, w.start(), []string{before})
	})
}

// No file of this process may grow beyond some size: what SQLite is told is an
// input/output error, not a full disk.
func playSizeLimit(t *testing.T, _ string) {
	signal.Ignore(syscall.SIGXFSZ)
	full(t, 5000, func(w *world) {
		e := w.start()
		before := mustSubmit(t, e, alice, ask("before")).Task.ID
		var limit syscall.Rlimit
		if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
			w.bubble.Fatal(err)
		}
		tight := limit
		tight.Cur = 300 << 10
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &tight); err != nil {
			w.bubble.Fatal(err)
		}
		taken := submitUntilRefused(w.bubble, e, "disk reports an error")
		time.Sleep(30 * time.Second)
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
			w.bubble.Fatal(err)
		}
		wentOn(w.bubble, w, e, append(taken, before))
	})
}
