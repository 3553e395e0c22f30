package store_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

func list(t testing.TB, s *store.Store, f store.Filter) store.Page {
	t.Helper()
	page, err := s.List(context.Background(), f)
	if err != nil {
		t.Fatalf("list: %v", err)
	}
	return page
}

// addAt stores a task with a short id, created that many minutes after noon.
func addAt(t testing.TB, s *store.Store, id string, minute int, alter func(*video.Task)) {
	t.Helper()
	task := wish("ann", "prompt of "+id, 10)
	task.ID, task.CreatedAt = id, noon.Add(time.Duration(minute)*time.Minute)
	if alter != nil {
		alter(&task)
	}
	add(t, s, task)
}

func listFilters(t *testing.T, open opener) {
	s := open(t)
	addAt(t, s, "a", 0, nil)
	addAt(t, s, "b", 30, func(task *video.Task) { task.State = video.Success })
	addAt(t, s, "c", 61, func(task *video.Task) { task.Principal = "ben" })
	addAt(t, s, "d", 90, func(task *video.Task) { task.Request.Model, task.State = "seedance-20-fast", video.Queued })
	addAt(t, s, "e", 150, func(task *video.Task) { task.Upstream, task.State = "other", video.Failed })
	for name, c := range map[string]struct {
		filter store.Filter
		want   []string
	}{
		"all":              {store.Filter{}, []string{"e", "d", "c", "b", "a"}},
		"principal":        {store.Filter{Principal: "ann"}, []string{"e", "d", "b", "a"}},
		"nobody":           {store.Filter{Principal: "eve"}, []string{}},
		"ids":              {store.Filter{IDs: []string{"a", "c", "zzz"}}, []string{"c", "a"}},
		"own ids only":     {store.Filter{IDs: []string{"a", "c"}, Principal: "ann"}, []string{"a"}},
		"states":           {store.Filter{States: []video.State{video.Success, video.Queued}}, []string{"d", "b"}},
		"unfinished":       {store.Filter{Principal: "ann", States: []video.State{video.Queued, video.Submitting}}, []string{"d", "a"}},
		"model":            {store.Filter{Model: "seedance-20-fast"}, []string{"d"}},
		"upstream":         {store.Filter{Upstream: "other"}, []string{"e"}},
		"queued there":     {store.Filter{Upstream: account, States: []video.State{video.Queued}}, []string{"d"}},
		"since":            {store.Filter{Since: noon.Add(30 * time.Minute)}, []string{"e", "d", "c", "b"}},
		"since a later ms": {store.Filter{Since: noon.Add(30*time.Minute + time.Millisecond)}, []string{"e", "d", "c"}},
		"until":            {store.Filter{Until: noon.Add(30 * time.Minute)}, []string{"a"}},
		"until a later ms": {store.Filter{Until: noon.Add(30*time.Minute + time.Millisecond)}, []string{"b", "a"}},
		"whole hours":      {store.Filter{Since: noon, Until: noon.Add(2 * time.Hour)}, []string{"d", "c", "b", "a"}},
		"across hours":     {store.Filter{Since: noon.Add(20 * time.Minute), Until: noon.Add(100 * time.Minute)}, []string{"d", "c", "b"}},
		"within an hour":   {store.Filter{Since: noon.Add(10 * time.Minute), Until: noon.Add(40 * time.Minute)}, []string{"b"}},
		"backwards":        {store.Filter{Since: noon.Add(3 * time.Hour), Until: noon}, []string{}},
		"all at once": {store.Filter{Principal: "ann", States: []video.State{video.Success}, Model: "seedance-20", Upstream: account,
			IDs: []string{"b"}, Text: "PROMPT", Since: noon, Until: noon.Add(time.Hour)}, []string{"b"}},
	} {
		t.Run(name, func(t *testing.T) {
			page := list(t, s, c.filter)
			if got := ids(page.Tasks); !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
			sum := 0
			for _, n := range page.Counts {
				sum += n
			}
			if page.Total != len(c.want) || sum != len(c.want) || page.Credits.Estimated != video.WholeCredits(int64(10*len(c.want))) {
				t.Errorf("total %d, counts %v, credits %+v", page.Total, page.Counts, page.Credits)
			}
		})
	}
}

func listText(t *testing.T, open opener) {
	s := open(t)
	for i, prompt := range []string{"A Fox in 100% snow_storm", `back\slash`, "ÉCLAIR über Straße", "100 foxes, snow storm"} {
		addAt(t, s, fmt.Sprint(i), i, func(task *video.Task) { task.Request.Prompt = prompt })
	}
	for text, want := range map[string][]string{
		"fox":       {"3", "0"},
		"a FOX in":  {"0"},
		"100%":      {"0"},
		"w_s":       {"0"},
		`\`:         {"1"},
		`\s`:        {"1"},
		"éclair ÜB": {"2"},
		"%":         {"0"},
		"nothing":   {},
		"x' OR 1=1": {},
	} {
		if got := ids(list(t, s, store.Filter{Text: text}).Tasks); !slices.Equal(got, want) {
			t.Errorf("text %q: got %v, want %v", text, got, want)
		}
	}
}

func listPages(t *testing.T, open opener) {
	s := open(t)
	var want []string
	for i := range 25 { // five at each minute: the id decides
		addAt(t, s, fmt.Sprintf("t%02d", i), i/5, nil)
		want = append(want, fmt.Sprintf("t%02d", i))
	}
	slices.Reverse(want)
	for _, size := range []int{1, 3, 5, 24, 25, 26} {
		var got []string
		filter := store.Filter{Principal: "ann", Limit: size}
		for {
			page := list(t, s, filter)
			got = append(got, ids(page.Tasks)...)
			if size == 3 && len(got) == 9 { // new ones must not shift the pages
				addAt(t, s, "new", 60, nil)
				addAt(t, s, "t99", 2, func(task *video.Task) { task.Principal = "ben" })
			}
			if len(page.Tasks) > size {
				t.Fatalf("page of %d", len(page.Tasks))
			}
			if page.Next == "" {
				break
			}
			filter.Cursor = page.Next
		}
		if slices.Contains(got, "new") {
			got = slices.DeleteFunc(got, func(id string) bool { return id == "new" })
			if size == 3 {
				t.Error("a new task came up on a later page")
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("pages of %d: %v, want %v", size, got, want)
		}
	}
	if page := list(t, s, store.Filter{}); len(page.Tasks) != 20 {
		t.Errorf("default page has %d", len(page.Tasks))
	}
	_, err := s.List(context.Background(), store.Filter{Cursor: "2"})
	if failure := wantError(t, err, video.Invalid); failure.Argument != "cursor" {
		t.Errorf("error %+v", failure)
	}
}

func listTotals(t *testing.T, open opener) {
	s := open(t)
	used := video.WholeCredits(7)
	addAt(t, s, "a", 0, nil)
	addAt(t, s, "b", 1, func(task *video.Task) {
		task.State, task.Settled, task.Used, task.Charged = video.Success, true, &used, used
	})
	addAt(t, s, "c", 2, func(task *video.Task) { task.State, task.Settled = video.Failed, true })
	addAt(t, s, "d", 3, func(task *video.Task) { task.Quote.Credits, task.Reserved = nil, 0 })
	change(t, s, "a", func(task *video.Task) { task.State = video.Waiting })
	for name, filter := range map[string]store.Filter{
		"from the ledger":    {Limit: 1},
		"from the tasks":     {Limit: 1, Text: "prompt"},
		"partly from either": {Limit: 1, Since: noon.Add(-time.Minute), Until: noon.Add(90 * time.Minute)},
	} {
		page := list(t, s, filter)
		wantCounts := map[video.State]int{video.Waiting: 1, video.Success: 1, video.Failed: 1, video.Submitting: 1}
		wantCredits := store.Totals{
			Estimated: video.WholeCredits(30), Used: used, Charged: used, Reserved: video.WholeCredits(10),
		}
		if page.Total != 4 || !maps.Equal(page.Counts, wantCounts) || page.Credits != wantCredits || len(page.Tasks) != 1 {
			t.Errorf("%s: total %d, counts %v, credits %+v", name, page.Total, page.Counts, page.Credits)
		}
	}
}
