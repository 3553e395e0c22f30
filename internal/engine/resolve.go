package engine

import (
	"context"
	"time"

	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

// Resolution is a person's word on a paid call whose outcome is unknown: what
// the account's own task list shows.
type Resolution struct {
	// Paid says whether it was charged; nil: see UpstreamID.
	Paid *bool
	// UpstreamID is the task that it became; it is then followed as if its
	// answer had never been lost.
	UpstreamID string
}

// Resolve settles an unconfirmed task, or a failed one of which nobody knows
// what it cost. Not paid releases the reservation, paid charges it; either way
// a webhook or late answer that proves otherwise still prevails. An upstream's
// task that was adopted meanwhile is merged: the adopted row ends, at no cost.
// Conflict: the task is in another state, or the upstream's task is another
// principal's or that of another row of our own making.
func (e *Engine) Resolve(ctx context.Context, principal, id string, r Resolution) (video.Task, error) {
	if r.Paid == nil && r.UpstreamID == "" {
		return video.Task{}, &video.Error{
			Code: video.Invalid, Message: "Nothing is said about the task.",
			Suggestion: "Say whether it was paid, or give the upstream's task id.",
		}
	}
	tasks, task, err := e.openFor(ctx, principal, id)
	if err != nil {
		return video.Task{}, err
	}
	if !resolvable(task) {
		return video.Task{}, errNotOpen(task)
	}
	if r.UpstreamID != "" {
		return e.resolveTo(ctx, tasks, task, r.UpstreamID)
	}
	return e.resolveByWord(ctx, tasks, task, *r.Paid)
}

// resolvable says that a person's word is asked for.
func resolvable(task video.Task) bool {
	if task.State == video.Unconfirmed {
		return true
	}
	return task.State == video.Failed && task.Failure != nil && task.Failure.Charged == video.ChargedUnknown
}

func errNotOpen(task video.Task) error {
	return &video.Error{
		Code:       video.Conflict,
		Message:    "Task " + task.ID + " is " + string(task.State) + ": nothing about it is unknown.",
		Suggestion: "Only unconfirmed tasks, and failed ones whose charge is unknown, are settled by hand. get_task_status shows the task.",
	}
}

// resolveTo follows the upstream's task that a person found.
func (e *Engine) resolveTo(ctx context.Context, tasks Store, task video.Task, upstreamID string) (video.Task, error) {
	if !e.ours(ctx, task) {
		return video.Task{}, errOtherAccount(task)
	}
	if task.UpstreamID != "" && task.UpstreamID != upstreamID {
		return video.Task{}, &video.Error{
			Code:       video.Conflict,
			Message:    "Task " + task.ID + " is the upstream's " + task.UpstreamID + ", not another one.",
			Suggestion: "get_task_status with that upstream id follows it as a task of its own.",
		}
	}
	other, err := tasks.ByUpstreamID(ctx, task.Upstream, upstreamID)
	taken := err == nil && other.ID != task.ID
	if taken && (other.Principal != task.Principal || !adopted(other)) {
		return video.Task{}, errTaken(task, other)
	}
	record, err := e.record(ctx, task.Upstream, upstreamID)
	if err != nil {
		return video.Task{}, err
	}
	e.o.Checkpoint("resolve.recorded")
	record.TaskID = upstreamID
	seen := e.sight(ctx, tasks, task, record, nil)
	if taken {
		if seen.saved, err = e.release(ctx, tasks, other, task); err != nil {
			return video.Task{}, err
		}
		e.o.Checkpoint("resolve.released")
	}
	stored, err := e.apply(ctx, tasks, task, seen)
	if err != nil || stored.UpstreamID == upstreamID {
		return stored, err
	}
	// Meanwhile it turned out to be another of the upstream's tasks.
	if taken {
		if _, err := e.adopt(ctx, tasks, task.Upstream, task.Principal, upstreamID); err != nil {
			return video.Task{}, err
		}
	}
	return video.Task{}, errNotOpen(stored)
}

// errTaken: the upstream's task is another row's, which is not to be merged.
func errTaken(task, other video.Task) error {
	conflict := &video.Error{
		Code:       video.Conflict,
		Message:    "Another task follows the upstream's " + video.Clip(other.UpstreamID, maxUpstreamID) + " already.",
		Suggestion: "If they are the same video, settle this one as not paid: the other one counts the cost.",
	}
	if other.Principal == task.Principal {
		conflict.Message = "Task " + other.ID + " follows the upstream's " + other.UpstreamID + " already."
	}
	return conflict
}

// release takes the upstream's task, and what it cost, off an adopted row, so
// that heir can follow it and it is booked once; it gives the videos so far.
// Should heir not come to it, heir is still unconfirmed, its reservation
// counts, and the same word again ends it.
func (e *Engine) release(ctx context.Context, tasks Store, adoptee, heir video.Task) ([]video.Video, error) {
	now := e.now()
	var videos []video.Video
	stored, err := tasks.Change(ctx, adoptee.ID, func(t *video.Task) error {
		if t.UpstreamID != adoptee.UpstreamID {
			return store.ErrUnchanged // released already
		}
		t.State, t.Reason, t.CompletedAt = video.Failed, "", now
		t.DueAt, t.Interval, t.EmptySuccesses = time.Time{}, 0, 0
		videos = t.Videos
		t.UpstreamID, t.Videos = "", nil
		t.Failure = &video.Failure{
			Class:      video.FailWithdrawn,
			Message:    "This was the video of task " + heir.ID + ", which follows it and counts its cost.",
			Charged:    video.ChargedNo,
			Retry:      video.RetryNo,
			Suggestion: "get_task_status with " + heir.ID + " shows it.",
		}
		*t = writtenOff(*t, nil)
		return nil
	})
	if err != nil {
		return nil, err
	}
	e.o.Logger.Info("adopted task merged", "task", stored.ID, "into", heir.ID, "upstream_task", adoptee.UpstreamID)
	return videos, nil
}

// adopted says that the task was not sent by us: see [Engine.adopt].
func adopted(task video.Task) bool {
	return task.RequestHash == "" && len(task.Payload) == 0 && task.CallbackToken == ""
}

// released says that an adopted task was merged into another one: no look at
// the upstream's task concerns it any more.
func released(task video.Task) bool {
	return task.State == video.Failed && task.UpstreamID == "" && task.Failure != nil &&
		task.Failure.Class == video.FailWithdrawn && adopted(task)
}

func (e *Engine) resolveByWord(ctx context.Context, tasks Store, task video.Task, paid bool) (video.Task, error) {
	now := e.now()
	stored, err := tasks.Change(ctx, task.ID, func(t *video.Task) error {
		if !resolvable(*t) {
			return errNotOpen(*t)
		}
		if t.State != video.Failed {
			t.State, t.Reason, t.CompletedAt = video.Failed, "", now
			t.Failure = &video.Failure{
				Class:   video.FailUnknown,
				Message: "The answer to the paid call was lost, and its video with it.",
				Retry:   video.RetrySame,
			}
			if !paid {
				t.Failure.Class = video.FailRefused
				t.Failure.Message = "The answer to the paid call was lost; the account shows that it never arrived."
			}
		}
		t.Failure.Charged = video.ChargedNo
		if paid {
			t.Failure.Charged = video.ChargedYes
		}
		*t = writtenOff(*t, t.Used)
		return nil
	})
	if err != nil {
		return video.Task{}, err
	}
	e.o.Logger.Info("task settled by hand", "task", stored.ID, "charged", stored.Charged.String(), "sandbox", stored.Sandbox)
	return stored, nil
}

// Withdraw takes a queued task back: nothing was sent. Conflict in any other
// state: the upstream has no way to cancel.
func (e *Engine) Withdraw(ctx context.Context, principal, id string) (video.Task, error) {
	tasks, task, err := e.openFor(ctx, principal, id)
	if err != nil {
		return video.Task{}, err
	}
	now := e.now()
	stored, err := tasks.Change(ctx, task.ID, func(t *video.Task) error {
		if t.State != video.Queued {
			return errTooLate(*t)
		}
		t.State, t.Reason, t.CompletedAt = video.Failed, "", now
		t.DueAt, t.Interval = time.Time{}, 0
		t.Failure = &video.Failure{
			Class:   video.FailWithdrawn,
			Message: "Taken back before it was sent.",
			Charged: video.ChargedNo,
			Retry:   video.RetrySame,
		}
		*t = writtenOff(*t, nil)
		return nil
	})
	if err != nil {
		return video.Task{}, err
	}
	e.o.Logger.Info("queued task withdrawn", "task", stored.ID)
	e.sendQueued(tasks, stored.Upstream, true) // the queue may be empty now
	return stored, nil
}

func errTooLate(task video.Task) error {
	conflict := &video.Error{
		Code:       video.Conflict,
		Message:    "Task " + task.ID + " is " + string(task.State) + ": it was sent, and the upstream cannot cancel. It is charged as soon as it is accepted.",
		Suggestion: "Let it finish: get_task_status follows it.",
	}
	switch {
	case task.State.Final():
		conflict.Message = "Task " + task.ID + " has ended already (" + string(task.State) + ")."
		conflict.Suggestion = "get_task_status shows it."
	case task.State == video.Unconfirmed:
		conflict.Message = "Task " + task.ID + " may have been sent: its answer was lost."
		conflict.Suggestion = "Look at the account's task list, then settle it by hand (seedance-mcp tasks resolve)."
	}
	return conflict
}

// errOtherAccount: the task was sent with another key, or to another upstream.
func errOtherAccount(task video.Task) error {
	return &video.Error{
		Code:       video.Conflict,
		Message:    "Task " + task.ID + " belongs to another account of the video service than the one in use.",
		Suggestion: "Use the key and address that it was made with, or settle it as paid or not paid.",
	}
}
