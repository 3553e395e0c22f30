package engine_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/sandbox"
	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

func benchWorld(b *testing.B) *world {
	return newWorld(b, sandbox.Options{Limit: 1 << 30, Credits: 1 << 60})
}

// BenchmarkSubmit is a paid call from the wish to the stored answer, each in
// two durable transactions, against a sandbox in the same process.
func BenchmarkSubmit(b *testing.B) {
	w := benchWorld(b)
	e := w.start(polling, func(o *engine.Options) { o.PollEvery = time.Hour }) // nothing is looked at meanwhile
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n++
		if got := mustSubmit(b, e, alice, ask(fmt.Sprint("clip ", n))); got.Task.State != video.Waiting {
			b.Fatalf("clip %d is %s", n, got.Task.State)
		}
	}
}

// BenchmarkFollow has 1,000 tasks in flight, each looked at every 2 s: an
// operation is one look. What counts is how late looks are. It wants a
// -benchtime of several seconds.
func BenchmarkFollow(b *testing.B) {
	const inFlight = 1000
	w := benchWorld(b)
	claims := &punctuality{due: map[string]time.Time{}, looked: make(chan time.Duration, 2*inFlight)}
	e := w.start(polling, func(o *engine.Options) {
		open := o.OpenStore
		o.OpenStore = func(ctx context.Context) (engine.Store, error) {
			s, err := open(ctx)
			return punctualStore{s, claims}, err
		}
	})
	var callers sync.WaitGroup
	for i := range 20 {
		callers.Go(func() {
			for j := i; j < inFlight; j += 20 {
				if _, err := e.Submit(context.Background(), alice, ask(fmt.Sprint("clip ", j, " [sandbox:stuck]"))); err != nil {
					b.Error(err)
				}
			}
		})
	}
	callers.Wait()
	for range inFlight { // until the pace is steady
		<-claims.looked
	}
	var late []time.Duration
	began, before := time.Now(), processorTime(b)
	for b.Loop() {
		late = append(late, <-claims.looked)
	}
	b.ReportMetric((processorTime(b)-before).Seconds()/time.Since(began).Seconds(), "cores") // the sandbox's work included
	slices.Sort(late)
	b.ReportMetric(float64(late[len(late)/2].Microseconds())/1000, "p50-late-ms")
	b.ReportMetric(float64(late[len(late)*99/100].Microseconds())/1000, "p99-late-ms")
}

// punctuality is how late looks are, by when they were booked.
type punctuality struct {
	mu     sync.Mutex
	due    map[string]time.Time
	looked chan time.Duration
}

type punctualStore struct {
	engine.Store

	*punctuality
}

func (s punctualStore) Claim(ctx context.Context, q store.ClaimQuery) ([]video.Task, error) {
	claimed, err := s.Store.Claim(ctx, q)
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, task := range claimed {
		if due, known := s.due[task.ID]; known {
			select {
			case s.looked <- now.Sub(due):
			default: // the benchmark has ended
			}
		}
		s.due[task.ID] = task.DueAt
	}
	return claimed, err
}
