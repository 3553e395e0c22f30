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
	// to is the version of the task that was posted.
	to int64
	at time.Time
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
	// Only the hold may have come between. Anything else means that this answer
	// was stored before, though the store said otherwise: the task may have been
	// posted anew since, and that POST's answer is another.
	waits := task.State == video.Submitting && task.Version == a.to ||
		task.State == video.Unconfirmed && task.Version == a.to+1
	if !waits || task.UpstreamID != "" {
		return task
	}
	switch code := video.CodeOf(a.err); {
	case code == video.ConcurrencyLimit:
		return queued(task, a, slotReason(a.err))
	case code == video.Unavailable && a.patient && a.at.Before(task.CreatedAt.Add(maxQueued)):
		return queued(task, a, "The upstream could not be reached; nothing was sent. It is tried again.")
	case definite(code):
		return refused(task, a)
	default:
		return unconfirmed(task, lostReason(a.err))
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
		return task // a webhook was quicker
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
	return task
}

// queued: refused for now, free of charge, and worth another try.
func queued(task video.Task, a answer, reason string) video.Task {
	if !a.at.Before(task.CreatedAt.Add(maxQueued)) {
		return refused(task, a)
	}
	task.State, task.Reason = video.Queued, reason
	task.Interval = queueTick
	task.DueAt = a.at.Add(a.retryIn)
	return task
}

func slotReason(err error) string {
	running := "as many tasks as it may"
	if limit := codedError(err).Limit; limit != nil {
		running = fmt.Sprintf("%d of %d tasks", *limit, *limit)
		if current := codedError(err).Current; current != nil {
			running = fmt.Sprintf("%d of %d tasks", *current, *limit)
		}
	}
	return fmt.Sprintf("The account runs %s at once. Nothing was charged; it is sent when one ends.", running)
}

// refused: nothing was accepted, nothing charged; the reservation is released.
func refused(task video.Task, a answer) video.Task {
	cause := codedError(a.err)
	task.State, task.Reason = video.Failed, ""
	task.DueAt, task.Interval = time.Time{}, 0
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
// itself any more; a late answer, a webhook or a person moves it on.
func unconfirmed(task video.Task, reason string) video.Task {
	task.State, task.Reason = video.Unconfirmed, reason
	task.DueAt, task.Interval = time.Time{}, 0
	return task
}

func lostReason(err error) string {
	return "The answer to the paid call was lost, so the video may have been started and charged. It is not sent again by itself. (" +
		video.Clip(codedError(err).Message, 200) + ")"
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
