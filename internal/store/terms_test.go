package store_test

import (
	"context"
	"reflect"
	"sync"
	"testing"
	"time"

	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

func callerTerms(t *testing.T, open opener) {
	ctx := context.Background()
	now := noon
	s := open(t, store.WithClock(func() time.Time { return now }))
	const token = "oauth-7vpcqzhrk77txt6ozmdlni5c2d"
	inForce := func(step, principal string, want store.Terms) {
		t.Helper()
		got, err := s.TermsOf(ctx, principal)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %s has %+v, %v, want %+v", step, principal, got, err, want)
		}
		all, err := s.TermsInForce(ctx)
		if err != nil || !reflect.DeepEqual(all[principal], want) {
			t.Errorf("%s: of all, %s has %+v, %v, want %+v", step, principal, all[principal], err, want)
		}
	}
	set := func(principal string, change func(*store.CallerTerms)) store.CallerTerms {
		t.Helper()
		said, err := s.ChangeCallerTerms(ctx, principal, change)
		if err != nil {
			t.Fatal(err)
		}
		return said
	}
	inForce("nothing is said", token, store.Terms{})

	daily, monthly, more := video.WholeCredits(200), video.WholeCredits(3000), video.WholeCredits(500)
	set(token, func(c *store.CallerTerms) { c.Label, c.Daily, c.Models = "Ann", &daily, []string{"sora2"} })
	inForce("of a token's caller", token, store.Terms{Daily: &daily, Models: []string{"sora2"}})
	inForce("somebody else", "team-a", store.Terms{})

	// What is said later is added, or takes the place of what it is about.
	now = noon.Add(time.Minute)
	said := set(token, func(c *store.CallerTerms) { c.Monthly, c.Models, c.PerMinute = &monthly, nil, 60 })
	want := store.CallerTerms{Principal: token, Label: "Ann", Terms: store.Terms{Daily: &daily, Monthly: &monthly, PerMinute: 60}, ChangedAt: now}
	if !reflect.DeepEqual(said, want) {
		t.Errorf("said %+v, want %+v", said, want)
	}
	inForce("more", token, want.Terms)

	// It counts before what a key says, each by itself; what ended counts no more.
	if err := s.AddKey(ctx, store.Key{
		ID: "key_a", Name: "team-a", Hash: "aa", CreatedAt: noon,
		Terms: store.Terms{Daily: &daily, Monthly: &monthly, Models: []string{"sora2"}, PerMinute: 60, OpenCalls: 3},
	}); err != nil {
		t.Fatal(err)
	}
	inForce("the key alone", "team-a", store.Terms{Daily: &daily, Monthly: &monthly, Models: []string{"sora2"}, PerMinute: 60, OpenCalls: 3})
	set("team-a", func(c *store.CallerTerms) { c.Daily, c.OpenCalls = &more, 9 })
	inForce("beside a key", "team-a", store.Terms{Daily: &more, Monthly: &monthly, Models: []string{"sora2"}, PerMinute: 60, OpenCalls: 9})
	set("team-a", func(c *store.CallerTerms) { c.Models, c.PerMinute = []string{"z video", "sora2 pro"}, 1 })
	inForce("all but one", "team-a", store.Terms{Daily: &more, Monthly: &monthly, Models: []string{"z video", "sora2 pro"}, PerMinute: 1, OpenCalls: 9})
	if _, err := s.RevokeKey(ctx, "team-a"); err != nil {
		t.Fatal(err)
	}
	inForce("of a name without a key", "team-a", store.Terms{Daily: &more, Models: []string{"z video", "sora2 pro"}, PerMinute: 1, OpenCalls: 9})
	nothing := video.Credits(0)
	set(token, func(c *store.CallerTerms) { c.Daily = &nothing })
	inForce("a budget of nothing is one", token, store.Terms{Daily: &nothing, Monthly: &monthly, PerMinute: 60})

	all, err := s.CallerTerms(ctx)
	if err != nil || len(all) != 2 || all[0].Principal != token || all[0].Label != "Ann" || all[1].Principal != "team-a" {
		t.Errorf("all: %+v, %v", all, err)
	}
	removed, err := s.RemoveCallerTerms(ctx, token)
	if err != nil || removed.Label != "Ann" {
		t.Errorf("removed %+v, %v", removed, err)
	}
	inForce("removed", token, store.Terms{})
	_, err = s.RemoveCallerTerms(ctx, token)
	wantError(t, err, video.NotFound)
	for _, evil := range []string{"'", "x' OR '1'='1", "$1", "%"} {
		inForce("an injection", evil, store.Terms{})
		if _, err := s.RemoveCallerTerms(ctx, evil); video.CodeOf(err) != video.NotFound {
			t.Errorf("%q: %v", evil, err)
		}
	}
	if all, err := s.CallerTerms(ctx); err != nil || len(all) != 1 {
		t.Errorf("left: %+v, %v", all, err)
	}
}

// callerTermsAtOnce: of what several operators say at the same instant, by any
// process, nothing is lost.
func callerTermsAtOnce(t *testing.T, open opener) {
	a, b := twice(t, open)
	var all sync.WaitGroup
	for i := range 10 {
		s := []*store.Store{a, b}[i%2]
		all.Go(func() {
			if _, err := s.ChangeCallerTerms(t.Context(), "ann", func(c *store.CallerTerms) { c.PerMinute++ }); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if terms, err := b.TermsOf(t.Context(), "ann"); err != nil || terms.PerMinute != 10 {
		t.Errorf("%+v, %v", terms, err)
	}
}
