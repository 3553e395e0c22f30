package upstream_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"seedance-mcp/internal/upstream"
	"seedance-mcp/internal/video"
)

// checkRecord holds whatever the upstream sends.
func checkRecord(t *testing.T, record upstream.Record) {
	t.Helper()
	switch record.State {
	case video.Waiting, video.Generating, video.Success, video.Failed:
	default:
		t.Errorf("state %q", record.State)
	}
	if (record.Failure != nil) != (record.State == video.Failed) {
		t.Errorf("state %q with failure %+v", record.State, record.Failure)
	}
	if record.Failure != nil && (record.Failure.Class == "" || record.Failure.Message == "" || record.Failure.Suggestion == "" || !shown(record.Failure.Message)) {
		t.Errorf("failure %+v", record.Failure)
	}
	if !shown(record.RawState) || !shown(record.Model) || record.RawState == "" && record.State == video.Success {
		t.Errorf("state %q, model %q", record.RawState, record.Model)
	}
	if record.CreditsUsed != nil && *record.CreditsUsed < 0 {
		t.Errorf("used %s", record.CreditsUsed)
	}
	if len(record.Videos) > 16 {
		t.Errorf("%d videos", len(record.Videos))
	}
	for _, clip := range record.Videos {
		if !strings.HasPrefix(strings.ToLower(clip.URL), "http") || clip.Width < 0 || clip.Height < 0 {
			t.Errorf("video %+v", clip)
		}
	}
	// The store writes it all as JSON; a year beyond 9999 would not go.
	if _, err := json.Marshal(record); err != nil {
		t.Error(err)
	}
}

// shown says that a text is fit to be shown.
func shown(text string) bool {
	return len([]rune(text)) <= 310 && !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) })
}

func FuzzRecord(f *testing.F) {
	for _, c := range recordShapes {
		f.Add(200, c.body)
	}
	f.Add(404, `{"message":"Task not found"}`)
	f.Add(500, `<html><title>x</title>`)
	f.Fuzz(func(t *testing.T, status int, body string) {
		if status < 100 || status > 999 {
			return
		}
		synctest.Test(t, func(t *testing.T) {
			record, err := client(t, base, video.Kinovi, saysJSON(status, body)).Record(t.Context(), "t1")
			if err == nil {
				checkRecord(t, record)
				return
			}
			switch video.CodeOf(err) {
			case video.NotFound, video.Forbidden, video.Unauthenticated, video.Invalid, video.Unavailable:
			default:
				t.Errorf("%d %q: %v", status, body, err)
			}
		})
	})
}

func FuzzWebhook(f *testing.F) {
	for _, c := range recordShapes {
		f.Add([]byte(c.body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		record, err := upstream.DecodeWebhook(body)
		if err != nil {
			if video.CodeOf(err) != video.Invalid {
				t.Error(err)
			}
			return
		}
		if record.TaskID == "" || strings.ContainsAny(record.TaskID, " \n\x00") {
			t.Errorf("task id %q", record.TaskID)
		}
		checkRecord(t, record)
	})
}

// FuzzCreate holds the line that money depends on: an answer either names a
// task and is none of the documented refusals, or is a refusal that no 2xx, 3xx
// or 5xx status can make, or is unknown.
func FuzzCreate(f *testing.F) {
	for _, status := range []int{200, 201, 302, 400, 402, 404, 408, 429, 500, 502} {
		f.Add(status, "application/json", `{"code":200,"data":{"taskId":"t1","creditsUsed":7.5}}`)
		f.Add(status, "application/json", `{"message":"Insufficient credits","required":200,"available":0.5,"limit":3,"errors":[{"message":"m","path":["a",0]}]}`)
		f.Add(status, "text/html", `<html><title>502 Bad Gateway</title>`)
		f.Add(status, "", `{"code":402,"msg":"Concurrency limit reached (3)"}`)
	}
	f.Fuzz(func(t *testing.T, status int, kind, body string) {
		if status < 100 || status > 999 {
			return
		}
		var sent int
		transport := carrier(func(req *http.Request) (*http.Response, error) {
			sent++
			return says(status, kind, body)(req)
		})
		accepted, err := client(t, base, video.Kinovi, transport).Create(t.Context(), payload, "")
		if sent != 1 {
			t.Fatalf("sent %d times", sent)
		}
		if err == nil {
			refusal := status == 400 || status == 401 || status == 402 || status == 403 || status == 429
			if refusal || accepted.TaskID == "" || (accepted.Credits != nil && *accepted.Credits < 0) {
				t.Errorf("%d %q accepted as %+v", status, body, accepted)
			}
			return
		}
		refused, ok := errors.AsType[*video.Error](err)
		if !ok || !shown(refused.Message[:min(len(refused.Message), 50)]) || len(refused.Message) > 2000 {
			t.Fatalf("%v", err)
		}
		definite := refused.Code != video.OutcomeUnknown
		if definite && (status >= 500 || status < 200 || status >= 300 && status < 400) {
			t.Errorf("%d %q: definite %s", status, body, refused.Code)
		}
		if definite && status < 300 && (refused.Status < 400 || refused.Status > 499) {
			t.Errorf("%d %q: definite %s with verdict %d", status, body, refused.Code, refused.Status)
		}
	})
}

// FuzzUpload: whatever the API offers, the key stays at its origin, and the
// address that comes back is one.
func FuzzUpload(f *testing.F) {
	f.Add(200, `{"uploadUrl":"https://signed.test/p?sig=1","url":"https://static.test/u.png","confirmUrl":"/api/v1/uploads?path=p","method":"PUT","contentType":"image/png"}`, `{"size":5}`)
	f.Add(200, `{"code":200,"data":{"uploadUrl":"https://signed.test/p","url":"https://static.test/u.png","confirmUrl":"//evil.test/c","method":"post"}}`, ``)
	f.Add(200, `{"uploadUrl":"http://signed.test/p","url":"x"}`, `{"size":"5.0"}`)
	f.Add(413, `{"message":"too large"}`, `<html>`)
	f.Fuzz(func(t *testing.T, status int, ticket, stored string) {
		if status < 100 || status > 999 {
			return
		}
		synctest.Test(t, func(t *testing.T) {
			transport := carrier(func(req *http.Request) (*http.Response, error) {
				atHome := req.URL.Scheme == "https" && req.URL.Hostname() == "api.example.test" && (req.URL.Port() == "" || req.URL.Port() == "443")
				if req.Header.Get("Authorization") != "" && !atHome {
					t.Errorf("the key went to %s", req.URL)
				}
				switch {
				case req.Method == http.MethodPost && req.Header.Get("Authorization") != "":
					return saysJSON(status, ticket)(req)
				case req.Method == http.MethodGet:
					return saysJSON(200, stored)(req)
				default:
					return saysJSON(200, "")(req)
				}
			})
			address, err := client(t, base, video.Kinovi, transport).Upload(t.Context(), "u.png", "", 5, strings.NewReader("12345"))
			if (err == nil) != strings.HasPrefix(strings.ToLower(address), "http") || err != nil && video.CodeOf(err) == video.Internal {
				t.Errorf("%q: %q, %v", ticket, address, err)
			}
		})
	})
}

// FuzzRetryAfter: no header makes a lookup wait for longer than it may, or
// hurry.
func FuzzRetryAfter(f *testing.F) {
	for _, value := range []string{"", "0", "2", "3600", "-1", "99999999999", "Wed, 21 Oct 2099 07:28:00 GMT", "Wed, 21 Oct 2015 07:28:00 GMT", "1.5", "soon"} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		synctest.Test(t, func(t *testing.T) {
			transport, times := script(attempt{status: 429, after: value})
			start := time.Now()
			_, err := client(t, base, video.Workflow, transport).Record(t.Context(), "t1")
			took := time.Since(start)
			if video.CodeOf(err) != video.Unavailable || took > 6*time.Second {
				t.Errorf("%q: %v after %v", value, err, took)
			}
			if n := len(*times); n != 1 && (n != 3 || took < 375*time.Millisecond) {
				t.Errorf("%q: %d tries in %v", value, n, took)
			}
		})
	})
}
