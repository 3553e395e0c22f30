package engine_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/video"
)

func hook(id string) []byte { return []byte(`{"taskId":"` + id + `","status":"success"}`) }

// A webhook for a lost answer is as durable as everything else: whoever took
// it may die at any step, and another process confirms it.
func TestHintSurvivesACrashAtEveryStep(t *testing.T) {
	for _, step := range []string{"none", "hint.received", "hint.stored", "follow.claimed", "hint.recorded", "look.stored"} {
		t.Run(step, func(t *testing.T) {
			inWorld(t, func(w *world) {
				first := w.start(func(o *engine.Options) { o.CallbackURL = func(string) string { return hookURL + "nowhere" } })
				lost := mustSubmit(t, first, alice, ask("x [sandbox:create-lost]")).Task
				if err := first.Close(context.Background()); err != nil {
					t.Fatal(err)
				}
				id := w.sandbox.Books().Entries[0].TaskID
				die, dead := mortal(step, 1)
				dying := w.start(die)
				err := dying.Hint(context.Background(), lost.CallbackToken, hook(id))
				kept := err == nil
				if wanted := step != "hint.received"; kept != wanted {
					t.Errorf("answered %v", err)
				}
				time.Sleep(10 * time.Second)
				if step != "none" && !dead.Load() {
					t.Fatal("it never came to that step")
				}
				if step != "none" {
					dead.Store(true)
				}
				heir := w.start()
				if !kept { // the upstream sends it again
					if err := heir.Hint(context.Background(), lost.CallbackToken, hook(id)); err != nil {
						t.Fatal(err)
					}
				}
				time.Sleep(15 * time.Second)
				synctest.Wait()
				task := mustGet(t, heir, alice, lost.ID)
				if task.State != video.Success || task.UpstreamID != id || task.Charged != credits("200") || task.Hints != nil {
					t.Errorf("task = %+v", task)
				}
				if n := len(w.sandbox.Books().Entries); n != 1 {
					t.Errorf("posted %d times", n)
				}
			})
		})
	}
}

// The process that posted died; the webhook comes before its hold has ended.
func TestHintWhileThePostMayStillBeAnswered(t *testing.T) {
	inWorld(t, func(w *world) {
		die, _ := mortal("post.answered", 1)
		first := w.start(die, func(o *engine.Options) { o.CallbackURL = func(string) string { return hookURL + "nowhere" } })
		lost := mustSubmit(t, first, alice, ask("x")).Task
		id := w.sandbox.Books().Entries[0].TaskID
		heir := w.start()
		if err := heir.Hint(context.Background(), lost.CallbackToken, hook(id)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(80 * time.Second)
		if task := mustGet(t, heir, alice, lost.ID); task.State != video.Submitting {
			t.Errorf("within the hold it is %s", task.State)
		}
		time.Sleep(20 * time.Second)
		if task := mustGet(t, heir, alice, lost.ID); task.State != video.Success || task.UpstreamID != id {
			t.Errorf("after the hold = %+v", task)
		}
	})
}

// A hint on a task whose POST is under way must not keep its answer from being
// stored.
func TestGarbageHintDoesNotStopALateAnswer(t *testing.T) {
	for word, end := range map[string]video.State{"create-slow=30": video.Success, "create-slow=30][sandbox:create-402": video.Failed} {
		t.Run(word, func(t *testing.T) {
			inWorld(t, func(w *world) {
				inner := w.wire
				w.wire = roundTrip(func(r *httpRequest) (*httpResponse, error) {
					if strings.HasSuffix(r.URL.Path, "/createTask") {
						time.Sleep(5 * time.Second)
					}
					return inner.RoundTrip(r)
				})
				e := w.start()
				got := mustSubmit(t, e, alice, ask("x [sandbox:"+word+"]")).Task
				if got.State != video.Submitting {
					t.Fatalf("submitted as %s", got.State)
				}
				if err := e.Hint(context.Background(), got.CallbackToken, hook("task_madeup")); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute)
				if task := mustGet(t, e, alice, got.ID); task.State != end {
					t.Errorf("ends as %s (%s)", task.State, task.Reason)
				}
			})
		})
	}
}

// Of several ids that are named the one that the upstream knows is the task;
// made-up ones delay nothing, cost a bounded number of looks, and are
// forgotten.
func TestSeveralIdsAreNamed(t *testing.T) {
	inWorld(t, func(w *world) {
		var looks atomic.Int64
		inner := w.wire
		w.wire = roundTrip(func(r *httpRequest) (*httpResponse, error) {
			if strings.HasSuffix(r.URL.Path, "/recordInfo") {
				looks.Add(1)
			}
			return inner.RoundTrip(r)
		})
		e := w.start(func(o *engine.Options) { o.CallbackURL = func(string) string { return hookURL + "nowhere" } })
		lost := mustSubmit(t, e, alice, ask("x [sandbox:create-lost]")).Task
		id := w.sandbox.Books().Entries[0].TaskID
		for range 3 { // duplicates are one
			for i := range 3 {
				if err := e.Hint(context.Background(), lost.CallbackToken, hook(fmt.Sprint("task_madeup", i))); err != nil {
					t.Fatal(err)
				}
			}
		}
		time.Sleep(time.Minute)
		if task := mustGet(t, e, alice, lost.ID); task.State != video.Unconfirmed || len(task.Hints) != 3 {
			t.Fatalf("made-up ids moved it to %+v", task)
		}
		if err := e.Hint(context.Background(), lost.CallbackToken, hook(id)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		if task := settle(t, e, alice, lost.ID); task.State != video.Success || task.UpstreamID != id || task.Hints != nil {
			t.Errorf("task = %+v", task)
		}

		other := mustSubmit(t, e, alice, ask("y [sandbox:create-lost]")).Task
		looks.Store(0)
		for i := range 4 {
			if err := e.Hint(context.Background(), other.CallbackToken, hook(fmt.Sprint("task_madeup", i))); err != nil {
				t.Fatal(err)
			}
		}
		wantCode(t, e.Hint(context.Background(), other.CallbackToken, hook("task_onemore")), video.Conflict)
		time.Sleep(time.Hour)
		task := mustGet(t, e, alice, other.ID)
		if task.State != video.Unconfirmed || task.Hints != nil || !task.DueAt.IsZero() || looks.Load() > 4*25 {
			t.Errorf("after an hour and %d looks = %+v", looks.Load(), task)
		}
	})
}

// Ids that exist and are not this task's: another row's, one older than the
// wish, and two at once, between which nobody can choose.
func TestNamedIdsOfOtherTasksAreNotTaken(t *testing.T) {
	inWorld(t, func(w *world) {
		stranger := func(prompt string) string {
			t.Helper()
			made, err := w.client(w.wire).Create(context.Background(), []byte(
				`{"model":"wan22-video-generation","inputs":{"model":"seedance-20","prompt":"`+prompt+`","duration":"5s","resolution":"1280x720"}}`), "")
			if err != nil {
				t.Fatal(err)
			}
			return made.TaskID
		}
		old := stranger("old")
		time.Sleep(10 * time.Minute)
		e := w.start(func(o *engine.Options) { o.CallbackURL = func(string) string { return hookURL + "nowhere" } })
		lost := mustSubmit(t, e, alice, ask("x [sandbox:create-lost]")).Task
		bobs := mustSubmit(t, e, bob, ask("y")).Task
		wantCode(t, e.Hint(context.Background(), lost.CallbackToken, hook(bobs.UpstreamID)), video.Conflict)
		for _, id := range []string{old, stranger("one"), stranger("two")} {
			if err := e.Hint(context.Background(), lost.CallbackToken, hook(id)); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Minute)
		if task := mustGet(t, e, alice, lost.ID); task.State != video.Unconfirmed || task.UpstreamID != "" || len(task.Hints) != 2 {
			t.Errorf("task = %+v", task)
		}
	})
}
