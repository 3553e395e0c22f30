package engine

import (
	"context"
	"time"

	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

const (
	// maxLooks is how many looks one process has under way at once: 5,000 tasks
	// of a process, each looked at every 4 s, by an upstream that takes 0.2 s.
	maxLooks = 256
	// claimGap is the shortest time between two claims: each is a write, and
	// what falls due meanwhile shares the next one.
	claimGap = 25 * time.Millisecond
	// idleLook is how often the loop asks for work that another process left
	// behind, when it knows of none: what another process ordered since, and
	// died. It is part of the 5 s within which such work is followed.
	idleLook = 4 * time.Second
	// storeRetry is how long the loop waits when the store fails.
	storeRetry = time.Second
	// overdueAfter is how long a due task may stay unclaimed before the alarm,
	// and how long the alarm keeps quiet then.
	overdueAfter = time.Minute
)

// kick wakes the loop.
func (e *Engine) kick() {
	select {
	case e.kicked <- struct{}{}:
	default: // it is awake already
	}
}

// follow is the loop: it claims what is due, has it looked at, and sleeps
// until more is due or somebody kicks it.
func (e *Engine) follow(ctx context.Context, tasks Store) {
	for _, account := range e.upstreams(ctx) {
		e.sendQueued(tasks, account, true) // somebody may have left a queue behind
	}
	var alarmed time.Time
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-e.kicked:
		case <-timer.C:
		}
		full, err := e.claim(ctx, tasks)
		now := e.now()
		if !full && now.Sub(alarmed) >= overdueAfter {
			if e.overdue(ctx, tasks, now) {
				alarmed = now
			}
		}
		timer.Reset(e.untilNext(ctx, tasks, full, err))
		select { // let what falls due together be claimed together
		case <-ctx.Done():
			return
		case <-time.After(claimGap):
		}
	}
}

// claim hands what is due to goroutines. full says that no slot was left, so
// that more may be due.
func (e *Engine) claim(ctx context.Context, tasks Store) (full bool, err error) {
	free := cap(e.lookSlots) - len(e.lookSlots)
	if free == 0 {
		return true, nil
	}
	late := e.lateness(ctx, tasks)
	claimed, err := tasks.Claim(ctx, store.ClaimQuery{Now: e.now(), Upstreams: e.upstreams(ctx), Files: e.keepsFiles(), Limit: free})
	if err != nil {
		if ctx.Err() == nil {
			e.o.Logger.Warn("cannot claim due tasks", "error", err)
			e.alarm(AlarmStore)
		}
		return false, err
	}
	e.noteClaim(len(claimed), late)
	if len(claimed) > 0 {
		e.o.Checkpoint("follow.claimed")
	}
	for _, task := range claimed {
		e.lookSlots <- struct{}{} // never blocks: only this loop fills them
		e.workers.Go(func() {     // the loop itself is in the group
			e.deal(ctx, tasks, task)
			<-e.lookSlots
			if e.starved.Swap(false) {
				e.kick()
			}
		})
	}
	return len(claimed) == free, nil
}

// untilNext is how long to sleep unless kicked.
func (e *Engine) untilNext(ctx context.Context, tasks Store, full bool, claimErr error) time.Duration {
	if claimErr != nil {
		return storeRetry
	}
	if full {
		e.starved.Store(true) // the next finished look kicks
		if len(e.lookSlots) < cap(e.lookSlots) {
			return 0 // it may have finished before it knew
		}
		return idleLook
	}
	next, err := tasks.NextDue(ctx, e.upstreams(ctx), e.keepsFiles())
	switch {
	case err != nil:
		return storeRetry
	case next.IsZero():
		return idleLook
	default:
		return max(0, min(idleLook, next.Sub(e.now())))
	}
}

// overdue raises the alarm when tasks are due and nobody claims them although
// slots are free: one wrong parameter would stop every claim silently.
func (e *Engine) overdue(ctx context.Context, tasks Store, now time.Time) bool {
	count, err := tasks.Overdue(ctx, e.upstreams(ctx), now.Add(-overdueAfter), e.keepsFiles())
	if err != nil || count == 0 {
		return false
	}
	e.o.Logger.Error("tasks are due but nobody claims them", "count", count)
	e.alarm(AlarmOverdue)
	return true
}

// Overdue counts the tasks that have been due for a minute although nobody
// looked at them: more than none for long is an alarm, the same that the log
// raises.
func (e *Engine) Overdue(ctx context.Context) (int, error) {
	tasks, err := e.open(ctx)
	if err != nil {
		return 0, err
	}
	return tasks.Overdue(ctx, e.upstreams(ctx), e.now().Add(-overdueAfter), e.keepsFiles())
}

// deal does what a due task needs.
func (e *Engine) deal(ctx context.Context, tasks Store, task video.Task) {
	if !e.looking.enter(task.ID) {
		return // an earlier look is still under way here
	}
	defer e.looking.leave(task.ID)
	switch {
	case task.State == video.Submitting:
		e.abandon(ctx, tasks, task)
	case task.State == video.Queued:
		e.dealQueued(ctx, tasks, task)
	case awaitsName(task):
		e.lookByName(ctx, tasks, task)
	case wantsSettling(task, e.now()):
		e.look(ctx, tasks, task)
	case e.keepsFiles() && wantsFile(task):
		e.queueDownload(tasks, task)
	case task.UpstreamID != "":
		e.look(ctx, tasks, task)
	}
}

// abandon marks a task whose POST nobody answers for any more.
func (e *Engine) abandon(ctx context.Context, tasks Store, task video.Task) {
	if e.posting.has(task.ID) {
		return // the POST is under way here and takes longer than it should
	}
	stored, err := tasks.Change(ctx, task.ID, func(t *video.Task) error {
		if t.State != video.Submitting || t.UpstreamID != "" || t.Attempts != task.Attempts {
			return store.ErrUnchanged
		}
		*t = unconfirmed(*t, abandonedReason, e.now())
		return nil
	})
	if err != nil {
		e.logStore(ctx, "mark as unconfirmed", task, err)
		return
	}
	if stored.State == video.Unconfirmed {
		e.o.Logger.Warn("the paid call's outcome is unknown", "task", task.ID)
		e.moved(tasks, stored)
	}
}

// dealQueued gives the queue a push, and ends what has waited too long.
func (e *Engine) dealQueued(ctx context.Context, tasks Store, task video.Task) {
	now := e.now()
	if now.Before(task.CreatedAt.Add(maxQueued)) {
		e.queues.of(task.Upstream).found(true)
		e.sendQueued(tasks, task.Upstream, false)
		return
	}
	_, err := tasks.Change(ctx, task.ID, func(t *video.Task) error {
		if t.State != video.Queued {
			return store.ErrUnchanged
		}
		*t = refused(*t, answer{at: now, err: &video.Error{
			Code:       video.ConcurrencyLimit,
			Message:    "The account had no free slot for a day; nothing was sent or charged.",
			Suggestion: "Ask for the video again when fewer tasks run.",
		}})
		return nil
	})
	if err != nil {
		e.logStore(ctx, "give up a queued task", task, err)
	}
}

// look asks the upstream about a task and stores what is new.
func (e *Engine) look(ctx context.Context, tasks Store, task video.Task) {
	record, err := e.record(ctx, task.Upstream, task.UpstreamID)
	if ctx.Err() != nil {
		return
	}
	e.o.Checkpoint("look.recorded")
	if err != nil {
		e.o.Logger.Debug("a look failed", "task", task.ID, "code", video.CodeOf(err))
	}
	seen := e.sight(ctx, tasks, task, record, err)
	if same(observe(task, seen), task) {
		return // nothing new: no transaction
	}
	if _, err := e.apply(ctx, tasks, task, seen); err != nil {
		e.logStore(ctx, "store a look", task, err)
	}
}

// sight is a look made now.
func (e *Engine) sight(ctx context.Context, tasks Store, task video.Task, record upstreamRecord, err error) sight {
	return sight{record: record, err: err, at: e.now(), pace: e.paceOf(ctx, tasks, task), fetch: e.keepsFiles() || task.Save}
}

// apply stores a look, whatever has become of the task meanwhile.
func (e *Engine) apply(ctx context.Context, tasks Store, task video.Task, seen sight) (video.Task, error) {
	before := task.State
	stored, err := tasks.Change(ctx, task.ID, func(t *video.Task) error {
		before = t.State
		*t = observe(*t, seen)
		return nil
	})
	if err != nil {
		return video.Task{}, err
	}
	e.o.Checkpoint("look.stored")
	if stored.State != before {
		e.logMove(stored)
	}
	if stored.State.Final() {
		e.moved(tasks, stored)
	} else {
		e.kick() // its next look may be earlier than the loop knows
	}
	return stored, nil
}

func (e *Engine) logMove(task video.Task) {
	if !task.State.Final() && task.State != video.Stalled {
		e.o.Logger.Debug("task moved", "task", task.ID, "state", task.State)
		return
	}
	class := video.FailureClass("")
	if task.Failure != nil {
		class = task.Failure.Class
	}
	e.o.Logger.Info("task "+string(task.State), "task", task.ID, "upstream_task", task.UpstreamID, "model", task.Request.Model,
		"charged", task.Charged.String(), "settled", task.Settled, "class", class, "sandbox", task.Sandbox)
}

func (e *Engine) logStore(ctx context.Context, what string, task video.Task, err error) {
	if ctx.Err() == nil {
		e.o.Logger.Warn("cannot "+what, "task", task.ID, "error", err)
	}
}
