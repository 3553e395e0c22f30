package engine_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/sandbox"
	"seedance-mcp/internal/video"
)

func TestSubmitToSuccess(t *testing.T) {
	inWorld(t, func(w *world) {
		e := w.start(func(o *engine.Options) { o.CallbackURL = nil })
		got := mustSubmit(t, e, alice, ask("a fox in the snow"))
		if got.Task.State != video.Waiting || got.Task.UpstreamID == "" || got.Duplicate {
			t.Fatalf("submitted = %+v", got)
		}
		began := time.Now()
		task := settle(t, e, alice, got.Task.ID)
		if task.State != video.Success || len(task.Videos) != 1 || task.Videos[0].URL == "" {
			t.Fatalf("task = %+v", task)
		}
		if took := time.Since(began); took < 8*time.Second || took > 11*time.Second {
			t.Errorf("known after %s; the clip takes 8 s and is looked at every 2 s", took)
		}
		if task.Charged != credits("200") || !task.Settled || *task.Used != credits("200") {
			t.Errorf("charged %s, settled %t, used %v", task.Charged, task.Settled, task.Used)
		}
		if took := task.CompletedAt.Sub(task.SubmittedAt); took != 8*time.Second {
			t.Errorf("recorded duration %s, want 8 s", took)
		}
		if !task.DueAt.IsZero() {
			t.Errorf("a settled task is still due at %s", task.DueAt)
		}
		if strings.Contains(w.log(), "fox") {
			t.Errorf("the log contains the prompt:\n%s", w.log())
		}
	})
}

// What createTask's answers, lost ones included, make of a task at once.
func TestSubmitAnswers(t *testing.T) {
	tests := []struct {
		word     string
		state    video.State // after Submit
		code     video.Code
		accepted int // at the sandbox
		end      video.State
		charged  string
		reserved bool // still counts
	}{
		{"create-402", video.Failed, video.InsufficientCredits, 0, video.Failed, "0", false},
		{"create-402-bare", video.Failed, video.InsufficientCredits, 0, video.Failed, "0", false},
		{"create-envelope-error", video.Failed, video.InsufficientCredits, 0, video.Failed, "0", false},
		{"create-429=2", video.Queued, "", 1, video.Success, "200", false},
		{"create-drop", video.Unconfirmed, "", 0, video.Unconfirmed, "0", true},
		{"create-lost", video.Unconfirmed, "", 1, video.Success, "200", false}, // the webhook tells
		{"create-lost][sandbox:webhook-lost", video.Unconfirmed, "", 1, video.Unconfirmed, "0", true},
		{"create-lost][sandbox:webhook-garbage", video.Unconfirmed, "", 1, video.Unconfirmed, "0", true},
		{"create-truncated", video.Unconfirmed, "", 1, video.Success, "200", false},
		{"create-html-500", video.Unconfirmed, "", 0, video.Unconfirmed, "0", true},
		{"create-html-500-accepted", video.Unconfirmed, "", 1, video.Success, "200", false},
		{"create-502-accepted", video.Unconfirmed, "", 1, video.Success, "200", false},
		{"create-hang", video.Submitting, "", 1, video.Success, "200", false},
		{"create-slow", video.Submitting, "", 1, video.Success, "200", false},
		{"webhook-early", video.Waiting, "", 1, video.Success, "200", false},
		{"create-lost][sandbox:webhook-early", video.Unconfirmed, "", 1, video.Success, "200", false},
	}
	for _, tt := range tests {
		t.Run(strings.ReplaceAll(tt.word, "][sandbox:", "+"), func(t *testing.T) {
			inWorld(t, func(w *world) {
				e := w.start()
				began := time.Now()
				got, err := e.Submit(context.Background(), alice, ask("x [sandbox:"+tt.word+"]"))
				wantCode(t, err, tt.code)
				if got.Task.State != tt.state {
					t.Fatalf("submitted as %s (%s), want %s", got.Task.State, got.Task.Reason, tt.state)
				}
				if waited := time.Since(began); waited > 2*time.Second {
					t.Errorf("Submit took %s", waited)
				}
				needsReason := tt.state == video.Queued || tt.state == video.Unconfirmed
				if needsReason != (got.Task.Reason != "") {
					t.Errorf("reason = %q in state %s", got.Task.Reason, got.Task.State)
				}
				time.Sleep(10 * time.Minute)
				synctest.Wait()
				task := mustGet(t, e, alice, got.Task.ID)
				if task.State != tt.end {
					t.Fatalf("ends as %s (%s), want %s", task.State, task.Reason, tt.end)
				}
				counts := !task.Settled && task.Reserved == credits("200")
				if task.Charged != credits(tt.charged) || counts != tt.reserved {
					t.Errorf("charged %s, settled %t, reserved %s", task.Charged, task.Settled, task.Reserved)
				}
				if books := w.sandbox.Books(); books.Accepted != tt.accepted {
					t.Errorf("the sandbox accepted %d, want %d", books.Accepted, tt.accepted)
				}
				if task.State.Final() && tt.state == video.Failed && (task.Failure.Class != video.FailRefused || task.Failure.Charged != video.ChargedNo) {
					t.Errorf("failure = %+v", task.Failure)
				}
			})
		})
	}
}

func TestRefusedKeyIsToldAndStored(t *testing.T) {
	inWorld(t, func(w *world) {
		wire := w.wire
		w.wire = roundTrip(func(r *httpRequest) (*httpResponse, error) {
			r = r.Clone(r.Context())
			r.Header.Set("Authorization", "Bearer "+sandbox.KeyExpired)
			return wire.RoundTrip(r)
		})
		e := w.start()
		got, err := e.Submit(context.Background(), alice, ask("x"))
		wantCode(t, err, video.Unauthenticated)
		stored := mustGet(t, e, alice, "")
		if stored.ID != got.Task.ID || stored.State != video.Failed || stored.Charged != 0 || !stored.Settled {
			t.Errorf("stored = %+v", stored)
		}
	})
}

func TestUnreachableUpstreamFailsFree(t *testing.T) {
	inWorld(t, func(w *world) {
		w.wire = roundTrip(func(*httpRequest) (*httpResponse, error) { return nil, errRefusedDial })
		e := w.start()
		got, err := e.Submit(context.Background(), alice, ask("x"))
		for got.Task.State == video.Submitting { // re-dialling takes about as long as Submit waits
			got.Task = settle(t, e, alice, got.Task.ID)
			err = errRefusedDial
		}
		if err == nil || got.Task.State != video.Failed || got.Task.Failure.Charged != video.ChargedNo || got.Task.Failure.Retry != video.RetrySame {
			t.Errorf("task = %+v, error %v", got.Task, err)
		}
	})
}

func TestSubmitOutlivesItsCaller(t *testing.T) {
	inWorld(t, func(w *world) {
		e := w.start()
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(time.Second, cancel)
		got, err := e.Submit(ctx, alice, ask("x [sandbox:create-slow=10]"))
		if err != nil || got.Task.State != video.Submitting {
			t.Fatalf("got %s, %v", got.Task.State, err)
		}
		if task := settle(t, e, alice, got.Task.ID); task.State != video.Success {
			t.Errorf("ends as %s", task.State)
		}
	})
}

func TestDuplicates(t *testing.T) {
	inWorld(t, func(w *world) {
		e := w.start()
		first := mustSubmit(t, e, alice, ask("a fox"))
		second := mustSubmit(t, e, alice, engine.Wish{Ask: askOf("a fox", "5s")})
		if !second.Duplicate || second.Task.ID != first.Task.ID {
			t.Errorf("an equal request made %s beside %s", second.Task.ID, first.Task.ID)
		}
		if other := mustSubmit(t, e, bob, ask("a fox")); other.Duplicate {
			t.Error("another principal got alice's task")
		}
		forced := ask("a fox")
		forced.ForceNew = true
		if again := mustSubmit(t, e, alice, forced); again.Duplicate {
			t.Error("force_new gave the old task")
		}
		time.Sleep(11 * time.Minute)
		if later := mustSubmit(t, e, alice, ask("a fox")); later.Duplicate {
			t.Error("still a duplicate after 11 min")
		}
		if books := w.sandbox.Books(); books.Accepted != 4 {
			t.Errorf("accepted %d, want 4", books.Accepted)
		}
	})
}

func TestIdempotencyKeyLastsForEver(t *testing.T) {
	inWorld(t, func(w *world) {
		e := w.start()
		wish := ask("a fox [sandbox:fail-text]")
		wish.IdempotencyKey = "order-1"
		first := mustSubmit(t, e, alice, wish)
		settle(t, e, alice, first.Task.ID)
		time.Sleep(2 * time.Hour)
		wish.ForceNew = true
		again := mustSubmit(t, e, alice, wish)
		if again.Task.ID != first.Task.ID || again.Task.State != video.Failed || !again.Duplicate {
			t.Errorf("again = %+v", again)
		}
		other := ask("a bear")
		other.IdempotencyKey = "order-1"
		_, err := e.Submit(context.Background(), alice, other)
		wantCode(t, err, video.Conflict)
	})
}

// No store has to refuse, after the fact, a key that it cannot index.
func TestLongIdempotencyKeyIsRefused(t *testing.T) {
	inWorld(t, func(w *world) {
		e := w.start()
		wish := ask("a fox")
		wish.IdempotencyKey = strings.Repeat("ü", 501)
		_, err := e.Submit(context.Background(), alice, wish)
		wantCode(t, err, video.Invalid)
		wish.IdempotencyKey = strings.Repeat("ü", 500)
		mustSubmit(t, e, alice, wish)
		if books := w.sandbox.Books(); len(books.Entries) != 1 {
			t.Errorf("posted %d times, want once", len(books.Entries))
		}
	})
}

func TestFailedAttemptIsNoDuplicate(t *testing.T) {
	inWorld(t, func(w *world) {
		e := w.start()
		first := mustSubmit(t, e, alice, ask("x [sandbox:fail-server]"))
		settle(t, e, alice, first.Task.ID)
		if again := mustSubmit(t, e, alice, ask("x [sandbox:fail-server]")); again.Duplicate {
			t.Error("a failed task stood in the way of a new attempt")
		}
	})
}

func TestUnconfirmedIsReturnedWithItsWarning(t *testing.T) {
	inWorld(t, func(w *world) {
		e := w.start()
		mustSubmit(t, e, alice, ask("x [sandbox:create-drop]"))
		again := mustSubmit(t, e, alice, ask("x [sandbox:create-drop]"))
		if !again.Duplicate || again.Task.State != video.Unconfirmed || len(again.Warnings) != 1 {
			t.Errorf("again = %+v", again)
		}
		if books := w.sandbox.Books(); len(books.Entries) != 1 {
			t.Errorf("posted %d times", len(books.Entries))
		}
	})
}

func TestManySameCallsAtOnce(t *testing.T) {
	inWorld(t, func(w *world) {
		engines := []*engine.Engine{w.start(), w.start()}
		ids := make(chan string)
		for i := range 20 {
			go func() {
				got, err := engines[i%2].Submit(context.Background(), alice, ask("a fox"))
				if err != nil {
					t.Errorf("submit: %v", err)
				}
				ids <- got.Task.ID
			}()
		}
		first := <-ids
		for range 19 {
			if id := <-ids; id != first {
				t.Errorf("two tasks: %s and %s", first, id)
			}
		}
		if books := w.sandbox.Books(); len(books.Entries) != 1 {
			t.Errorf("posted %d times", len(books.Entries))
		}
	})
}
