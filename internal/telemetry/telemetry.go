package telemetry

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/video"
)

// Telemetry is what is observed of one process; each part may be nil: off.
type Telemetry struct {
	Metrics *Metrics
	Audit   *Audit
	Traces  *Traces
}

// On says that anything is observed at all.
func (t Telemetry) On() bool { return t.Metrics != nil || t.Audit != nil || t.Traces != nil }

// outcomeOK is the outcome of what did not fail; other outcomes are the codes
// of package video.
const outcomeOK = "ok"

func outcome(err error) string {
	if code := video.CodeOf(err); code != "" {
		return string(code)
	}
	return outcomeOK
}

// Call begins a tool call, and the function that it gives ends it: see
// tools.Observer.
func (t Telemetry) Call(ctx context.Context, tool string, meta map[string]any) (context.Context, func(error)) {
	start := time.Now()
	t.Metrics.callBegins()
	ended := func(error, ...attribute.KeyValue) {}
	if t.Traces != nil {
		ctx, ended = t.Traces.begin(fromMeta(ctx, meta), "tools/call "+tool, trace.SpanKindServer,
			attribute.String("mcp.method.name", "tools/call"), attribute.String("gen_ai.tool.name", tool))
	}
	return ctx, func(err error) {
		ended(err)
		t.Metrics.callEnds(tool, outcome(err), time.Since(start))
	}
}

// change is one write to a task.
type change struct {
	// before is the zero Task when the task is new.
	before, after video.Task
}

func (c change) isNew() bool { return c.before.ID == "" }

// moved says that the task came into another state.
func (c change) moved() bool { return c.before.State != c.after.State }

// changed tells all parts of a write.
func (t Telemetry) changed(ctx context.Context, c change) {
	t.Audit.taskChanged(ctx, c)
	t.Metrics.taskChanged(c)
}

// Observer is what the engine tells; nil where nobody listens.
func (t Telemetry) Observer() engine.Observer {
	if t.Metrics == nil {
		return nil // a nil *Metrics in the interface would not be nil
	}
	return t.Metrics
}
