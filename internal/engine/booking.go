package engine

import (
	"slices"
	"time"

	"seedance-mcp/internal/video"
)

// When a task is looked at next, and what for.

// again books another rare look at a final task of which something is
// missing, for a limited time; then what is known is the end.
func again(task video.Task, at time.Time) video.Task {
	if task.DueAt.IsZero() || fetchBooked(task) {
		return task
	}
	if at.Before(task.CompletedAt.Add(lookAgainFor)) {
		task.DueAt, task.Interval = at.Add(lookAgainEvery), lookAgainEvery
		return task
	}
	task.DueAt, task.Interval = time.Time{}, 0
	if task.State == video.Success {
		task.Settled = true
	}
	return task
}

// delayed books the next look after one that brought nothing: later each time.
func delayed(task video.Task, seen sight) video.Task {
	next := min(maxTrouble, 2*max(task.Interval, seen.pace.every))
	if task.State == video.Stalled {
		next = seen.pace.interval(seen.at.Sub(task.SubmittedAt))
	}
	task.Interval = max(next, seen.pace.every)
	task.DueAt = seen.at.Add(task.Interval)
	return task
}

// booked sets the next look. Small differences are not worth a write: the
// claim has booked one already.
func booked(task video.Task, at time.Time, next time.Duration) video.Task {
	if !task.DueAt.IsZero() && next*4 >= task.Interval*3 && next*3 <= task.Interval*4 {
		return task
	}
	task.Interval, task.DueAt = next, at.Add(next)
	return task
}

// fetchBooked says that a download is what is due next: a look that comes late
// leaves it its time.
func fetchBooked(task video.Task) bool {
	return wantsFile(task) && !task.DueAt.IsZero() && task.Interval < lookAgainEvery
}

// wantsSettling says that it is time for the look that settles a provisional
// price.
func wantsSettling(task video.Task, now time.Time) bool {
	return task.State == video.Success && !task.Settled && !now.Before(task.CompletedAt.Add(settleAfter))
}

// wantsFile says that a video of a finished task is not kept yet.
func wantsFile(task video.Task) bool {
	return task.State == video.Success &&
		slices.ContainsFunc(task.Videos, func(v video.Video) bool { return v.URL != "" && !v.Kept() })
}
