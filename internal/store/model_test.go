package store_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

// model is what a Store promises, in the plainest words: a list of tasks, and
// sums over it.
type model struct {
	tasks []video.Task
	keys  map[[2]string]string // principal and key → task id
}

func (m *model) task(id string) *video.Task {
	for i := range m.tasks {
		if m.tasks[i].ID == id {
			return &m.tasks[i]
		}
	}
	return nil
}

// spent is what Store.Spent promises.
func (m *model) spent(principal string, since time.Time, sandbox bool) (charged, reserved video.Credits) {
	for _, t := range m.tasks {
		switch {
		case t.CreatedAt.Before(since) || t.Sandbox != sandbox || principal != "" && t.Principal != principal:
		case t.Settled:
			charged += t.Charged
		default:
			reserved += t.Reserved
		}
	}
	return charged, reserved
}

// submit is what Store.Submit promises: the id of the task that answers, ""
// for a new one, or the code of the refusal.
func (m *model) submit(in store.Intent) (existing string, refusal video.Code) {
	wish := in.Task
	if id, ok := m.keys[[2]string{wish.Principal, wish.IdempotencyKey}]; ok && wish.IdempotencyKey != "" {
		found := m.task(id)
		if found.RequestHash != wish.RequestHash || found.Sandbox != wish.Sandbox {
			return "", video.Conflict
		}
		return id, ""
	}
	if !in.DedupeSince.IsZero() {
		var latest *video.Task
		for i, t := range m.tasks {
			same := t.Principal == wish.Principal && t.RequestHash == wish.RequestHash && t.Upstream == wish.Upstream
			if !same || t.State == video.Failed || t.CreatedAt.Before(in.DedupeSince) {
				continue
			}
			if latest == nil || newer(t, *latest) > 0 {
				latest = &m.tasks[i]
			}
		}
		if latest != nil {
			if wish.IdempotencyKey != "" {
				m.keys[[2]string{wish.Principal, wish.IdempotencyKey}] = latest.ID
			}
			return latest.ID, ""
		}
	}
	for _, limit := range in.Limits {
		if charged, reserved := m.spent(limit.Principal, limit.Since, limit.Sandbox); limit.Sandbox == wish.Sandbox && charged+reserved+wish.Reserved > limit.Max {
			return "", video.BudgetExceeded
		}
	}
	return "", ""
}

func (m *model) add(task video.Task) {
	m.tasks = append(m.tasks, task)
	if task.IdempotencyKey != "" {
		m.keys[[2]string{task.Principal, task.IdempotencyKey}] = task.ID
	}
}

// newer orders as List does, backwards.
func newer(a, b video.Task) int {
	if c := a.CreatedAt.Compare(b.CreatedAt); c != 0 {
		return c
	}
	return strings.Compare(a.ID, b.ID)
}

// walk is one random run against a store and the model at once.
type walk struct {
	*testing.T
	*rand.Rand
	store *store.Store
	model model
	now   time.Time
	seen  map[string]int // outcomes: a walk that meets only refusals proves little
}

func ledgerAgainstModel(t *testing.T, open opener) {
	const walks, steps = 6, 250
	for seed := range uint64(walks) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			w := &walk{T: t, Rand: rand.New(rand.NewPCG(seed, 7)), now: noon, seen: make(map[string]int), model: model{keys: make(map[[2]string]string)}}
			w.store = open(t, store.WithClock(func() time.Time { return w.now }))
			for step := range steps {
				name, move := w.move()
				move()
				if t.Failed() {
					t.Fatalf("at step %d, %s", step, name)
				}
				if step%25 == 24 {
					w.compare()
				}
			}
			for _, outcome := range []string{"new", "existing", string(video.Conflict), string(video.BudgetExceeded), "changed", "aborted", "adopted", "known", "claimed"} {
				if w.seen[outcome] == 0 {
					t.Errorf("the walk never came to %q", outcome)
				}
			}
		})
	}
}

// move chooses what happens next; the clock moves on, and now and then jumps.
func (w *walk) move() (string, func()) {
	w.now = w.now.Add(time.Duration(w.Int64N(int64(4 * time.Minute)))).Truncate(time.Millisecond)
	if w.IntN(60) == 0 {
		w.now = w.now.Add(time.Duration(w.Int64N(int64(3*time.Hour))) - 90*time.Minute).Truncate(time.Millisecond)
	}
	switch n := w.IntN(10); {
	case n < 4:
		return "submitted", w.submit
	case n < 8:
		return "changed", w.change
	case n < 9:
		return "adopted", w.adopt
	}
	return "claimed", w.claim
}

func (w *walk) principal() string { return []string{"ann", "ben", "cem"}[w.IntN(3)] }

func (w *walk) submit() {
	wish := wish(w.principal(), fmt.Sprint("wish ", w.IntN(5)), 0)
	wish.CreatedAt, wish.DueAt = w.now, w.now.Add(time.Minute)
	wish.Reserved = video.Credits(w.Int64N(90_000_000))
	wish.Quote.Credits = nil
	if w.IntN(4) > 0 {
		price := wish.Reserved
		wish.Quote.Credits = &price
	}
	wish.Request.Model = []string{"seedance-20", "sora2"}[w.IntN(2)]
	wish.Sandbox = w.IntN(6) == 0
	if wish.Sandbox {
		wish.Upstream = "sandbox"
	}
	if w.IntN(4) == 0 {
		wish.IdempotencyKey = fmt.Sprint("key ", w.IntN(6))
	}
	in := store.Intent{Task: wish, Limits: []store.Limit{
		{Name: "hour", Principal: wish.Principal, Since: w.now.Add(-time.Hour), Max: video.WholeCredits(200)},
		{Name: "day", Since: w.now.Truncate(24 * time.Hour), Max: video.WholeCredits(2500)},
	}}
	if w.IntN(3) > 0 {
		in.DedupeSince = w.now.Add(-window)
	}
	existing, refusal := w.model.submit(in)
	out, err := w.store.Submit(context.Background(), in)
	switch {
	case video.CodeOf(err) != refusal:
		w.Errorf("submit: %v, want %q", err, refusal)
	case refusal != "":
		w.seen[string(refusal)]++
	case out.Existing != (existing != "") || out.Existing && out.Task.ID != existing:
		w.Errorf("submit: existing %v, task %s, want %q", out.Existing, out.Task.ID, existing)
	case out.Existing:
		w.seen["existing"]++
	default:
		w.seen["new"]++
		w.model.add(out.Task)
	}
}

// change takes a task on or back, settles it, corrects or refunds it.
func (w *walk) change() {
	if len(w.model.tasks) == 0 {
		return
	}
	mine := &w.model.tasks[w.IntN(len(w.model.tasks))]
	want := *mine
	amount := video.Credits(w.Int64N(90_000_000))
	aborts := false
	switch w.IntN(8) {
	case 0, 1:
		states := video.States()
		want.State = states[w.IntN(len(states))]
	case 2:
		want.State, want.Settled, want.Charged, want.Used = video.Success, true, amount, &amount
		want.DueAt, want.CompletedAt = time.Time{}, w.now
	case 3: // refunded
		want.State, want.Settled, want.Charged = video.Failed, true, 0
		want.DueAt = time.Time{}
	case 4: // settled otherwise than thought
		want.Settled, want.Charged = true, amount
	case 5: // reopened: a late answer
		want.State, want.Settled, want.Reserved = video.Waiting, false, amount
		want.DueAt = w.now.Add(time.Second)
	case 6:
		want.Request.Model, want.Quote.Credits = "sora2 pro", &amount
	case 7:
		aborts = true
	}
	got, err := w.store.Change(context.Background(), want.ID, func(task *video.Task) error {
		*task = want
		if aborts {
			task.Charged, task.Settled = 1<<40, true
			return errAborted
		}
		return nil
	})
	switch {
	case aborts && !errors.Is(err, errAborted), !aborts && err != nil:
		w.Errorf("change: %v", err)
	case aborts:
		w.seen["aborted"]++
	default:
		w.seen["changed"]++
		want.Version, want.UpdatedAt = got.Version, got.UpdatedAt
		if !reflect.DeepEqual(got, want) {
			w.Errorf("change\ngot  %+v\nwant %+v", got, want)
		}
		*mine = want
	}
}

var errAborted = errors.New("aborted")

func (w *walk) adopt() {
	foreign := wish(w.principal(), "", 0)
	foreign.UpstreamID, foreign.State = fmt.Sprint("task-", w.IntN(12)), video.Waiting
	foreign.CreatedAt = w.now.Add(-time.Duration(w.Int64N(int64(5 * time.Hour)))).Truncate(time.Millisecond)
	foreign.RequestHash = ""
	known := slices.IndexFunc(w.model.tasks, func(t video.Task) bool { return t.UpstreamID == foreign.UpstreamID })
	got, isNew, err := w.store.Insert(context.Background(), foreign)
	switch {
	case err != nil || isNew != (known < 0):
		w.Errorf("insert: new %v, %v, known %d", isNew, err, known)
	case isNew:
		w.seen["adopted"]++
		w.model.add(got)
	case got.ID != w.model.tasks[known].ID:
		w.Errorf("insert gave %s, want %s", got.ID, w.model.tasks[known].ID)
	default:
		w.seen["known"]++
	}
}

func (w *walk) claim() {
	now := w.now
	for _, got := range claim(w, w.store, now, 5, account) {
		mine := w.model.task(got.ID)
		if mine == nil || mine.DueAt.IsZero() || got.Polls != mine.Polls+1 || !got.DueAt.Equal(now.Add(mine.Interval)) {
			w.Fatalf("claimed %+v\nof %+v", got, mine)
		}
		mine.Polls, mine.DueAt = got.Polls, got.DueAt
		w.seen["claimed"]++
	}
}

// compare looks at everything that the store sums up.
func (w *walk) compare() {
	w.Helper()
	ctx := context.Background()
	// A claim after the clock went back moves bookings: that is another test's.
	for i := range w.model.tasks {
		got, err := w.store.Get(ctx, w.model.tasks[i].ID)
		w.model.tasks[i].DueAt = got.DueAt
		if err != nil || !reflect.DeepEqual(got, w.model.tasks[i]) {
			w.Errorf("%v\nstored %+v\nwant   %+v", err, got, w.model.tasks[i])
		}
	}
	for _, principal := range []string{"", "ann", "ben", "cem", "eve"} {
		for _, since := range []time.Time{{}, noon, w.now.Add(-time.Hour), w.now.Add(-17 * time.Minute), w.now} {
			for _, sandbox := range []bool{false, true} {
				wantCharged, wantReserved := w.model.spent(principal, since, sandbox)
				charged, reserved, err := w.store.Spent(ctx, principal, since, sandbox)
				if err != nil || charged != wantCharged || reserved != wantReserved {
					w.Errorf("spent %q since %v: %s and %s, %v, want %s and %s", principal, since, charged, reserved, err, wantCharged, wantReserved)
				}
			}
		}
		w.compareList(principal)
		w.compareUsage(principal)
	}
}

func (w *walk) compareList(principal string) {
	w.Helper()
	var want store.Page
	want.Counts = make(map[video.State]int)
	for _, t := range w.model.tasks {
		if principal != "" && t.Principal != principal {
			continue
		}
		want.Tasks = append(want.Tasks, t)
		want.Total++
		want.Counts[t.State]++
		sum(&want.Credits, t)
	}
	slices.SortFunc(want.Tasks, func(a, b video.Task) int { return newer(b, a) })
	got := list(w, w.store, store.Filter{Principal: principal, Limit: 1000})
	if !reflect.DeepEqual(got, want) {
		w.Errorf("list %q: %d tasks, total %d, %v, %+v\nwant %d, total %d, %v, %+v",
			principal, len(got.Tasks), got.Total, got.Counts, got.Credits, len(want.Tasks), want.Total, want.Counts, want.Credits)
	}
}

func sum(into *store.Totals, t video.Task) {
	if t.Quote.Credits != nil {
		into.Estimated += *t.Quote.Credits
	}
	if t.Used != nil {
		into.Used += *t.Used
	}
	if t.Settled {
		into.Charged += t.Charged
	} else {
		into.Reserved += t.Reserved
	}
}

func (w *walk) compareUsage(principal string) {
	w.Helper()
	type place struct {
		day   time.Time
		model string
	}
	rows := make(map[place]*store.UsageRow)
	var want []store.UsageRow
	for _, t := range w.model.tasks {
		if principal != "" && t.Principal != principal {
			continue
		}
		at := place{t.CreatedAt.Truncate(24 * time.Hour), t.Request.Model}
		if rows[at] == nil {
			rows[at] = &store.UsageRow{Day: at.day, Model: at.model}
		}
		row := rows[at]
		row.Count++
		var totals store.Totals
		sum(&totals, t)
		row.Estimated += totals.Estimated
		row.Charged += totals.Charged
		row.Reserved += totals.Reserved
		switch t.State {
		case video.Failed:
			row.Failed++
		case video.Success:
			row.Succeeded++
			if t.Settled && t.Quote.Credits != nil {
				row.ComparedEstimated += *t.Quote.Credits
				row.ComparedCharged += t.Charged
			}
		}
	}
	for _, row := range rows {
		want = append(want, *row)
	}
	slices.SortFunc(want, func(a, b store.UsageRow) int {
		if c := b.Day.Compare(a.Day); c != 0 {
			return c
		}
		return strings.Compare(a.Model, b.Model)
	})
	got, err := w.store.Usage(context.Background(), store.UsageFilter{Principal: principal})
	if err != nil || !reflect.DeepEqual(got, want) {
		w.Errorf("usage %q: %v\ngot  %+v\nwant %+v", principal, err, got, want)
	}
}
