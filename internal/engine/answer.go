package engine

import (
	"errors"
	"fmt"
	"time"

	"seedance-mcp/internal/upstream"
	"seedance-mcp/internal/video"
)

const (
	// queueTick is how often a queued task asks for its turn by itself, in
	// case nobody notices a free slot.
	queueTick = time.Minute
	// maxQueued is how long a task may wait for a slot.
	maxQueued = 24 * time.Hour
)

// answer is how one createTask ended.
type answer struct {
	accepted upstream.Accepted
	err      error // instead of accepted
	// attempt is the task's Attempts when it was posted.
	attempt int
	at      time.Time
	// patient says that nobody waits for the outcome: a request that did not
	// leave may wait in the queue instead of failing.
	patient bool
	// retryIn is when the queue tries again after a refusal that may pass.
	retryIn time.Duration
	pace    pace
}

// answered is what becomes of a task after createTask's answer. It is pure,
// and safe to apply late: a webhook, a person, or the hold may have moved the
// task meanwhile.
func answered(task video.Task, a answer) video.Task {
	if a.err == nil {
		return taken(task, a)
	}
	// Anything else means that this answer was stored before, though the store
	// said otherwise: the task may have been posted anew since, and that POST's
	// answer is another.
	waits := (task.State == video.Submitting || task.State == video.Unconfirmed) && task.Attempts == a.attempt
	if !waits || task.UpstreamID != "" {
		return task
	}
	switch code := video.CodeOf(a.err); {
	case code == video.ConcurrencyLimit:
		return queued(task, a, refusedReason(a.err))
	case code == video.Unavailable && a.patient && a.at.Before(task.CreatedAt.Add(maxQueued)):
		return queued(task, a, "The upstream could not be reached; nothing was sent. It is tried again.")
	case definite(code):
		return refused(task, a)
	default:
		return unconfirmed(task, lostReason(a.err), a.at)
	}
}

// definite says that createTask was certainly not accepted.
func definite(code video.Code) bool {
	switch code {
	case video.Invalid, video.Unauthenticated, video.Forbidden, video.InsufficientCredits, video.ConcurrencyLimit, video.Unavailable:
		return true
	default:
		return false
	}
}

// taken: the upstream accepted it. A failure of our own making is taken back.
func taken(task video.Task, a answer) video.Task {
	if task.UpstreamID != "" {
		return task // known already, by a webhook or a person
	}
	task = reopened(task)
	task.UpstreamID = a.accepted.TaskID
	task.State, task.Reason = video.Waiting, ""
	task.SubmittedAt = a.at
	task.Polls, task.EmptySuccesses = 0, 0
	if charged := sane(a.accepted.Credits); charged != nil {
		task.Used = charged
		task.Reserved = max(task.Reserved, *charged)
	}
	task.Interval = a.pace.interval(0)
	task.DueAt = a.at.Add(task.Interval)
	if isHinted(task, a.accepted.TaskID) { // its webhook was quicker
		task.DueAt = a.at
	}
	task.Hints = nil
	return task
}

// queued: refused for now, free of charge, and worth another try.
func queued(task video.Task, a answer, reason string) video.Task {
	if !a.at.Before(task.CreatedAt.Add(maxQueued)) {
		return refused(task, a)
	}
	task.State, task.Reason = video.Queued, reason
	task.Hints = nil // whatever a webhook named, it was not this task
	if task.QueuedAt.IsZero() {
		task.QueuedAt = a.at
	}
	task.Interval = queueTick
	task.DueAt = a.at.Add(a.retryIn)
	return task
}

// refused: nothing was accepted, nothing charged; the reservation is released.
func refused(task video.Task, a answer) video.Task {
	cause := codedError(a.err)
	task.State, task.Reason = video.Failed, ""
	task = awaitingName(task, a.at)
	task.CompletedAt = a.at
	task.Failure = &video.Failure{
		Class:      video.FailRefused,
		Message:    cause.Message,
		Charged:    video.ChargedNo,
		Retry:      refusalRetry(cause.Code),
		Suggestion: cause.Suggestion,
	}
	if cause.Status != 0 {
		task.Failure.Code = fmt.Sprint(cause.Status)
	}
	return writtenOff(task, nil)
}

func refusalRetry(code video.Code) video.Retry {
	switch code {
	case video.Unavailable, video.ConcurrencyLimit:
		return video.RetrySame
	case video.Invalid:
		return video.RetryChanged
	default:
		return video.RetryNo
	}
}

// unconfirmed: nobody knows whether it was accepted. Nothing looks at it by
// itself any more, but at what a webhook named; a late answer, a webhook or a
// person moves it on.
func unconfirmed(task video.Task, reason string, at time.Time) video.Task {
	task.State, task.Reason = video.Unconfirmed, reason
	return awaitingName(task, at)
}

// lostReason tells once that the answer was lost: the upstream's client does
// so in its own words, which know more.
func lostReason(err error) string {
	if coded, ok := errors.AsType[*video.Error](err); ok && coded.Code == video.OutcomeUnknown {
		return video.Clip(coded.Message, 300) + " It is not sent again by itself."
	}
	return "The answer to the paid call was lost, so the video may have been started and charged. It is not sent again by itself."
}

const abandonedReason = "The program ended while the paid call was under way, so the video may have been started and charged. It is not sent again by itself."

// codedError is err as an Error; any other error is internal, its text not
// for callers.
func codedError(err error) *video.Error {
	if coded, ok := errors.AsType[*video.Error](err); ok {
		return coded
	}
	return &video.Error{Code: video.Internal, Message: "The connection broke.", Err: err}
}
