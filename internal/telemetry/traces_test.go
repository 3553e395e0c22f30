package telemetry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"seedance-mcp/internal/catalog"
	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/telemetry"
)

const (
	callersTrace = "4bf92f3577b34da6a3ce929d0e0e4736"
	callersSpan  = "00f067aa0ba902b7"
	traceparent  = "00-" + callersTrace + "-" + callersSpan + "-01"
)

// A call is one trace from its client to the video service, though the paid
// call runs on the engine's own time; the loop's looks are not in it.
func TestTraces(t *testing.T) {
	for name, call := range map[string]func(w *world, do func(context.Context)){
		"named in _meta": func(w *world, do func(context.Context)) {
			ctx, ended := w.seen.Call(context.Background(), "generate_video", map[string]any{"traceparent": traceparent, "tracestate": 7})
			do(ctx)
			ended(nil)
		},
		"named by a header": func(w *world, do func(context.Context)) {
			request := httptest.NewRequest(http.MethodPost, "/mcp", nil)
			request.Header.Set("Traceparent", traceparent)
			w.seen.Traces.Around(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				ctx, ended := w.seen.Call(r.Context(), "generate_video", nil)
				do(ctx)
				ended(nil)
			})).ServeHTTP(httptest.NewRecorder(), request)
		},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				call(w, func(ctx context.Context) {
					ctx, cancel := context.WithCancel(ctx)
					submitted, err := w.seen.Service(w.engine).Submit(ctx, "alice", engine.Wish{Ask: catalog.Ask{Prompt: "a secretive badger"}})
					cancel()
					if err != nil {
						t.Fatal(err)
					}
					w.finish(submitted.Task)
				})
				spans := w.spans()
				parent := callersSpan
				for _, name := range []string{"tools/call generate_video", "engine.Submit", "createTask"} {
					span := find(spans, name)
					if span == nil || span.SpanContext.TraceID().String() != callersTrace || span.Parent.SpanID().String() != parent {
						t.Fatalf("%s is not under %s in %+v", name, parent, spans)
					}
					parent = span.SpanContext.SpanID().String()
				}
				if len(spans) != 3 {
					t.Errorf("%d spans: %+v", len(spans), spans)
				}
				told, err := json.Marshal(spans)
				if err != nil || bytes.Contains(told, []byte("badger")) || bytes.Contains(told, []byte("http")) {
					t.Errorf("%s, %v", told, err)
				}
				if !bytes.Contains(told, []byte("seedance.task")) {
					t.Errorf("no task: %s", told)
				}
			})
		})
	}
}

// Of an error a trace tells the code, not the words.
func TestTracesOfErrors(t *testing.T) {
	inWorld(t, func(w *world) {
		ctx, ended := w.seen.Call(context.Background(), "generate_video", nil)
		_, err := w.seen.Service(w.engine).Submit(ctx, "alice", engine.Wish{Ask: catalog.Ask{Prompt: "badger [sandbox:create-402]"}})
		ended(err)
		if err == nil {
			t.Fatal("no error")
		}
		span := find(w.spans(), "createTask")
		told, jsonErr := json.Marshal(w.spans())
		if span == nil || jsonErr != nil || !bytes.Contains(told, []byte("insufficient_credits")) || bytes.Contains(told, []byte("badger")) || span.Status.Description != "" {
			t.Errorf("%s", told)
		}
	})
}

func find(spans tracetest.SpanStubs, name string) *tracetest.SpanStub {
	for i := range spans {
		if spans[i].Name == name {
			return &spans[i]
		}
	}
	return nil
}

// kept is an in-memory exporter that outlives its provider.
type kept struct{ *tracetest.InMemoryExporter }

func (kept) Shutdown(context.Context) error { return nil }

func TestOTLPIsOffUnlessAskedFor(t *testing.T) {
	const here = "http://localhost:4318"
	for name, c := range map[string]struct {
		env  map[string]string
		want bool
	}{
		"nothing set":  {nil, false},
		"endpoint":     {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": here}, true},
		"for traces":   {map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": here + "/x"}, true},
		"by exporter":  {map[string]string{"OTEL_TRACES_EXPORTER": "otlp"}, true},
		"none":         {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": here, "OTEL_TRACES_EXPORTER": "none"}, false},
		"disabled":     {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": here, "OTEL_SDK_DISABLED": "true"}, false},
		"gRPC":         {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": here, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, false},
		"no URL":       {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "localhost:4317"}, false},
		"other things": {map[string]string{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": here}, false},
	} {
		got := telemetry.NewOTLP(func(name string) string { return c.env[name] }, slog.New(slog.DiscardHandler))
		if (got != nil) != c.want {
			t.Errorf("%s: %v", name, got != nil)
		}
	}
}

// The collector gets what it needs, as opentelemetry-proto writes it in JSON.
func TestOTLP(t *testing.T) {
	var path, key, body string
	tries := 0
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if tries++; tries == 1 {
			w.WriteHeader(http.StatusServiceUnavailable) // once more, please
			return
		}
		text, _ := io.ReadAll(r.Body)
		path, key, body = r.URL.Path, r.Header.Get("X-Key"), string(text)
	}))
	defer collector.Close()
	var log written
	env := map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": collector.URL + "/", "OTEL_EXPORTER_OTLP_HEADERS": "x-key=a%20b, other=c"}
	exporter := telemetry.NewOTLP(func(name string) string { return env[name] }, slog.New(slog.NewTextHandler(&log, nil)))
	traces := telemetry.NewTraces(context.Background(), "1.2.3", exporter)
	_, ended := telemetry.Telemetry{Traces: traces}.Call(context.Background(), "get_task_status", map[string]any{"traceparent": traceparent})
	ended(io.ErrUnexpectedEOF)
	if err := traces.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if path != "/v1/traces" || key != "a b" || tries != 2 || log.String() != "" {
		t.Errorf("%s, key %q, %d tries, log %s", path, key, tries, log.String())
	}
	for _, want := range []string{
		`"traceId":"` + callersTrace + `"`, `"parentSpanId":"` + callersSpan + `"`, `"name":"tools/call get_task_status"`, `"kind":2`,
		`"status":{"code":2}`, `{"key":"error.type","value":{"stringValue":"internal"}}`, `{"key":"service.version","value":{"stringValue":"1.2.3"}}`,
		`"startTimeUnixNano":"`, `"resourceSpans":[`, `"scopeSpans":[`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s in %s", want, body)
		}
	}
}

var _ sdktrace.SpanExporter = kept{}
