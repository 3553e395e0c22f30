package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"seedance-mcp/internal/video"
)

// Intent is a wish to be stored before anything is sent.
type Intent struct {
	// Task is stored as given, times cut to milliseconds. An empty ID and a
	// zero CreatedAt are filled in.
	Task video.Task
	// DedupeSince is how far back an equal request counts as the same wish;
	// zero: no such search (force_new).
	DedupeSince time.Time
	// Once is a secret that is good for one new task of the principal, whichever
	// process it is given to; "": none is needed.
	Once string
	// Limits must all hold with Task.Reserved added.
	Limits []Limit
	// Admit, unless nil, may alter a new task by how the slots of its account
	// stand, in the same transaction: as change may in [Store.Change].
	Admit func(slots Slots, task *video.Task)
}

// ErrSpent says that Intent.Once was good for an earlier task.
var ErrSpent = &video.Error{
	Code:       video.ConfirmationRequired,
	Message:    "This confirmation was used already: it is good for one video.",
	Suggestion: "Ask again for a new one.",
	Argument:   "confirm_token",
}

// onceKey keeps spent secrets beside the idempotency keys: both are answered by
// one task for ever.
func onceKey(secret string) string { return "confirmed by " + secret }

// Limit is a budget over the tasks created at Since or later. A limit for the
// sandbox does not bind real tasks, nor the other way round.
type Limit struct {
	Name      string // shown to the caller, such as "your own daily budget"
	Principal string // "": everybody's tasks together
	Since     time.Time
	ResetsAt  time.Time // shown to the caller
	Max       video.Credits
	Sandbox   bool
}

// Submitted is the task that answers an Intent.
type Submitted struct {
	Task video.Task
	// Existing says that it was there before and nothing was reserved.
	Existing bool
}

const (
	insertTask = `INSERT INTO tasks (` + columns + `, answers_repeats) VALUES (
		$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
		$21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40)`
	// supersede makes room in the unique index tasks_wishes: only one task
	// answers the repeats of a wish.
	supersede = `UPDATE tasks SET answers_repeats = 0
		WHERE request_hash = $1 AND principal = $2 AND upstream = $3 AND answers_repeats = 1`
	selectByKey = `SELECT ` + columns + ` FROM tasks WHERE id =
		(SELECT task_id FROM idempotency_keys WHERE principal = $1 AND idempotency_key = $2)`
	selectDuplicate = `SELECT ` + columns + ` FROM tasks
		WHERE request_hash = $1 AND principal = $2 AND created_at >= $3 AND upstream = $4 AND state <> 'fail'
		ORDER BY created_at DESC, id DESC LIMIT 1`
	insertKey = `INSERT INTO idempotency_keys (principal, idempotency_key, task_id) VALUES ($1, $2, $3)`
)

// Submit stores a new wish, or finds the task that it already became. In one
// transaction it looks for the same idempotency key of the principal
// (any age, any state), then for an equal request (same principal, RequestHash
// and Upstream, not failed, created at DedupeSince or later), then checks the
// limits, then inserts what Admit made of it. A wish found by its content keeps its key too: the same
// key leads to the same task for ever.
//
// Conflict: the key belongs to a different request. ErrSpent: Once is not good
// any more. BudgetExceeded, with Required and Available: the first limit that
// does not hold.
func (s *Store) Submit(ctx context.Context, in Intent) (Submitted, error) {
	var out Submitted
	in.Task = s.named(in.Task)
	err := s.write(ctx, func(t *transaction) error {
		if err := t.lockNames(in.locks()...); err != nil {
			return err
		}
		if stored, err := t.storedBefore(in.Task.ID); err != nil {
			return err
		} else if stored != nil {
			out = Submitted{Task: stored.task()}
			return nil
		}
		found, byContent, err := findExisting(t.task, in)
		if err != nil {
			return err
		}
		if found != nil {
			out = Submitted{Task: found.task(), Existing: true}
			if byContent && in.Task.IdempotencyKey != "" {
				return t.keepKey(in.Task.Principal, in.Task.IdempotencyKey, found.id)
			}
			return nil
		}
		if err := t.checkUnspent(in); err != nil {
			return err
		}
		for _, limit := range in.Limits {
			if err := checkLimit(t, limit, in.Task); err != nil {
				return err
			}
		}
		task := in.Task
		if in.Admit != nil {
			slots, err := t.slots(task.Upstream, task.Principal)
			if err != nil {
				return err
			}
			in.Admit(slots, &task)
		}
		out.Task, err = s.insertWish(t, task)
		if err == nil && in.Once != "" {
			err = t.keepKey(task.Principal, onceKey(in.Once), task.ID)
		}
		return err
	})
	if err != nil {
		return Submitted{}, err
	}
	if !out.Existing {
		s.watch.signal()
	}
	return out, nil
}

func (t *transaction) checkUnspent(in Intent) error {
	if in.Once == "" {
		return nil
	}
	_, err := t.task(selectByKey, in.Task.Principal, onceKey(in.Once))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return err
	}
	return ErrSpent
}

// named is the task with an id and a time of creation.
func (s *Store) named(task video.Task) video.Task {
	if task.CreatedAt.IsZero() {
		task.CreatedAt = s.now()
	}
	if task.ID == "" {
		task.ID = NewID(task.CreatedAt)
	}
	return task
}

// locks are what must stand still from the first look for duplicates, budgets
// and slots until the wish is stored.
func (in Intent) locks() []string {
	names := []string{lockOfPrincipal(in.Task.Principal)}
	if in.Admit != nil {
		names = append(names, lockOfAccount(in.Task.Upstream))
	}
	for _, limit := range in.Limits {
		name := lockOfPrincipal(limit.Principal)
		if limit.Principal == "" {
			name = everyoneLock
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// storedBefore is the row of a new task that an earlier attempt at the same
// write stored after all; nil: there is none.
func (t *transaction) storedBefore(id string) (*row, error) {
	if !t.unsure {
		return nil, nil
	}
	r, err := t.task(selectByID, id)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return &r, nil
}

// Duplicate is what Submit would find, without storing anything: the task that
// the wish already became, or false. Conflict as in Submit.
func (s *Store) Duplicate(ctx context.Context, in Intent) (video.Task, bool, error) {
	look := func(text string, args ...any) (row, error) { return s.row(ctx, text, args...) }
	found, _, err := findExisting(look, in)
	if err != nil || found == nil {
		return video.Task{}, false, explain(err)
	}
	return found.task(), true, nil
}

// findExisting gives the row that answers the wish, nil when it is new, and
// whether its content, not its key, found it. look gives sql.ErrNoRows where a
// query finds nothing.
func findExisting(look func(text string, args ...any) (row, error), in Intent) (found *row, byContent bool, err error) {
	wish := in.Task
	if wish.IdempotencyKey != "" {
		r, err := look(selectByKey, wish.Principal, wish.IdempotencyKey)
		if err == nil {
			return &r, false, checkSameWish(r, wish)
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return nil, false, err
		}
	}
	if in.DedupeSince.IsZero() || wish.RequestHash == "" {
		return nil, false, nil
	}
	r, err := look(selectDuplicate, wish.RequestHash, wish.Principal, in.DedupeSince.UnixMilli(), wish.Upstream)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	return &r, true, err
}

// checkSameWish refuses a key that was given with something else. A rehearsal
// in the sandbox is something else; another key of the account is not.
func checkSameWish(found row, wish video.Task) error {
	difference := "a different request"
	if found.requestHash == wish.RequestHash {
		if (found.sandbox != 0) == wish.Sandbox {
			return nil
		}
		difference = "the sandbox"
		if wish.Sandbox {
			difference = "the real upstream"
		}
	}
	return &video.Error{
		Code:       video.Conflict,
		Message:    fmt.Sprintf("This idempotency_key was already used with %s, as task %s.", difference, found.id),
		Suggestion: "Nothing was sent. Give a new idempotency_key to the new wish, or read that task with get_task_status.",
		Argument:   "idempotency_key",
		Given:      video.Clip(wish.IdempotencyKey, 100),
	}
}

func checkLimit(t *transaction, limit Limit, wish video.Task) error {
	if limit.Sandbox != wish.Sandbox {
		return nil
	}
	charged, reserved, err := t.spent(limit.Principal, limit.Since, limit.Sandbox)
	if err != nil {
		return err
	}
	left := limit.Max - charged - reserved
	if wish.Reserved <= left {
		return nil
	}
	return video.OverBudget(limit.Name, wish.Reserved, max(0, left), limit.ResetsAt)
}

// insertWish stores a new task that answers the repeats of its wish from now
// on. The unique index refuses a second one, should two writers ever have
// looked for duplicates at the same instant.
func (s *Store) insertWish(t *transaction, wish video.Task) (video.Task, error) {
	if wish.RequestHash == "" {
		return s.insert(t, wish, false)
	}
	if _, err := t.exec(supersede, wish.RequestHash, wish.Principal, wish.Upstream); err != nil {
		return video.Task{}, fmt.Errorf("supersede: %w", err)
	}
	return s.insert(t, wish, true)
}

// insert stores a new task and gives it as stored.
func (s *Store) insert(t *transaction, task video.Task, answersRepeats bool) (video.Task, error) {
	now := s.now()
	task.Version, task.UpdatedAt = 1, now
	r, err := rowOf(task)
	if err != nil {
		return video.Task{}, err
	}
	r.bookedAt = now.UnixMilli()
	if _, err := t.exec(insertTask, append(r.places(), oneIf(answersRepeats))...); err != nil {
		return video.Task{}, fmt.Errorf("insert task %s: %w", task.ID, err)
	}
	if task.IdempotencyKey != "" {
		if err := t.keepKey(task.Principal, task.IdempotencyKey, task.ID); err != nil {
			return video.Task{}, err
		}
	}
	return r.task(), t.addToLedger(entryOf(r))
}

func (t *transaction) keepKey(principal, key, id string) error {
	if _, err := t.exec(insertKey, principal, key, id); err != nil {
		return fmt.Errorf("keep idempotency key of task %s: %w", id, err)
	}
	return nil
}

// Insert stores a task that the upstream knows already. When it is stored
// already (same Upstream and UpstreamID), that task is returned, whosever it
// is, with false.
func (s *Store) Insert(ctx context.Context, task video.Task) (video.Task, bool, error) {
	var stored video.Task
	isNew := false
	task = s.named(task)
	err := s.write(ctx, func(t *transaction) error {
		if before, err := t.storedBefore(task.ID); err != nil {
			return err
		} else if before != nil {
			stored, isNew = before.task(), true
			return nil
		}
		if task.UpstreamID != "" {
			found, err := t.task(selectByUpstreamID, task.Upstream, task.UpstreamID)
			if err == nil {
				stored, isNew = found.task(), false
				return nil
			}
			if !errors.Is(err, sql.ErrNoRows) {
				return err
			}
		}
		var err error
		stored, err = s.insert(t, task, false)
		isNew = err == nil
		return err
	})
	if err != nil {
		return video.Task{}, false, err
	}
	if isNew {
		s.watch.signal()
	}
	return stored, isNew, nil
}
