package engine

import (
	"context"
	"slices"
	"sync"

	"seedance-mcp/internal/video"
)

// Accounts are upstream accounts beside [Options.Account], at the same address
// and in the same dialect. Each pays for its principal's tasks, and for nobody
// else's. Their errors are *video.Error; where an account cannot be used, the
// code is Unavailable.
type Accounts interface {
	// Own gives the fingerprint of the principal's own account, or false: the
	// common one pays. An error refuses what needs an account.
	Own(ctx context.Context, principal string) (fingerprint string, has bool, err error)
	// Upstream speaks as the account with this fingerprint, also as one that
	// is nobody's any more.
	Upstream(ctx context.Context, fingerprint string) (Upstream, error)
	// Busy are the fingerprints of the accounts that have tasks to be followed
	// and that this process can speak as.
	Busy(ctx context.Context) []string
}

// accountOf is the account that pays for the principal's next task. It fails
// rather than let another one pay.
func (e *Engine) accountOf(ctx context.Context, principal string) (fingerprint string, err error) {
	if e.o.Accounts != nil {
		own, has, err := e.o.Accounts.Own(ctx, principal)
		if err != nil || has {
			return own, err
		}
	}
	return e.o.Account.Fingerprint, nil
}

// upstreamOf speaks as an account.
func (e *Engine) upstreamOf(ctx context.Context, fingerprint string) (Upstream, error) {
	switch {
	case fingerprint == e.o.Account.Fingerprint:
		return e.o.Account.Upstream, nil
	case e.o.Accounts != nil:
		return e.o.Accounts.Upstream(ctx, fingerprint)
	default:
		return nil, &video.Error{
			Code:       video.Unavailable,
			Message:    "The task belongs to another account of the video service than the one in use.",
			Suggestion: "Use the key and address that it was made with.",
		}
	}
}

// record asks about an upstream's task as the account that it belongs to.
func (e *Engine) record(ctx context.Context, account, upstreamID string) (upstreamRecord, error) {
	from, err := e.upstreamOf(ctx, account)
	if err != nil {
		return upstreamRecord{}, err
	}
	return from.Record(ctx, upstreamID)
}

// upstreams are the accounts whose tasks this engine follows.
func (e *Engine) upstreams(ctx context.Context) []string {
	all := []string{e.o.Account.Fingerprint}
	if e.o.Accounts == nil {
		return all
	}
	for _, own := range e.o.Accounts.Busy(ctx) {
		if !slices.Contains(all, own) {
			all = append(all, own)
		}
	}
	return all
}

// ours says that this engine can ask about the task.
func (e *Engine) ours(ctx context.Context, task video.Task) bool {
	_, err := e.upstreamOf(ctx, task.Upstream)
	return err == nil
}

// queues are this process's parts in sending what is queued, one for each
// account: one that is full holds nobody else up.
type queues struct {
	mu sync.Mutex
	by map[string]*sender
}

func (q *queues) of(account string) *sender {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.by == nil {
		q.by = make(map[string]*sender)
	}
	if q.by[account] == nil {
		q.by[account] = new(sender)
	}
	return q.by[account]
}
