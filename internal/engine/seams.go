package engine

import (
	"context"
	"encoding/json"
	"time"

	"seedance-mcp/internal/media"
	"seedance-mcp/internal/store"
	"seedance-mcp/internal/upstream"
	"seedance-mcp/internal/video"
)

// Store keeps tasks; [store.Store] says what each method promises. Several
// engines, also in several processes, may share one.
type Store interface {
	Submit(ctx context.Context, in store.Intent) (store.Submitted, error)
	Duplicate(ctx context.Context, in store.Intent) (video.Task, bool, error)
	Insert(ctx context.Context, task video.Task) (video.Task, bool, error)
	Change(ctx context.Context, id string, change func(*video.Task) error) (video.Task, error)
	Take(ctx context.Context, id string, change func(store.Slots, *video.Task) error) (video.Task, error)
	LearnLimit(ctx context.Context, upstream string, limit int, at time.Time) error
	Claim(ctx context.Context, q store.ClaimQuery) ([]video.Task, error)
	NextDue(ctx context.Context, upstreams []string, files bool) (time.Time, error)
	Overdue(ctx context.Context, upstreams []string, before time.Time, files bool) (int, error)
	Queued(ctx context.Context, upstream string) ([]store.QueueHead, error)
	Get(ctx context.Context, id string) (video.Task, error)
	ByUpstreamID(ctx context.Context, upstream, upstreamID string) (video.Task, error)
	ByCallback(ctx context.Context, token string) (video.Task, error)
	Latest(ctx context.Context, principal string) (video.Task, error)
	List(ctx context.Context, f store.Filter) (store.Page, error)
	Usage(ctx context.Context, f store.UsageFilter) ([]store.UsageRow, error)
	Spent(ctx context.Context, principal string, since time.Time, sandbox bool) (charged, reserved video.Credits, err error)
	Durations(ctx context.Context, model, resolution string, seconds int, sandbox bool) ([]time.Duration, error)
	Watch(ctx context.Context) <-chan struct{}
	Close() error
}

// Upstream asks the jobs API; [upstream.Client] says what each error means.
type Upstream interface {
	Create(ctx context.Context, payload json.RawMessage, callbackURL string) (upstream.Accepted, error)
	Record(ctx context.Context, taskID string) (upstream.Record, error)
}

// Media fetches finished videos to disk.
type Media interface {
	Fetch(ctx context.Context, job media.Job) (media.File, error)
}
