package access_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"seedance-mcp/internal/access"
	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

func say(t *testing.T, s *store.Store, principal string, change func(*store.CallerTerms)) {
	t.Helper()
	if _, err := s.ChangeCallerTerms(t.Context(), principal, change); err != nil {
		t.Fatal(err)
	}
}

func TestTermsOf(t *testing.T) {
	s := openStore(t)
	daily := video.WholeCredits(500)
	add(t, s, access.Terms{Name: "team-a", Terms: store.Terms{Daily: &daily, Models: []string{"seedance-20"}, OpenCalls: 2}})
	say(t, s, "team-a", func(c *store.CallerTerms) { c.OpenCalls = 7 })
	say(t, s, "local", func(c *store.CallerTerms) { c.OpenCalls = 7 })
	k := keeper(s, noon)
	terms, err := k.TermsOf(t.Context(), "team-a")
	if err != nil || terms.Daily == nil || *terms.Daily != daily || len(terms.Models) != 1 || terms.OpenCalls != 7 {
		t.Errorf("team-a: %+v, %v", terms, err)
	}
	for _, principal := range []string{"local", "nobody"} {
		if terms, err := k.TermsOf(t.Context(), principal); terms.OpenCalls != 0 || err != nil {
			t.Errorf("%s: %+v, %v", principal, terms, err)
		}
		if terms, err := k.RecentTerms(t.Context(), principal); terms.OpenCalls != 0 || err != nil {
			t.Errorf("%s, recently: %+v, %v", principal, terms, err)
		}
	}
	none := &access.Keeper{Open: func(context.Context) (access.Keys, error) { return nil, nil }, Now: time.Now}
	if terms, err := none.TermsOf(t.Context(), "team-a"); terms.OpenCalls != 0 || err != nil {
		t.Errorf("no store yet: %+v, %v", terms, err)
	}
	if terms, err := none.RecentTerms(t.Context(), "team-a"); terms.OpenCalls != 0 || err != nil {
		t.Errorf("no store yet: %+v, %v", terms, err)
	}
}

// readings counts how often everybody's terms are read, and can be broken.
type readings struct {
	*store.Store

	times  atomic.Int64
	broken atomic.Bool
}

func (r *readings) TermsInForce(ctx context.Context) (map[string]store.Terms, error) {
	r.times.Add(1)
	if r.broken.Load() {
		return nil, errors.New("broken")
	}
	return r.Store.TermsInForce(ctx)
}

// However much is asked, the store is read once in a few seconds, and what
// changed is known after them.
func TestRecentTerms(t *testing.T) {
	s := &readings{Store: openStore(t)}
	var now atomic.Int64 // since noon
	k := &access.Keeper{
		Open: func(context.Context) (access.Keys, error) { return s, nil },
		Now:  func() time.Time { return noon.Add(time.Duration(now.Load())) },
	}
	recent := func(step, principal string, want int) {
		t.Helper()
		if terms, err := k.RecentTerms(t.Context(), principal); err != nil || terms.PerMinute != want {
			t.Errorf("%s: %s has %d, %v, want %d", step, principal, terms.PerMinute, err, want)
		}
	}
	say(t, s.Store, "ann", func(c *store.CallerTerms) { c.PerMinute = 60 })
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			for range 20 {
				recent("at first", "ann", 60)
				recent("at first", "bob", 0)
			}
		})
	}
	all.Wait()
	if n := s.times.Load(); n != 1 {
		t.Errorf("read %d times, want once", n)
	}
	say(t, s.Store, "ann", func(c *store.CallerTerms) { c.PerMinute = 5 })
	say(t, s.Store, "bob", func(c *store.CallerTerms) { c.PerMinute = 7 })
	now.Store(int64(4999 * time.Millisecond))
	recent("a moment before", "ann", 60)
	now.Store(int64(5 * time.Second))
	recent("after 5 s", "ann", 5)
	recent("after 5 s", "bob", 7)
	if n := s.times.Load(); n != 2 {
		t.Errorf("read %d times, want twice", n)
	}

	// What cannot be read is told once, and stays as it was.
	s.broken.Store(true)
	now.Store(int64(10 * time.Second))
	if terms, err := k.RecentTerms(t.Context(), "ann"); err == nil || terms.PerMinute != 5 {
		t.Errorf("broken: %+v, %v", terms, err)
	}
	recent("told before", "ann", 5)
	s.broken.Store(false)
	if _, err := s.RemoveCallerTerms(t.Context(), "ann"); err != nil {
		t.Fatal(err)
	}
	now.Store(0) // the clock was set back
	recent("removed", "ann", 0)

	// An asker that has gone spoils it for nobody.
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	now.Store(int64(time.Minute))
	if terms, err := k.RecentTerms(gone, "bob"); err != nil || terms.PerMinute != 7 {
		t.Errorf("an asker that has gone: %+v, %v", terms, err)
	}
}

func TestRecentTermsThatWereNeverRead(t *testing.T) {
	s := &readings{Store: openStore(t)}
	s.broken.Store(true)
	k := &access.Keeper{Open: func(context.Context) (access.Keys, error) { return s, nil }, Now: func() time.Time { return noon }}
	if terms, err := k.RecentTerms(t.Context(), "ann"); err == nil || terms.PerMinute != 0 {
		t.Errorf("%+v, %v", terms, err)
	}
}
