package store_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

func claim(t testing.TB, s *store.Store, now time.Time, limit int, upstreams ...string) []video.Task {
	t.Helper()
	claimed, err := s.Claim(context.Background(), store.ClaimQuery{Now: now, Upstreams: upstreams, Limit: limit})
	if err != nil {
		t.Fatalf("claim: %v", err)
	}
	return claimed
}

// due is a task to be looked at at that time and every two seconds.
func due(prompt string, at time.Time) video.Task {
	task := wish("ann", prompt, 200)
	task.ID, task.State, task.DueAt = "vid_"+prompt, video.Waiting, at
	return task
}

func claimBooks(t *testing.T, open opener) {
	s := open(t)
	add(t, s, due("a", noon))
	if got := claim(t, s, noon.Add(-time.Millisecond), 9, account); len(got) != 0 {
		t.Errorf("claimed early: %v", ids(got))
	}
	got := claim(t, s, noon, 9, account)
	if len(got) != 1 || got[0].Polls != 1 || !got[0].DueAt.Equal(noon.Add(2*time.Second)) || got[0].Version != 1 {
		t.Fatalf("claimed %+v", got)
	}
	if stored, err := s.Get(context.Background(), got[0].ID); err != nil || stored.DueAt != got[0].DueAt || stored.Polls != 1 {
		t.Errorf("stored %+v, %v", stored, err)
	}
	if again := claim(t, s, noon.Add(1999*time.Millisecond), 9, account); len(again) != 0 {
		t.Errorf("claimed twice: %v", ids(again))
	}
	if again := claim(t, s, noon.Add(2*time.Second), 9, account); len(again) != 1 || again[0].Polls != 2 {
		t.Errorf("second look: %+v", again)
	}
	change(t, s, "vid_a", func(task *video.Task) { task.State, task.DueAt = video.Success, time.Time{} })
	if again := claim(t, s, noon.Add(time.Hour), 9, account); len(again) != 0 {
		t.Errorf("claimed when final: %v", ids(again))
	}
}

func claimOrderAndLimit(t *testing.T, open opener) {
	s := open(t)
	for i := range 10 {
		add(t, s, due(fmt.Sprint(i), noon.Add(time.Duration((i*7)%10)*time.Second)))
	}
	for _, want := range [][]string{{"vid_0", "vid_3", "vid_6"}, {"vid_2", "vid_5", "vid_9"}} {
		got := ids(claim(t, s, noon.Add(time.Minute), 3, account))
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("claimed %v, want the longest overdue %v", got, want)
		}
	}
	if got := claim(t, s, noon.Add(time.Minute), 0, account); len(got) != 0 {
		t.Errorf("claimed %v with no slot", ids(got))
	}
	if got := claim(t, s, noon.Add(time.Minute), 100, account); len(got) != 4 {
		t.Errorf("claimed %v of the remaining four", ids(got))
	}
}

func claimUpstreams(t *testing.T, open opener) {
	s := open(t)
	for _, upstream := range []string{account, "other", "third"} {
		task := due(upstream, noon)
		task.Upstream = upstream
		add(t, s, task)
	}
	if got := claim(t, s, noon, 9); len(got) != 0 {
		t.Errorf("no upstream: %v", ids(got))
	}
	if got := claim(t, s, noon, 9, "third", account); len(got) != 2 {
		t.Errorf("two upstreams: %v", ids(got))
	}
	if got := claim(t, s, noon, 9, account, "other", "third"); len(got) != 1 || got[0].Upstream != "other" {
		t.Errorf("the one left: %v", ids(got))
	}
	if got := claim(t, s, noon.Add(time.Hour), 2, account, "other", "third"); len(got) != 2 {
		t.Errorf("limit over upstreams: %v", ids(got))
	}
}

func claimNoInterval(t *testing.T, open opener) {
	s := open(t)
	task := due("a", noon)
	task.Interval = 0
	add(t, s, task)
	if got := claim(t, s, noon, 9, account); len(got) != 1 || !got[0].DueAt.After(noon) {
		t.Errorf("claimed %+v, want it booked later", got)
	}
}

func claimOnce(t *testing.T, open opener) {
	s := open(t)
	const tasks, claimers, rounds = 50, 6, 5
	for i := range tasks {
		add(t, s, due(fmt.Sprint(i), noon))
	}
	var mu sync.Mutex
	looks := make(map[string]int)
	for round := range rounds {
		now := noon.Add(time.Duration(round) * 2 * time.Second)
		var all sync.WaitGroup
		for range claimers {
			all.Go(func() {
				for {
					got, err := s.Claim(context.Background(), store.ClaimQuery{Now: now, Upstreams: []string{account}, Limit: 7})
					if err != nil {
						t.Error(err)
					}
					if len(got) == 0 {
						return
					}
					mu.Lock()
					for _, task := range got {
						looks[fmt.Sprint(task.ID, " look ", task.Polls)]++
					}
					mu.Unlock()
				}
			})
		}
		all.Wait()
	}
	if len(looks) != tasks*rounds {
		t.Errorf("%d looks, want %d", len(looks), tasks*rounds)
	}
	for look, times := range looks {
		if times != 1 {
			t.Errorf("%s was handed out %d times", look, times)
		}
	}
}

func claimClockSetBack(t *testing.T, open opener) {
	now := noon.AddDate(0, 0, 1) // the clock is a day ahead
	clock := store.WithClock(func() time.Time { return now })
	s := open(t, clock)
	add(t, s, due("polled", now))
	add(t, s, due("held", now.Add(90*time.Second)))
	rare := due("rare", now.Add(time.Hour))
	rare.State, rare.Interval = video.Stalled, time.Hour
	add(t, s, rare)
	if got := claim(t, s, now, 9, account); len(got) != 1 {
		t.Fatalf("claimed %v", ids(got))
	}
	now = noon // and is set right
	for _, step := range []struct {
		after time.Duration
		want  []string
	}{
		{0, nil},
		{2 * time.Second, []string{"vid_polled"}},
		{89 * time.Second, []string{"vid_polled"}},
		{91 * time.Second, []string{"vid_held", "vid_polled"}},
		{time.Hour - time.Second, []string{"vid_held", "vid_polled"}},
		{time.Hour, []string{"vid_rare"}},
	} {
		got := ids(claim(t, s, noon.Add(step.after), 9, account))
		slices.Sort(got)
		if !slices.Equal(got, step.want) {
			t.Errorf("%v after the clock was set back: claimed %v, want %v", step.after, got, step.want)
		}
	}
}

func nextDueAndOverdue(t *testing.T, open opener) {
	s, ctx := open(t), context.Background()
	check := func(wantNext time.Time, wantOverdue int, before time.Time, upstreams ...string) {
		t.Helper()
		next, err := s.NextDue(ctx, upstreams, true)
		if err != nil || !next.Equal(wantNext) {
			t.Errorf("next due %v, %v, want %v", next, err, wantNext)
		}
		overdue, err := s.Overdue(ctx, upstreams, before, true)
		if err != nil || overdue != wantOverdue {
			t.Errorf("overdue %d, %v, want %d", overdue, err, wantOverdue)
		}
	}
	check(time.Time{}, 0, noon, account)
	add(t, s, due("b", noon.Add(time.Second)))
	add(t, s, due("a", noon))
	other := due("c", noon.Add(-time.Hour))
	other.Upstream = "other"
	add(t, s, other)
	final := due("d", time.Time{})
	final.State = video.Success
	add(t, s, final)
	check(noon, 0, noon.Add(-time.Millisecond), account)
	check(noon, 1, noon, account)
	check(noon, 2, noon.Add(time.Minute), account)
	check(noon.Add(-time.Hour), 3, noon.Add(time.Minute), account, "other")
	check(time.Time{}, 0, noon.Add(time.Minute))
	claim(t, s, noon.Add(time.Minute), 9, account)
	check(noon.Add(62*time.Second), 0, noon.Add(time.Minute), account)
}

func queueHeads(t *testing.T, open opener) {
	s, ctx := open(t), context.Background()
	put := func(principal, id string, state video.State, minute int) {
		task := wish(principal, id, 1)
		task.ID, task.State, task.CreatedAt = "vid_"+id, state, noon.Add(time.Duration(minute)*time.Minute)
		add(t, s, task)
	}
	heads, err := s.Queued(ctx, account)
	if err != nil || len(heads) != 0 {
		t.Fatalf("heads %+v, %v", heads, err)
	}
	put("ann", "a3", video.Queued, 3)
	put("ann", "a2", video.Queued, 2)
	put("ann", "a1", video.Waiting, 1)
	put("ann", "a0", video.Success, 0)
	put("ben", "b1", video.Queued, 1)
	put("cem", "c1", video.Queued, 4)
	put("cem", "c2", video.Submitting, 5)
	put("cem", "c3", video.Generating, 6)
	put("cem", "c4", video.Stalled, 6)
	put("cem", "c5", video.Unconfirmed, 6)
	put("dan", "d1", video.Waiting, 6)
	elsewhere := wish("eve", "e1", 1)
	elsewhere.State, elsewhere.Upstream = video.Queued, "other"
	add(t, s, elsewhere)

	heads, err = s.Queued(ctx, account)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, head := range heads {
		got = append(got, fmt.Sprint(head.Task.ID, " of ", head.Task.Principal, " beside ", head.Running))
	}
	want := []string{"vid_b1 of ben beside 0", "vid_a2 of ann beside 1", "vid_c1 of cem beside 3"}
	if !slices.Equal(got, want) {
		t.Errorf("heads %v, want %v", got, want)
	}
	for upstream, want := range map[string]int{account: 5, "other": 0, "none": 0} {
		if active, err := s.CountActive(ctx, upstream); err != nil || active != want {
			t.Errorf("active on %s: %d, %v, want %d", upstream, active, err, want)
		}
	}
}
