package engine

import (
	"context"

	"seedance-mcp/internal/upstream"
	"seedance-mcp/internal/video"
)

// Hint takes a webhook's body for the task that callbackToken stands for.
// Webhooks are unsigned, may come twice, early, or never: this only says that
// a look is worth while, and every look asks the upstream itself. For a task
// whose upstream id is known the look is booked, durably, and the loop makes
// it; the body does not matter. For one whose answer was lost, the body names
// the id, which the upstream must confirm.
//
// NotFound: no such token. Invalid: a body without a task id where one was
// needed. Either way nothing happened.
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
	case !e.ours(task):
		return nil // a process with that account follows it
	case task.UpstreamID == "":
		return e.identify(ctx, tasks, task, body)
	case task.State.Final() && !reopens(task):
		return nil
	}
	now := e.now()
	_, err = tasks.Change(ctx, task.ID, func(t *video.Task) error {
		if !t.State.Final() || reopens(*t) {
			t.DueAt = earliest(*t, now, e.o.PollEvery)
		}
		return nil
	})
	if err != nil {
		return err
	}
	e.kick()
	return nil
}

func errNoCallback() error {
	return video.Errorf(video.NotFound, "No task expects this webhook.")
}

// identify finds out, at the upstream, whether the task that a webhook names
// is the one whose answer was lost.
func (e *Engine) identify(ctx context.Context, tasks Store, task video.Task, body []byte) error {
	hinted, err := upstream.DecodeWebhook(body)
	if err != nil {
		return err
	}
	if hinted.TaskID == "" || !plausibleUpstreamID(hinted.TaskID) {
		return video.Errorf(video.Invalid, "The webhook names no task.")
	}
	record, err := e.o.Account.Upstream.Record(ctx, hinted.TaskID)
	if err != nil {
		return err
	}
	e.o.Checkpoint("hint.recorded")
	record.TaskID = hinted.TaskID
	_, err = e.apply(ctx, tasks, task, e.sight(ctx, tasks, task, record, nil))
	return err
}
