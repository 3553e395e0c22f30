package telemetry

import (
	"context"
	"io"
	"log/slog"

	"seedance-mcp/internal/video"
)

// Audit writes a JSON line for each step of a task that is about money: who,
// what, which task, how many credits, what became of it. Neither prompts nor
// media nor the upstream's words are in it. A nil Audit writes nothing.
type Audit struct {
	handler slog.Handler
	log     *slog.Logger
	failed  func()
}

// NewAudit writes to w, a line at a time; what cannot be written is logged
// instead, and failed is called.
func NewAudit(w io.Writer, log *slog.Logger, failed func()) *Audit {
	return &Audit{handler: slog.NewJSONHandler(w, nil), log: log, failed: failed}
}

// The actions of an audit line.
const (
	actOrdered     = "ordered"
	actAdopted     = "adopted"
	actSent        = "sent"
	actAccepted    = "accepted"
	actQueued      = "queued"
	actUnconfirmed = "unconfirmed"
	actRefused     = "refused"
	actWithdrawn   = "withdrawn"
	actFailed      = "failed"
	actSucceeded   = "succeeded"
	actSettled     = "settled"
)

// action is what a write means for the books, "" for nothing.
func (c change) action() string {
	state := c.after.State
	switch {
	case c.isNew() && c.after.RequestHash == "":
		return actAdopted
	case c.isNew():
		return actOrdered
	case c.before.UpstreamID == "" && c.after.UpstreamID != "" && !state.Final():
		return actAccepted
	case !c.moved() && !c.before.Settled && c.after.Settled:
		return actSettled
	case !c.moved() && c.before.Charged != c.after.Charged:
		return actSettled // corrected
	case !c.moved():
		return ""
	case state == video.Submitting:
		return actSent
	case state == video.Queued:
		return actQueued
	case state == video.Unconfirmed:
		return actUnconfirmed
	case state == video.Success:
		return actSucceeded
	case state == video.Failed:
		return failedAction(c.after.Failure)
	default:
		return ""
	}
}

func failedAction(failure *video.Failure) string {
	switch {
	case failure == nil:
		return actFailed
	case failure.Class == video.FailRefused:
		return actRefused
	case failure.Class == video.FailWithdrawn:
		return actWithdrawn
	default:
		return actFailed
	}
}

func (a *Audit) taskChanged(ctx context.Context, c change) {
	if a == nil {
		return
	}
	action := c.action()
	if action == "" {
		return
	}
	task := c.after
	attrs := []slog.Attr{
		slog.String("action", action),
		slog.String("principal", task.Principal),
		slog.String("task", task.ID),
		slog.String("upstream_task", video.Clip(task.UpstreamID, 200)),
		slog.String("account", task.Upstream),
		slog.Bool("sandbox", task.Sandbox),
		slog.String("model", video.Clip(task.Request.Model, 80)),
		slog.Int("seconds", task.Request.Duration),
		slog.String("resolution", task.Request.Resolution),
		slog.String("state", string(task.State)),
		slog.Bool("settled", task.Settled),
		slog.String("reserved", held(task).String()),
		slog.String("charged", task.Charged.String()),
	}
	if task.Quote.Credits != nil {
		attrs = append(attrs, slog.String("quoted", task.Quote.Credits.String()))
	}
	if task.Failure != nil {
		attrs = append(attrs, slog.String("class", string(task.Failure.Class)), slog.String("was_charged", string(task.Failure.Charged)))
	}
	record := slog.NewRecord(task.UpdatedAt, slog.LevelInfo, "audit", 0)
	record.AddAttrs(attrs...)
	if err := a.handler.Handle(ctx, record); err != nil {
		a.failed()
		a.log.LogAttrs(ctx, slog.LevelError, "an audit line could not be written: "+err.Error(), attrs...)
	}
}

// held is what a task still reserves.
func held(task video.Task) video.Credits {
	if task.Settled {
		return 0
	}
	return task.Reserved
}
