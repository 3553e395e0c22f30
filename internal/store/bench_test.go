package store

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"seedance-mcp/internal/video"
)

const (
	benchFinished = 100_000
	benchDue      = 1_000
)

func BenchmarkOpen(b *testing.B) {
	open := func(b *testing.B, path string) {
		s, err := Open(b.Context(), path)
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	b.Run("fresh", func(b *testing.B) {
		folder := b.TempDir()
		for n := range b.N {
			open(b, filepath.Join(folder, fmt.Sprint(n), "tasks.db"))
		}
	})
	b.Run("existing", func(b *testing.B) {
		path := filepath.Join(b.TempDir(), "tasks.db")
		open(b, path)
		b.ResetTimer()
		for range b.N {
			open(b, path)
		}
	})
}

func BenchmarkSubmit(b *testing.B) {
	s := openSeeded(b, benchFinished, benchDue)
	ctx := context.Background()
	limits := []Limit{
		{Name: "day", Since: seedStart.Add(24 * time.Hour), Max: video.WholeCredits(1 << 40)},
		{Name: "month", Since: seedStart, Max: video.WholeCredits(1 << 40)},
	}
	for _, budgets := range []int{0, 1, 2} {
		b.Run(fmt.Sprintf("budgets=%d", budgets), func(b *testing.B) {
			for n := 0; b.Loop(); n++ {
				task := seedTask(fmt.Sprintf("fox %d of %d", n, budgets))
				task.RequestHash = task.CallbackToken
				task.CreatedAt = time.Now()
				task.ID = NewID(task.CreatedAt)
				task.CallbackToken = task.ID
				if _, err := s.Submit(ctx, Intent{Task: task, DedupeSince: task.CreatedAt.Add(-10 * time.Minute), Limits: limits[:budgets]}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkClaim(b *testing.B) {
	s := openSeeded(b, benchFinished, benchDue)
	now := seedStart.Add(time.Hour)
	for b.Loop() {
		claimed, err := s.Claim(context.Background(), ClaimQuery{Now: now, Upstreams: []string{seedAccount}, Limit: benchDue})
		if err != nil || len(claimed) != benchDue {
			b.Fatal(len(claimed), err)
		}
		now = now.Add(2 * time.Second)
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/benchDue, "µs/task")
}

func BenchmarkClaimNothing(b *testing.B) {
	s := openSeeded(b, benchFinished, benchDue)
	for b.Loop() {
		if _, err := s.Claim(context.Background(), ClaimQuery{Now: seedStart, Upstreams: []string{seedAccount}, Limit: benchDue}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkChange(b *testing.B) {
	s := openSeeded(b, benchFinished, benchDue)
	ctx := context.Background()
	for n := 0; b.Loop(); n++ {
		id := fmt.Sprintf("vid_z%025d", 1+n%benchDue)
		if _, err := s.Change(ctx, id, func(t *video.Task) error {
			t.EmptySuccesses++
			return nil
		}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkChangeNothing(b *testing.B) {
	s := openSeeded(b, benchFinished, benchDue)
	ctx := context.Background()
	for n := 0; b.Loop(); n++ {
		if _, err := s.Change(ctx, fmt.Sprintf("vid_z%025d", 1+n%benchDue), func(*video.Task) error { return ErrUnchanged }); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkGet(b *testing.B) {
	s := openSeeded(b, benchFinished, benchDue)
	ctx := b.Context()
	for n := 0; b.Loop(); n++ {
		if _, err := s.Get(ctx, fmt.Sprintf("vid_%026d", 1+n%benchFinished)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLatest(b *testing.B) {
	s := openSeeded(b, benchFinished, benchDue)
	for b.Loop() {
		if _, err := s.Latest(b.Context(), "local"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkUsage(b *testing.B) {
	s := openSeeded(b, benchFinished, benchDue)
	for b.Loop() {
		if _, err := s.Usage(b.Context(), UsageFilter{Principal: "local"}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkList(b *testing.B) {
	s := openSeeded(b, benchFinished, benchDue)
	ctx := context.Background()
	for name, filter := range map[string]Filter{
		"latest":  {Principal: "local", Limit: 1},
		"page":    {Principal: "local", Limit: 20},
		"lastday": {Principal: "local", Since: seedStart.Add(24 * time.Hour)},
		"queued":  {Upstream: seedAccount, States: []video.State{video.Queued}},
		"text":    {Principal: "local", Text: "owl"},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := s.List(ctx, filter); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkGetAgain compares a task that is as it was with one that is read anew, by
// turns.
func BenchmarkGetAgain(b *testing.B) {
	s := openSeeded(b, benchFinished, benchDue)
	ctx := context.Background()
	latest, err := s.Latest(ctx, "local")
	if err != nil {
		b.Fatal(err)
	}
	var unchanged, anew time.Duration
	for b.Loop() {
		begin := time.Now()
		if _, err := s.Get(ctx, latest.ID); err != nil {
			b.Fatal(err)
		}
		middle := time.Now()
		if _, err := s.one(ctx, selectByID, latest.ID); err != nil {
			b.Fatal(err)
		}
		unchanged += middle.Sub(begin)
		anew += time.Since(middle)
	}
	b.ReportMetric(float64(unchanged.Nanoseconds())/float64(b.N), "ns/unchanged")
	b.ReportMetric(float64(anew.Nanoseconds())/float64(b.N), "ns/anew")
	b.ReportMetric(unchanged.Seconds()/anew.Seconds(), "ratio")
}
