package store_test

import (
	"context"
	"testing"
	"time"

	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

// standing: everybody's tasks are counted by state, and their credits summed by
// principal and model.
func standing(t *testing.T, open opener) {
	s := open(t)
	ctx := context.Background()
	submit(t, s, store.Intent{Task: wish("alice", "a", 100)})
	b := submit(t, s, store.Intent{Task: wish("bob", "b", 70)}).Task
	queued := wish("bob", "c", 30)
	queued.State = video.Queued
	submit(t, s, store.Intent{Task: queued})
	old := wish("alice", "last month", 900)
	old.CreatedAt = noon.AddDate(0, -1, 0)
	submit(t, s, store.Intent{Task: old})
	sandboxed := wish("alice", "sandbox", 5)
	sandboxed.Sandbox = true
	submit(t, s, store.Intent{Task: sandboxed})
	if _, err := s.Change(ctx, b.ID, func(task *video.Task) error {
		task.State, task.Charged, task.Settled = video.Success, 68_500_001, true
		task.DueAt = time.Time{}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	counts, err := s.InFlight(ctx)
	if err != nil || len(counts) != 2 || counts[video.Submitting] != 3 || counts[video.Queued] != 1 {
		t.Errorf("in flight: %v, %v", counts, err)
	}
	month := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	sums, err := s.CreditsByPrincipal(ctx, month, false)
	want := []store.PrincipalCredits{
		{Principal: "alice", Model: "seedance-20", Reserved: video.WholeCredits(100)},
		{Principal: "bob", Model: "seedance-20", Charged: 68_500_001, Reserved: video.WholeCredits(30)},
	}
	if err != nil || len(sums) != len(want) || sums[0] != want[0] || sums[1] != want[1] {
		t.Errorf("credits: %+v, %v", sums, err)
	}
	if sums, err := s.CreditsByPrincipal(ctx, month, true); err != nil || len(sums) != 1 || sums[0].Reserved != video.WholeCredits(5) {
		t.Errorf("sandbox: %+v, %v", sums, err)
	}
}
