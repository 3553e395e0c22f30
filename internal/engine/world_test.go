package engine_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"seedance-mcp/internal/catalog"
	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/sandbox"
	"seedance-mcp/internal/store"
	"seedance-mcp/internal/upstream"
	"seedance-mcp/internal/video"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	fingerprint = "00112233aabbccdd"
	alice       = "alice"
	bob         = "bob"
	baseURL     = "http://" + sandbox.EmbeddedHost
	hookURL     = "http://hooks.seedance.invalid/"
)

// world is a sandbox, a store file, and the engines that live on them.
type world struct {
	t       testing.TB
	bubble  *testing.T // of fake time; nil in benchmarks
	catalog *catalog.Catalog
	sandbox *sandbox.Server
	wire    http.RoundTripper
	path    string
	dialect video.Dialect

	mu    sync.Mutex
	hooks *engine.Engine // gets webhooks
	logs  *bytes.Buffer
}

// inWorld runs a test in a bubble of fake time.
func inWorld(t *testing.T, test func(w *world)) {
	t.Helper()
	inWorldOf(t, sandbox.Options{}, test)
}

// inWorldOf is inWorld with another sandbox. A bubble begins in the year 2000,
// which the upstream's client does not believe: it goes on to a midnight of
// late.
func inWorldOf(t *testing.T, o sandbox.Options, test func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)))
		w := newWorld(t, o)
		w.bubble = t
		test(w)
	})
}

func newWorld(t testing.TB, o sandbox.Options) *world {
	t.Helper()
	models, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, catalog: models, path: filepath.Join(t.TempDir(), "tasks.db"), dialect: o.Dialect, logs: &bytes.Buffer{}}
	if w.dialect == "" {
		w.dialect = video.Workflow
	}
	o.Catalog, o.BaseURL = models, baseURL
	o.Webhooks = &http.Client{Transport: roundTrip(w.takeWebhook)}
	if w.sandbox, err = sandbox.New(o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.sandbox.Close() })
	w.wire = sandbox.Transport(w.sandbox)
	return w
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// takeWebhook is the route that a server would have.
func (w *world) takeWebhook(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	hooks := w.hooks
	w.mu.Unlock()
	if hooks == nil {
		return nil, errors.New("nobody listens")
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	status := http.StatusOK
	if hooks.Hint(r.Context(), path.Base(r.URL.Path), body) != nil {
		status = http.StatusNotFound
	}
	return &http.Response{StatusCode: status, Body: http.NoBody, Request: r}, nil
}

// client speaks to the world's sandbox.
func (w *world) client(wire http.RoundTripper) *upstream.Client {
	w.t.Helper()
	client, err := upstream.New(upstream.Config{
		BaseURL: baseURL + "/api/v1", Dialect: w.dialect, APIKey: sandbox.KeyMain, Transport: wire,
		ModelName: func(name string) string { return w.catalog.FromUpstream(w.dialect, name) },
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return client
}

// options are those of an engine in this world.
func (w *world) options() engine.Options {
	return engine.Options{
		OpenStore: func(ctx context.Context) (engine.Store, error) { return store.Open(ctx, w.path) },
		Resume:    true,
		Account: engine.Account{
			Fingerprint: fingerprint, Dialect: w.dialect, Upstream: w.client(w.wire),
			Usual: func(r video.Request) time.Duration { return time.Duration(3+r.Duration) * time.Second },
		},
		Catalog:     w.catalog,
		CallbackURL: func(token string) string { return hookURL + token },
		Logger:      slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelInfo})),
	}
}

// Write takes the log.
func (w *world) Write(line []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.logs.Write(line)
}

func (w *world) log() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.logs.String()
}

// start runs an engine until the test ends; it also gets the webhooks.
func (w *world) start(change ...func(*engine.Options)) *engine.Engine {
	w.t.Helper()
	o := w.options()
	for _, f := range change {
		f(&o)
	}
	e, err := engine.New(o)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		if err := e.Close(context.Background()); err != nil && !errors.Is(err, errDead) {
			w.t.Errorf("close: %v", err)
		}
	})
	if err := e.Start(context.Background()); err != nil {
		w.t.Fatal(err)
	}
	w.mu.Lock()
	w.hooks = e
	w.mu.Unlock()
	return e
}

// mortal is a process that dies at the n-th time (from 1) it comes to a
// checkpoint: from then on it writes and sends nothing any more.
func mortal(name string, n int) (func(*engine.Options), *atomic.Bool) {
	dead := new(atomic.Bool)
	var passed atomic.Int64
	return func(o *engine.Options) {
		open := o.OpenStore
		o.OpenStore = func(ctx context.Context) (engine.Store, error) {
			s, err := open(ctx)
			return deadStore{s, dead}, err
		}
		o.Account.Upstream = deadUpstream{o.Account.Upstream, dead}
		o.Checkpoint = func(at string) {
			if at == name && passed.Add(1) == int64(n) {
				dead.Store(true)
			}
		}
	}, dead
}

var errDead = errors.New("the process is dead")

// deadStore is a store that a dead process cannot use any more.
type deadStore struct {
	engine.Store

	dead *atomic.Bool
}

func (s deadStore) Submit(ctx context.Context, in store.Intent) (store.Submitted, error) {
	if s.dead.Load() {
		return store.Submitted{}, errDead
	}
	return s.Store.Submit(ctx, in)
}

func (s deadStore) Insert(ctx context.Context, task video.Task) (video.Task, bool, error) {
	if s.dead.Load() {
		return video.Task{}, false, errDead
	}
	return s.Store.Insert(ctx, task)
}

func (s deadStore) Change(ctx context.Context, id string, change func(*video.Task) error) (video.Task, error) {
	if s.dead.Load() {
		return video.Task{}, errDead
	}
	return s.Store.Change(ctx, id, change)
}

func (s deadStore) Claim(ctx context.Context, q store.ClaimQuery) ([]video.Task, error) {
	if s.dead.Load() {
		return nil, errDead
	}
	return s.Store.Claim(ctx, q)
}

type deadUpstream struct {
	engine.Upstream

	dead *atomic.Bool
}

func (u deadUpstream) Create(ctx context.Context, payload json.RawMessage, callback string) (upstream.Accepted, error) {
	if u.dead.Load() {
		return upstream.Accepted{}, errDead
	}
	return u.Upstream.Create(ctx, payload, callback)
}

func (u deadUpstream) Record(ctx context.Context, id string) (upstream.Record, error) {
	if u.dead.Load() {
		return upstream.Record{}, errDead
	}
	return u.Upstream.Record(ctx, id)
}

// ask is a wish for a 5 s clip; it costs 200 credits in the workflow dialect.
func ask(prompt string) engine.Wish { return engine.Wish{Ask: catalog.Ask{Prompt: prompt}} }

func mustSubmit(t testing.TB, e *engine.Engine, principal string, w engine.Wish) engine.Submission {
	t.Helper()
	got, err := e.Submit(context.Background(), principal, w)
	if err != nil {
		t.Fatalf("submit %q: %v", w.Ask.Prompt, err)
	}
	return got
}

func mustGet(t testing.TB, e *engine.Engine, principal, id string) video.Task {
	t.Helper()
	task, err := e.Get(context.Background(), principal, id)
	if err != nil {
		t.Fatalf("get %s: %v", id, err)
	}
	return task
}

// settle waits, in fake time, until a task is settled.
func settle(t testing.TB, e *engine.Engine, principal, id string) video.Task {
	t.Helper()
	tasks, err := e.Wait(context.Background(), principal, []string{id}, true, 3*time.Hour, nil)
	if err != nil {
		t.Fatalf("wait for %s: %v", id, err)
	}
	if !tasks[0].State.Settled() {
		t.Fatalf("task %s is still %s (%s)", id, tasks[0].State, tasks[0].Reason)
	}
	return tasks[0]
}

func credits(text string) video.Credits {
	amount, err := video.ParseCredits(text)
	if err != nil {
		panic(err)
	}
	return amount
}

func askOf(prompt, duration string) catalog.Ask {
	return catalog.Ask{Prompt: prompt, Duration: duration}
}

type (
	httpRequest  = http.Request
	httpResponse = http.Response
)

// errRefusedDial is how a closed port shows.
var errRefusedDial = &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}

// wantCode fails unless err has the code.
func wantCode(t testing.TB, err error, code video.Code) {
	t.Helper()
	if video.CodeOf(err) != code {
		t.Fatalf("error = %v (%s), want %s", err, video.CodeOf(err), code)
	}
}

// storeFilter selects up to 1000 tasks in these states; none: in any.
func storeFilter(states ...video.State) store.Filter {
	return store.Filter{States: states, Limit: 1000}
}
