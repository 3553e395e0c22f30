package sandbox_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"seedance-mcp/internal/sandbox"
)

func through(h http.HandlerFunc) *http.Client { return &http.Client{Transport: sandbox.Transport(h)} }

func TestTransportCarriesRequestAndAnswer(t *testing.T) {
	client := through(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		w.Header().Set("X-Seen", fmt.Sprint(r.Method, " ", r.Host, " ", r.RequestURI, " ", r.Header.Get("X-Sent"), " ", string(body), " ", r.ContentLength, " ", err))
		w.WriteHeader(http.StatusTeapot)
		w.Header().Set("X-Late", "not sent")
		_, _ = io.WriteString(w, "short")
	})
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://any.example/path?q=1", strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Sent", "yes")
	answer, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if answer.StatusCode != http.StatusTeapot || string(body) != "short" || err != nil || answer.ContentLength != -1 {
		t.Errorf("%d %q %v %d", answer.StatusCode, body, err, answer.ContentLength)
	}
	if got, want := answer.Header.Get("X-Seen"), "POST any.example /path?q=1 yes hello 5 <nil>"; got != want {
		t.Errorf("the handler saw %q, want %q", got, want)
	}
	if answer.Header.Get("X-Late") != "" {
		t.Error("a header came after the headers")
	}
}

func TestTransportBreaks(t *testing.T) {
	for _, c := range []struct {
		name    string
		handler http.HandlerFunc
		early   bool // before any header
	}{
		{"before the header", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, true},
		{"in the body", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "half")
			panic(http.ErrAbortHandler)
		}, false},
		{"less than declared", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "10")
			_, _ = io.WriteString(w, "half")
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			answer, err := through(c.handler).Get("http://any.example/")
			if c.early {
				if !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = answer.Body.Close() }()
			body, err := io.ReadAll(answer.Body)
			if string(body) != "half" || !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%q %v", body, err)
			}
		})
	}
}

func TestTransportRefusesMoreThanDeclared(t *testing.T) {
	var failed error
	answer, err := through(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "4")
		_, _ = io.WriteString(w, "full")
		_, failed = io.WriteString(w, "er")
	}).Get("http://any.example/")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if string(body) != "full" || err != nil || !errors.Is(failed, http.ErrContentLength) {
		t.Errorf("%q %v %v", body, err, failed)
	}
}

func TestTransportHeadHasNoBody(t *testing.T) {
	answer, err := through(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "5")
		_, _ = io.WriteString(w, "hello")
	}).Head("http://any.example/")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if body, err := io.ReadAll(answer.Body); len(body) != 0 || err != nil || answer.ContentLength != 5 {
		t.Errorf("%q %v %d", body, err, answer.ContentLength)
	}
}

func TestTransportStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answer, err := through(func(w http.ResponseWriter, _ *http.Request) {
			if err := http.NewResponseController(w).Flush(); err != nil {
				t.Error(err)
			}
			for range 3 {
				time.Sleep(time.Second)
				_, _ = io.WriteString(w, "x")
			}
		}).Get("http://any.example/")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = answer.Body.Close() }()
		began := time.Now()
		for i := range 3 {
			if _, err := io.ReadFull(answer.Body, make([]byte, 1)); err != nil {
				t.Fatal(err)
			}
			if at := time.Since(began); at != time.Duration(i+1)*time.Second {
				t.Errorf("byte %d after %s", i+1, at)
			}
		}
	})
}

// TestTransportEndsWithTheContext relies on synctest to notice a handler that
// goes on.
func TestTransportEndsWithTheContext(t *testing.T) {
	waits := func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	begins := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "begun")
		<-r.Context().Done()
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://any.example/", nil)
		if err != nil {
			t.Fatal(err)
		}
		if answer, err := through(waits).Do(request); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v %v", answer, err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://any.example/", nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := through(begins).Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = answer.Body.Close() }()
		if body, err := io.ReadAll(answer.Body); string(body) != "begun" || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%q %v", body, err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		answer, err := through(begins).Get("http://any.example/")
		if err != nil {
			t.Fatal(err)
		}
		if err := answer.Body.Close(); err != nil { // unread: the handler must end all the same
			t.Error(err)
		}
	})
}
