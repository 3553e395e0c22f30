package store

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"seedance-mcp/internal/video"
)

// Tests in this package proper look at what no caller sees: query plans, the
// file, and how it grows.

const seedAccount = "00aa11bb22cc33dd"

var seedStart = time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)

func seedTask(prompt string) video.Task {
	price := video.WholeCredits(200)
	return video.Task{
		Principal: "local", State: video.Waiting, Upstream: seedAccount, Workflow: "seedance20-video-generation",
		Request: video.Request{Prompt: prompt, Model: "seedance-20", AspectRatio: "16:9", Duration: 5, Resolution: "720p"},
		Payload: []byte(`{"model":"seedance20-video-generation","inputs":{"prompt":"` + prompt + `","aspect_ratio":"16:9","duration":"5"}}`),
		// 64 characters as a real hash has.
		RequestHash: strings.Repeat("0123456789abcdef", 4), CallbackToken: "token of " + prompt,
		Quote: video.Quote{Credits: &price, Rate: &price, Seconds: 5, Formula: "5 s × 40 credits/s"}, Reserved: price,
		CreatedAt: seedStart, DueAt: seedStart.Add(time.Second), Interval: 2 * time.Second,
	}
}

// openSeeded opens a store of finished tasks, one a second, and due ones.
func openSeeded(t testing.TB, finished, due int) *Store {
	t.Helper()
	ctx := context.Background()
	s, err := Open(ctx, filepath.Join(t.TempDir(), "tasks.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	prompt := strings.Repeat("A fox runs through deep snow at dawn, slow motion. ", 6)
	model, _, err := s.Insert(ctx, seedTask(prompt))
	if err != nil {
		t.Fatal(err)
	}
	copies := func(count int, different map[string]string) {
		names := strings.Split(columns, ",")
		values := make([]string, len(names))
		for i, name := range names {
			name = strings.TrimSpace(name)
			values[i] = name
			if value, ok := different[name]; ok {
				values[i] = value
			}
		}
		_, err := s.writer.ExecContext(ctx, `WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < $1)
			INSERT INTO tasks (`+columns+`) SELECT `+strings.Join(values, ", ")+` FROM numbers, tasks WHERE id = $2`, count, model.ID)
		if err != nil {
			t.Fatal(err)
		}
	}
	if finished > 0 {
		copies(finished, map[string]string{
			"id": "printf('vid_%026d', n)", "state": "'success'", "due_at": "NULL", "upstream_id": "'done' || n",
			"callback_token": "'done' || n", "request_hash": "printf('%064d', n)", "created_at": "created_at + n * 1000",
			"submitted_at": "created_at + n * 1000 + 500", "completed_at": "created_at + n * 1000 + 90000",
			"settled": "1", "charged": "reserved", "used": "reserved",
			"videos": `'[{"url":"https://media.example.com/clips/0123456789abcdef0123456789abcdef.mp4","width":1280,"height":720}]'`,
		})
	}
	if due > 0 {
		copies(due, map[string]string{
			"id": "printf('vid_z%025d', n)", "upstream_id": "'due' || n", "callback_token": "'due' || n",
			"request_hash": "printf('due %060d', n)", "created_at": "created_at + 1000 * (100000 + n)", "due_at": "due_at + n",
		})
	}
	_, err = s.writer.ExecContext(ctx, "DELETE FROM tasks WHERE id = $1; DELETE FROM ledger; INSERT INTO ledger "+ledgerOfTasks, model.ID)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// ledgerOfTasks computes the whole ledger anew from the tasks.
const ledgerOfTasks = `SELECT principal, created_at / 3600000 AS hour, sandbox, upstream, model, state, COUNT(*) AS tasks,
	COALESCE(SUM(estimated), 0) AS estimated, COALESCE(SUM(used), 0) AS used,
	SUM(CASE settled WHEN 1 THEN charged ELSE 0 END) AS charged, SUM(CASE settled WHEN 1 THEN 0 ELSE reserved END) AS reserved,
	SUM(CASE WHEN settled = 1 AND state = 'success' THEN COALESCE(estimated, 0) ELSE 0 END) AS compared_estimated,
	SUM(CASE WHEN settled = 1 AND state = 'success' AND estimated IS NOT NULL THEN charged ELSE 0 END) AS compared_charged
	FROM tasks GROUP BY 1, 2, 3, 4, 5, 6`
