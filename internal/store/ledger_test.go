package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

func ledgerSpent(t *testing.T, open opener) {
	s := open(t)
	check := func(principal string, sandbox bool, wantCharged, wantReserved int64) {
		t.Helper()
		charged, reserved, err := s.Spent(context.Background(), principal, noon.Add(-time.Hour), sandbox)
		if err != nil || charged != video.WholeCredits(wantCharged) || reserved != video.WholeCredits(wantReserved) {
			t.Errorf("%q: charged %s, reserved %s, %v; want %d and %d", principal, charged, reserved, err, wantCharged, wantReserved)
		}
	}
	check("", false, 0, 0)
	task := add(t, s, wish("ann", "a fox", 200))
	add(t, s, wish("ben", "an owl", 50))
	rehearsal := wish("ann", "a fox", 999)
	rehearsal.Sandbox = true
	add(t, s, rehearsal)
	check("ann", false, 0, 200)
	check("", false, 0, 250)
	check("", true, 0, 999)
	change(t, s, task.ID, func(task *video.Task) { task.Charged = video.WholeCredits(150) })
	check("ann", false, 0, 200) // not settled yet
	change(t, s, task.ID, func(task *video.Task) { task.Settled = true })
	check("ann", false, 150, 0)
	check("", false, 150, 50)
	change(t, s, task.ID, func(task *video.Task) { task.Charged = 0 }) // refunded
	check("ann", false, 0, 0)
	check("eve", false, 0, 0)
}

func ledgerUsage(t *testing.T, open opener) {
	s := open(t)
	settle := func(state video.State, credits int64) func(*video.Task) {
		return func(task *video.Task) {
			task.State, task.Settled, task.Charged = state, true, video.WholeCredits(credits)
		}
	}
	addAt(t, s, "a", 0, settle(video.Success, 8))
	addAt(t, s, "b", 1, settle(video.Failed, 2))
	addAt(t, s, "c", 2, nil)
	addAt(t, s, "d", 3, func(task *video.Task) {
		settle(video.Success, 5)(task)
		task.Quote.Credits, task.Request.Model = nil, "free-1"
	})
	addAt(t, s, "e", 12*60-1, settle(video.Success, 10)) // 23:59
	addAt(t, s, "f", 12*60, settle(video.Success, 11))   // midnight
	addAt(t, s, "g", 12*60, func(task *video.Task) { task.Principal, task.Sandbox = "ben", true })

	credits := video.WholeCredits
	first, second := noon.Add(-12*time.Hour), noon.Add(12*time.Hour)
	base := store.UsageRow{Day: first, Model: "seedance-20", Count: 4, Succeeded: 2, Failed: 1, Estimated: credits(40),
		Charged: credits(20), Reserved: credits(10), ComparedEstimated: credits(20), ComparedCharged: credits(18)}
	free := store.UsageRow{Day: first, Model: "free-1", Count: 1, Succeeded: 1, Charged: credits(5)}
	next := store.UsageRow{Day: second, Model: "seedance-20", Count: 1, Succeeded: 1, Estimated: credits(10),
		Charged: credits(11), ComparedEstimated: credits(10), ComparedCharged: credits(11)}
	rehearsed := store.UsageRow{Day: second, Model: "seedance-20", Count: 1, Estimated: credits(10), Reserved: credits(10)}
	yes, no := true, false
	for name, c := range map[string]struct {
		filter store.UsageFilter
		want   []store.UsageRow
	}{
		"real":     {store.UsageFilter{Sandbox: &no}, []store.UsageRow{next, free, base}},
		"ann":      {store.UsageFilter{Principal: "ann"}, []store.UsageRow{next, free, base}},
		"sandbox":  {store.UsageFilter{Sandbox: &yes}, []store.UsageRow{rehearsed}},
		"since":    {store.UsageFilter{Principal: "ann", Since: second}, []store.UsageRow{next}},
		"until":    {store.UsageFilter{Until: second}, []store.UsageRow{free, base}},
		"minutes":  {store.UsageFilter{Since: noon.Add(3 * time.Minute), Until: noon.Add(4 * time.Minute)}, []store.UsageRow{free}},
		"no tasks": {store.UsageFilter{Principal: "eve"}, nil},
	} {
		got, err := s.Usage(context.Background(), c.filter)
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v\ngot  %+v\nwant %+v", name, err, got, c.want)
		}
	}
}

// Who spent what: everybody apart, and the sandbox's credits apart from real ones.
func ledgerSpending(t *testing.T, open opener) {
	s := open(t)
	of := func(principal string, alter func(*video.Task)) func(*video.Task) {
		return func(task *video.Task) {
			task.Principal = principal
			if alter != nil {
				alter(task)
			}
		}
	}
	settled := func(state video.State, credits int64) func(*video.Task) {
		return func(task *video.Task) {
			task.State, task.Settled, task.Charged = state, true, video.WholeCredits(credits)
		}
	}
	addAt(t, s, "a", 0, of("ann", settled(video.Success, 8)))
	addAt(t, s, "b", 1, of("ann", nil))
	addAt(t, s, "c", 2, of("ben", settled(video.Success, 30)))
	addAt(t, s, "d", 90, of("ben", settled(video.Failed, 0)))
	addAt(t, s, "e", 91, of("ann", func(task *video.Task) { task.Sandbox = true }))
	credits := video.WholeCredits
	rehearsed := store.Spending{Principal: "ann", Sandbox: true, Count: 1, Reserved: credits(10)}
	for name, c := range map[string]struct {
		since time.Time
		want  []store.Spending
	}{
		"ever": {time.Time{}, []store.Spending{
			{Principal: "ben", Count: 2, Succeeded: 1, Failed: 1, Charged: credits(30)},
			{Principal: "ann", Count: 2, Succeeded: 1, Charged: credits(8), Reserved: credits(10)}, rehearsed,
		}},
		"within an hour": {noon.Add(time.Minute), []store.Spending{
			{Principal: "ben", Count: 2, Succeeded: 1, Failed: 1, Charged: credits(30)},
			{Principal: "ann", Count: 1, Reserved: credits(10)}, rehearsed,
		}},
		"of late": {noon.Add(time.Hour), []store.Spending{{Principal: "ben", Count: 1, Failed: 1}, rehearsed}},
		"nothing": {noon.Add(24 * time.Hour), nil},
	} {
		if got, err := s.Spending(context.Background(), c.since); err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v\ngot  %+v\nwant %+v", name, err, got, c.want)
		}
	}
}

// Windows that begin and end anywhere count exactly what was created in them.
func ledgerWindows(t *testing.T, open opener) {
	s := open(t)
	random := rand.New(rand.NewPCG(1, 2))
	var created []time.Time
	for i := range 150 {
		at := noon.Add(time.Duration(random.Int64N(6*3600_000)) * time.Millisecond)
		if i%5 == 0 {
			at = at.Truncate(time.Hour)
		}
		task := wish("ann", fmt.Sprint(i), 1)
		task.CreatedAt = at
		add(t, s, task)
		created = append(created, at)
	}
	edge := func() time.Time {
		switch random.IntN(4) {
		case 0:
			return created[random.IntN(len(created))]
		case 1:
			return noon.Add(time.Duration(random.IntN(8)-1) * time.Hour)
		case 2:
			return time.Time{}
		}
		return noon.Add(time.Duration(random.Int64N(8*3600_000)-3600_000) * time.Millisecond)
	}
	for range 200 {
		since, until := edge(), edge()
		want := 0
		for _, at := range created {
			if (since.IsZero() || !at.Before(since)) && (until.IsZero() || at.Before(until)) {
				want++
			}
		}
		page := list(t, s, store.Filter{Since: since, Until: until, Limit: 1})
		if page.Total != want {
			t.Errorf("from %v to %v: %d, want %d", since, until, page.Total, want)
		}
		if until.IsZero() {
			_, reserved, err := s.Spent(context.Background(), "ann", since, false)
			if err != nil || reserved != video.WholeCredits(int64(want)) {
				t.Errorf("from %v: reserved %s, %v, want %d", since, reserved, err, want)
			}
		}
	}
}

func ledgerDurations(t *testing.T, open opener) {
	s := open(t)
	done := func(i int, alter func(*video.Task)) {
		addAt(t, s, fmt.Sprint(i), i, func(task *video.Task) {
			task.State = video.Success
			task.SubmittedAt = task.CreatedAt.Add(time.Second)
			task.CompletedAt = task.SubmittedAt.Add(time.Duration(i) * time.Second)
			if alter != nil {
				alter(task)
			}
		})
	}
	for i := 1; i <= 30; i++ {
		done(i, nil)
	}
	done(31, func(task *video.Task) { task.State = video.Failed })
	done(32, func(task *video.Task) { task.Sandbox = true })
	done(33, func(task *video.Task) { task.Request.Duration = 10 })
	done(34, func(task *video.Task) { task.Request.Resolution = "1080p" })
	done(35, func(task *video.Task) { task.Request.Model = "other" })
	done(36, func(task *video.Task) { task.SubmittedAt = time.Time{} })
	done(37, func(task *video.Task) { task.CompletedAt = task.SubmittedAt.Add(-time.Second) }) // the clock jumped
	var want []time.Duration
	for i := 30; i > 10; i-- {
		want = append(want, time.Duration(i)*time.Second)
	}
	got, err := s.Durations(context.Background(), "seedance-20", "720p", 5, false)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("durations %v, %v, want %v", got, err, want)
	}
	got, err = s.Durations(context.Background(), "seedance-20", "720p", 5, true)
	if err != nil || !slices.Equal(got, []time.Duration{32 * time.Second}) {
		t.Errorf("in the sandbox %v, %v", got, err)
	}
}
