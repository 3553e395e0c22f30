package engine_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"seedance-mcp/internal/sandbox"
	"seedance-mcp/internal/video"
)

// full runs a test on an account with few slots.
func full(t *testing.T, slots int, test func(w *world)) {
	t.Helper()
	inWorldOf(t, sandbox.Options{Limit: slots}, test)
}

func acceptedPrompts(w *world) []string {
	var list []string
	for _, entry := range w.sandbox.Books().Entries {
		if entry.Accepted {
			list = append(list, entry.Prompt)
		}
	}
	return list
}

func TestQueueIsFairAndInOrder(t *testing.T) {
	full(t, 2, func(w *world) {
		e := w.start()
		var last string
		for i := range 4 {
			got := mustSubmit(t, e, alice, ask(fmt.Sprint("a", i)))
			last = got.Task.ID
			if wanted := i >= 2; (got.Task.State == video.Queued) != wanted {
				t.Fatalf("a%d is %s", i, got.Task.State)
			}
			if i == 2 && !strings.Contains(got.Task.Reason, "2 of 2") {
				t.Errorf("the limit is not told: %q", got.Task.Reason)
			}
			time.Sleep(time.Millisecond)
		}
		mustSubmit(t, e, bob, ask("b0"))
		settle(t, e, alice, last)
		synctest.Wait()
		got := strings.Join(acceptedPrompts(w), " ")
		// bob has nothing running, so he comes first; then alice's, in order.
		if got != "a0 a1 b0 a2 a3" {
			t.Errorf("accepted %s", got)
		}
	})
}

func TestQueueSurvivesARestart(t *testing.T) {
	full(t, 1, func(w *world) {
		first := w.start()
		mustSubmit(t, first, alice, ask("a"))
		waiting := mustSubmit(t, first, alice, ask("b"))
		if err := first.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		second := w.start()
		if task := settle(t, second, alice, waiting.Task.ID); task.State != video.Success {
			t.Errorf("ends as %s", task.State)
		}
	})
}

func TestWithdraw(t *testing.T) {
	full(t, 1, func(w *world) {
		e := w.start()
		running := mustSubmit(t, e, alice, ask("a"))
		waiting := mustSubmit(t, e, alice, ask("b"))
		_, err := e.Withdraw(context.Background(), alice, running.Task.ID)
		wantCode(t, err, video.Conflict)
		_, err = e.Withdraw(context.Background(), bob, waiting.Task.ID)
		wantCode(t, err, video.NotFound)
		task, err := e.Withdraw(context.Background(), alice, waiting.Task.ID)
		if err != nil || task.State != video.Failed || task.Failure.Class != video.FailWithdrawn || task.Charged != 0 || !task.Settled {
			t.Fatalf("withdrawn = %+v, %v", task, err)
		}
		_, err = e.Withdraw(context.Background(), alice, waiting.Task.ID)
		wantCode(t, err, video.Conflict)
		time.Sleep(time.Hour)
		if got := acceptedPrompts(w); len(got) != 1 {
			t.Errorf("accepted %v", got)
		}
	})
}

// An upstream that loses answers must not leave the whole queue unconfirmed.
func TestQueueStopsAtALostAnswer(t *testing.T) {
	full(t, 1, func(w *world) {
		e := w.start()
		mustSubmit(t, e, alice, ask("a"))
		b := mustSubmit(t, e, alice, ask("b")) // waits; the others wait behind it
		for i := range 5 {
			time.Sleep(time.Millisecond) // within one the order is random
			mustSubmit(t, e, alice, ask(fmt.Sprint("x", i, " [sandbox:create-html-500]")))
		}
		settle(t, e, alice, b.Task.ID)
		time.Sleep(time.Second)
		page, err := e.List(context.Background(), alice, storeFilter(video.Unconfirmed))
		if err != nil || page.Total < 1 || page.Total > 2 {
			t.Errorf("%d unconfirmed within seconds, %v", page.Total, err)
		}
	})
}

func TestQueuedTooLongEndsFree(t *testing.T) {
	inWorld(t, func(w *world) {
		e := w.start()
		got := mustSubmit(t, e, alice, ask("x [sandbox:create-429-bare]"))
		if err := e.Close(context.Background()); err != nil { // nobody need live through the day
			t.Fatal(err)
		}
		time.Sleep(24 * time.Hour)
		second := w.start()
		time.Sleep(time.Minute)
		task := mustGet(t, second, alice, got.Task.ID)
		if task.State != video.Failed || task.Charged != 0 || !task.Settled || task.Failure.Charged != video.ChargedNo {
			t.Errorf("task = %+v", task)
		}
	})
}
