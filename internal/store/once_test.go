package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"seedance-mcp/internal/store"
)

// submitOnce: one agreement is one task, also when it is given several times at
// the same instant; a wish that was not stored spends nothing.
func submitOnce(t *testing.T, open opener) {
	const secret = "a person agreed"
	s := open(t)
	ctx := context.Background()
	broke := store.Intent{Task: wish("ann", "too dear", 200), Once: secret, Limits: []store.Limit{{Name: "a budget of nothing"}}}
	if _, err := s.Submit(ctx, broke); err == nil || errors.Is(err, store.ErrSpent) {
		t.Fatalf("over budget: %v", err)
	}
	submit(t, s, store.Intent{Task: wish("ann", "a fox", 200)})
	if out := submit(t, s, store.Intent{Task: wish("ann", "a fox", 200), DedupeSince: noon.Add(-window), Once: secret}); !out.Existing {
		t.Fatal("a repeat became a new task")
	}
	var stored, spent atomic.Int64
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			_, err := s.Submit(ctx, store.Intent{Task: wish("ann", fmt.Sprint("owl ", i), 200), Once: secret})
			switch {
			case err == nil:
				stored.Add(1)
			case errors.Is(err, store.ErrSpent):
				spent.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	if stored.Load() != 1 || spent.Load() != 7 {
		t.Errorf("%d tasks for one agreement, %d refused", stored.Load(), spent.Load())
	}
	submit(t, s, store.Intent{Task: wish("ben", "a hare", 200), Once: secret}) // somebody else's is another
}
