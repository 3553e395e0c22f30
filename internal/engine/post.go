package engine

import (
	"context"
	"time"

	"seedance-mcp/internal/upstream"
	"seedance-mcp/internal/video"
)

const (
	// storeTries and storePause bound the attempts to store an answer that was
	// paid for: a locked file or a full disk may pass. Who shuts the program
	// down waits less.
	storeTries        = 120
	storeTriesAtClose = 10
	storePause        = 500 * time.Millisecond
)

// outcome is a task after its POST.
type outcome struct {
	task video.Task
	err  error // createTask's, when it did not accept
}

// carried is the engine's own context with a caller's values, so that a trace
// goes on though the caller may not wait.
type carried struct {
	context.Context

	values context.Context
}

func (c carried) Value(key any) any {
	if value := c.Context.Value(key); value != nil {
		return value
	}
	return c.values.Value(key)
}

// post sends the createTask of a task that this process moved to "submitting",
// on the engine's own context, and stores the answer. The channel gets exactly
// one outcome. The caller has joined e.posts; post leaves it.
func (e *Engine) post(ctx context.Context, tasks Store, task video.Task, patient bool) <-chan outcome {
	done := make(chan outcome, 1)
	e.posting.enter(task.ID)
	go func() {
		defer e.posts.Done()
		defer e.posting.leave(task.ID)
		done <- e.send(carried{e.life, ctx}, tasks, task, patient)
	}()
	return done
}

func (e *Engine) send(ctx context.Context, tasks Store, task video.Task, patient bool) outcome {
	callback := ""
	if e.o.CallbackURL != nil {
		callback = e.o.CallbackURL(task.CallbackToken)
	}
	e.o.Checkpoint("post.sending")
	accepted, err := e.create(ctx, task, callback)
	e.o.Checkpoint("post.answered")
	a := answer{accepted: accepted, err: err, attempt: task.Attempts, at: e.now(), patient: patient, pace: e.paceOf(e.life, tasks, task)}
	if err == nil {
		e.queues.of(task.Upstream).taken()
	} else {
		a.retryIn = e.queues.of(task.Upstream).refused(a.at, video.CodeOf(err))
		e.learnLimit(tasks, task, a)
	}
	stored, storeErr := e.storeAnswer(tasks, task, a)
	e.o.Checkpoint("post.stored")
	e.logAnswer(stored, a, storeErr)
	e.moved(tasks, stored)
	return outcome{task: stored, err: err}
}

// create is the paid call, as the account that the task was stored with.
func (e *Engine) create(ctx context.Context, task video.Task, callback string) (upstream.Accepted, error) {
	from, err := e.upstreamOf(ctx, task.Upstream)
	if err != nil {
		return upstream.Accepted{}, err
	}
	return from.Create(ctx, task.Payload, callback)
}

// storeAnswer writes an answer down, also while the engine is closing. When
// the store fails for good, the log is the only place that knows, and the task
// is returned as it should be.
func (e *Engine) storeAnswer(tasks Store, task video.Task, a answer) (video.Task, error) {
	ctx := context.WithoutCancel(e.life)
	var err error
	for try := range storeTries {
		if try > 0 {
			time.Sleep(storePause)
		}
		if try >= storeTriesAtClose && e.isDraining() {
			break
		}
		var stored video.Task
		stored, err = tasks.Change(ctx, task.ID, func(t *video.Task) error {
			*t = answered(*t, a)
			return nil
		})
		if err == nil {
			return stored, nil
		}
		if try == 0 {
			e.o.Logger.Warn("createTask was answered, but the answer cannot be stored yet", "task", task.ID, "accepted", a.accepted.TaskID, "error", err)
		}
		if video.CodeOf(err) == video.Conflict {
			a = answer{err: errFollowedElsewhere(a.accepted.TaskID), attempt: a.attempt, at: a.at}
		}
	}
	return answered(task, a), err
}

// errFollowedElsewhere: somebody asked for the new task by the upstream's id
// before its answer was stored, so that it was adopted as a task of its own.
func errFollowedElsewhere(upstreamID string) error {
	return &video.Error{
		Code:    video.OutcomeUnknown,
		Message: "It was accepted as " + upstreamID + ", which another task of this store follows already. That one counts its cost, so settle this one as not paid.",
	}
}

func (e *Engine) logAnswer(task video.Task, a answer, storeErr error) {
	logger := e.o.Logger.With("task", task.ID, "upstream_task", task.UpstreamID, "model", task.Request.Model,
		"credits", task.Reserved.String(), "sandbox", task.Sandbox)
	switch {
	case storeErr != nil:
		logger.Error("createTask was answered but the answer could not be stored", "accepted", a.accepted.TaskID, "error", storeErr)
		e.alarm(AlarmNotStored)
	case a.err == nil:
		logger.Info("createTask accepted")
	default:
		logger.Info("createTask not accepted", "state", task.State, "code", video.CodeOf(a.err))
	}
}

// moved does what a new state calls for: a free slot is offered to the queue,
// and the loop looks again at what is due when.
func (e *Engine) moved(tasks Store, task video.Task) {
	if task.State.Final() {
		e.sendQueued(tasks, task.Upstream, true)
	}
	e.kick()
}
