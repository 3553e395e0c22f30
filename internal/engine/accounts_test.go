package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/sandbox"
	"seedance-mcp/internal/upstream"
	"seedance-mcp/internal/video"
)

const bobsAccount = "b0b0b0b0b0b0b0b0"

// bobs is a book in which bob has an account of his own.
type bobs struct {
	client engine.Upstream

	mu     sync.Mutex
	closed error // it cannot be opened
	gone   bool  // it is bob's no more
}

func (b *bobs) Own(_ context.Context, principal string) (string, bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if principal != bob || b.gone {
		return "", false, nil
	}
	return bobsAccount, true, b.closed
}

func (b *bobs) Upstream(_ context.Context, fingerprint string) (engine.Upstream, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if fingerprint != bobsAccount || b.closed != nil {
		return nil, video.Errorf(video.Unavailable, "not this one")
	}
	return b.client, nil
}

func (b *bobs) Busy(context.Context) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed != nil {
		return nil
	}
	return []string{bobsAccount}
}

func (b *bobs) set(closed error, gone bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed, b.gone = closed, gone
}

func newBobs(w *world) *bobs {
	w.t.Helper()
	client, err := upstream.New(upstream.Config{BaseURL: baseURL + "/api/v1", Dialect: w.dialect, APIKey: sandbox.KeySecond, Transport: w.wire})
	if err != nil {
		w.t.Fatal(err)
	}
	return &bobs{client: client}
}

func withBook(book *bobs) func(*engine.Options) {
	return func(o *engine.Options) { o.Accounts = book }
}

// payers tells who paid for which prompt, as the upstream has it.
func payers(w *world) string {
	var list []string
	for _, entry := range w.sandbox.Books().Entries {
		if entry.Accepted {
			list = append(list, entry.Prompt+" by "+entry.Key)
		}
	}
	return strings.Join(list, ", ")
}

func TestEachPaysWithItsOwnAccount(t *testing.T) {
	inWorld(t, func(w *world) {
		book := newBobs(w)
		e := w.start(withBook(book))
		hers, his := mustSubmit(t, e, alice, ask("hers")), mustSubmit(t, e, bob, ask("his"))
		if got := payers(w); got != "hers by main, his by second" {
			t.Fatalf("paid: %s", got)
		}
		if hers.Task.Upstream != fingerprint || his.Task.Upstream != bobsAccount {
			t.Errorf("stored with %s and %s", hers.Task.Upstream, his.Task.Upstream)
		}
		for principal, task := range map[string]video.Task{alice: hers.Task, bob: his.Task} {
			if done := settle(t, e, principal, task.ID); done.State != video.Success {
				t.Errorf("%s: %s", principal, done.State)
			}
		}
	})
}

// The account that paid is asked to the end, also by another process, after it
// ceased to be the principal's.
func TestATaskStaysWithTheAccountThatPaid(t *testing.T) {
	inWorld(t, func(w *world) {
		book := newBobs(w)
		first := w.start(withBook(book))
		task := mustSubmit(t, first, bob, ask("his")).Task
		book.set(nil, true)
		if err := first.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
		second := w.start(withBook(book))
		if done := settle(t, second, bob, task.ID); done.State != video.Success {
			t.Fatalf("%s: %+v", done.State, done.Failure)
		}
		mustSubmit(t, second, bob, ask("his next"))
		if got := payers(w); got != "his by second, his next by main" {
			t.Errorf("paid: %s", got)
		}
		got, err := second.Get(context.Background(), bob, task.UpstreamID)
		if task.UpstreamID == "" || err == nil && got.ID != task.ID {
			t.Errorf("by the upstream's id %q: %s, %v", task.UpstreamID, got.ID, err)
		}
	})
}

func TestAnAccountThatCannotBeOpened(t *testing.T) {
	inWorld(t, func(w *world) {
		book := newBobs(w)
		e := w.start(withBook(book))
		task := mustSubmit(t, e, bob, ask("his")).Task
		refusal := &video.Error{Code: video.Unavailable, Message: "sealed with another key"}
		book.set(refusal, false)
		if _, err := e.Submit(context.Background(), bob, ask("his second")); !errors.Is(err, refusal) {
			t.Errorf("an order: %v", err)
		}
		quotation, err := e.Quote(context.Background(), bob, ask("his second"))
		if err != nil || !errors.Is(quotation.Refusal, refusal) {
			t.Errorf("a quote: %v, %v", quotation.Refusal, err)
		}
		// What is stored can be read, and nobody else is asked about it.
		if got, err := e.Get(context.Background(), bob, task.ID); err != nil || got.ID != task.ID {
			t.Errorf("the task: %v", err)
		}
		if _, err := e.Get(context.Background(), bob, "task_abcdefabcdefabcdefabcdef"); !errors.Is(err, refusal) {
			t.Errorf("an upstream's id: %v", err)
		}
		if got := payers(w); got != "his by second" {
			t.Errorf("paid: %s", got)
		}
		book.set(nil, false)
		if done := settle(t, e, bob, task.ID); done.State != video.Success {
			t.Errorf("opened again: %s", done.State)
		}
	})
}

// A full account queues its own principal's tasks and holds nobody else up.
func TestAFullAccountHoldsUpOnlyItsOwn(t *testing.T) {
	full(t, 1, func(w *world) {
		book := newBobs(w)
		e := w.start(withBook(book))
		var his, last video.Task
		for i := range 3 {
			his = mustSubmit(t, e, bob, ask(fmt.Sprint("b", i))).Task
			time.Sleep(time.Millisecond)
		}
		if his.State != video.Queued {
			t.Fatalf("bob's third is %s", his.State)
		}
		last = mustSubmit(t, e, alice, ask("a0")).Task
		synctest.Wait()
		if last.State == video.Queued {
			t.Errorf("alice waits for bob's account")
		}
		settle(t, e, bob, his.ID)
		settle(t, e, alice, last.ID)
		if got := payers(w); got != "b0 by second, a0 by main, b1 by second, b2 by second" {
			t.Errorf("paid: %s", got)
		}
	})
}
