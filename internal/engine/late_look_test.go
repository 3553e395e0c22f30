package engine

import (
	"testing"
	"time"

	"seedance-mcp/internal/upstream"
	"seedance-mcp/internal/video"
)

// TestLateLookLeavesTheDownload: a look that began before another process saw
// the success, and that fails or shows no video, comes after it. The download
// that is due keeps its time; it is not put off to the next rare look.
func TestLateLookLeavesTheDownload(t *testing.T) {
	now := time.Date(2026, 11, 25, 19, 0, 0, 0, time.UTC)
	done := video.Task{
		UpstreamID: "task_a", State: video.Success, Settled: true, CreatedAt: now.Add(-time.Minute), SubmittedAt: now.Add(-time.Minute), CompletedAt: now,
		Videos: []video.Video{{URL: "https://media.example.com/a.mp4"}}, DueAt: now, Interval: downloadLease,
	}
	late := now.Add(time.Second)
	for name, seen := range map[string]sight{
		"failed":    {err: video.Errorf(video.Unavailable, "it hung"), at: late, fetch: true},
		"not found": {err: video.Errorf(video.NotFound, "no such task"), at: late, fetch: true},
		"no video":  {record: upstream.Record{TaskID: "task_a", State: video.Success}, at: late, fetch: true},
	} {
		if got := observe(done, seen); !same(got, done) {
			t.Errorf("%s: due %s every %s, want %s every %s", name, got.DueAt, got.Interval, done.DueAt, done.Interval)
		}
	}
	// The rare look itself still books the next one.
	done.DueAt, done.Interval = now, lookAgainEvery
	if got := observe(done, sight{err: video.Errorf(video.Unavailable, "it hung"), at: late}); !got.DueAt.Equal(late.Add(lookAgainEvery)) {
		t.Errorf("the next rare look is due %s", got.DueAt)
	}
}
