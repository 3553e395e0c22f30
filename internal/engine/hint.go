package engine

import (
	"context"
	"time"

	"seedance-mcp/internal/upstream"
	"seedance-mcp/internal/video"
)

const (
	// hintWait is how long a webhook's sender waits for the upstream's word.
	hintWait = 2 * time.Second
	// hintFor is how long that word is asked for.
	hintFor = 10 * time.Minute
)

// Hint takes a webhook's body for the task that callbackToken stands for.
// Webhooks are unsigned, may come twice, early, or never: this only says that
// a look is worth while, and every look asks the upstream itself. For a task
// whose upstream id is known the look is booked, durably, and the loop makes
// it; the body does not matter. For one whose answer was lost, the body names
// the id, which the upstream must confirm.
//
// NotFound: no such token. Invalid: a body without a task id where one was
// needed. Either way nothing happened. Unavailable: the upstream cannot confirm
// it yet; it is asked again in the background. Hint answers within 2 s.
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
			hasten(t, now, e.o.PollEvery)
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
// is the one whose answer was lost. Nobody sends the webhook again, so it goes
// on in the background when the upstream cannot tell at once; the error is then
// that of the first try.
func (e *Engine) identify(ctx context.Context, tasks Store, task video.Task, body []byte) error {
	hinted, err := upstream.DecodeWebhook(body)
	if err != nil {
		return err
	}
	if !plausibleUpstreamID(hinted.TaskID) {
		return video.Errorf(video.Invalid, "The webhook names no task.")
	}
	if !e.naming.enter(task.ID) {
		return errStillAsking()
	}
	if !e.join(&e.workers) {
		e.naming.leave(task.ID)
		return errClosing()
	}
	first := make(chan error, 1)
	go func() {
		defer e.workers.Done()
		defer e.naming.leave(task.ID)
		e.confirmName(e.work, tasks, task, hinted.TaskID, first)
	}()
	timer := time.NewTimer(hintWait)
	defer timer.Stop()
	select {
	case err := <-first:
		return err
	case <-timer.C:
		return errStillAsking()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// confirmName asks until the upstream can tell, for a limited time.
func (e *Engine) confirmName(ctx context.Context, tasks Store, task video.Task, upstreamID string, first chan<- error) {
	end := e.now().Add(hintFor)
	for pause := minRetry; ; pause = min(maxTrouble, 2*pause) {
		err := e.lookByName(ctx, tasks, task, upstreamID)
		select {
		case first <- err:
		default: // told already
		}
		switch video.CodeOf(err) {
		case "", video.Forbidden, video.Conflict, video.Invalid: // it will not change
			return
		default:
		}
		if !e.now().Before(end) {
			e.o.Logger.Warn("a webhook for an unconfirmed task could not be confirmed", "task", task.ID, "code", video.CodeOf(err))
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

func (e *Engine) lookByName(ctx context.Context, tasks Store, task video.Task, upstreamID string) error {
	record, err := e.o.Account.Upstream.Record(ctx, upstreamID)
	if err != nil {
		return err
	}
	e.o.Checkpoint("hint.recorded")
	record.TaskID = upstreamID
	_, err = e.apply(ctx, tasks, task, e.sight(ctx, tasks, task, record, nil))
	return err
}

func errStillAsking() error {
	return video.Errorf(video.Unavailable, "The upstream is being asked about the task that the webhook names.")
}
