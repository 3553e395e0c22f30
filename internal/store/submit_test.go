package store_test

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

const window = 10 * time.Minute

func submitNew(t *testing.T, open opener) {
	now := noon.Add(1500 * time.Microsecond)
	s := open(t, store.WithClock(func() time.Time { return now }))
	task := wish("ann", "a fox", 200)
	task.CreatedAt, task.DueAt = time.Time{}, now.Add(time.Minute)
	out := submit(t, s, store.Intent{Task: task, DedupeSince: now.Add(-window)})
	if out.Existing {
		t.Error("a first wish exists already")
	}
	got := out.Task
	if !strings.HasPrefix(got.ID, "vid_") || len(got.ID) != 30 || got.Version != 1 {
		t.Errorf("id %q, version %d", got.ID, got.Version)
	}
	if want := noon.Add(time.Millisecond); !got.CreatedAt.Equal(want) || !got.UpdatedAt.Equal(want) || got.CreatedAt.Location() != time.UTC {
		t.Errorf("created %v, updated %v, want %v", got.CreatedAt, got.UpdatedAt, want)
	}
	stored, err := s.Get(context.Background(), got.ID)
	if err != nil || !reflect.DeepEqual(stored, got) {
		t.Errorf("stored %+v, %v\nanswered %+v", stored, err, got)
	}
}

func submitKeys(t *testing.T, open opener) {
	s := open(t)
	keyed := func(principal, prompt string) video.Task {
		task := wish(principal, prompt, 200)
		task.IdempotencyKey = "order 7"
		return task
	}
	first := submit(t, s, store.Intent{Task: keyed("ann", "a fox")}).Task
	change(t, s, first.ID, func(task *video.Task) { task.State, task.DueAt = video.Failed, time.Time{} })

	late := keyed("ann", "a fox")
	late.CreatedAt = noon.AddDate(3, 0, 0)
	late.Upstream = "another key of the account"
	if out := submit(t, s, store.Intent{Task: late, DedupeSince: late.CreatedAt}); !out.Existing || out.Task.ID != first.ID || out.Task.State != video.Failed {
		t.Errorf("same key years later, after a failure: %+v", out)
	}
	if out := submit(t, s, store.Intent{Task: keyed("ben", "a fox")}); out.Existing {
		t.Error("another principal's key gave the task away")
	}
	_, err := s.Submit(context.Background(), store.Intent{Task: keyed("ann", "an owl")})
	failure := wantError(t, err, video.Conflict)
	if failure.Argument != "idempotency_key" || failure.Given != "order 7" || !strings.Contains(failure.Message, first.ID) {
		t.Errorf("conflict %+v", failure)
	}
	rehearsal := keyed("ann", "a fox")
	rehearsal.Sandbox = true
	_, err = s.Submit(context.Background(), store.Intent{Task: rehearsal})
	wantError(t, err, video.Conflict)
	if total := count(t, s); total != 2 {
		t.Errorf("%d tasks, want 2", total)
	}
}

func submitDuplicates(t *testing.T, open opener) {
	type wanted struct {
		task     video.Task
		since    time.Time
		existing bool
	}
	later := func(task video.Task, d time.Duration) video.Task {
		task.CreatedAt = task.CreatedAt.Add(d)
		return task
	}
	fox := wish("ann", "a fox", 200)
	elsewhere := fox
	elsewhere.Upstream = "other"
	for name, c := range map[string]wanted{
		"same":                {later(fox, time.Minute), noon.Add(-window), true},
		"at the window's end": {later(fox, window), noon, true},
		"after the window":    {later(fox, window), noon.Add(time.Millisecond), false},
		"forced":              {later(fox, time.Minute), time.Time{}, false},
		"other request":       {wish("ann", "an owl", 200), noon.Add(-window), false},
		"other principal":     {wish("ben", "a fox", 200), noon.Add(-window), false},
		"other account":       {elsewhere, noon.Add(-window), false},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			first := submit(t, s, store.Intent{Task: fox})
			out := submit(t, s, store.Intent{Task: c.task, DedupeSince: c.since})
			if out.Existing != c.existing || (out.Task.ID == first.Task.ID) != c.existing {
				t.Errorf("existing %v, task %s after %s", out.Existing, out.Task.ID, first.Task.ID)
			}
		})
	}
	for _, state := range video.States() {
		t.Run(string(state), func(t *testing.T) {
			s := open(t)
			first := submit(t, s, store.Intent{Task: fox})
			change(t, s, first.Task.ID, func(task *video.Task) { task.State = state })
			out := submit(t, s, store.Intent{Task: fox, DedupeSince: noon})
			if want := state != video.Failed; out.Existing != want {
				t.Errorf("existing %v, want %v", out.Existing, want)
			}
		})
	}
}

func submitKeepsKeyOfDuplicate(t *testing.T, open opener) {
	s := open(t)
	first := submit(t, s, store.Intent{Task: wish("ann", "a fox", 200)}).Task
	again := wish("ann", "a fox", 200)
	again.IdempotencyKey = "k"
	if out := submit(t, s, store.Intent{Task: again, DedupeSince: noon}); !out.Existing {
		t.Fatal("not found by content")
	}
	again.CreatedAt = noon.AddDate(0, 1, 0)
	out := submit(t, s, store.Intent{Task: again, DedupeSince: again.CreatedAt.Add(-window)})
	if !out.Existing || out.Task.ID != first.ID {
		t.Errorf("a month later the key gave %+v", out)
	}
}

func submitLookUp(t *testing.T, open opener) {
	s, ctx := open(t), context.Background()
	again := wish("ann", "a fox", 200)
	again.IdempotencyKey = "k"
	in := store.Intent{Task: again, DedupeSince: noon}
	if _, found, err := s.Duplicate(ctx, in); found || err != nil {
		t.Fatalf("found %v in an empty store, %v", found, err)
	}
	first := submit(t, s, store.Intent{Task: wish("ann", "a fox", 200)}).Task
	task, found, err := s.Duplicate(ctx, in)
	if !found || err != nil || task.ID != first.ID {
		t.Errorf("found %v %q, %v", found, task.ID, err)
	}
	in.DedupeSince = noon.Add(time.Second)
	if _, found, err := s.Duplicate(ctx, in); found || err != nil {
		t.Errorf("looking kept the key: found %v, %v", found, err)
	}
	submit(t, s, store.Intent{Task: again})
	in.Task.RequestHash = "other"
	_, _, err = s.Duplicate(ctx, in)
	wantError(t, err, video.Conflict)
}

func submitBudgets(t *testing.T, open opener) {
	limit := func(name, principal string, since time.Time, credits int64) store.Limit {
		return store.Limit{Name: name, Principal: principal, Since: since, Max: video.WholeCredits(credits)}
	}
	rehearsal := func(l store.Limit) store.Limit {
		l.Sandbox = true
		return l
	}
	day, hour := noon.Add(-12*time.Hour), noon
	// There are: ann 100 at 11:30, reserved; ann 30 of reserved 100 at 12:00,
	// settled; ben 200 at 12:00, reserved; ann 1000 in the sandbox.
	for name, c := range map[string]struct {
		credits int64
		limits  []store.Limit
		refused string
		left    int64
	}{
		"no limits":             {1000, nil, "", 0},
		"just fits":             {70, []store.Limit{limit("day", "ann", day, 200)}, "", 0},
		"one too many":          {71, []store.Limit{limit("day", "ann", day, 200)}, "day", 70},
		"settled counts less":   {170, []store.Limit{limit("hour", "ann", hour, 200)}, "", 0},
		"window":                {171, []store.Limit{limit("hour", "ann", hour, 200)}, "hour", 170},
		"everybody":             {1, []store.Limit{limit("server", "", day, 330)}, "server", 0},
		"everybody fits":        {1, []store.Limit{limit("server", "", day, 331)}, "", 0},
		"overspent":             {1, []store.Limit{limit("day", "ben", day, 50)}, "day", 0},
		"first that fails":      {80, []store.Limit{limit("a", "ann", day, 500), limit("b", "ann", day, 200), limit("c", "ann", day, 100)}, "b", 70},
		"free":                  {0, []store.Limit{limit("day", "ann", day, 130)}, "", 0},
		"sandbox limit ignored": {1, []store.Limit{rehearsal(limit("day", "ann", day, 0))}, "", 0},
		"inside an hour":        {101, []store.Limit{limit("late", "ann", noon.Add(-20*time.Minute), 130)}, "late", 100},
		"inside the hour":       {100, []store.Limit{limit("late", "ann", noon.Add(-20*time.Minute), 130)}, "", 0},
		"from 11:30 exactly":    {1, []store.Limit{limit("late", "ann", noon.Add(-30*time.Minute), 130)}, "late", 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			early := wish("ann", "first", 100)
			early.CreatedAt = noon.Add(-30 * time.Minute)
			submit(t, s, store.Intent{Task: early})
			settled := submit(t, s, store.Intent{Task: wish("ann", "second", 100)}).Task
			change(t, s, settled.ID, func(task *video.Task) {
				task.State, task.Settled, task.Charged = video.Success, true, video.WholeCredits(30)
			})
			submit(t, s, store.Intent{Task: wish("ben", "third", 200)})
			rehearsed := wish("ann", "fourth", 1000)
			rehearsed.Sandbox = true
			submit(t, s, store.Intent{Task: rehearsed})

			_, err := s.Submit(context.Background(), store.Intent{Task: wish("ann", "fifth", c.credits), Limits: c.limits})
			if c.refused == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			failure := wantError(t, err, video.BudgetExceeded)
			if *failure.Required != video.WholeCredits(c.credits) || *failure.Available != video.WholeCredits(c.left) {
				t.Errorf("required %v, available %v", failure.Required, failure.Available)
			}
			if !strings.Contains(failure.Message, "; "+c.refused+" ") {
				t.Errorf("message %q does not name %q", failure.Message, c.refused)
			}
			if total := count(t, s); total != 4 {
				t.Errorf("%d tasks after a refusal, want 4", total)
			}
		})
	}
}

func submitAllOrNothing(t *testing.T, open opener) {
	s := open(t)
	task := wish("ann", "a fox", 200)
	task.ID, task.IdempotencyKey = "vid_taken", "one"
	submit(t, s, store.Intent{Task: task})
	task.IdempotencyKey = "two"
	if _, err := s.Submit(context.Background(), store.Intent{Task: task}); video.CodeOf(err) != video.Internal {
		t.Fatalf("the same id twice: %v", err)
	}
	task.ID = ""
	if out := submit(t, s, store.Intent{Task: task}); out.Existing {
		t.Error("a failed submission kept its key")
	}
}

func submitSameInstant(t *testing.T, open opener) {
	s := open(t)
	var news sync.Map
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			task := wish("ann", "a fox", 200)
			if i%2 == 0 {
				task.IdempotencyKey = "k"
			}
			out, err := s.Submit(context.Background(), store.Intent{Task: task, DedupeSince: noon})
			if err != nil {
				t.Error(err)
			}
			news.Store(out.Task.ID, true)
		})
	}
	all.Wait()
	if total := count(t, s); total != 1 {
		t.Errorf("%d tasks, want 1", total)
	}
	answers := 0
	news.Range(func(_, _ any) bool { answers++; return true })
	if answers != 1 {
		t.Errorf("%d different answers", answers)
	}
}

func submitBudgetRace(t *testing.T, open opener) {
	s := open(t)
	limits := []store.Limit{{Name: "day", Principal: "ann", Since: noon.Add(-time.Hour), Max: video.WholeCredits(1000)}}
	var all sync.WaitGroup
	for i := range 32 {
		all.Go(func() {
			_, err := s.Submit(context.Background(), store.Intent{Task: wish("ann", fmt.Sprint("fox ", i), 70), Limits: limits})
			if err != nil && video.CodeOf(err) != video.BudgetExceeded {
				t.Error(err)
			}
		})
	}
	all.Wait()
	_, reserved, err := s.Spent(context.Background(), "ann", noon.Add(-time.Hour), false)
	if err != nil || reserved != video.WholeCredits(14*70) {
		t.Errorf("reserved %s, %v, want 980", reserved, err)
	}
}

func insertAdopts(t *testing.T, open opener) {
	s, ctx := open(t), context.Background()
	foreign := wish("ann", "", 0)
	foreign.UpstreamID, foreign.State = "task-1", video.Waiting
	first := add(t, s, foreign)
	foreign.Principal, foreign.State = "ben", video.Success
	again, isNew, err := s.Insert(ctx, foreign)
	if err != nil || isNew || !reflect.DeepEqual(again, first) {
		t.Errorf("adopted twice: new %v, %+v, %v", isNew, again, err)
	}
	foreign.Upstream = "other account"
	if other := add(t, s, foreign); other.ID == first.ID {
		t.Error("two accounts' tasks are one")
	}
	foreign.UpstreamID = ""
	add(t, s, foreign)
	add(t, s, foreign) // no id, no clash
}
