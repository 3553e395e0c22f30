package engine_test

import (
	"context"
	"testing"
	"time"

	"seedance-mcp/internal/catalog"
	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/sandbox"
	"seedance-mcp/internal/store"
	"seedance-mcp/internal/upstream"
	"seedance-mcp/internal/video"
)

// A price that depends on a source video is reserved at its most, and settled
// by a look some time after success, also by another process.
func TestProvisionalPriceIsSettledLater(t *testing.T) {
	for _, restart := range []bool{false, true} {
		inWorldOf(t, sandbox.Options{Dialect: video.Kinovi}, func(w *world) {
			e := w.start(polling)
			wish := engine.Wish{Ask: catalog.Ask{Prompt: "x", Model: "seedance2-5", InputMode: "reference", VideoURLs: []string{"https://example.com/a.mp4"}}}
			got := mustSubmit(t, e, alice, wish)
			if !got.Task.Quote.Provisional || got.Task.Reserved < *got.Task.Quote.Credits {
				t.Fatalf("quote = %+v, reserved %s", got.Task.Quote, got.Task.Reserved)
			}
			task := settle(t, e, alice, got.Task.ID)
			if task.State != video.Success || task.Settled || task.DueAt.IsZero() {
				t.Fatalf("at success: %s, settled %t, due %s", task.State, task.Settled, task.DueAt)
			}
			if restart {
				if err := e.Close(context.Background()); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Hour)
				e = w.start(polling)
			}
			time.Sleep(11 * time.Minute)
			task = mustGet(t, e, alice, got.Task.ID)
			books := w.sandbox.Books()
			if !task.Settled || task.Charged != books.Net || task.Charged >= *task.Quote.Credits || !task.DueAt.IsZero() {
				t.Errorf("settled %t at %s of %s, the upstream says %s; due %s", task.Settled, task.Charged, task.Quote.Credits, books.Net, task.DueAt)
			}
		})
	}
}

// How long a task took is told by the upstream's own stamps, not by when we
// looked.
func TestDurationIsTheUpstreams(t *testing.T) {
	inWorld(t, func(w *world) {
		e := w.start(polling, func(o *engine.Options) { o.PollEvery = 30 * time.Second })
		got := mustSubmit(t, e, alice, ask("x"))
		task := settle(t, e, alice, got.Task.ID)
		if took := task.CompletedAt.Sub(task.SubmittedAt); took != 8*time.Second || time.Since(task.SubmittedAt) < 30*time.Second {
			t.Errorf("took %s, known after %s", took, time.Since(task.SubmittedAt))
		}
	})
}

// Somebody asks for a task by the upstream's id before the answer to its paid
// call is stored: the two rows count its cost once.
func TestAdoptedBeforeItsAnswerIsStored(t *testing.T) {
	inWorld(t, func(w *world) {
		var other *engine.Engine
		e := w.start(polling, func(o *engine.Options) {
			o.Checkpoint = func(at string) {
				if at == "post.answered" {
					mustGet(t, other, bob, w.sandbox.Books().Entries[0].TaskID)
				}
			}
		})
		other = w.start(polling)
		got := mustSubmit(t, e, alice, ask("x"))
		if got.Task.State != video.Unconfirmed || got.Task.UpstreamID != "" {
			t.Fatalf("task = %+v", got.Task)
		}
		if _, err := e.Resolve(context.Background(), alice, got.Task.ID, engine.Resolution{Paid: new(false)}); err != nil {
			t.Fatal(err)
		}
		settle(t, e, bob, w.sandbox.Books().Entries[0].TaskID)
		var total video.Credits
		for _, principal := range []string{alice, bob} {
			page, err := e.List(context.Background(), principal, store.Filter{})
			if err != nil {
				t.Fatal(err)
			}
			total += page.Credits.Charged + page.Credits.Reserved
		}
		if total != w.sandbox.Books().Net {
			t.Errorf("the ledger says %s, the upstream charged %s", total, w.sandbox.Books().Net)
		}
	})
}

// Two accounts share a store: each is followed by its own process, and neither
// asks its upstream about the other's.
func TestAccountsShareAStore(t *testing.T) {
	inWorld(t, func(w *world) {
		var seen looks
		mine := w.start(polling)
		theirs := w.start(polling, noting(&seen), func(o *engine.Options) { o.Account.Fingerprint = "ffffffffffffffff" })
		ctx := context.Background()
		got := mustSubmit(t, mine, alice, ask("x"))
		lost := mustSubmit(t, mine, alice, ask("y [sandbox:create-drop]"))
		if task := mustGet(t, theirs, alice, got.Task.ID); task.ID != got.Task.ID {
			t.Errorf("task = %+v", task)
		}
		_, err := theirs.Resolve(ctx, alice, lost.Task.ID, engine.Resolution{UpstreamID: got.Task.UpstreamID})
		wantCode(t, err, video.Conflict)
		if task := settle(t, theirs, alice, got.Task.ID); task.State != video.Success { // woken by the other process
			t.Errorf("ends as %s", task.State)
		}
		if n := len(seen.of(got.Task.UpstreamID)); n != 0 {
			t.Errorf("the other account was asked %d times", n)
		}
	})
}

// stuckStore, stuckUpstream and stuckMedia do nothing until they are told to
// end.
type stuckStore struct{ engine.Store }

func (stuckStore) Queued(ctx context.Context, _ string) ([]store.QueueHead, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

type stuckUpstream struct{ engine.Upstream }

func (stuckUpstream) Record(ctx context.Context, _ string) (upstream.Record, error) {
	<-ctx.Done()
	return upstream.Record{}, ctx.Err()
}

// Closing in the middle of everything is no trouble worth a word in the log.
func TestClosingIsQuiet(t *testing.T) {
	inWorld(t, func(w *world) {
		first := w.start(with(newMedia(t, time.Hour)))
		downloading := mustSubmit(t, first, alice, ask("x"))
		for mustGet(t, first, alice, downloading.Task.ID).State != video.Success {
			time.Sleep(time.Second)
		}
		second := w.start(polling, func(o *engine.Options) {
			open := o.OpenStore
			o.OpenStore = func(ctx context.Context) (engine.Store, error) {
				s, err := open(ctx)
				return stuckStore{s}, err
			}
			o.Account.Upstream = stuckUpstream{o.Account.Upstream}
		})
		mustSubmit(t, second, alice, ask("y"))
		time.Sleep(5 * time.Second)
		for _, e := range []*engine.Engine{first, second} {
			if err := e.Close(context.Background()); err != nil {
				t.Error(err)
			}
		}
		if log := w.log(); containsAny(log, "level=WARN", "level=ERROR", "cancel") {
			t.Errorf("the log says:\n%s", log)
		}
	})
}
