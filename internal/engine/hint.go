package engine

import (
	"context"
	"slices"
	"time"

	"seedance-mcp/internal/store"
	"seedance-mcp/internal/upstream"
	"seedance-mcp/internal/video"
)

const (
	// hintFor is how long the upstream is asked about what a webhook named.
	hintFor = 10 * time.Minute
	// maxHints bounds what webhooks may name for one task: the upstream names
	// one, and whoever else knows the task's path may not have us ask for ever.
	maxHints = 4
)

// Hint takes a webhook's body for the task that callbackToken stands for.
// Webhooks are unsigned, may come twice, early, or never: this only says that
// a look is worth while. It books the look, durably, and answers at once; the
// loop of whichever process claims it makes it, and every look asks the
// upstream itself. For a task whose upstream id is known the body does not
// matter. For one whose answer was lost the body names the id; the upstream is
// asked for ten minutes to confirm it.
//
// NotFound: no such token. Invalid: a body without a task id where one was
// needed. Conflict: the id is another task's, or too many were named. In each
// case nothing happened.
func (e *Engine) Hint(ctx context.Context, callbackToken string, body []byte) error {
	if callbackToken == "" {
		return errNoCallback()
	}
	tasks, err := e.open(ctx)
	if err != nil {
		return err
	}
	task, err := tasks.ByCallback(ctx, callbackToken)
	if video.CodeOf(err) == video.NotFound {
		return errNoCallback()
	}
	if err != nil {
		return err
	}
	e.o.Checkpoint("hint.received")
	switch {
	case !e.ours(ctx, task):
		return nil // a process with that account follows it
	case task.UpstreamID == "":
		return e.keepHint(ctx, tasks, task, body)
	case task.State.Final() && !reopens(task):
		return nil
	}
	now := e.now()
	_, err = tasks.Change(ctx, task.ID, func(t *video.Task) error {
		if !t.State.Final() || reopens(*t) {
			hasten(t, now, e.o.PollEvery)
		}
		return nil
	})
	if err != nil {
		return err
	}
	e.o.Checkpoint("hint.stored")
	e.kick()
	return nil
}

func errNoCallback() error {
	return video.Errorf(video.NotFound, "No task expects this webhook.")
}

// keepHint stores what a webhook names for a task whose upstream id is not
// known. While its POST may still be answered, that answer is waited for.
func (e *Engine) keepHint(ctx context.Context, tasks Store, task video.Task, body []byte) error {
	hinted, err := upstream.DecodeWebhook(body)
	if err != nil {
		return err
	}
	id := hinted.TaskID
	if id == "" || !plausibleUpstreamID(id) {
		return video.Errorf(video.Invalid, "The webhook names no task.")
	}
	other, err := tasks.ByUpstreamID(ctx, task.Upstream, id)
	switch {
	case err == nil && other.ID != task.ID:
		return video.Errorf(video.Conflict, "The webhook names another task.")
	case err != nil && video.CodeOf(err) != video.NotFound:
		return err
	}
	now := e.now()
	_, err = tasks.Change(ctx, task.ID, func(t *video.Task) error {
		switch {
		case t.UpstreamID != "" || !nameable(*t) || isHinted(*t, id):
			return store.ErrUnchanged
		case len(t.Hints) >= maxHints:
			return video.Errorf(video.Conflict, "Too many tasks were named already.")
		}
		t.Hints = append(t.Hints, video.Hint{UpstreamID: id, At: now})
		if t.State != video.Submitting {
			*t = awaitingName(*t, now)
		}
		return nil
	})
	if err != nil {
		return err
	}
	e.o.Checkpoint("hint.stored")
	e.kick()
	return nil
}

// nameable says that the task may be one of the upstream's that we do not know
// of: nobody says for certain that it was not accepted, or only we do.
func nameable(task video.Task) bool {
	switch task.State {
	case video.Submitting, video.Unconfirmed:
		return true
	default:
		return reopens(task) && !released(task)
	}
}

func isHinted(task video.Task, upstreamID string) bool {
	return slices.ContainsFunc(task.Hints, func(h video.Hint) bool { return h.UpstreamID == upstreamID })
}

// awaitsName says that a webhook's word is to be confirmed.
func awaitsName(task video.Task) bool { return task.UpstreamID == "" && len(task.Hints) > 0 }

// awaitingName books what a task without an upstream id needs: a look at what
// webhooks named, or nothing.
func awaitingName(task video.Task, at time.Time) video.Task {
	task.DueAt, task.Interval = time.Time{}, 0
	if awaitsName(task) {
		task.DueAt, task.Interval = at, minRetry
	}
	return task
}

// lookByName asks the upstream about every id that webhooks named for a task
// whose answer was lost. Exactly one that it knows is the task; of several a
// person must choose.
func (e *Engine) lookByName(ctx context.Context, tasks Store, task video.Task) {
	var known []upstreamRecord
	hopeless := map[string]bool{} // it will not change
	for _, hint := range task.Hints {
		record, err := e.record(ctx, task.Upstream, hint.UpstreamID)
		if ctx.Err() != nil {
			return
		}
		record.TaskID = hint.UpstreamID
		switch video.CodeOf(err) {
		case "":
			if madeBefore(record, task) {
				hopeless[hint.UpstreamID] = true
			} else {
				known = append(known, record)
			}
		case video.Forbidden, video.Invalid:
			hopeless[hint.UpstreamID] = true
		default:
		}
	}
	e.o.Checkpoint("hint.recorded")
	if len(known) == 1 {
		_, err := e.apply(ctx, tasks, task, e.sight(ctx, tasks, task, known[0], nil))
		switch video.CodeOf(err) {
		case "":
			e.o.Logger.Info("a webhook's word was confirmed", "task", task.ID, "upstream_task", known[0].TaskID)
			return
		case video.Conflict: // another row follows it
			hopeless[known[0].TaskID] = true
		default:
			e.logStore(ctx, "store a look", task, err)
			return // the claim has booked the next one
		}
	}
	e.keepAsking(ctx, tasks, task, hopeless)
}

// madeBefore says that the upstream's task is older than the wish, so that it
// cannot be its video.
func madeBefore(record upstreamRecord, task video.Task) bool {
	return !record.CreatedAt.IsZero() && record.CreatedAt.Before(task.CreatedAt.Add(-doubtSkew))
}

// keepAsking books the next look at what webhooks named, later each time, and
// drops what is out of the question or has had its time.
func (e *Engine) keepAsking(ctx context.Context, tasks Store, task video.Task, hopeless map[string]bool) {
	now := e.now()
	gone := false
	_, err := tasks.Change(ctx, task.ID, func(t *video.Task) error {
		if !awaitsName(*t) {
			return store.ErrUnchanged
		}
		t.Hints = slices.DeleteFunc(t.Hints, func(h video.Hint) bool {
			return hopeless[h.UpstreamID] || now.Sub(h.At) >= hintFor
		})
		next := min(maxTrouble, max(minRetry, 2*t.Interval))
		*t = awaitingName(*t, now)
		gone = t.DueAt.IsZero()
		if !gone {
			t.DueAt, t.Interval = now.Add(next), next
		}
		return nil
	})
	switch {
	case err != nil:
		e.logStore(ctx, "store a look", task, err)
	case gone:
		e.o.Logger.Warn("a webhook for an unconfirmed task could not be confirmed", "task", task.ID)
	}
}
