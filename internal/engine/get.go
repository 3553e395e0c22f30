package engine

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"time"
	"unicode"

	"seedance-mcp/internal/store"
	"seedance-mcp/internal/upstream"
	"seedance-mcp/internal/video"
)

const (
	ownPrefix     = "vid_"
	maxUpstreamID = 200
	// farOff is when a look is far enough ahead that somebody's interest
	// should bring it forward.
	farOff = 15 * time.Second
	// doubtFor is how long before an adopted task an unconfirmed one may have
	// been sent that it may be; doubtSkew allows for the upstream's clock.
	doubtFor  = 24 * time.Hour
	doubtSkew = 5 * time.Minute
	maxDoubts = 3
)

type upstreamRecord = upstream.Record

// Get gives the principal's task by our id or by the upstream's; "" is the
// latest. An upstream id that the store does not know is looked up at the
// upstream and adopted. Another principal's task is NotFound.
func (e *Engine) Get(ctx context.Context, principal, id string) (video.Task, error) {
	tasks, task, err := e.openFor(ctx, principal, strings.TrimSpace(id))
	if err != nil {
		return video.Task{}, err
	}
	return e.hastened(ctx, tasks, task), nil
}

// openFor opens the store and finds the principal's task in it.
func (e *Engine) openFor(ctx context.Context, principal, id string) (Store, video.Task, error) {
	tasks, err := e.open(ctx)
	if err != nil {
		return nil, video.Task{}, err
	}
	task, err := e.find(ctx, tasks, principal, id)
	return tasks, task, err
}

func (e *Engine) find(ctx context.Context, tasks Store, principal, id string) (video.Task, error) {
	if id == "" {
		task, err := tasks.Latest(ctx, principal)
		if video.CodeOf(err) == video.NotFound {
			return video.Task{}, &video.Error{
				Code: video.NotFound, Message: "There is no task yet.",
				Suggestion: "generate_video makes one.",
			}
		}
		return task, err
	}
	account := ""
	task, err := tasks.Get(ctx, id)
	if video.CodeOf(err) == video.NotFound {
		if account, err = e.accountOf(ctx, principal); err != nil {
			return video.Task{}, err
		}
		task, err = tasks.ByUpstreamID(ctx, account, id)
		if common := e.o.Account.Fingerprint; account != common && video.CodeOf(err) == video.NotFound {
			task, err = tasks.ByUpstreamID(ctx, common, id) // from before it had its own
		}
	}
	switch {
	case err == nil && task.Principal == principal:
		return task, nil
	case err == nil:
		return video.Task{}, errNoTask(id)
	case video.CodeOf(err) != video.NotFound:
		return video.Task{}, err
	case !plausibleUpstreamID(id):
		return video.Task{}, errNoTask(id)
	default:
		return e.adopt(ctx, tasks, account, principal, id)
	}
}

// adopt takes over a task of an account that was made elsewhere.
func (e *Engine) adopt(ctx context.Context, tasks Store, account, principal, id string) (video.Task, error) {
	record, err := e.record(ctx, account, id)
	switch video.CodeOf(err) {
	case "":
	case video.NotFound, video.Forbidden:
		return video.Task{}, errNoTask(id)
	default:
		return video.Task{}, err
	}
	e.o.Checkpoint("adopt.recorded")
	now := e.now()
	task := video.Task{
		ID:          store.NewID(now),
		UpstreamID:  id,
		Principal:   principal,
		State:       video.Waiting,
		Upstream:    account,
		Sandbox:     e.o.Account.Sandbox,
		Request:     video.Request{Model: e.o.Catalog.FromUpstream(e.o.Account.Dialect, record.Model)},
		Quote:       video.Quote{Reason: "made elsewhere"},
		CreatedAt:   now,
		SubmittedAt: now,
		Save:        e.keepsFiles(),
	}
	if made := record.CreatedAt; !made.IsZero() && made.Before(now) {
		task.CreatedAt, task.SubmittedAt = made, made
	}
	record.TaskID = id
	task.Reason = e.doubts(ctx, tasks, task)
	task = observe(task, e.sight(ctx, tasks, task, record, nil))
	stored, isNew, err := tasks.Insert(ctx, task)
	if err != nil {
		return video.Task{}, err
	}
	if stored.Principal != principal {
		return video.Task{}, errNoTask(id)
	}
	if isNew {
		e.o.Logger.Info("task adopted", "task", stored.ID, "upstream_task", id, "state", stored.State)
		e.kick()
	}
	return stored, nil
}

// doubts names the unconfirmed tasks that an adopted one may be: then its cost
// is booked twice until a person says so.
func (e *Engine) doubts(ctx context.Context, tasks Store, task video.Task) string {
	page, err := tasks.List(ctx, store.Filter{
		Principal: task.Principal, Upstream: task.Upstream, States: []video.State{video.Unconfirmed},
		Since: task.CreatedAt.Add(-doubtFor), Until: task.CreatedAt.Add(doubtSkew), Limit: maxDoubts,
	})
	if err != nil {
		e.logStore(ctx, "look for unconfirmed tasks", task, err)
		return ""
	}
	var b strings.Builder
	for i, t := range page.Tasks {
		if i > 0 {
			b.WriteString(" ")
		}
		fmt.Fprintf(&b, "Task %s is unconfirmed: if this is its video, settle it with seedance-mcp tasks resolve %s --upstream-id %s; until then its cost is counted twice.",
			t.ID, t.ID, task.UpstreamID)
	}
	return b.String()
}

// plausibleUpstreamID keeps obvious nonsense, and our own ids, from becoming
// requests. Upstream ids are opaque.
func plausibleUpstreamID(id string) bool {
	return len(id) <= maxUpstreamID && !strings.HasPrefix(id, ownPrefix) &&
		!strings.ContainsFunc(id, func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsGraphic(r) || unicode.IsSpace(r) })
}

func errNoTask(id string) error {
	return &video.Error{
		Code:       video.NotFound,
		Message:    "There is no task " + video.Clip(id, 80) + ".",
		Suggestion: "Check the task_id; list_tasks shows the tasks there are.",
		Argument:   "task_id",
		Given:      video.Clip(id, 80),
	}
}

// List gives a page of the principal's tasks.
func (e *Engine) List(ctx context.Context, principal string, f store.Filter) (store.Page, error) {
	tasks, err := e.open(ctx)
	if err != nil {
		return store.Page{}, err
	}
	f.Principal = principal
	return tasks.List(ctx, f)
}

// hastened books an early look at a task that is looked at rarely by now
// (stalled, or after failed looks), because somebody asks. Failing to do so
// is no failure of the reading.
func (e *Engine) hastened(ctx context.Context, tasks Store, task video.Task) video.Task {
	now := e.now()
	if task.State.Final() || task.UpstreamID == "" || !e.ours(ctx, task) || task.DueAt.Sub(now) < farOff {
		return task
	}
	stored, err := tasks.Change(ctx, task.ID, func(t *video.Task) error {
		hasten(t, now, e.o.PollEvery)
		return nil
	})
	if err != nil {
		e.logStore(ctx, "bring a look forward", task, err)
		return task
	}
	e.kick()
	return stored
}

// hasten books the next look now, but not sooner than every after the last
// one, and not later than booked. The interval shrinks with it, so that DueAt
// stays what it is elsewhere, the last look plus the interval, and hastening
// again brings nothing.
func hasten(task *video.Task, now time.Time, every time.Duration) {
	soonest := task.DueAt.Add(every - task.Interval)
	if soonest.Before(now) {
		soonest = now
	}
	if soonest.After(now.Add(every)) { // the last one was before the clock went back
		soonest = now.Add(every)
	}
	if task.DueAt.IsZero() || soonest.Before(task.DueAt) {
		task.DueAt, task.Interval = soonest, every
	}
}

// same says that two versions of a task would be stored alike.
func same(a, b video.Task) bool { return reflect.DeepEqual(a, b) }
