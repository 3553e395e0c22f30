package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"seedance-mcp/internal/video"
)

// refused fails unless err is a *video.Error of the code whose message holds
// the words, with something to do about it.
func refused(t *testing.T, err error, code video.Code, words string) {
	t.Helper()
	failure, ok := errors.AsType[*video.Error](err)
	if !ok || failure.Code != code || !strings.Contains(failure.Message, words) || failure.Suggestion == "" {
		t.Fatalf("error %v (%T, cause %v), want %q with %q", err, err, errors.Unwrap(err), code, words)
	}
}

func exec(t *testing.T, db *sql.DB, text string) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), text); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

// raw is another program's connection to the file.
func raw(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func TestPrivateFiles(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Log("Windows has no modes; the profile folder's access list protects the file")
		return
	}
	path := filepath.Join(t.TempDir(), "new", "deep", "tasks.db")
	for range 2 { // new, and opened up by somebody meanwhile
		s, err := Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Submit(t.Context(), Intent{Task: seedTask("a"), DedupeSince: seedStart}); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]os.FileMode{"": 0o700, "tasks.db": 0o600, "tasks.db-wal": 0o600, "tasks.db-shm": 0o600} {
			info, err := os.Stat(filepath.Join(filepath.Dir(path), name))
			if err != nil || info.Mode().Perm() != want {
				t.Errorf("%q: %v, %v, want %v", name, info.Mode().Perm(), err, want)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	known, err := migrations("sqlite")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		prepare func(t *testing.T, path string)
		code    video.Code
		words   string
	}{
		"a newer schema": {func(t *testing.T, path string) {
			s, err := Open(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			exec(t, raw(t, path), fmt.Sprint("PRAGMA user_version = ", len(known)+1))
		}, video.Unavailable, "newer version"},
		"another program's database": {func(t *testing.T, path string) {
			exec(t, raw(t, path), "CREATE TABLE bookmarks (url TEXT)")
		}, video.Internal, "another program"},
		"no database": {func(t *testing.T, path string) {
			write(t, path, bytes.Repeat([]byte("no database "), 1000))
		}, video.Internal, "not a database"},
		"a damaged schema": {func(t *testing.T, path string) {
			s, err := Open(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			copy(content[100:], bytes.Repeat([]byte{0xff}, 900)) // all but the header of page 1
			write(t, path, content)
		}, video.Internal, "damaged"},
		"a folder in its place": {func(t *testing.T, path string) {
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
		}, video.Unavailable, "cannot be opened"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "tasks.db")
			c.prepare(t, path)
			before, _ := os.ReadFile(path) // a folder cannot be read
			s, err := Open(t.Context(), path)
			if err == nil {
				_ = s.Close()
			}
			refused(t, err, c.code, c.words)
			if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
				t.Error("the file was altered")
			}
		})
	}
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestOpenInAFileInsteadOfAFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state")
	write(t, file, nil)
	_, err := Open(t.Context(), filepath.Join(file, "tasks.db"))
	refused(t, err, video.Unavailable, "cannot be opened")
}

// troubled is a store with one task, stored before the trouble.
func troubled(t *testing.T) (*Store, video.Task) {
	t.Helper()
	s := openSeeded(t, 0, 0)
	out, err := s.Submit(t.Context(), Intent{Task: seedTask("before"), DedupeSince: seedStart})
	if err != nil {
		t.Fatal(err)
	}
	return s, out.Task
}

// stillWorks fails unless the store holds exactly the one task, and takes more.
func stillWorks(t *testing.T, s *Store, before video.Task) {
	t.Helper()
	page, err := s.List(t.Context(), Filter{})
	if err != nil || page.Total != 1 || page.Tasks[0].ID != before.ID {
		t.Errorf("there are %d tasks, %v", page.Total, err)
	}
	task := seedTask("after")
	task.RequestHash = "after"
	if out, err := s.Submit(t.Context(), Intent{Task: task, DedupeSince: seedStart}); err != nil || out.Existing {
		t.Errorf("afterwards: existing %v, %v", out.Existing, err)
	}
	if err := CheckBooks(t.Context(), s); err != nil {
		t.Error(err)
	}
}

// tryAll runs every kind of write; all must be refused the same way.
func tryAll(t *testing.T, s *Store, before video.Task, code video.Code, words string) {
	t.Helper()
	ctx := t.Context()
	task := seedTask("refused")
	task.RequestHash = "refused"
	_, err := s.Submit(ctx, Intent{Task: task, DedupeSince: seedStart})
	refused(t, err, code, words)
	_, _, err = s.Insert(ctx, task)
	refused(t, err, code, words)
	_, err = s.Change(ctx, before.ID, func(task *video.Task) error {
		task.Reason = strings.Repeat("grows ", 10_000)
		return nil
	})
	refused(t, err, code, words)
	if got, err := s.Get(ctx, before.ID); err != nil || got.Version != before.Version {
		t.Errorf("meanwhile: version %d, %v", got.Version, err)
	}
}

func TestReadOnly(t *testing.T) {
	s, before := troubled(t)
	exec(t, s.writer, "PRAGMA query_only = 1")
	tryAll(t, s, before, video.Unavailable, "read-only")
	_, err := s.Claim(t.Context(), ClaimQuery{Now: seedStart.Add(time.Hour), Upstreams: []string{seedAccount}, Limit: 9})
	refused(t, err, video.Unavailable, "read-only")
	exec(t, s.writer, "PRAGMA query_only = 0")
	stillWorks(t, s, before)
}

func TestDiskFull(t *testing.T) {
	s, before := troubled(t)
	var pages int
	if err := s.writer.QueryRowContext(t.Context(), "PRAGMA page_count").Scan(&pages); err != nil {
		t.Fatal(err)
	}
	exec(t, s.writer, fmt.Sprint("PRAGMA max_page_count = ", pages))
	// What fits in the pages that there are is still stored; then all is full.
	var stored []string
	for n := 0; ; n++ {
		task := seedTask(fmt.Sprint("wish ", n))
		task.RequestHash = fmt.Sprint("filler ", n)
		out, err := s.Submit(t.Context(), Intent{Task: task, DedupeSince: seedStart})
		if err != nil {
			refused(t, err, video.Unavailable, "disk is full")
			break
		}
		stored = append(stored, out.Task.ID)
	}
	_, err := s.Change(t.Context(), before.ID, func(task *video.Task) error {
		task.Reason = strings.Repeat("grows ", 10_000)
		return nil
	})
	refused(t, err, video.Unavailable, "disk is full")
	for _, id := range append(stored, before.ID) {
		if got, err := s.Get(t.Context(), id); err != nil || got.Version != 1 {
			t.Errorf("%s: version %d, %v", id, got.Version, err)
		}
	}
	exec(t, s.writer, "PRAGMA max_page_count = 1000000")
	task := seedTask("after")
	task.RequestHash = "after"
	if _, err := s.Submit(t.Context(), Intent{Task: task, DedupeSince: seedStart}); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	if page, err := s.List(t.Context(), Filter{}); err != nil || page.Total != len(stored)+2 {
		t.Errorf("%d tasks, %v, want %d", page.Total, err, len(stored)+2)
	}
	if err := CheckBooks(t.Context(), s); err != nil {
		t.Error(err)
	}
}

func TestLocked(t *testing.T) {
	s, before := troubled(t)
	var path string
	if err := s.writer.QueryRowContext(t.Context(), "SELECT file FROM pragma_database_list").Scan(&path); err != nil {
		t.Fatal(err)
	}
	other := raw(t, path)
	exec(t, other, "BEGIN IMMEDIATE")
	exec(t, s.writer, "PRAGMA busy_timeout = 20")
	tryAll(t, s, before, video.Unavailable, "locked")

	// A caller's patience is obeyed while the lock is waited for.
	exec(t, s.writer, "PRAGMA busy_timeout = 600000")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := s.Submit(ctx, Intent{Task: seedTask("impatient")})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("with a deadline: %v", err)
	}
	exec(t, other, "ROLLBACK")
	stillWorks(t, s, before)
}

func TestOpenWhileLocked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tasks.db")
	other := raw(t, path)
	exec(t, other, "BEGIN EXCLUSIVE")
	_, err := Open(t.Context(), path, withLockWait(20*time.Millisecond))
	refused(t, err, video.Unavailable, "locked")
	exec(t, other, "ROLLBACK")
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// A page that rots while the program runs is told as damage, not as an empty
// answer.
func TestDamagedPages(t *testing.T) {
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "tasks.db"))
	if err != nil {
		t.Fatal(err)
	}
	out, err := s.Submit(t.Context(), Intent{Task: seedTask("a"), DedupeSince: seedStart})
	if err != nil {
		t.Fatal(err)
	}
	var path string
	if err := s.writer.QueryRowContext(t.Context(), "SELECT file FROM pragma_database_list").Scan(&path); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 4096; i < len(content); i++ { // all pages but the first
		content[i] = 0xff
	}
	write(t, path, content)
	if s, err = Open(t.Context(), path); err != nil {
		refused(t, err, video.Internal, "damaged")
		return
	}
	defer func() { _ = s.Close() }()
	_, err = s.Get(t.Context(), out.Task.ID)
	refused(t, err, video.Internal, "damaged")
	_, err = s.List(t.Context(), Filter{})
	refused(t, err, video.Internal, "damaged")
	_, err = s.Submit(t.Context(), Intent{Task: seedTask("b"), DedupeSince: seedStart})
	refused(t, err, video.Internal, "damaged")
}

// A file that lost its end, as after a copy that broke off, is told as damage:
// neither as fewer tasks nor as a new store.
func TestTruncatedFile(t *testing.T) {
	for name, keep := range map[string]func(size int64) int64{
		"half a page":   func(int64) int64 { return 2048 },
		"first page":    func(int64) int64 { return 4096 },
		"within a page": func(size int64) int64 { return size/2 + 1234 },
		"last page":     func(size int64) int64 { return size - 4096 },
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "tasks.db")
			s, err := Open(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			for i := range 50 {
				task := seedTask(fmt.Sprint("wish ", i))
				task.RequestHash = fmt.Sprint("hash ", i)
				if _, err := s.Submit(t.Context(), Intent{Task: task, DedupeSince: seedStart}); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Truncate(path, keep(info.Size())); err != nil {
				t.Fatal(err)
			}
			if s, err = Open(t.Context(), path); err != nil {
				refused(t, err, video.Internal, "")
				return
			}
			defer func() { _ = s.Close() }()
			if page, err := s.List(t.Context(), Filter{Limit: 100}); err == nil && page.Total == 50 {
				if len(page.Tasks) != 50 {
					t.Errorf("%d of 50 tasks without an error", len(page.Tasks))
				}
			} else {
				refused(t, err, video.Internal, "damaged")
			}
		})
	}
}

// The design's pragmas, as the connections have them.
func TestPragmas(t *testing.T) {
	s := openSeeded(t, 0, 0)
	for _, c := range []struct {
		db           *sql.DB
		pragma, want string
	}{
		{s.writer, "journal_mode", "wal"},
		{s.writer, "synchronous", "2"}, // full
		{s.writer, "busy_timeout", "10000"},
		{s.readers, "busy_timeout", "10000"},
		{s.readers, "query_only", "1"},
	} {
		var got string
		if err := c.db.QueryRowContext(t.Context(), "PRAGMA "+c.pragma).Scan(&got); err != nil || got != c.want {
			t.Errorf("%s is %q, %v, want %q", c.pragma, got, err, c.want)
		}
	}
	if writers, readers := s.writer.Stats().MaxOpenConnections, s.readers.Stats().MaxOpenConnections; writers != 1 || readers != readerCount {
		t.Errorf("%d writers, %d readers", writers, readers)
	}
}
