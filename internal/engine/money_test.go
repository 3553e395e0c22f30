package engine_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/video"
)

func limit(text string) *video.Credits { return new(credits(text)) }

// Every clip costs 200; whatever the number of callers, the sandbox never
// charges more than a budget allows.
func TestBudgetsHoldAgainstConcurrentSubmissions(t *testing.T) {
	tests := map[string]struct {
		budgets  engine.Budgets
		accepted int
	}{
		"task":  {engine.Budgets{PerTask: limit("199.999999")}, 0},
		"day":   {engine.Budgets{PerDay: limit("1000")}, 5},
		"month": {engine.Budgets{PerMonth: limit("799.5")}, 3},
		"both":  {engine.Budgets{PerDay: limit("600"), PerMonth: limit("450")}, 2},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				budget := func(o *engine.Options) { o.Budgets = tt.budgets }
				engines := []*engine.Engine{w.start(budget), w.start(budget)}
				var callers sync.WaitGroup
				for i := range 20 {
					callers.Go(func() {
						_, err := engines[i%2].Submit(context.Background(), []string{alice, bob}[i%2], ask(fmt.Sprint("clip ", i)))
						if err != nil && video.CodeOf(err) != video.BudgetExceeded {
							t.Errorf("submit: %v", err)
						}
					})
				}
				callers.Wait()
				if got := w.sandbox.Books().Accepted; got != tt.accepted {
					t.Errorf("accepted %d, want %d", got, tt.accepted)
				}
				quotation, err := engines[0].Quote(context.Background(), alice, engine.Wish{Ask: askOf("one more", "5s")})
				if err != nil {
					t.Fatal(err)
				}
				wantCode(t, quotation.Refusal, video.BudgetExceeded)
				if len(quotation.Plan.Warnings) == 0 {
					t.Error("no warning")
				}
			})
		})
	}
}

func TestBudgetComesBackAfterRefundAndOnTheNextDay(t *testing.T) {
	inWorld(t, func(w *world) {
		e := w.start(func(o *engine.Options) { o.Budgets.PerDay = limit("200") })
		first := mustSubmit(t, e, alice, ask("x [sandbox:fail-server]"))
		_, err := e.Submit(context.Background(), alice, ask("y"))
		wantCode(t, err, video.BudgetExceeded)
		settle(t, e, alice, first.Task.ID)
		mustSubmit(t, e, alice, ask("y"))
		_, err = e.Submit(context.Background(), alice, ask("z"))
		wantCode(t, err, video.BudgetExceeded)
		time.Sleep(24 * time.Hour)
		mustSubmit(t, e, alice, ask("z"))
	})
}

func TestSandboxIsCountedApart(t *testing.T) {
	inWorld(t, func(w *world) {
		pretend := w.start(func(o *engine.Options) {
			o.Account.Fingerprint, o.Account.Sandbox = "5a5a5a5a5a5a5a5a", true
			o.Budgets.PerDay = limit("200")
		})
		mustSubmit(t, pretend, alice, ask("x"))
		paid := w.start(func(o *engine.Options) { o.Budgets.PerDay = limit("200") })
		mustSubmit(t, paid, alice, ask("x"))
		_, err := paid.Submit(context.Background(), alice, ask("y"))
		wantCode(t, err, video.BudgetExceeded)
		usage, err := paid.Usage(context.Background(), alice, time.Time{}, time.Time{})
		if err != nil || usage.Reserved != credits("200") {
			t.Errorf("usage = %+v, %v", usage, err)
		}
	})
}

func TestMaxCreditsRefusesBeforeAnythingIsSent(t *testing.T) {
	inWorld(t, func(w *world) {
		e := w.start()
		wish := ask("x")
		wish.MaxCredits = limit("199")
		_, err := e.Submit(context.Background(), alice, wish)
		wantCode(t, err, video.BudgetExceeded)
		wish.MaxCredits = limit("200")
		mustSubmit(t, e, alice, wish)
		if n := len(w.sandbox.Books().Entries); n != 1 {
			t.Errorf("posted %d times", n)
		}
	})
}

func TestConfirmation(t *testing.T) {
	inWorld(t, func(w *world) {
		e := w.start(func(o *engine.Options) { o.ConfirmAbove = limit("100") })
		quote := func(wish engine.Wish) string {
			t.Helper()
			q, err := e.Quote(context.Background(), alice, wish)
			if err != nil || !q.NeedsConfirmation || q.Refusal != nil {
				t.Fatalf("quote = %+v, %v", q, err)
			}
			return q.ConfirmToken
		}
		try := func(principal string, wish engine.Wish, token string) error {
			wish.ConfirmToken = token
			_, err := e.Submit(context.Background(), principal, wish)
			return err
		}
		wish := ask("a fox")
		token := quote(wish)
		tampered := []byte(token)
		tampered[3] ^= 1
		for name, err := range map[string]error{
			"none": try(alice, wish, ""), "garbage": try(alice, wish, "yes"), "another principal": try(bob, wish, token),
			"another request": try(alice, ask("a bear"), token), "tampered": try(alice, wish, string(tampered)),
		} {
			if video.CodeOf(err) != video.ConfirmationRequired {
				t.Errorf("%s: %v", name, err)
			}
		}
		if n := len(w.sandbox.Books().Entries); n != 0 {
			t.Fatalf("posted %d times without consent", n)
		}
		if err := try(alice, wish, token); err != nil {
			t.Fatal(err)
		}
		forced := wish
		forced.ForceNew = true
		wantCode(t, try(alice, forced, token), video.ConfirmationRequired) // good for one video
		late := quote(ask("a bear"))
		time.Sleep(10 * time.Minute)
		wantCode(t, try(alice, ask("a bear"), late), video.ConfirmationRequired)
		if n := len(w.sandbox.Books().Entries); n != 1 {
			t.Errorf("posted %d times", n)
		}
	})
}

func TestResolveByHand(t *testing.T) {
	inWorld(t, func(w *world) {
		e := w.start(func(o *engine.Options) { o.CallbackURL = nil })
		lost := func(prompt string) string {
			got := mustSubmit(t, e, alice, ask(prompt+" [sandbox:create-lost]"))
			if got.Task.State != video.Unconfirmed {
				t.Fatalf("state %s", got.Task.State)
			}
			return got.Task.ID
		}
		a, b, c := lost("a"), lost("b"), lost("c")
		ids := map[string]string{}
		for _, entry := range w.sandbox.Books().Entries {
			ids[entry.Prompt[:1]] = entry.TaskID
		}
		_, err := e.Resolve(context.Background(), bob, a, engine.Resolution{Paid: new(true)})
		wantCode(t, err, video.NotFound)
		_, err = e.Resolve(context.Background(), alice, a, engine.Resolution{})
		wantCode(t, err, video.Invalid)

		paid, err := e.Resolve(context.Background(), alice, a, engine.Resolution{Paid: new(true)})
		if err != nil || paid.Charged != credits("200") || !paid.Settled || paid.Failure.Charged != video.ChargedYes {
			t.Errorf("paid = %+v, %v", paid, err)
		}
		free, err := e.Resolve(context.Background(), alice, b, engine.Resolution{Paid: new(false)})
		if err != nil || free.Charged != 0 || !free.Settled || free.Failure.Charged != video.ChargedNo {
			t.Errorf("not paid = %+v, %v", free, err)
		}
		_, err = e.Resolve(context.Background(), alice, b, engine.Resolution{Paid: new(true)})
		wantCode(t, err, video.Conflict)
		_, err = e.Resolve(context.Background(), alice, c, engine.Resolution{UpstreamID: "task_nosuch"})
		wantCode(t, err, video.NotFound)
		mustGet(t, e, bob, ids["b"]) // adopted, by somebody else
		own := mustSubmit(t, e, alice, ask("d")).Task
		for _, id := range []string{ids["b"], own.UpstreamID} {
			_, err = e.Resolve(context.Background(), alice, c, engine.Resolution{UpstreamID: id})
			wantCode(t, err, video.Conflict)
		}
		if _, err = e.Resolve(context.Background(), alice, c, engine.Resolution{UpstreamID: ids["c"]}); err != nil {
			t.Fatal(err)
		}
		if task := settle(t, e, alice, c); task.State != video.Success || task.Charged != credits("200") {
			t.Errorf("found again = %+v", task)
		}
		if n := len(w.sandbox.Books().Entries); n != 4 {
			t.Errorf("posted %d times", n)
		}
	})
}

// A lost answer whose video was then read by its upstream id is booked once
// more, as an adopted task; the person's word merges the two, whatever the
// adopted one has come to, also after a crash between the two writes.
func TestResolveMergesTheAdoptedTask(t *testing.T) {
	tests := map[string]struct {
		finished bool
		diesAt   string
	}{
		"running": {}, "finished": {finished: true},
		"dies before": {true, "resolve.recorded"}, "dies between": {true, "resolve.released"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				ctx := context.Background()
				e := w.start(polling)
				lost := mustSubmit(t, e, alice, ask("x [sandbox:create-lost]")).Task
				upstreamID := w.sandbox.Books().Entries[0].TaskID
				adopted := mustGet(t, e, alice, upstreamID)
				command := "seedance-mcp tasks resolve " + lost.ID + " --upstream-id " + upstreamID
				if !strings.Contains(adopted.Reason, command) {
					t.Errorf("reason = %q", adopted.Reason)
				}
				if tt.finished {
					adopted = settle(t, e, alice, adopted.ID)
					if !strings.Contains(adopted.Reason, command) {
						t.Errorf("reason in the end = %q", adopted.Reason)
					}
				}
				word := engine.Resolution{UpstreamID: upstreamID}
				if tt.diesAt != "" {
					die, _ := mortal(tt.diesAt, 1)
					if _, err := w.start(polling, die).Resolve(ctx, alice, lost.ID, word); err == nil {
						t.Fatal("a dead process resolved it")
					}
					if task := mustGet(t, e, alice, lost.ID); task.State != video.Unconfirmed || task.Reserved != credits("200") {
						t.Errorf("after the crash = %+v", task)
					}
				}
				if _, err := e.Resolve(ctx, alice, lost.ID, word); err != nil {
					t.Fatal(err)
				}
				if task := settle(t, e, alice, lost.ID); task.State != video.Success || task.Charged != credits("200") || task.UpstreamID != upstreamID {
					t.Errorf("found again = %+v", task)
				}
				// No look brings the other one back. A day of them is slow with the race
				// detector, so that one case has it.
				time.Sleep(time.Hour)
				if name == "running" {
					time.Sleep(23 * time.Hour)
				}
				gone := mustGet(t, e, alice, adopted.ID)
				if gone.State != video.Failed || gone.Charged != 0 || !gone.Settled || gone.UpstreamID != "" || !strings.Contains(gone.Failure.Message, lost.ID) {
					t.Errorf("merged = %+v", gone)
				}
				if task := mustGet(t, e, alice, upstreamID); task.ID != lost.ID {
					t.Errorf("the upstream's id leads to %s", task.ID)
				}
				usage, err := e.Usage(ctx, alice, time.Time{}, time.Time{})
				if err != nil || usage.Charged != credits("200") || usage.Reserved != 0 {
					t.Errorf("usage = %+v, %v", usage, err)
				}
			})
		})
	}
}

// The adopted task's file goes with the video: it is not fetched again.
func TestResolveKeepsTheAdoptedTasksFile(t *testing.T) {
	inWorld(t, func(w *world) {
		e := w.start(with(newMedia(t, time.Second)))
		lost := mustSubmit(t, e, alice, ask("x [sandbox:create-lost]")).Task
		upstreamID := w.sandbox.Books().Entries[0].TaskID
		settle(t, e, alice, mustGet(t, e, alice, upstreamID).ID)
		time.Sleep(time.Minute)
		path := mustGet(t, e, alice, upstreamID).Videos[0].Path
		task, err := e.Resolve(context.Background(), alice, lost.ID, engine.Resolution{UpstreamID: upstreamID})
		if err != nil || path == "" || task.Videos[0].Path != path || !task.DueAt.IsZero() {
			t.Errorf("file %q, resolved to %+v, %v", path, task, err)
		}
	})
}

// A webhook whose record the upstream cannot show yet is answered at once and
// followed up: nobody sends it again.
func TestWebhookForALostAnswerWhileTheUpstreamHasTrouble(t *testing.T) {
	inWorld(t, func(w *world) {
		e := w.start()
		got := mustSubmit(t, e, alice, ask("x [sandbox:create-lost][sandbox:webhook-early][sandbox:record-hang=40][sandbox:webhook-b]"))
		if got.Task.State != video.Submitting && got.Task.State != video.Unconfirmed {
			t.Fatalf("state %s", got.Task.State)
		}
		time.Sleep(3 * time.Minute)
		if task := mustGet(t, e, alice, got.Task.ID); task.State != video.Success || task.Charged != credits("200") {
			t.Errorf("task = %+v", task)
		}
	})
}

func TestWebhookGarbage(t *testing.T) {
	inWorld(t, func(w *world) {
		e := w.start()
		got := mustSubmit(t, e, alice, ask("x [sandbox:create-lost][sandbox:webhook-lost]"))
		other := mustSubmit(t, e, bob, ask("y"))
		token := got.Task.CallbackToken
		for _, tt := range []struct {
			token, body string
			code        video.Code
		}{
			{"", "{}", video.NotFound},
			{"nosuch", "{}", video.NotFound},
			{token, "<html>", video.Invalid},
			{token, `{"taskId":"a b","status":"success"}`, video.Invalid},
			{token, `{"taskId":"` + other.Task.UpstreamID + `","status":"success"}`, video.Conflict},
			{other.Task.CallbackToken, "whatever", ""},
		} {
			began := time.Now()
			err := e.Hint(context.Background(), tt.token, []byte(tt.body))
			wantCode(t, err, tt.code)
			if took := time.Since(began); took > 2*time.Second {
				t.Errorf("%q answered after %s", tt.body, took)
			}
		}
		synctest.Wait()
		if task := mustGet(t, e, alice, got.Task.ID); task.State != video.Unconfirmed || task.UpstreamID != "" {
			t.Errorf("garbage moved it to %s as %q", task.State, task.UpstreamID)
		}
	})
}
