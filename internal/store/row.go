package store

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"seedance-mcp/internal/video"
)

// defaultInterval is booked for a task that is due but names no interval: a
// claim must always move it on.
const defaultInterval = 5 * time.Second

// row is a task as its columns hold it. Rows are comparable: equal rows need
// no write.
type row struct {
	id, principal, upstream string
	upstreamID              sql.Null[string]
	sandbox                 int64
	state                   string
	dueAt                   sql.Null[int64]
	interval, bookedAt      int64
	polls, emptySuccesses   int64
	version                 int64
	createdAt               int64
	submittedAt             sql.Null[int64]
	updatedAt               int64
	completedAt             sql.Null[int64]
	model, resolution       string
	seconds                 int64
	estimated               sql.Null[int64]
	reserved                int64
	used                    sql.Null[int64]
	charged, settled        int64
	requestHash             string
	idempotencyKey          sql.Null[string]
	callbackToken           sql.Null[string]
	reason, workflow        string
	searchText              string
	request, payload, quote string // JSON
	videos, failure         string // JSON or ""
	attempts                int64
	queuedAt                sql.Null[int64]
	hints                   string // JSON or ""
	save                    int64
}

// columns of table tasks, in the order of row.places.
const columns = `id, principal, upstream, upstream_id, sandbox, state, due_at, interval_ms, booked_at, polls,
	empty_successes, version, created_at, submitted_at, updated_at, completed_at, model, resolution, seconds, estimated,
	reserved, used, charged, settled, request_hash, idempotency_key, callback_token, reason, workflow, search_text,
	request, payload, quote, videos, failure, attempts, queued_at, hints, save`

// places are r's fields in the order of columns, to scan into and to bind from.
func (r *row) places() []any {
	return []any{
		&r.id, &r.principal, &r.upstream, &r.upstreamID, &r.sandbox, &r.state, &r.dueAt, &r.interval, &r.bookedAt, &r.polls,
		&r.emptySuccesses, &r.version, &r.createdAt, &r.submittedAt, &r.updatedAt, &r.completedAt, &r.model, &r.resolution, &r.seconds, &r.estimated,
		&r.reserved, &r.used, &r.charged, &r.settled, &r.requestHash, &r.idempotencyKey, &r.callbackToken, &r.reason, &r.workflow, &r.searchText,
		&r.request, &r.payload, &r.quote, &r.videos, &r.failure, &r.attempts, &r.queuedAt, &r.hints, &r.save,
	}
}

// rowOf is the task in columns; booked_at is left to the caller.
func rowOf(t video.Task) (row, error) {
	r := row{
		id: t.ID, principal: t.Principal, upstream: t.Upstream, upstreamID: textOrNull(t.UpstreamID),
		sandbox: oneIf(t.Sandbox), state: string(t.State), dueAt: timeOrNull(t.DueAt), interval: t.Interval.Milliseconds(),
		polls: int64(t.Polls), emptySuccesses: int64(t.EmptySuccesses), version: t.Version,
		createdAt: t.CreatedAt.UnixMilli(), submittedAt: timeOrNull(t.SubmittedAt), updatedAt: t.UpdatedAt.UnixMilli(), completedAt: timeOrNull(t.CompletedAt),
		model: t.Request.Model, resolution: t.Request.Resolution, seconds: int64(t.Request.Duration),
		estimated: creditsOrNull(t.Quote.Credits), reserved: int64(t.Reserved), used: creditsOrNull(t.Used), charged: int64(t.Charged), settled: oneIf(t.Settled),
		requestHash: t.RequestHash, idempotencyKey: textOrNull(t.IdempotencyKey), callbackToken: textOrNull(t.CallbackToken),
		reason: t.Reason, workflow: t.Workflow, searchText: strings.ToLower(t.Request.Prompt), payload: string(t.Payload),
		attempts: int64(t.Attempts), queuedAt: timeOrNull(t.QueuedAt), save: oneIf(t.Save),
	}
	if r.dueAt.Valid && r.interval <= 0 {
		r.interval = defaultInterval.Milliseconds()
	}
	var err error
	encode := func(value any) string {
		text, failure := json.Marshal(value)
		if failure != nil {
			err = fmt.Errorf("encode task %s: %w", t.ID, failure)
		}
		return string(text)
	}
	r.request, r.quote = encode(t.Request), encode(t.Quote)
	if len(t.Videos) > 0 {
		r.videos = encode(t.Videos)
	}
	if t.Failure != nil {
		r.failure = encode(t.Failure)
	}
	if len(t.Hints) > 0 {
		r.hints = encode(t.Hints)
	}
	return r, err
}

// task is the row in the words of package video. It never fails: a paid task
// must stay visible even where a part of it cannot be read, so damaged JSON
// leaves that part empty.
func (r *row) task() video.Task {
	t := video.Task{
		ID: r.id, Principal: r.principal, Upstream: r.upstream, UpstreamID: r.upstreamID.V,
		Sandbox: r.sandbox != 0, State: video.State(r.state), DueAt: timeOf(r.dueAt), Interval: time.Duration(r.interval) * time.Millisecond,
		Polls: int(r.polls), EmptySuccesses: int(r.emptySuccesses), Version: r.version,
		CreatedAt: time.UnixMilli(r.createdAt).UTC(), SubmittedAt: timeOf(r.submittedAt), UpdatedAt: time.UnixMilli(r.updatedAt).UTC(), CompletedAt: timeOf(r.completedAt),
		Reserved: video.Credits(r.reserved), Used: creditsOf(r.used), Charged: video.Credits(r.charged), Settled: r.settled != 0,
		RequestHash: r.requestHash, IdempotencyKey: r.idempotencyKey.V, CallbackToken: r.callbackToken.V,
		Reason: r.reason, Workflow: r.workflow, Attempts: int(r.attempts), QueuedAt: timeOf(r.queuedAt), Save: r.save != 0,
	}
	if r.payload != "" {
		t.Payload = json.RawMessage(r.payload)
	}
	if !decode(r.request, &t.Request) {
		t.Request = video.Request{Prompt: r.searchText, Model: r.model, Resolution: r.resolution, Duration: int(r.seconds)}
	}
	if !decode(r.quote, &t.Quote) {
		t.Quote = video.Quote{Credits: creditsOf(r.estimated)}
	}
	if !decode(r.videos, &t.Videos) {
		t.Videos = nil
	}
	if !decode(r.hints, &t.Hints) {
		t.Hints = nil
	}
	if failure := new(video.Failure); r.failure != "" && decode(r.failure, failure) {
		t.Failure = failure
	}
	return t
}

// keepUnread puts back what original holds in columns that the change left as
// they were decoded: a part that could not be read is not overwritten.
func (r *row) keepUnread(original, decoded row) {
	for _, column := range []struct {
		mine             *string
		original, before string
	}{
		{&r.request, original.request, decoded.request},
		{&r.quote, original.quote, decoded.quote},
		{&r.videos, original.videos, decoded.videos},
		{&r.failure, original.failure, decoded.failure},
		{&r.hints, original.hints, decoded.hints},
		{&r.searchText, original.searchText, decoded.searchText},
	} {
		if *column.mine == column.before {
			*column.mine = column.original
		}
	}
}

// decode reads JSON text into target; "" leaves it alone.
func decode(text string, target any) bool {
	return text == "" || json.Unmarshal([]byte(text), target) == nil
}

func textOrNull(text string) sql.Null[string] { return sql.Null[string]{V: text, Valid: text != ""} }

func timeOrNull(t time.Time) sql.Null[int64] {
	if t.IsZero() {
		return sql.Null[int64]{}
	}
	return sql.Null[int64]{V: t.UnixMilli(), Valid: true}
}

func timeOf(ms sql.Null[int64]) time.Time {
	if !ms.Valid {
		return time.Time{}
	}
	return time.UnixMilli(ms.V).UTC()
}

func creditsOrNull(c *video.Credits) sql.Null[int64] {
	if c == nil {
		return sql.Null[int64]{}
	}
	return sql.Null[int64]{V: int64(*c), Valid: true}
}

func creditsOf(units sql.Null[int64]) *video.Credits {
	if !units.Valid {
		return nil
	}
	c := video.Credits(units.V)
	return &c
}

func oneIf(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}
