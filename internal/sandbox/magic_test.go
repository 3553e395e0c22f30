package sandbox_test

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"seedance-mcp/internal/sandbox"
	"seedance-mcp/internal/video"
)

func TestParseMagic(t *testing.T) {
	for prompt, want := range map[string]map[string]int{
		"a fox":                                     {},
		"a fox [sandbox:slow]":                      {"slow": 0},
		"[sandbox:create-429]":                      {"create-429": 1},
		"[sandbox:create-429=3] a fox":              {"create-429": 3},
		"[sandbox:slow][sandbox:record-html-500=0]": {"slow": 0, "record-html-500": 0},
	} {
		got, err := sandbox.ParseMagic(prompt)
		if err != nil || !maps.Equal(got, want) {
			t.Errorf("%q: %v %v, want %v", prompt, got, err, want)
		}
	}
	for _, prompt := range []string{"[sandbox:", "[sandbox:slow", "[sandbox:]", "[sandbox:quick]", "[sandbox:create-429=x]", "[sandbox:create-429=-1]", "[sandbox:create-429=99999]"} {
		if got, err := sandbox.ParseMagic(prompt); err == nil {
			t.Errorf("%q: %v, want an error", prompt, got)
		}
	}
}

func TestEveryMagicWordIsDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../docs/sandbox.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range sandbox.MagicWords() {
		if !strings.Contains(string(doc), "`"+word+"`") && !strings.Contains(string(doc), "`"+word+"=") {
			t.Errorf("docs/sandbox.md does not tell about %s", word)
		}
	}
}

// TestCreateFaults checks what the client sees and what the books say, in this
// process and over a socket.
func TestCreateFaults(t *testing.T) {
	for _, c := range []struct {
		word       string
		status     int // 0: no whole answer
		mediaType  string
		accepted   bool
		bookStatus int
	}{
		{"create-lost", 0, "", true, 0},
		{"create-truncated", 0, "", true, 200},
		{"create-drop", 0, "", false, 0},
		{"create-html-500", 500, "text/html; charset=utf-8", false, 500},
		{"create-html-500-accepted", 500, "text/html; charset=utf-8", true, 500},
		{"create-502", 502, "text/html; charset=utf-8", false, 502},
		{"create-502-accepted", 502, "text/html; charset=utf-8", true, 502},
		{"create-402", 402, "application/json", false, 402},
		{"create-402-bare", 402, "application/json", false, 402},
		{"create-429", 429, "application/json", false, 429},
		{"create-429-bare", 429, "application/json", false, 429},
		{"create-envelope-error", 200, "application/json", false, 402},
		{"create-slow=0", 200, "application/json", true, 200},
	} {
		for _, over := range []string{"in process", "socket"} {
			t.Run(c.word+" "+over, func(t *testing.T) {
				r := start(t, sandbox.Options{})
				url := base + "/api/v1/jobs/createTask"
				if over == "socket" {
					server := httptest.NewServer(r)
					defer server.Close()
					r.client = server.Client()
					defer r.client.CloseIdleConnections()
					url = server.URL + "/api/v1/jobs/createTask"
				}
				got := r.do("POST", url, sandbox.KeyMain, workflowBody("[sandbox:"+c.word+"]", ""))
				if c.status == 0 {
					if !errors.Is(got.Err, io.ErrUnexpectedEOF) && !errors.Is(got.Err, io.EOF) {
						t.Errorf("want a broken connection, got %d %q %v", got.Status, got.Body, got.Err)
					}
				} else if got.Status != c.status || got.Header.Get("Content-Type") != c.mediaType || got.Err != nil {
					t.Errorf("got %d %s %v, want %d %s", got.Status, got.Header.Get("Content-Type"), got.Err, c.status, c.mediaType)
				}
				books := r.Books()
				if len(books.Entries) != 1 {
					t.Fatalf("books: %+v", books)
				}
				entry := books.Entries[0]
				if entry.Accepted != c.accepted || entry.Status != c.bookStatus || (entry.Charged == credits(200)) != c.accepted {
					t.Errorf("entry: %+v", entry)
				}
			})
		}
	}
}

func TestLostAnswerIsUnexpectedEOF(t *testing.T) {
	r := start(t, sandbox.Options{})
	if got := r.ask("[sandbox:create-lost]"); !errors.Is(got.Err, io.ErrUnexpectedEOF) {
		t.Errorf("got %d %v", got.Status, got.Err)
	}
	got := r.ask("[sandbox:create-truncated]")
	if !errors.Is(got.Err, io.ErrUnexpectedEOF) || !strings.HasPrefix(got.Body, `{"taskId`) {
		t.Errorf("got %q %v", got.Body, got.Err)
	}
}

func TestFaultBodies(t *testing.T) {
	r := start(t, sandbox.Options{})
	for word, want := range map[string]string{
		"create-402":            `{"message":"Insufficient credits","required":200,"available":0}`,
		"create-402-bare":       `{"message":"Insufficient credits"}`,
		"create-429":            `{"message":"Concurrency limit reached (3). Please wait for running tasks to complete.","limit":3,"current":3}`,
		"create-429-bare":       `{"message":"Concurrency limit reached"}`,
		"create-envelope-error": `{"code":402,"message":"Insufficient credits","data":null}`,
	} {
		sameJSON(t, r.ask("[sandbox:"+word+"]").Body, want)
	}
}

func TestBusyThenFine(t *testing.T) {
	r := start(t, sandbox.Options{Dir: t.TempDir()})
	for try, want := range []int{429, 429, 200, 200} {
		if got := r.ask("[sandbox:create-429=2] a fox"); got.Status != want {
			t.Errorf("try %d: %d, want %d", try+1, got.Status, want)
		}
	}
	if got := r.ask("[sandbox:create-429=2] another fox"); got.Status != 429 {
		t.Errorf("another prompt counts for itself: %d", got.Status)
	}
}

func TestHangEndsWithTheClientOrTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, sandbox.Options{})
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		began := time.Now()
		got := r.doCtx(ctx, "POST", "/api/v1/jobs/createTask", sandbox.KeyMain, workflowBody("[sandbox:create-hang]", ""))
		if !errors.Is(got.Err, context.DeadlineExceeded) || time.Since(began) != time.Minute {
			t.Errorf("after %s: %v", time.Since(began), got.Err)
		}
		answers := make(chan reply)
		go func() { answers <- r.ask("[sandbox:create-hang]") }()
		synctest.Wait()
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		if got := <-answers; !errors.Is(got.Err, io.ErrUnexpectedEOF) {
			t.Errorf("after Close: %v", got.Err)
		}
		if books := r.Books(); books.Accepted != 2 {
			t.Errorf("accepted %d", books.Accepted)
		}
	})
}

func TestSlowAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, sandbox.Options{})
		began := time.Now()
		if got := r.ask("[sandbox:create-slow=3]"); got.Status != 200 || time.Since(began) != 3*time.Second {
			t.Errorf("after %s: %d %v", time.Since(began), got.Status, got.Err)
		}
	})
}

func TestRecordFaultsPassWithTime(t *testing.T) {
	for word, check := range map[string]func(reply) bool{
		"record-html-500": func(r reply) bool {
			return r.Status == 500 && strings.HasPrefix(r.Header.Get("Content-Type"), "text/html")
		},
		"record-502":       func(r reply) bool { return r.Status == 502 },
		"record-429":       func(r reply) bool { return r.Status == 429 },
		"record-404":       func(r reply) bool { return r.Status == 404 && r.Body == `{"message":"Task not found"}` },
		"record-truncated": func(r reply) bool { return errors.Is(r.Err, io.ErrUnexpectedEOF) },
	} {
		t.Run(word, func(t *testing.T) {
			now := newClock()
			r := start(t, sandbox.Options{Now: now.Now, Speed: 2})
			id := r.accepted(workflowBody("[sandbox:"+word+"=4]", ""))
			for range 3 {
				if got := r.record(id); !check(got) {
					t.Errorf("at first: %d %q %v", got.Status, got.Body, got.Err)
				}
			}
			now.Advance(2*time.Second - time.Millisecond)
			if got := r.record(id); !check(got) {
				t.Errorf("just before 2 s: %d %q %v", got.Status, got.Body, got.Err)
			}
			now.Advance(time.Millisecond)
			if got := r.record(id); got.Status != 200 || got.Err != nil {
				t.Errorf("after 2 s: %d %v", got.Status, got.Err)
			}
		})
	}
}

func TestForgottenAfterAccept(t *testing.T) {
	now := newClock()
	r := start(t, sandbox.Options{Now: now.Now})
	id := r.accepted(workflowBody("[sandbox:record-forgotten]", ""))
	now.Advance(time.Hour)
	if got := r.record(id); got.Status != http.StatusNotFound {
		t.Errorf("%d %s", got.Status, got.Body)
	}
}

// TestFailuresAreAsDocumented reads the table of failures in docs/sandbox.md
// and holds it against what both dialects answer and give back.
func TestFailuresAreAsDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../docs/sandbox.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile("(?m)^\\| `(fail-[a-z-]+)`( \\*)? \\| (\\w*) ?\\| (.+) \\|$").FindAllStringSubmatch(string(doc), -1)
	if len(rows) != 13 {
		t.Fatalf("%d rows in the table of failures", len(rows))
	}
	for _, row := range rows {
		word, server, code, message := row[1], row[2] != "", row[3], strings.TrimSuffix(row[4], "…")
		now := newClock()
		workflow := start(t, sandbox.Options{Now: now.Now})
		kinovi := start(t, sandbox.Options{Now: now.Now, Dialect: video.Kinovi})
		a := workflow.accepted(workflowBody("[sandbox:"+word+"]", ""))
		b := kinovi.accepted(kinoviBody("seedance-20", "[sandbox:"+word+"]", ""))
		now.Advance(time.Minute)
		if word == "fail-no-reason" {
			if got := kinovi.record(b).Body; !strings.Contains(got, `"status":"fail"`) || !strings.Contains(got, `"error":null`) {
				t.Errorf("%s: %s", word, got)
			}
		} else {
			if got := workflow.record(a).Body; !strings.Contains(got, `"error":"`+message) {
				t.Errorf("%s: want %q in %s", word, message, got)
			}
			if got := kinovi.record(b).Body; !strings.Contains(got, `"error":{"code":"`+code+`","message":"`+message) {
				t.Errorf("%s: want %s %q in %s", word, code, message, got)
			}
		}
		want := credits(0)
		if server {
			want = credits(200)
		}
		if got := workflow.Books().Refunded; got != want {
			t.Errorf("%s: workflow gives %s back, want %s", word, got, want)
		}
		if got := kinovi.Books().Refunded; got != credits(200) {
			t.Errorf("%s: kinovi gives %s back, want 200", word, got)
		}
	}
}

// record-hang answers nothing for its time, then as usual.
func TestRecordHangs(t *testing.T) {
	now := newClock()
	r := start(t, sandbox.Options{Now: now.Now})
	id := r.accepted(workflowBody("[sandbox:record-hang=4]", ""))
	server := httptest.NewServer(r)
	defer server.Close()
	r.client = server.Client()
	r.client.Timeout = 50 * time.Millisecond // only bounds how long nothing is awaited
	defer r.client.CloseIdleConnections()
	url := server.URL + "/api/v1/jobs/recordInfo?taskId=" + id
	if got := r.do("GET", url, sandbox.KeyMain, ""); got.Status != 0 || got.Err == nil {
		t.Errorf("%d %s %v", got.Status, got.Body, got.Err)
	}
	now.Advance(4 * time.Second)
	r.client.Timeout = 0
	if got := r.do("GET", url, sandbox.KeyMain, ""); got.Status != 200 {
		t.Errorf("afterwards: %d %v", got.Status, got.Err)
	}
}
