package telemetry

import (
	"context"
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"seedance-mcp/internal/video"
)

// Traces follows a call from its client through tool and engine to the video
// service. A nil Traces follows nothing.
type Traces struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
}

// NewTraces traces into exporter. Sampling, limits and resource follow the
// standard OTEL_ variables.
func NewTraces(ctx context.Context, version string, exporter sdktrace.SpanExporter) *Traces {
	own := resource.NewSchemaless(attribute.String("service.name", "seedance-mcp"), attribute.String("service.version", version))
	described, err := resource.New(ctx, resource.WithAttributes(own.Attributes()...), resource.WithFromEnv())
	if err != nil { // a malformed variable: the rest counts
		described = own
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(described))
	return &Traces{provider: provider, tracer: provider.Tracer("seedance-mcp")}
}

// Close sends what is left.
func (t *Traces) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	return t.provider.Shutdown(ctx)
}

// Around lets requests go on with the trace that their headers name.
func (t *Traces) Around(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := propagation.TraceContext{}.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// fromMeta is ctx with the trace that a call's _meta names: it is nearer to the
// call than the request's header.
func fromMeta(ctx context.Context, meta map[string]any) context.Context {
	carrier := propagation.MapCarrier{}
	for _, name := range (propagation.TraceContext{}).Fields() {
		if value, ok := meta[name].(string); ok {
			carrier[name] = value
		}
	}
	return propagation.TraceContext{}.Extract(ctx, carrier)
}

// begin opens a span, and the function that it gives ends it. Of an error the
// code is told, not its words.
func (t *Traces) begin(ctx context.Context, name string, kind trace.SpanKind, about ...attribute.KeyValue) (context.Context, func(error, ...attribute.KeyValue)) {
	if t == nil {
		return ctx, func(error, ...attribute.KeyValue) {}
	}
	ctx, span := t.tracer.Start(ctx, name, trace.WithSpanKind(kind), trace.WithAttributes(about...)) //nolint:spancheck // the function that is given ends it
	return ctx, func(err error, more ...attribute.KeyValue) {                                        //nolint:spancheck // as above
		span.SetAttributes(more...)
		if err != nil {
			span.SetAttributes(attribute.String("error.type", outcome(err)))
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}

// request is begin for a request to the video service, where it is part of a
// trace: the loop's looks alone would be most of all spans and tell little.
func (t *Traces) request(ctx context.Context, operation string) func(error) {
	if t == nil || !trace.SpanContextFromContext(ctx).IsValid() {
		return func(error) {}
	}
	_, ended := t.begin(ctx, operation, trace.SpanKindClient)
	return func(err error) { ended(err) }
}

// aboutTask is what a span may say of a task.
func aboutTask(task video.Task) []attribute.KeyValue {
	if task.ID == "" {
		return nil
	}
	return []attribute.KeyValue{
		attribute.String("seedance.task", task.ID),
		attribute.String("seedance.upstream_task", video.Clip(task.UpstreamID, 200)),
		attribute.String("seedance.state", string(task.State)),
		attribute.String("seedance.model", video.Clip(task.Request.Model, 80)),
		attribute.Bool("seedance.sandbox", task.Sandbox),
	}
}
