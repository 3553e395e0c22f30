package sandbox_test

import (
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"seedance-mcp/internal/sandbox"
	"seedance-mcp/internal/video"
)

func TestInsufficientCredits(t *testing.T) {
	now := newClock()
	r := start(t, sandbox.Options{Now: now.Now, Credits: credits(500)})
	r.accepted(workflowBody("one", ""))
	failing := r.accepted(workflowBody("two [sandbox:fail-server]", ""))
	got := r.ask("three")
	if got.Status != http.StatusPaymentRequired {
		t.Errorf("status %d, want 402", got.Status)
	}
	sameJSON(t, got.Body, `{"message":"Insufficient credits","required":200,"available":100}`)

	now.Advance(time.Minute)
	if got := r.state(failing); got != "fail" {
		t.Fatalf("the second is %s", got)
	}
	r.accepted(workflowBody("paid from the refund", ""))
	if got := r.ask("four"); got.Status != http.StatusPaymentRequired {
		t.Errorf("status %d, want 402", got.Status)
	}
	if got := r.do("POST", "/api/v1/jobs/createTask", sandbox.KeySecond, workflowBody("own purse", "")); got.Status != 200 {
		t.Errorf("another account: %d %s", got.Status, got.Body)
	}
	books := r.Books()
	if books.Charged != credits(800) || books.Refunded != credits(200) || books.Net != credits(600) {
		t.Errorf("charged %s, refunded %s, net %s; want 800, 200, 600", books.Charged, books.Refunded, books.Net)
	}
}

func TestConcurrencyLimit(t *testing.T) {
	now := newClock()
	r := start(t, sandbox.Options{Now: now.Now, Limit: 3})
	for range 3 {
		r.accepted(workflowBody("a fox", ""))
	}
	got := r.ask("a fox")
	if got.Status != http.StatusTooManyRequests {
		t.Errorf("status %d, want 429", got.Status)
	}
	sameJSON(t, got.Body, `{"message":"Concurrency limit reached (3). Please wait for running tasks to complete.","limit":3,"current":3}`)
	now.Advance(8 * time.Second)
	r.accepted(workflowBody("a fox", ""))
	if books := r.Books(); books.Accepted != 4 || books.Refused != 1 || books.Charged != credits(800) {
		t.Errorf("books: %+v", books)
	}
}

func TestLimitAndBalanceHoldUnderConcurrency(t *testing.T) {
	r := start(t, sandbox.Options{Limit: 7, Credits: credits(1000)})
	var wg sync.WaitGroup
	for range 40 {
		wg.Go(func() { r.ask("a fox") })
	}
	wg.Wait()
	books := r.Books()
	if books.Accepted != 5 || books.Refused != 35 || books.Charged != credits(1000) {
		t.Errorf("accepted %d, refused %d, charged %s; want 5, 35, 1000", books.Accepted, books.Refused, books.Charged)
	}
}

// TestBooksAddUp compares the books with what a client would count itself.
func TestBooksAddUp(t *testing.T) {
	now := newClock()
	r := start(t, sandbox.Options{Now: now.Now, Dialect: video.Kinovi, Limit: 1000})
	rng := rand.New(rand.NewPCG(1, 2))
	kinds := []struct {
		prompt           string
		accepted, refund bool
	}{
		{"a fox", true, false},
		{"[sandbox:fail-text]", true, true},
		{"[sandbox:fail-timeout]", true, true},
		{"[sandbox:create-lost]", true, false},
		{"[sandbox:create-lost] [sandbox:fail-server]", true, true},
		{"[sandbox:create-truncated]", true, false},
		{"[sandbox:create-502-accepted]", true, false},
		{"[sandbox:create-502]", false, false},
		{"[sandbox:create-drop]", false, false},
		{"[sandbox:create-402]", false, false},
		{"[sandbox:create-envelope-error]", false, false},
		{"", false, false},
	}
	var charged, refunded video.Credits
	accepted, refused := 0, 0
	for range 300 {
		kind := kinds[rng.IntN(len(kinds))]
		r.create(kinoviBody("seedance2.0-mini", kind.prompt, `,"outputResolution":"480p"`))
		if kind.accepted {
			accepted++
			charged += video.Credits(37_500_000)
		} else {
			refused++
		}
		if kind.refund {
			refunded += video.Credits(37_500_000)
		}
	}
	if got := r.Books(); got.Refunded != 0 || got.Charged != charged {
		t.Errorf("at once: charged %s, refunded %s; want %s and 0", got.Charged, got.Refunded, charged)
	}
	now.Advance(time.Hour)
	got := r.Books()
	if got.Accepted != accepted || got.Refused != refused || len(got.Entries) != 300 {
		t.Errorf("accepted %d, refused %d of %d; want %d, %d", got.Accepted, got.Refused, len(got.Entries), accepted, refused)
	}
	if got.Charged != charged || got.Refunded != refunded || got.Net != charged-refunded {
		t.Errorf("charged %s, refunded %s, net %s; want %s, %s", got.Charged, got.Refunded, got.Net, charged, refunded)
	}
}

func TestWorkflowRefundsItsOwnFailuresOnly(t *testing.T) {
	for prompt, want := range map[string]video.Credits{
		"[sandbox:fail-text]": 0, "[sandbox:fail-face]": 0, "[sandbox:fail-media]": 0, "[sandbox:fail-output]": 0,
		"[sandbox:fail-server]": credits(200), "[sandbox:fail-timeout]": credits(200), "[sandbox:fail-no-reason]": credits(200),
	} {
		now := newClock()
		r := start(t, sandbox.Options{Now: now.Now})
		r.accepted(workflowBody(prompt, ""))
		now.Advance(time.Minute)
		if got := r.Books(); got.Charged != credits(200) || got.Refunded != want {
			t.Errorf("%s: charged %s, refunded %s; want 200, %s", prompt, got.Charged, got.Refunded, want)
		}
	}
}

func TestSettledAfterSuccess(t *testing.T) {
	now := newClock()
	r := start(t, sandbox.Options{Now: now.Now, Dialect: video.Kinovi})
	id := r.accepted(kinoviBody("seedance2-5", "a", `,"videoUrls":["https://example.com/a.mp4"],"outputResolution":"1080p"`))
	used := func() (out struct{ CreditsUsed video.Credits }) {
		if err := json.Unmarshal([]byte(r.record(id).Body), &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	if got := used().CreditsUsed.String(); got != "2998.8" { // 85.68 × (30 + 5)
		t.Errorf("reserved %s", got)
	}
	now.Advance(time.Minute)
	if got := used().CreditsUsed.String(); got != "856.8" { // 85.68 × (5 + 5)
		t.Errorf("settled %s", got)
	}
	if got := r.Books().Net.String(); got != "856.8" {
		t.Errorf("booked %s", got)
	}
}

func TestBooksOverHTTP(t *testing.T) {
	r := start(t, sandbox.Options{})
	id := r.accepted(workflowBody("a fox", ""))
	for key, want := range map[string]int{"": 401, "nonsense": 401, sandbox.KeySecond: 403, sandbox.KeyDemo: 403} {
		if got := r.do("GET", "/sandbox/books", key, ""); got.Status != want {
			t.Errorf("key %q: %d, want %d", key, got.Status, want)
		}
	}
	var books sandbox.Books
	got := r.do("GET", "/sandbox/books", r.Key(), "")
	if err := json.Unmarshal([]byte(got.Body), &books); err != nil {
		t.Fatalf("%v: %s", err, got.Body)
	}
	if len(books.Entries) != 1 || books.Charged != credits(200) {
		t.Fatalf("books: %s", got.Body)
	}
	e := books.Entries[0]
	if e.TaskID != id || e.Key != "main" || e.Prompt != "a fox" || !e.Accepted || e.Status != 200 || e.Outcome != "waiting" || e.Charged != credits(200) {
		t.Errorf("entry: %+v", e)
	}
}

func TestRefusedRequestsAreBounded(t *testing.T) {
	r := start(t, sandbox.Options{})
	r.accepted(workflowBody("a fox", ""))
	if err := r.Refuse(sandbox.MaxRefused+10, time.Now()); err != nil {
		t.Fatal(err)
	}
	if books := r.Books(); books.Refused != sandbox.MaxRefused || books.Accepted != 1 {
		t.Errorf("remembers %d refused and %d accepted", books.Refused, books.Accepted)
	}
}
