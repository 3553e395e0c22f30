package engine_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/sandbox"
	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

func refusedFull(w *world) int {
	n := 0
	for _, entry := range w.sandbox.Books().Entries {
		if entry.Status == 429 {
			n++
		}
	}
	return n
}

// Once one refusal has told the limit, nobody runs against it again: what does
// not fit is queued without a POST, also by another process, and sent in order.
func TestLearntLimitHoldsPostsBack(t *testing.T) {
	full(t, 2, func(w *world) {
		first, second := w.start(), w.start()
		mustSubmit(t, first, alice, ask("a0"))
		mustSubmit(t, first, alice, ask("a1"))
		mustSubmit(t, first, alice, ask("a2")) // is refused, and tells
		withdrawn := mustSubmit(t, second, bob, ask("b0")).Task
		if _, err := second.Withdraw(context.Background(), bob, withdrawn.ID); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if n := refusedFull(w); n != 1 {
			t.Fatalf("%d refusals while the limit was learnt", n)
		}
		time.Sleep(30 * time.Second) // all three are done, and the queue is empty
		var ids []string
		for i, e := range []*engine.Engine{first, second, first, second, first, second} {
			got := mustSubmit(t, e, alice, ask(fmt.Sprint("c", i))).Task
			ids = append(ids, got.ID)
			if wanted := i >= 2; (got.State == video.Queued) != wanted || wanted != (got.Reserved == credits("200") && got.SubmittedAt.IsZero()) {
				t.Errorf("c%d is %s", i, got.State)
			}
			if i == 2 && got.Reason != "The account runs 2 of 2 tasks at once. Nothing was charged; it is sent when one ends." {
				t.Errorf("reason = %q", got.Reason)
			}
			time.Sleep(time.Millisecond)
		}
		for _, id := range ids {
			settle(t, first, alice, id)
		}
		if got := strings.Join(acceptedPrompts(w), " "); got != "a0 a1 a2 c0 c1 c2 c3 c4 c5" {
			t.Errorf("accepted %s", got)
		}
		if n := refusedFull(w); n != 1 {
			t.Errorf("refused %d times in all", n)
		}
	})
}

// A limit that was raised is found out at the price of a free refusal now and
// then, and one that was lowered at once.
func TestChangedLimitIsLearntAgain(t *testing.T) {
	full(t, 10, func(w *world) {
		var limit atomic.Int64
		limit.Store(2)
		w.wire = limited(w, &limit)
		e := w.start()
		long := func(i int) engine.Wish { return ask(fmt.Sprint("x", i, " [sandbox:stuck]")) }
		for i := range 5 {
			mustSubmit(t, e, alice, long(i))
			time.Sleep(time.Millisecond)
		}
		active := func() int {
			t.Helper()
			page, err := e.List(context.Background(), alice, storeFilter(video.Waiting, video.Generating, video.Stalled))
			if err != nil {
				t.Fatal(err)
			}
			return page.Total
		}
		time.Sleep(5 * time.Minute)
		if n := active(); n != 2 {
			t.Fatalf("%d run of 2", n)
		}
		limit.Store(4)
		time.Sleep(7 * time.Minute)
		if n := active(); n != 4 {
			t.Errorf("%d run of 4 after the limit was raised", n)
		}
		posts := len(w.sandbox.Books().Entries)
		limit.Store(3)
		for i := range 3 {
			if got := mustSubmit(t, e, bob, ask(fmt.Sprint("y", i))).Task; got.State != video.Queued {
				t.Errorf("y%d is %s", i, got.State)
			}
		}
		if n := len(w.sandbox.Books().Entries) - posts; n != 0 {
			t.Errorf("%d posts into a full account", n)
		}
	})
}

// limited refuses createTask, as the account does, when limit of our tasks run.
func limited(w *world, limit *atomic.Int64) roundTrip {
	inner := w.wire
	return func(r *httpRequest) (*httpResponse, error) {
		if most := limit.Load(); strings.HasSuffix(r.URL.Path, "/createTask") && int64(w.sandbox.Books().Accepted) >= most {
			body := fmt.Sprintf(`{"message":"Concurrency limit reached (%d).","limit":%d,"current":%d}`, most, most, w.sandbox.Books().Accepted)
			return answer(r, 429, body), nil
		}
		return inner.RoundTrip(r)
	}
}

func answer(r *httpRequest, status int, body string) *httpResponse {
	return &httpResponse{
		StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), Request: r,
	}
}

// Other programs fill the account: our own tasks never reach the limit, and the
// queue's back-off finds the free slot all the same.
func TestAccountThatOthersFillIsNoDeadlock(t *testing.T) {
	inWorldOf(t, sandbox.Options{Limit: 2}, func(w *world) {
		stranger := w.client(w.wire)
		for i := range 2 {
			if _, err := stranger.Create(context.Background(), []byte(fmt.Sprintf(
				`{"model":"wan22-video-generation","inputs":{"model":"seedance-20","prompt":"other %d","duration":"15s","resolution":"1280x720"}}`, i)), ""); err != nil {
				t.Fatal(err)
			}
		}
		e := w.start()
		got := mustSubmit(t, e, alice, ask("a")).Task
		if got.State != video.Queued || !strings.Contains(got.Reason, "2 of 2") {
			t.Fatalf("submitted as %s (%s)", got.State, got.Reason)
		}
		later := mustSubmit(t, e, alice, ask("b")).Task
		if later.State != video.Queued {
			t.Errorf("the next one overtakes: %s", later.State)
		}
		for _, id := range []string{got.ID, later.ID} {
			if task := settle(t, e, alice, id); task.State != video.Success {
				t.Errorf("ends as %s", task.State)
			}
		}
	})
}

// Tasks that only we count, because the upstream forgot to end them, hold the
// queue up for minutes, not for ever.
func TestStuckTasksDoNotHoldTheQueueForEver(t *testing.T) {
	full(t, 9, func(w *world) {
		e := w.start()
		mustSubmit(t, e, alice, ask("s [sandbox:stuck]"))
		tasks, err := store.Open(context.Background(), w.path)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = tasks.Close() }()
		if err := tasks.LearnLimit(context.Background(), fingerprint, 1, time.Now()); err != nil {
			t.Fatal(err)
		}
		got := mustSubmit(t, e, alice, ask("a")).Task
		if got.State != video.Queued {
			t.Fatalf("submitted as %s", got.State)
		}
		began := time.Now()
		if task := settle(t, e, alice, got.ID); task.State != video.Success || time.Since(began) > 12*time.Minute {
			t.Errorf("ends as %s after %s", task.State, time.Since(began))
		}
	})
}

// An account that says its limit is none at all must not lock us out.
func TestSenselessLimitIsNotBelieved(t *testing.T) {
	full(t, 9, func(w *world) {
		inner, refused := w.wire, 0
		w.wire = roundTrip(func(r *httpRequest) (*httpResponse, error) {
			if strings.HasSuffix(r.URL.Path, "/createTask") && refused == 0 {
				refused++
				return answer(r, 429, `{"message":"Concurrency limit reached (0).","limit":0}`), nil
			}
			return inner.RoundTrip(r)
		})
		e := w.start()
		began := time.Now()
		got := mustSubmit(t, e, alice, ask("a")).Task
		if task := settle(t, e, alice, got.ID); task.State != video.Success || time.Since(began) > time.Minute {
			t.Errorf("ends as %s after %s", task.State, time.Since(began))
		}
	})
}
