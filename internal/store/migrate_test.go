package store

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"seedance-mcp/internal/video"
)

// A file of each older version is brought up to date with what it holds.
func TestOlderFilesKeepTheirTasks(t *testing.T) {
	scripts, err := migrations("sqlite")
	if err != nil {
		t.Fatal(err)
	}
	for version := 1; version < len(scripts); version++ {
		t.Run(fmt.Sprint("version ", version), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "tasks.db")
			db := raw(t, path)
			for _, script := range scripts[:version] {
				exec(t, db, script)
			}
			exec(t, db, fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", applicationID, version))
			exec(t, db, `INSERT INTO tasks (id, principal, upstream, sandbox, state, due_at, interval_ms, booked_at, polls, empty_successes,
				version, created_at, updated_at, model, resolution, seconds, estimated, reserved, charged, settled, request_hash, callback_token,
				reason, workflow, search_text, request, payload, quote, videos, failure) VALUES ('vid_old', 'local', '`+seedAccount+`', 0,
				'unconfirmed', NULL, 0, 1, 0, 0, 3, 1000, 1000, 'seedance-20', '720p', 5, 200000000, 200000000, 0, 0, 'hash', 'token', 'lost', '',
				'a fox', '{"prompt":"A fox","model":"seedance-20"}', '{}', '{"credits":200}', '', '')`)
			exec(t, db, `INSERT INTO ledger VALUES ('local', 0, 0, '`+seedAccount+`', 'seedance-20', 'unconfirmed', 1, 200000000, 0, 0, 200000000, 0, 0)`)
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			s, err := Open(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = s.Close() }()
			if now, err := s.SchemaVersion(t.Context()); err != nil || now != len(scripts) {
				t.Errorf("schema %d, %v, want %d", now, err, len(scripts))
			}
			task, err := s.ByCallback(t.Context(), "token")
			if err != nil || task.ID != "vid_old" || task.State != video.Unconfirmed || task.Request.Prompt != "A fox" || task.Hints != nil || task.Attempts != 0 {
				t.Fatalf("task %+v, %v", task, err)
			}
			hinted, err := s.Change(t.Context(), task.ID, func(task *video.Task) error {
				task.Hints = []video.Hint{{UpstreamID: "task_1", At: time.UnixMilli(2000).UTC()}}
				task.DueAt, task.Interval = time.UnixMilli(2000).UTC(), time.Second
				return nil
			})
			if err != nil || len(hinted.Hints) != 1 {
				t.Errorf("hinted %+v, %v", hinted, err)
			}
			if err := CheckBooks(t.Context(), s); err != nil {
				t.Error(err)
			}
		})
	}
}

// betweenReads lets another process prepare the file before a second statement
// is read, should there be one.
type betweenReads struct {
	rowQuerier

	reads int
	other func()
}

func (b *betweenReads) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if b.reads++; b.reads == 2 {
		b.other()
	}
	return b.rowQuerier.QueryRowContext(ctx, query, args...)
}

// Two processes open a new file at once: what the one reads while the other
// prepares it is never taken for another program's database.
func TestVersionIsReadAtOnce(t *testing.T) {
	path, err := prepareFile(filepath.Join(t.TempDir(), "tasks.db"))
	if err != nil {
		t.Fatal(err)
	}
	readers, err := openReaders(path, busyTimeout)
	if err != nil {
		t.Fatal(err)
	}
	defer readers.Close()
	prepare := func() {
		s, err := Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	file := &sqliteFile{path: path, lockWait: busyTimeout}
	if _, err := file.schemaVersion(t.Context(), &betweenReads{rowQuerier: readers, other: prepare}); err != nil {
		t.Errorf("while it was empty: %v", err)
	}
	prepare()
	scripts, err := migrations("sqlite")
	if err != nil {
		t.Fatal(err)
	}
	if version, err := file.schemaVersion(t.Context(), readers); err != nil || version != len(scripts) {
		t.Errorf("afterwards: version %d of %d, %v", version, len(scripts), err)
	}
}
