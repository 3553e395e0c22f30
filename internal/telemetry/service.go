package telemetry

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/video"
)

// Service is the engine as tools use it, its use-cases traced.
type Service struct {
	*engine.Engine

	traces *Traces
}

// Service is inner, traced.
func (t Telemetry) Service(inner *engine.Engine) Service { return Service{inner, t.Traces} }

// Quote is traced.
func (s Service) Quote(ctx context.Context, principal string, wish engine.Wish) (engine.Quotation, error) {
	ctx, ended := s.traces.begin(ctx, "engine.Quote", trace.SpanKindInternal)
	quotation, err := s.Engine.Quote(ctx, principal, wish)
	ended(err)
	return quotation, err
}

// Submit is traced.
func (s Service) Submit(ctx context.Context, principal string, wish engine.Wish) (engine.Submission, error) {
	ctx, ended := s.traces.begin(ctx, "engine.Submit", trace.SpanKindInternal)
	submitted, err := s.Engine.Submit(ctx, principal, wish)
	ended(err, append(aboutTask(submitted.Task), attribute.Bool("seedance.duplicate", submitted.Duplicate))...)
	return submitted, err
}

// Wait is traced.
func (s Service) Wait(ctx context.Context, principal string, ids []string, all bool, limit time.Duration, progress func([]video.Task)) ([]video.Task, error) {
	ctx, ended := s.traces.begin(ctx, "engine.Wait", trace.SpanKindInternal)
	tasks, err := s.Engine.Wait(ctx, principal, ids, all, limit, progress)
	var about []attribute.KeyValue
	if len(tasks) == 1 {
		about = aboutTask(tasks[0])
	}
	ended(err, about...)
	return tasks, err
}

// Download is traced.
func (s Service) Download(ctx context.Context, principal, id, dir, name string) (video.Task, error) {
	ctx, ended := s.traces.begin(ctx, "engine.Download", trace.SpanKindInternal)
	task, err := s.Engine.Download(ctx, principal, id, dir, name)
	ended(err, aboutTask(task)...)
	return task, err
}
