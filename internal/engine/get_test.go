package engine_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

// A task that was made elsewhere with the same account is followed like one of
// our own, once, whoever asks for it first.
func TestForeignTaskIsAdopted(t *testing.T) {
	inWorld(t, func(w *world) {
		elsewhere := w.start(polling)
		foreign := mustSubmit(t, elsewhere, alice, ask("x")).Task
		w.path = filepath.Join(t.TempDir(), "other.db")
		e := w.start(polling)
		ids := make(chan string, 5)
		var callers sync.WaitGroup
		for range 5 {
			callers.Go(func() {
				task, err := e.Get(context.Background(), alice, foreign.UpstreamID)
				if err != nil {
					t.Error(err)
				}
				ids <- task.ID
			})
		}
		callers.Wait()
		adopted := <-ids
		for range 4 {
			if id := <-ids; id != adopted {
				t.Errorf("adopted as %s and %s", adopted, id)
			}
		}
		_, err := e.Get(context.Background(), bob, foreign.UpstreamID)
		wantCode(t, err, video.NotFound)
		task := settle(t, e, alice, adopted)
		if task.State != video.Success || task.Charged != credits("200") || task.Request.Model != foreign.Request.Model || task.Videos[0].URL == "" {
			t.Errorf("ends as %+v", task)
		}
		for _, id := range []string{"task_nosuch", "vid_nosuch", "no such", "käse", string(make([]byte, 500))} {
			_, err := e.Get(context.Background(), alice, id)
			wantCode(t, err, video.NotFound)
		}
		page, err := e.List(context.Background(), alice, store.Filter{})
		if err != nil || page.Total != 1 || len(w.sandbox.Books().Entries) != 1 {
			t.Errorf("%d tasks, posted %d times, %v", page.Total, len(w.sandbox.Books().Entries), err)
		}
	})
}

func TestFinishedForeignTaskIsAdopted(t *testing.T) {
	inWorld(t, func(w *world) {
		elsewhere := w.start(polling)
		foreign := mustSubmit(t, elsewhere, alice, ask("x")).Task
		failed := mustSubmit(t, elsewhere, alice, ask("y [sandbox:fail-server]")).Task
		settle(t, elsewhere, alice, foreign.ID)
		settle(t, elsewhere, alice, failed.ID)
		w.path = filepath.Join(t.TempDir(), "other.db")
		m := newMedia(t, time.Second)
		e := w.start(with(m))
		if task := mustGet(t, e, alice, failed.UpstreamID); task.State != video.Failed || task.Charged != 0 {
			t.Errorf("adopted as %+v", task)
		}
		if task := settle(t, e, alice, foreign.UpstreamID); task.State != video.Success || task.Charged != credits("200") || task.Videos[0].Path == "" {
			t.Errorf("adopted as %+v", task)
		}
	})
}

func TestPrincipalsAreIsolated(t *testing.T) {
	inWorld(t, func(w *world) {
		e := w.start(with(newMedia(t, 0)))
		ctx := context.Background()
		theirs := mustSubmit(t, e, alice, ask("secret fox")).Task
		_, err := e.Get(ctx, bob, "") // alice's is the latest of all, but not bob's
		wantCode(t, err, video.NotFound)
		settle(t, e, alice, theirs.ID)
		mine := mustSubmit(t, e, bob, ask("bear")).Task
		settle(t, e, bob, mine.ID)
		for _, id := range []string{theirs.ID, theirs.UpstreamID} {
			_, err := e.Get(ctx, bob, id)
			wantCode(t, err, video.NotFound)
			_, err = e.Wait(ctx, bob, []string{mine.ID, id}, true, time.Second, nil)
			wantCode(t, err, video.NotFound)
			_, err = e.Download(ctx, bob, id, "", "")
			wantCode(t, err, video.NotFound)
			_, err = e.Withdraw(ctx, bob, id)
			wantCode(t, err, video.NotFound)
			_, err = e.Resolve(ctx, bob, id, engine.Resolution{Paid: new(true)})
			wantCode(t, err, video.NotFound)
		}
		if task := mustGet(t, e, alice, ""); task.ID != theirs.ID {
			t.Errorf("alice's latest is %s", task.ID)
		}
		page, err := e.List(ctx, bob, store.Filter{Principal: alice})
		if err != nil || page.Total != 1 || page.Tasks[0].ID != mine.ID || page.Credits.Charged != credits("200") {
			t.Errorf("list = %+v, %v", page, err)
		}
		if page, err = e.List(ctx, bob, store.Filter{IDs: []string{theirs.ID}}); err != nil || page.Total != 0 {
			t.Errorf("list by id = %+v, %v", page, err)
		}
		usage, err := e.Usage(ctx, bob, time.Time{}, time.Time{})
		if err != nil || usage.Charged != credits("200") || len(usage.Rows) != 1 || usage.Rows[0].Count != 1 || usage.EstimateErrorPercent != "0.0" {
			t.Errorf("usage = %+v, %v", usage, err)
		}
		wish := ask("bear")
		wish.IdempotencyKey = "same key"
		first := mustSubmit(t, e, alice, wish)
		if second := mustSubmit(t, e, bob, wish); second.Task.ID == first.Task.ID || second.Task.Principal != bob {
			t.Errorf("bob's key led to %+v", second.Task)
		}
	})
}

// Without a store nothing is sent: the caller is told what to do, and it works
// as soon as the store does.
func TestStoreThatCannotBeOpened(t *testing.T) {
	locked := &video.Error{Code: video.Unavailable, Message: "The task store is locked by another program.", Suggestion: "Try again."}
	tests := map[string]struct {
		spoil func(t *testing.T, w *world, o *engine.Options) (mend func())
		code  video.Code
	}{
		"locked": {func(_ *testing.T, _ *world, o *engine.Options) func() {
			open, mended := o.OpenStore, false
			o.OpenStore = func(ctx context.Context) (engine.Store, error) {
				if !mended {
					return nil, locked
				}
				return open(ctx)
			}
			return func() { mended = true }
		}, video.Unavailable},
		"no database": {func(t *testing.T, w *world, _ *engine.Options) func() {
			if err := os.WriteFile(w.path, []byte("this is a letter to my aunt, and no database at all"), 0o600); err != nil {
				t.Fatal(err)
			}
			return func() {
				if err := os.Remove(w.path); err != nil {
					t.Fatal(err)
				}
			}
		}, video.Internal},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				o := w.options()
				mend := tt.spoil(t, w, &o)
				e, err := engine.New(o)
				if err != nil {
					t.Fatal(err)
				}
				defer func() {
					if err := e.Close(context.Background()); err != nil {
						t.Error(err)
					}
				}()
				ctx := context.Background()
				_, getErr := e.Get(ctx, alice, "")
				_, listErr := e.List(ctx, alice, store.Filter{})
				_, submitErr := e.Submit(ctx, alice, ask("x"))
				for _, err := range []error{e.Start(ctx), e.Ready(ctx), getErr, listErr, submitErr, e.Hint(ctx, "token", nil)} {
					coded, ok := errors.AsType[*video.Error](err)
					if !ok || coded.Code != tt.code || coded.Message == "" || coded.Suggestion == "" {
						t.Errorf("error = %v", err)
					}
				}
				if n := len(w.sandbox.Books().Entries); n != 0 {
					t.Fatalf("posted %d times without a store", n)
				}
				mend()
				got := mustSubmit(t, e, alice, ask("x"))
				if task := settle(t, e, alice, got.Task.ID); task.State != video.Success {
					t.Errorf("ends as %s", task.State)
				}
			})
		})
	}
}

// failingStore is one whose writes fail while it is told so.
type failingStore struct {
	engine.Store

	mu      *sync.Mutex
	failing *bool
}

func (s failingStore) trouble() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if *s.failing {
		return &video.Error{Code: video.Unavailable, Message: "The disk is full.", Suggestion: "Free some space."}
	}
	return nil
}

func (s failingStore) Submit(ctx context.Context, in store.Intent) (store.Submitted, error) {
	if err := s.trouble(); err != nil {
		return store.Submitted{}, err
	}
	return s.Store.Submit(ctx, in)
}

func (s failingStore) Change(ctx context.Context, id string, change func(*video.Task) error) (video.Task, error) {
	if err := s.trouble(); err != nil {
		return video.Task{}, err
	}
	return s.Store.Change(ctx, id, change)
}

func (s failingStore) Claim(ctx context.Context, q store.ClaimQuery) ([]video.Task, error) {
	if err := s.trouble(); err != nil {
		return nil, err
	}
	return s.Store.Claim(ctx, q)
}

// A disk that is full for a while: nothing is sent that could not be written
// down, an answer that was paid for is written down as soon as there is room,
// and what runs is followed to its end.
func TestStoreThatFailsForAWhile(t *testing.T) {
	inWorld(t, func(w *world) {
		var mu sync.Mutex
		failing := false
		set := func(to bool) { mu.Lock(); failing = to; mu.Unlock() }
		e := w.start(polling, func(o *engine.Options) {
			open := o.OpenStore
			o.OpenStore = func(ctx context.Context) (engine.Store, error) {
				s, err := open(ctx)
				return failingStore{s, &mu, &failing}, err
			}
		})
		running := mustSubmit(t, e, alice, ask("running"))
		answered := mustSubmit(t, e, alice, ask("answered [sandbox:create-slow=3]"))
		set(true)
		_, err := e.Submit(context.Background(), alice, ask("refused"))
		wantCode(t, err, video.Unavailable)
		if n := len(w.sandbox.Books().Entries); n != 2 {
			t.Errorf("posted %d times", n)
		}
		time.Sleep(4 * time.Second)
		set(false)
		for _, id := range []string{running.Task.ID, answered.Task.ID} {
			if task := settle(t, e, alice, id); task.State != video.Success || task.Charged != credits("200") {
				t.Errorf("ends as %+v", task)
			}
		}
	})
}
