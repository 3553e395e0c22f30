package telemetry_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.uber.org/goleak"

	"seedance-mcp/internal/catalog"
	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/sandbox"
	"seedance-mcp/internal/store"
	"seedance-mcp/internal/telemetry"
	"seedance-mcp/internal/upstream"
	"seedance-mcp/internal/video"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// written is what a test's process wrote somewhere.
type written struct {
	mu   sync.Mutex
	all  bytes.Buffer
	full bool // nothing more fits
}

func (w *written) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.full {
		return 0, errors.New("no space left on device")
	}
	return w.all.Write(p)
}

func (w *written) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.all.String()
}

// world is an engine in a sandbox, and everything that is seen of it.
type world struct {
	t          *testing.T
	engine     *engine.Engine
	seen       telemetry.Telemetry
	store      *store.Store
	log, audit *written
	metrics    http.Handler
	exporter   *tracetest.InMemoryExporter
}

// inWorld runs a test in a bubble of fake time that begins at a midnight of
// late: the upstream's client does not believe the year 2000.
func inWorld(t *testing.T, test func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)))
		test(newWorld(t))
	})
}

func newWorld(t *testing.T) *world {
	t.Helper()
	models, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, log: &written{}, audit: &written{}}
	log := slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	base := "http://" + sandbox.EmbeddedHost
	box, err := sandbox.New(sandbox.Options{Catalog: models, Dialect: video.Workflow, BaseURL: base})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { box.Close() })
	client, err := upstream.New(upstream.Config{
		BaseURL: base + "/api/v1", Dialect: video.Workflow, APIKey: box.Key(), Transport: sandbox.Transport(box), Logger: log,
		ModelName: func(name string) string { return models.FromUpstream(video.Workflow, name) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if w.store, err = store.Open(context.Background(), filepath.Join(t.TempDir(), "tasks.db")); err != nil {
		t.Fatal(err)
	}
	w.seen.Metrics = telemetry.NewMetrics("1.2.3")
	w.seen.Audit = telemetry.NewAudit(w.audit, log, w.seen.Metrics.AuditFailed)
	w.exporter = tracetest.NewInMemoryExporter()
	w.seen.Traces = telemetry.NewTraces(context.Background(), "1.2.3", kept{w.exporter})
	w.engine, err = engine.New(engine.Options{
		OpenStore: func(context.Context) (engine.Store, error) { return w.seen.Store(w.store), nil },
		Resume:    true,
		Account: engine.Account{
			Fingerprint: "00112233aabbccdd", Dialect: video.Workflow, Upstream: w.seen.Upstream(client), Sandbox: true,
			Usual: func(r video.Request) time.Duration { return time.Duration(3+r.Duration) * time.Second },
		},
		Catalog: models, Observer: w.seen.Observer(), Logger: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(w.engine.Close(context.Background()), w.seen.Traces.Close(context.Background())); err != nil {
			t.Error(err)
		}
	})
	if err := w.engine.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	w.metrics = w.seen.Metrics.Handler(w.sources(log))
	return w
}

func (w *world) sources(log *slog.Logger) telemetry.Sources {
	return telemetry.Sources{
		Standing: func(context.Context) (telemetry.Standing, error) { return w.store, nil },
		Overdue:  w.engine.Overdue, Sandbox: true, Now: time.Now, Logger: log,
	}
}

// scrape is what Prometheus gets.
func (w *world) scrape() string {
	w.t.Helper()
	answer := httptest.NewRecorder()
	w.metrics.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "http://127.0.0.1:9464/metrics", nil))
	if answer.Code != http.StatusOK {
		w.t.Fatalf("/metrics: %d %s", answer.Code, answer.Body)
	}
	return answer.Body.String()
}

// spans are those that have ended.
func (w *world) spans() tracetest.SpanStubs {
	w.t.Helper()
	if err := w.seen.Traces.Close(context.Background()); err != nil {
		w.t.Fatal(err)
	}
	return w.exporter.GetSpans()
}

// order submits as a tool call does.
func (w *world) order(principal, prompt string, change ...func(*engine.Wish)) (video.Task, error) {
	w.t.Helper()
	wish := engine.Wish{Ask: catalog.Ask{Prompt: prompt}}
	for _, f := range change {
		f(&wish)
	}
	ctx, ended := w.seen.Call(context.Background(), "generate_video", nil)
	submitted, err := w.engine.Submit(ctx, principal, wish)
	ended(err)
	return submitted.Task, err
}

// finish waits until a task moves no more, and everybody was told.
func (w *world) finish(task video.Task) video.Task {
	w.t.Helper()
	done, err := w.engine.Wait(context.Background(), task.Principal, []string{task.ID}, true, time.Hour, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	synctest.Wait()
	return done[0]
}
