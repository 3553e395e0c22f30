package engine

import (
	"context"
	"slices"
	"time"

	"seedance-mcp/internal/video"
)

// progressEvery is how often a waiter hears of tasks that do not change.
const progressEvery = 3 * time.Second

// Wait returns the tasks, in the order of ids, as soon as one of them (all:
// every one) is settled, or when limit ends: that is no error. A finished
// video that is being downloaded counts once its file is there, if that is
// within limit. ids are as in [Engine.Get]; none: the latest.
//
// progress, unless nil, is called from this goroutine: on every change, and
// every 3 s in between. Drain and Close end the wait with the
// present state. When ctx ends, the tasks come with its error.
func (e *Engine) Wait(ctx context.Context, principal string, ids []string, all bool, limit time.Duration, progress func([]video.Task)) ([]video.Task, error) {
	if len(ids) == 0 {
		ids = []string{""}
	}
	found, err := e.getEach(ctx, principal, ids)
	if err != nil || limit <= 0 {
		return found, err
	}
	tasks, err := e.open(ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	changes := tasks.Watch(ctx)
	end := time.NewTimer(limit)
	defer end.Stop()
	ticker := time.NewTicker(progressEvery)
	defer ticker.Stop()
	for {
		fresh, err := reread(ctx, tasks, found)
		if err != nil {
			return found, e.endOfWait(ctx, err)
		}
		if progress != nil && !sameVersions(found, fresh) {
			progress(slices.Clone(fresh))
		}
		found = fresh
		if e.waitedEnough(ctx, found, all) {
			return found, nil
		}
		if slices.ContainsFunc(found, func(t video.Task) bool { return e.fetching(ctx, t) }) {
			e.kick() // another process may have seen it end
		}
		select {
		case <-changes:
		case <-ticker.C:
			if progress != nil {
				progress(slices.Clone(found))
			}
		case <-end.C:
			return found, nil
		case <-e.draining:
			return found, nil
		case <-ctx.Done():
			return found, ctx.Err()
		}
	}
}

// getEach gets tasks by id, each once, in order, and hastens those whose next
// look is far off: somebody is interested.
func (e *Engine) getEach(ctx context.Context, principal string, ids []string) ([]video.Task, error) {
	var found []video.Task
	for _, id := range ids {
		task, err := e.Get(ctx, principal, id)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(found, func(t video.Task) bool { return t.ID == task.ID }) {
			found = append(found, task)
		}
	}
	return found, nil
}

func reread(ctx context.Context, tasks Store, list []video.Task) ([]video.Task, error) {
	fresh := make([]video.Task, len(list))
	for i, task := range list {
		var err error
		if fresh[i], err = tasks.Get(ctx, task.ID); err != nil {
			return nil, err
		}
	}
	return fresh, nil
}

func sameVersions(a, b []video.Task) bool {
	return slices.EqualFunc(a, b, func(x, y video.Task) bool { return x.Version == y.Version })
}

// endOfWait is nil when the store failed because the engine closes.
func (e *Engine) endOfWait(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	select {
	case <-e.draining:
		return nil
	default:
		return err
	}
}

func (e *Engine) waitedEnough(ctx context.Context, list []video.Task, all bool) bool {
	done := func(t video.Task) bool { return t.State.Settled() && !e.fetching(ctx, t) }
	if all {
		return !slices.ContainsFunc(list, func(t video.Task) bool { return !done(t) })
	}
	return slices.ContainsFunc(list, done)
}

// fetching says that a finished task's file should be there soon: its first
// download is due or under way, here or in another process.
func (e *Engine) fetching(ctx context.Context, t video.Task) bool {
	return e.o.Media != nil && e.ours(ctx, t) && wantsFile(t) && !t.DueAt.IsZero() && t.Interval <= downloadLease
}
