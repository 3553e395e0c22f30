package engine

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"seedance-mcp/internal/catalog"
	"seedance-mcp/internal/video"
)

const (
	defaultHold       = 90 * time.Second
	defaultSubmitWait = 2 * time.Second
	defaultPollEvery  = 2 * time.Second
)

// Account is the upstream account that this engine speaks to.
type Account struct {
	// Fingerprint stands for base URL, dialect and key: the first 8 bytes, in
	// hex, of their SHA-256. Only tasks that carry it are followed.
	Fingerprint string
	Dialect     video.Dialect
	// Sandbox says that its credits are not real; they are counted apart.
	Sandbox  bool
	Upstream Upstream
	// TimeScale is how many times faster than usual the upstream works (the
	// sandbox's speed); 0: 1.
	TimeScale float64
	// Usual says how long a request usually takes from acceptance to success;
	// nil: the catalogue's word, divided by TimeScale.
	Usual func(video.Request) time.Duration
	// AllowPrivateURLs lets media URLs point into private networks: right only
	// where the upstream itself is there.
	AllowPrivateURLs bool
}

// Options configure an Engine. OpenStore, Account and Catalog are required.
type Options struct {
	// OpenStore is called once, when the store is first needed; again only
	// while it fails.
	OpenStore func(context.Context) (Store, error)
	// Idle follows nothing and sends nothing that waits in the queue before
	// Start: for a look at the tasks, or to take one back, which must not end
	// in paying for it.
	Idle bool
	// Resume says that unfinished work may exist: Start opens the store.
	Resume  bool
	Account Account
	// Accounts are principals' own; nil: Account pays for everybody.
	Accounts Accounts
	Catalog  *catalog.Catalog
	// Media fetches finished videos; nil: nothing is downloaded.
	Media Media
	// CopiesOnly says that Media gives videos away to where callers fetch them:
	// nobody can have one saved in a folder of this machine.
	CopiesOnly bool
	// Budgets are the deployment's: everybody's tasks together count.
	Budgets Budgets
	// BudgetsOf gives a principal's own budgets, which hold beside Budgets; an
	// error refuses the paid call. nil: nobody has any.
	BudgetsOf func(ctx context.Context, principal string) (Budgets, error)
	// ModelsOf gives the catalogue's ids of the models that a principal may
	// use, none: all; an error refuses the paid call. nil: everybody may use
	// all.
	ModelsOf func(ctx context.Context, principal string) ([]string, error)
	// ConfirmAbove is the price in credits above which a person must agree
	// first; nil: never.
	ConfirmAbove *video.Credits
	// ConfirmKey signs confirmation tokens; empty: a random one, so that
	// tokens end with the process. Replicas need a common one.
	ConfirmKey []byte
	// CallbackURL is where the upstream can reach Hint with this token; nil:
	// no webhooks.
	CallbackURL func(token string) string
	// Now is the clock; nil: time.Now.
	Now func() time.Time
	// Observer hears of what happens, for figures; nil: nobody.
	Observer Observer
	// Logger gets no prompts, keys or bodies; nil: silence.
	Logger *slog.Logger
	// SubmitWait bounds how long Submit waits for createTask; 0: 2 s.
	SubmitWait time.Duration
	// Hold is how long a task may stand in "submitting" before it counts as
	// lost: longer than any createTask takes, re-dialling included. 0: 90 s.
	Hold time.Duration
	// PollEvery is the shortest time between two looks at one task; 0: 2 s.
	PollEvery time.Duration
	// Checkpoint is called at the steps that the package comment lists; nil:
	// not.
	Checkpoint func(name string)
}

// Engine runs the use-cases. It is safe for concurrent use.
type Engine struct {
	o Options

	queues  queues
	files   downloads
	times   usualTimes
	ready   readiness
	posting inFlight // tasks whose POST is under way in this process
	looking inFlight // tasks that a goroutine of the loop deals with

	opening   sync.Mutex
	store     Store // nil until opened
	following atomic.Bool

	// life carries POSTs and the writing down of their answers; work carries
	// the loop, looks and downloads, which may stop at any time.
	life, work       context.Context
	endLife, endWork context.CancelFunc
	draining         chan struct{}
	drain            func()

	running sync.Mutex // guards closed, and joining after it
	closed  bool
	posts   sync.WaitGroup // ends by itself, bounded by the POST's time-out
	workers sync.WaitGroup // ends with work

	kicked    chan struct{}
	lookSlots chan struct{}
	starved   atomic.Bool // the loop waits for a slot
}

// New makes an engine. Nothing is opened or started; Close it in any case.
func New(o Options) (*Engine, error) {
	switch {
	case o.OpenStore == nil:
		return nil, errors.New("engine: no store")
	case o.Account.Upstream == nil || o.Account.Fingerprint == "":
		return nil, errors.New("engine: no upstream account")
	case o.Catalog == nil:
		return nil, errors.New("engine: no catalogue")
	}
	if len(o.ConfirmKey) == 0 {
		o.ConfirmKey = make([]byte, 32)
		_, _ = rand.Read(o.ConfirmKey) // never fails, see crypto/rand
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.SubmitWait == 0 {
		o.SubmitWait = defaultSubmitWait
	}
	if o.Hold == 0 {
		o.Hold = defaultHold
	}
	if o.PollEvery == 0 {
		o.PollEvery = defaultPollEvery
	}
	if o.Account.TimeScale <= 0 {
		o.Account.TimeScale = 1
	}
	if o.Checkpoint == nil {
		o.Checkpoint = func(string) {}
	}
	e := &Engine{
		o:         o,
		draining:  make(chan struct{}),
		kicked:    make(chan struct{}, 1),
		lookSlots: make(chan struct{}, maxLooks),
	}
	e.life, e.endLife = context.WithCancel(context.Background())
	e.work, e.endWork = context.WithCancel(e.life)
	e.drain = sync.OnceFunc(func() { close(e.draining) })
	return e, nil
}

// Start opens the store and follows what is unfinished, when Options.Resume
// says that there may be something, or Options.Idle that nothing else will.
// Otherwise the first call that needs the store does both. The engine outlives
// ctx: only Close ends it.
func (e *Engine) Start(ctx context.Context) error {
	if !e.o.Resume && !e.o.Idle {
		return nil
	}
	opened, err := e.open(ctx)
	if err == nil {
		e.begin(opened)
	}
	return err
}

// Drain ends open waits with the present state, and those that follow.
func (e *Engine) Drain() { e.drain() }

func (e *Engine) isDraining() bool {
	select {
	case <-e.draining:
		return true
	default:
		return false
	}
}

// Close drains, stops following, and waits for POSTs under way, so that their
// answers are stored. When ctx ends first those POSTs are cut off and their
// tasks become unconfirmed. The store is closed in any case.
func (e *Engine) Close(ctx context.Context) error {
	e.Drain()
	e.running.Lock()
	e.closed = true
	e.running.Unlock()
	e.endWork()

	posted := make(chan struct{})
	go func() {
		defer close(posted)
		e.posts.Wait()
	}()
	select {
	case <-posted:
	case <-ctx.Done():
		e.endLife()
		<-posted
	}
	e.endLife()
	e.workers.Wait()

	e.opening.Lock()
	defer e.opening.Unlock()
	if e.store == nil {
		return nil
	}
	if err := e.store.Close(); err != nil {
		return fmt.Errorf("close the task store: %w", err)
	}
	return nil
}

// open gives the store, opening it and starting the loop at the first call.
func (e *Engine) open(ctx context.Context) (Store, error) {
	e.opening.Lock()
	defer e.opening.Unlock()
	if e.store != nil {
		return e.store, nil
	}
	if e.isClosed() {
		return nil, errClosing()
	}
	opened, err := e.o.OpenStore(ctx)
	if err != nil {
		return nil, err
	}
	e.store = opened
	if !e.o.Idle {
		e.begin(opened)
	}
	return opened, nil
}

// begin starts the loop, once.
func (e *Engine) begin(opened Store) {
	if !e.join(&e.workers) {
		return
	}
	if e.following.Swap(true) {
		e.workers.Done()
		return
	}
	go func() {
		defer e.workers.Done()
		e.follow(e.work, opened)
	}()
}

func (e *Engine) isClosed() bool {
	e.running.Lock()
	defer e.running.Unlock()
	return e.closed
}

// join enters a group that Close waits for; false once the engine is closed.
func (e *Engine) join(group *sync.WaitGroup) bool {
	e.running.Lock()
	defer e.running.Unlock()
	if e.closed {
		return false
	}
	group.Add(1)
	return true
}

// now is the clock in the store's precision.
func (e *Engine) now() time.Time { return e.o.Now().UTC().Truncate(time.Millisecond) }

// keepsFiles says that this engine fetches finished videos.
func (e *Engine) keepsFiles() bool { return e.o.Media != nil }

func errClosing() error {
	return &video.Error{
		Code:       video.Unavailable,
		Message:    "The server is shutting down; nothing was sent.",
		Suggestion: "Try again in a moment.",
	}
}

// inFlight is a set of task ids that something is being done for.
type inFlight struct {
	mu  sync.Mutex
	ids map[string]struct{}
}

// enter says whether id was not in the set, and puts it there.
func (f *inFlight) enter(id string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, there := f.ids[id]; there {
		return false
	}
	if f.ids == nil {
		f.ids = make(map[string]struct{})
	}
	f.ids[id] = struct{}{}
	return true
}

func (f *inFlight) leave(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.ids, id)
}

func (f *inFlight) has(id string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, there := f.ids[id]
	return there
}
