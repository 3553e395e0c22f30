package engine

import (
	"context"
	"slices"
	"sync"
	"time"

	"seedance-mcp/internal/video"
)

const (
	// defaultUsual and defaultDeadline are for models that the catalogue does
	// not know (adopted tasks); the upstream's own advice is to give up no
	// sooner than 15 min.
	defaultUsual    = 3 * time.Minute
	defaultDeadline = 20 * time.Minute

	// maxRunning is the longest interval between looks at a task that runs. A
	// process that dies costs its tasks one: with idleLook and a loaded machine
	// beside it, another process must have looked within 5 s.
	maxRunning = 4 * time.Second
	// Intervals once a task is stalled.
	minStalled = 30 * time.Second
	maxStalled = time.Hour

	// maxTrouble is the longest interval after looks that failed.
	maxTrouble = 30 * time.Second

	// usualFor is how long a median is believed before it is read again.
	usualFor = time.Minute
)

// pace says how often to look at one kind of task.
type pace struct {
	usual    time.Duration // from acceptance to success
	deadline time.Duration // after it a task counts as stalled
	every    time.Duration // never look more often
}

// interval is the time to the next look at a task accepted this long ago:
// seldom at first, often when it should be done, and seldom again afterwards;
// ever more seldom once it is stalled.
func (p pace) interval(elapsed time.Duration) time.Duration {
	switch {
	case elapsed >= p.deadline:
		return max(p.every, min(maxStalled, max(minStalled, elapsed/8)))
	case elapsed < p.usual/2:
		return max(p.every, min(maxRunning, p.usual/12))
	case elapsed < p.usual*3/2:
		return max(p.every, min(maxRunning, p.usual/40))
	default:
		return max(p.every, min(maxRunning, elapsed/20))
	}
}

// paceOf is how to look at a task.
func (e *Engine) paceOf(ctx context.Context, tasks Store, task video.Task) pace {
	p := pace{usual: e.usual(ctx, tasks, task.Request), deadline: defaultDeadline, every: e.o.PollEvery}
	if model, known := e.o.Catalog.Model(e.o.Account.Dialect, task.Request.Model); known && model.Deadline > 0 {
		p.deadline = model.Deadline
	}
	if e.o.Account.TimeScale < 1 {
		p.deadline = time.Duration(float64(p.deadline) / e.o.Account.TimeScale)
	}
	return p
}

// ETA is how long the task will still take, from what its like took lately or
// else from the catalogue; 0 where nobody can tell, also once it is overdue.
func (e *Engine) ETA(ctx context.Context, task video.Task) time.Duration {
	switch task.State {
	case video.Submitting, video.Waiting, video.Generating:
	default:
		return 0
	}
	tasks, err := e.open(ctx)
	if err != nil {
		return 0
	}
	usual := e.usual(ctx, tasks, task.Request)
	if task.SubmittedAt.IsZero() {
		return usual
	}
	return max(0, usual-e.now().Sub(task.SubmittedAt))
}

// usual is the median time of the latest successes of the same kind, or what
// the account or the catalogue says.
func (e *Engine) usual(ctx context.Context, tasks Store, r video.Request) time.Duration {
	kind := kindOf(r)
	if usual, known := e.times.get(kind, e.now()); known {
		return usual
	}
	took, err := tasks.Durations(ctx, r.Model, r.Resolution, r.Duration, e.o.Account.Sandbox)
	if err != nil {
		return e.published(r) // the next caller asks again
	}
	usual := median(took)
	if usual == 0 {
		usual = e.published(r)
	}
	e.times.set(kind, usual, e.now())
	return usual
}

func (e *Engine) published(r video.Request) time.Duration {
	if e.o.Account.Usual != nil {
		return e.o.Account.Usual(r)
	}
	usual := defaultUsual
	if model, known := e.o.Catalog.Model(e.o.Account.Dialect, r.Model); known {
		usual = model.Usual(r.Resolution, len(r.VideoURLs) > 0)
	}
	return time.Duration(float64(usual) / e.o.Account.TimeScale)
}

func median(values []time.Duration) time.Duration {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// kind is what makes tasks take about equally long.
type kind struct {
	model, resolution string
	seconds           int
}

func kindOf(r video.Request) kind { return kind{r.Model, r.Resolution, r.Duration} }

// usualTimes remembers medians, so that a look does not cost a query.
type usualTimes struct {
	mu    sync.Mutex
	known map[kind]usualTime
}

type usualTime struct {
	usual time.Duration
	asOf  time.Time
}

func (u *usualTimes) get(k kind, now time.Time) (time.Duration, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	found, ok := u.known[k]
	return found.usual, ok && now.Sub(found.asOf) < usualFor
}

func (u *usualTimes) set(k kind, usual time.Duration, now time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.known == nil {
		u.known = make(map[kind]usualTime)
	}
	u.known[k] = usualTime{usual, now}
}
