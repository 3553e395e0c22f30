package engine

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"seedance-mcp/internal/catalog"
	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

// dedupeWindow is how long the same request by the same principal means the
// same task.
const dedupeWindow = 10 * time.Minute

// maxIdempotencyKey is in characters: keys are kept for ever and found by an
// index, and Postgres takes entries of 2,700 bytes at most.
const maxIdempotencyKey = 500

// Wish is what a caller wants made.
type Wish struct {
	Ask catalog.Ask
	// MaxCredits refuses a request whose quote is higher, or unknown; nil: no
	// limit of the caller's.
	MaxCredits *video.Credits
	// IdempotencyKey leads to the same task for ever, and has at most 500
	// characters; "": none.
	IdempotencyKey string
	// ForceNew makes another task although the same request was just made.
	ForceNew bool
	// Take tells several videos of one request apart: each take is a wish of
	// its own, and the same take within the duplicate window the same task. 0
	// is the first.
	Take int
	// ConfirmToken is a person's agreement, see [Quotation].
	ConfirmToken string
}

// Submission is a wish that has become a task.
type Submission struct {
	Task video.Task
	// Duplicate says that the task existed: nothing was sent or charged now.
	Duplicate bool
	// Notes tell what was understood differently, Warnings what to know.
	Notes, Warnings []string
}

// Submit stores the wish and sends createTask, at most once whatever dies. It
// answers after SubmitWait at the latest, with the task as "submitting" if the
// upstream has not answered by then. A wish that exists already is returned
// instead.
//
// Errors of the catalogue, the budgets, the store, and ConfirmationRequired
// come without a task. A definite refusal by the upstream comes with the
// stored task, in "fail". A full account ("queued") and a lost answer
// ("unconfirmed") are no errors.
func (e *Engine) Submit(ctx context.Context, principal string, w Wish) (Submission, error) {
	if n := utf8.RuneCountInString(w.IdempotencyKey); n > maxIdempotencyKey {
		return Submission{}, errLongKey(n)
	}
	plan, hash, err := e.plan(w)
	if err != nil {
		return Submission{}, err
	}
	tasks, err := e.open(ctx)
	if err != nil {
		return Submission{}, err
	}
	if !e.join(&e.posts) {
		return Submission{}, errClosing()
	}
	given := false // whether post leaves e.posts
	defer func() {
		if !given {
			e.posts.Done()
		}
	}()
	budgets, err := e.budgetsOf(ctx, principal)
	if err != nil {
		return Submission{}, err
	}
	account, err := e.accountOf(ctx, principal)
	if err != nil {
		return Submission{}, err
	}
	intent := e.intent(account, principal, w, plan, hash)
	intent.Limits = e.limitsOf(principal, budgets)
	existing, found, err := tasks.Duplicate(ctx, intent)
	if err != nil {
		return Submission{}, err
	}
	if found {
		return duplicate(existing, plan), nil
	}
	if err := e.allowed(ctx, principal, plan.Request.Model); err != nil {
		return Submission{}, err
	}
	if err := e.affordable(plan.Quote, w.MaxCredits, budgets); err != nil {
		return Submission{}, err
	}
	if intent.Once, err = e.agreement(principal, hash, plan.Quote, w.ConfirmToken); err != nil {
		return Submission{}, err
	}
	submitted, err := tasks.Submit(ctx, intent)
	switch {
	case errors.Is(err, store.ErrSpent):
		return Submission{}, errConfirm("The confirm_token was used already: it is good for one video.", plan.Quote)
	case err != nil:
		return Submission{}, err
	case submitted.Existing:
		return duplicate(submitted.Task, plan), nil
	}
	result := Submission{Task: submitted.Task, Notes: plan.Notes, Warnings: plan.Warnings}
	if submitted.Task.State == video.Queued {
		e.o.Logger.Info("task queued behind others", "task", submitted.Task.ID)
		e.queues.of(account).found(true) // the queue may have emptied meanwhile
		e.sendQueued(tasks, account, false)
		return result, nil
	}
	e.o.Checkpoint("submit.stored")
	given = true
	return e.await(ctx, result, e.post(ctx, tasks, submitted.Task, false))
}

func errLongKey(length int) error {
	return &video.Error{
		Code: video.Invalid, Argument: "idempotency_key",
		Message:    fmt.Sprintf("The idempotency_key has %d characters; at most %d are kept.", length, maxIdempotencyKey),
		Suggestion: "Give a short name of this one video, such as storyboard-1.",
	}
}

// await gives createTask a moment to answer.
func (e *Engine) await(ctx context.Context, result Submission, done <-chan outcome) (Submission, error) {
	timer := time.NewTimer(e.o.SubmitWait)
	defer timer.Stop()
	select {
	case out := <-done:
		result.Task = out.task
		if out.task.State == video.Failed {
			return result, out.err
		}
		return result, nil
	case <-timer.C:
	case <-ctx.Done():
	case <-e.draining:
	}
	return result, nil
}

// plan understands a wish; hash stands for everything that makes it the same.
func (e *Engine) plan(w Wish) (plan video.Plan, hash string, err error) {
	w.Ask.AllowPrivateURLs = e.o.Account.AllowPrivateURLs
	plan, err = e.o.Catalog.Plan(e.o.Account.Dialect, w.Ask)
	if err != nil {
		return video.Plan{}, "", err
	}
	text, err := json.Marshal(struct {
		Dialect video.Dialect `json:"dialect"`
		Request video.Request `json:"request"`
		Take    int           `json:"take,omitempty"`
	}{e.o.Account.Dialect, plan.Request, w.Take})
	if err != nil {
		return video.Plan{}, "", fmt.Errorf("hash a request: %w", err)
	}
	sum := sha256.Sum256(text)
	return plan, hex.EncodeToString(sum[:]), nil
}

// intent is the row to store before anything is sent. While the account is
// full, or others wait for it, a newcomer takes its place behind them.
func (e *Engine) intent(account, principal string, w Wish, plan video.Plan, hash string) store.Intent {
	now := e.now()
	task := video.Task{
		ID:             store.NewID(now),
		Principal:      principal,
		State:          video.Submitting,
		Upstream:       account,
		Sandbox:        e.o.Account.Sandbox,
		Request:        plan.Request,
		Workflow:       plan.Workflow,
		Payload:        plan.Payload,
		RequestHash:    hash,
		IdempotencyKey: w.IdempotencyKey,
		CallbackToken:  rand.Text(),
		Quote:          plan.Quote,
		CreatedAt:      now,
		DueAt:          now.Add(e.o.Hold),
		Interval:       e.o.Hold,
		Attempts:       1,
		Save:           e.keepsFiles(),
	}
	if plan.Quote.Credits != nil {
		task.Reserved = *plan.Quote.Credits
	}
	in := store.Intent{Task: task, Admit: func(slots store.Slots, t *video.Task) {
		if reason := mustWait(slots, now); reason != "" {
			t.State, t.Reason, t.Attempts, t.QueuedAt = video.Queued, reason, 0, now
			t.DueAt, t.Interval = now.Add(queueTick), queueTick
		}
	}}
	if !w.ForceNew {
		in.DedupeSince = now.Add(-dedupeWindow)
	}
	return in
}

// duplicate tells about the task that answers a repeated wish.
func duplicate(task video.Task, plan video.Plan) Submission {
	result := Submission{Task: task, Duplicate: true, Notes: plan.Notes}
	if task.State == video.Unconfirmed {
		result.Warnings = append(result.Warnings, "The same request was sent before and nobody knows what became of it; force_new pays for another one.")
	}
	return result
}
