package engine

import (
	"fmt"
	"slices"
	"time"

	"seedance-mcp/internal/store"
	"seedance-mcp/internal/upstream"
	"seedance-mcp/internal/video"
)

const (
	// maxFruitless is how many looks in a row may say "success" without a URL,
	// or "no such task", before we stop believing in an end.
	maxFruitless = 8
	// acceptanceLag is how long after acceptance the upstream may not know the
	// task yet.
	acceptanceLag = time.Minute

	// settleAfter is when a provisional price is asked for again, after
	// success; lookAgainFor is how long a finished task is still asked about
	// when something of it is missing, every lookAgainEvery.
	settleAfter    = 10 * time.Minute
	lookAgainEvery = store.FetchWithin
	lookAgainFor   = 24 * time.Hour
)

// sight is one look at the upstream's record of a task.
type sight struct {
	record upstream.Record
	err    error // instead of record
	at     time.Time
	pace   pace
	// fetch says that finished videos are to be downloaded.
	fetch bool
	// saved are the videos of a row that was merged into the task: their files
	// are kept.
	saved []video.Video
}

// observe is what becomes of a task after a look. It is pure, and safe to
// apply to a task that moved meanwhile: looks may come twice and out of order,
// final states are left only for a better truth, and a look that failed never
// ends a task, except "no such task" again and again.
func observe(task video.Task, seen sight) video.Task {
	if released(task) {
		return task
	}
	if seen.err != nil {
		return unseen(task, seen)
	}
	r := seen.record
	if task.UpstreamID == "" {
		task.UpstreamID = r.TaskID
	}
	if task.UpstreamID != "" {
		task.Hints = nil
	}
	if r.TaskID != "" && r.TaskID != task.UpstreamID {
		return task // about another task
	}
	switch r.State {
	case video.Success:
		if !slices.ContainsFunc(r.Videos, func(v video.Video) bool { return v.URL != "" }) {
			return emptyHanded(task, seen)
		}
		return succeeded(task, seen)
	case video.Failed:
		return failed(task, seen)
	default:
		return running(task, seen)
	}
}

// running: the upstream has not finished it.
func running(task video.Task, seen sight) video.Task {
	if task.State.Final() && !reopens(task) {
		return task
	}
	task = reopened(task)
	task = accepted(task, seen)
	reason := doubt(task)
	ahead := task.State == video.Generating && seen.record.State == video.Waiting // an older look came late
	if !ahead {
		task.State = seen.record.State
	}
	task.Reason, task.EmptySuccesses = reason, 0
	elapsed := seen.at.Sub(task.SubmittedAt)
	if elapsed >= seen.pace.deadline {
		task.State = video.Stalled
		task.Reason = fmt.Sprintf("The upstream has not finished it within %s, which is unusual. It is still looked at, ever more rarely.",
			seen.pace.deadline.Round(time.Minute))
	}
	return booked(task, seen.at, seen.pace.interval(elapsed))
}

// doubt is what an adopted task keeps saying of itself while it goes on: that
// it may be booked twice (see [Engine.doubts]).
func doubt(task video.Task) string {
	if !adopted(task) || task.State == video.Stalled {
		return ""
	}
	return task.Reason
}

// succeeded: there is a video.
func succeeded(task video.Task, seen sight) video.Task {
	r := seen.record
	first := task.State != video.Success
	if first {
		task = accepted(reopened(task), seen)
		task.Reason, task.EmptySuccesses, task.Polls = doubt(task), 0, 0
		task.State = video.Success
		task.CompletedAt = completion(task, seen)
	}
	if len(task.Videos) == 0 {
		task.Videos = seen.saved
	}
	task.Videos = merged(task.Videos, r.Videos)
	if used := sane(r.CreditsUsed); used != nil {
		task.Used = used
	}
	task = settled(task, seen.at)
	switch {
	case first && seen.fetch && wantsFile(task):
		task.DueAt, task.Interval = seen.at, downloadLease
	case !first && fetchBooked(task):
		// A look in between leaves the download its time, also to another process.
		// With the longer interval it was the look that was due, not a download.
	default:
		task = rested(task)
	}
	return task
}

// settled books what a successful task cost. Without the upstream's word the
// estimate stays, as the best there is. Where the price was provisional it is
// final only at a later look: the upstream corrects it after success.
func settled(task video.Task, at time.Time) video.Task {
	task.Charged = task.Reserved
	if task.Used != nil {
		task.Charged = *task.Used
	}
	if task.Quote.Provisional && at.Before(task.CompletedAt.Add(settleAfter)) {
		task.Reserved = task.Charged
		return task
	}
	task.Settled = true
	return task
}

// rested books what a successful task without an open download still needs:
// the look that settles it, or nothing.
func rested(task video.Task) video.Task {
	task.DueAt, task.Interval = time.Time{}, 0
	if !task.Settled {
		task.DueAt, task.Interval = task.CompletedAt.Add(settleAfter), lookAgainEvery
	}
	return task
}

// failed: the upstream gave up on it.
func failed(task video.Task, seen sight) video.Task {
	if task.State.Final() && !reopens(task) {
		return task
	}
	task = accepted(reopened(task), seen)
	task.State = video.Failed
	task.Reason, task.DueAt, task.Interval, task.EmptySuccesses = "", time.Time{}, 0, 0
	task.CompletedAt = completion(task, seen)
	failure := video.Failure{Class: video.FailUnknown, Message: "The upstream gave no reason.", Charged: video.ChargedUnknown, Retry: video.RetrySame}
	if seen.record.Failure != nil {
		failure = *seen.record.Failure
	}
	task.Failure = &failure
	return writtenOff(task, sane(seen.record.CreditsUsed))
}

// writtenOff books what a failed task cost. Where nobody says whether it was
// refunded it stays unsettled, and the larger of what was reserved and what
// the upstream showed keeps counting: it may have been spent. [Engine.Resolve]
// settles it.
func writtenOff(task video.Task, used *video.Credits) video.Task {
	switch task.Failure.Charged {
	case video.ChargedNo:
		none := video.Credits(0)
		task.Used, task.Charged, task.Settled = &none, 0, true
	case video.ChargedYes:
		task.Used, task.Charged, task.Settled = used, task.Reserved, true
		if used != nil {
			task.Charged = *used
		}
	case video.ChargedUnknown:
		task.Charged, task.Settled = 0, false
		if used != nil {
			task.Used, task.Reserved = used, max(task.Reserved, *used)
		}
	}
	return task
}

// emptyHanded: the upstream says success and shows no video. That is not the
// end yet; after a bounded number of looks it counts as a failure, and is
// still asked about for a day, rarely.
func emptyHanded(task video.Task, seen sight) video.Task {
	if task.State == video.Success {
		return again(task, seen.at)
	}
	if task.State == video.Failed && task.EmptySuccesses >= maxFruitless {
		return again(task, seen.at)
	}
	if task.State.Final() && !reopens(task) {
		return task
	}
	task = accepted(reopened(task), seen)
	task.EmptySuccesses++
	if used := sane(seen.record.CreditsUsed); used != nil {
		task.Used = used
	}
	if task.EmptySuccesses < maxFruitless {
		if task.State != video.Stalled {
			task.State = video.Generating
		}
		return delayed(task, seen)
	}
	task.State, task.Reason = video.Failed, ""
	task.CompletedAt = completion(task, seen)
	task.Failure = &video.Failure{
		Class:      video.FailUnknown,
		Message:    fmt.Sprintf("The upstream reports success but gave no video URL in %d looks.", task.EmptySuccesses),
		Charged:    video.ChargedUnknown,
		Retry:      video.RetrySame,
		Suggestion: "It is looked at again for a day: call get_task_status later. Should you not want to wait, the same request may be made again with force_new; it will be charged again.",
	}
	if task.Used != nil && *task.Used > 0 {
		task.Failure.Charged = video.ChargedYes
	}
	task = writtenOff(task, task.Used)
	task.DueAt, task.Interval = seen.at.Add(lookAgainEvery), lookAgainEvery
	return task
}

// unseen: the look brought no record.
func unseen(task video.Task, seen sight) video.Task {
	missing := video.CodeOf(seen.err) == video.NotFound
	if task.State.Final() {
		return again(task, seen.at)
	}
	if missing {
		task.EmptySuccesses++
		if task.EmptySuccesses >= maxFruitless && seen.at.Sub(task.SubmittedAt) >= acceptanceLag {
			return forgotten(task, seen.at)
		}
	}
	elapsed := seen.at.Sub(task.SubmittedAt)
	if !missing && elapsed >= seen.pace.deadline && task.State != video.Stalled {
		task.State = video.Stalled
		task.Reason = "It should have ended long ago, but the upstream cannot be asked: " + video.Clip(seen.err.Error(), 200)
	}
	return delayed(task, seen)
}

func forgotten(task video.Task, at time.Time) video.Task {
	task.State, task.Reason = video.Failed, ""
	task.DueAt, task.Interval = time.Time{}, 0
	task.CompletedAt = at
	task.Failure = &video.Failure{
		Class:      video.FailForgotten,
		Message:    fmt.Sprintf("The upstream no longer knows this task: it answered %d looks in a row with \"not found\".", task.EmptySuccesses),
		Charged:    video.ChargedUnknown,
		Retry:      video.RetryNo,
		Suggestion: "Look at the account's task list for what was charged. A new video needs a new generate_video call.",
	}
	return writtenOff(task, task.Used)
}

// reopens says that our own word, not the upstream's, ended the task, so that
// the upstream's overrules it.
func reopens(task video.Task) bool {
	if task.State != video.Failed || task.Failure == nil {
		return false
	}
	switch task.Failure.Class {
	case video.FailRefused, video.FailForgotten, video.FailWithdrawn:
		return true
	default:
		return task.SubmittedAt.IsZero() || task.EmptySuccesses >= maxFruitless
	}
}

// reopened takes back that the task failed, reservation included.
func reopened(task video.Task) video.Task {
	if task.State != video.Failed {
		return task
	}
	task.State, task.Failure, task.CompletedAt = video.Waiting, nil, time.Time{}
	task.Charged, task.Settled, task.Used = 0, false, nil
	task.EmptySuccesses = 0
	return task
}

// accepted notes that the upstream has the task.
func accepted(task video.Task, seen sight) video.Task {
	if task.SubmittedAt.IsZero() {
		task.SubmittedAt = seen.at
		if made := seen.record.CreatedAt; !made.IsZero() && made.Before(seen.at) && !made.Before(task.CreatedAt) {
			task.SubmittedAt = made
		}
	}
	return task
}

// completion is when the task ended by our clock: the upstream's clock may
// differ, so only the time between its two stamps is believed.
func completion(task video.Task, seen sight) time.Time {
	r := seen.record
	if r.CreatedAt.IsZero() || r.CompletedAt.Before(r.CreatedAt) {
		return seen.at
	}
	ended := task.SubmittedAt.Add(r.CompletedAt.Sub(r.CreatedAt))
	if ended.After(seen.at) {
		return seen.at
	}
	return ended
}

// merged is the upstream's list of videos, with what we know of their files.
func merged(have, got []video.Video) []video.Video {
	list := make([]video.Video, 0, len(got))
	for i, v := range got {
		if v.URL == "" {
			continue
		}
		if i < len(have) {
			v.Path, v.Copy, v.Bytes, v.SHA256 = have[i].Path, have[i].Copy, have[i].Bytes, have[i].SHA256
			if v.MediaType == "" {
				v.MediaType = have[i].MediaType
			}
		}
		list = append(list, v)
	}
	return list
}

// sane drops amounts that cannot be.
func sane(credits *video.Credits) *video.Credits {
	if credits == nil || *credits < 0 {
		return nil
	}
	return credits
}
