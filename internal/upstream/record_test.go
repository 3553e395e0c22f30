package upstream_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"seedance-mcp/internal/upstream"
	"seedance-mcp/internal/video"
)

func TestRecordAsksForTheTask(t *testing.T) {
	var asked, auth, method string
	transport := carrier(func(req *http.Request) (*http.Response, error) {
		asked, auth, method = req.URL.String(), req.Header.Get("Authorization"), req.Method
		return saysJSON(200, `{"taskId":"t1&x=","model":"seedance20-video-generation","status":"generating"}`)(req)
	})
	made, err := upstream.New(upstream.Config{
		BaseURL: base + "/", APIKey: fakeKey, Transport: transport,
		ModelName: func(name string) string {
			return strings.ReplaceAll(name, "seedance20-video-generation", "seedance-20")
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	record, err := made.Record(t.Context(), "t1&x=")
	if err != nil {
		t.Fatal(err)
	}
	if asked != base+"/jobs/recordInfo?taskId=t1%26x%3D" || auth != "Bearer "+fakeKey || method != "GET" {
		t.Errorf("asked %s %s with %q", method, asked, auth)
	}
	if record.Model != "seedance-20" || record.State != video.Generating {
		t.Errorf("got %+v", record)
	}
	asked = ""
	for _, id := range []string{"", "a b", "a\nb", strings.Repeat("x", 600)} {
		if _, err := made.Record(t.Context(), id); video.CodeOf(err) != video.NotFound || asked != "" {
			t.Errorf("%q: %v, asked %q", id, err, asked)
		}
	}
}

func TestRecordRefusals(t *testing.T) {
	page := "<html><title>404</title></html>"
	for name, c := range map[string]struct {
		status int
		body   string
		want   video.Code
	}{
		"not found":            {404, `{"message":"Task not found"}`, video.NotFound},
		"enveloped":            {200, `{"code":404,"message":"Task not found","data":null}`, video.NotFound},
		"code as text":         {200, `{"code":"404","msg":"record does not exist"}`, video.NotFound},
		"bad id":               {400, `{"message":"Invalid taskId"}`, video.NotFound},
		"other 400":            {400, `{"message":"Bad"}`, video.Invalid},
		"another account's":    {403, `{"message":"Access denied"}`, video.Forbidden},
		"no access":            {403, `{"message":"API access not enabled"}`, video.Forbidden},
		"key":                  {401, `{"message":"API Key has expired"}`, video.Unauthenticated},
		"page 404":             {404, page, video.Unavailable},
		"route 404":            {404, `{"message":"Not Found"}`, video.Unavailable},
		"route 404, address":   {404, `{"statusCode":404,"message":"Cannot GET /api/v1/jobs/recordInfo?taskId=t1","error":"Not Found"}`, video.Unavailable},
		"route 404, named":     {404, `{"message":"No route matches recordInfo for the task"}`, video.Unavailable},
		"page 400":             {400, page, video.Unavailable},
		"101":                  {101, ``, video.Unavailable},
		"two tasks":            {200, `[{"taskId":"t1","status":"fail"}]`, video.Unavailable},
		"page 401":             {401, page, video.Unavailable},
		"page 403":             {403, page, video.Unavailable},
		"407":                  {407, page, video.Unavailable},
		"429":                  {429, `{"message":"slow down"}`, video.Unavailable},
		"page 500":             {500, page, video.Unavailable},
		"JSON 500":             {500, `{"message":"Task not found"}`, video.Unavailable},
		"524":                  {524, ``, video.Unavailable},
		"page 200":             {200, page, video.Unavailable},
		"empty":                {200, ``, video.Unavailable},
		"no state":             {200, `{"taskId":"t1"}`, video.Unavailable},
		"empty data":           {200, `{"code":200,"message":"success","data":{}}`, video.Unavailable},
		"envelope with 500":    {200, `{"code":500,"message":"Server error"}`, video.Unavailable},
		"another task's":       {200, `{"taskId":"t2","status":"fail"}`, video.Unavailable},
		"too long":             {200, `{"status":"fail","x":"` + strings.Repeat("x", 1<<20) + `"}`, video.Unavailable},
		"304 without a reason": {304, ``, video.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				record, err := client(t, base, video.Workflow, saysJSON(c.status, c.body)).Record(t.Context(), "t1")
				refused, ok := errors.AsType[*video.Error](err)
				if !ok || refused.Code != c.want || refused.Suggestion == "" || strings.Contains(refused.Message, "<") {
					t.Errorf("got %+v, %v", record, err)
				}
			})
		})
	}
}

// attempt is one answer of a scripted upstream.
type attempt struct {
	status int
	body   string
	after  string // Retry-After
	err    error
	broken bool
}

func script(attempts ...attempt) (carrier, *[]time.Time) {
	var times []time.Time
	start := time.Now()
	return func(req *http.Request) (*http.Response, error) {
		step := attempts[min(len(times), len(attempts)-1)]
		times = append(times, time.Time{}.Add(time.Since(start)))
		if step.err != nil {
			return nil, step.err
		}
		resp, err := saysJSON(step.status, step.body)(req)
		if step.after != "" {
			resp.Header.Set("Retry-After", step.after)
		}
		if step.broken {
			resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(step.body), brokenReader{}))
		}
		return resp, err
	}, &times
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestRecordRetries(t *testing.T) {
	good := attempt{status: 200, body: `{"taskId":"t1","status":"waiting"}`}
	down := attempt{status: 502, body: "<html>"}
	for name, c := range map[string]struct {
		script []attempt
		want   video.Code
		tries  int
		atMost time.Duration
		atLast time.Duration
	}{
		"once is enough":          {[]attempt{good}, "", 1, 0, 0},
		"502 then good":           {[]attempt{down, good}, "", 2, 250 * time.Millisecond, 125 * time.Millisecond},
		"reset, 429, good":        {[]attempt{{err: io.ErrUnexpectedEOF}, {status: 429}, good}, "", 3, 750 * time.Millisecond, 375 * time.Millisecond},
		"broken body, then good":  {[]attempt{{status: 200, body: `{"taskId":"t1","sta`, broken: true}, good}, "", 2, 250 * time.Millisecond, 125 * time.Millisecond},
		"broken body, then down":  {[]attempt{{status: 200, body: `{"taskId":"t1","status":"fail"}`, broken: true}, down}, video.Unavailable, 3, 750 * time.Millisecond, 375 * time.Millisecond},
		"always down":             {[]attempt{down}, video.Unavailable, 3, 750 * time.Millisecond, 375 * time.Millisecond},
		"always broken":           {[]attempt{{status: 200, body: `{`, broken: true}}, video.Unavailable, 3, 750 * time.Millisecond, 375 * time.Millisecond},
		"Retry-After honoured":    {[]attempt{{status: 503, after: "2"}, good}, "", 2, 2 * time.Second, 2 * time.Second},
		"Retry-After too far":     {[]attempt{{status: 429, after: "3600"}, good}, video.Unavailable, 1, 0, 0},
		"Retry-After is nonsense": {[]attempt{{status: 429, after: "soon"}, good}, "", 2, 250 * time.Millisecond, 125 * time.Millisecond},
		"a refusal is final":      {[]attempt{{status: 404, body: `{"message":"Task not found"}`}, good}, video.NotFound, 1, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				transport, times := script(c.script...)
				record, err := client(t, base, video.Workflow, transport).Record(t.Context(), "t1")
				if video.CodeOf(err) != c.want || (c.want == "" && record.State != video.Waiting) {
					t.Errorf("got %+v, %v", record, err)
				}
				last := (*times)[len(*times)-1].Sub(time.Time{})
				if len(*times) != c.tries || last > c.atMost || last < c.atLast {
					t.Errorf("%d tries, the last after %v", len(*times), last)
				}
			})
		})
	}
}

func TestRecordRetryAfterDate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transport, times := script(
			attempt{status: 429, after: time.Now().Add(2 * time.Second).UTC().Format(http.TimeFormat)},
			attempt{status: 200, body: `{"taskId":"t1","status":"waiting"}`})
		if _, err := client(t, base, video.Workflow, transport).Record(t.Context(), "t1"); err != nil {
			t.Fatal(err)
		}
		if waited := (*times)[1].Sub((*times)[0]); waited < time.Second || waited > 3*time.Second {
			t.Errorf("waited %v", waited)
		}
	})
}

func TestRecordStopsWithItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		transport, times := script(attempt{status: 502})
		start := time.Now()
		_, err := client(t, base, video.Workflow, transport).Record(ctx, "t1")
		if video.CodeOf(err) != video.Unavailable || len(*times) != 1 || time.Since(start) != 50*time.Millisecond {
			t.Errorf("got %v after %v and %d tries", err, time.Since(start), len(*times))
		}
	})
}

// A silent upstream costs RecordTimeout once, not once per attempt.
func TestRecordTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tries atomic.Int32
		silent := carrier(func(req *http.Request) (*http.Response, error) {
			tries.Add(1)
			<-req.Context().Done()
			return nil, req.Context().Err()
		})
		start := time.Now()
		_, err := client(t, base, video.Workflow, silent).Record(t.Context(), "t1")
		if video.CodeOf(err) != video.Unavailable || !strings.Contains(err.Error(), "no answer in time") {
			t.Error(err)
		}
		if took := time.Since(start); took < 15*time.Second || took > 31*time.Second || tries.Load() > 2 {
			t.Errorf("took %v, %d tries", took, tries.Load())
		}
	})
}

func TestRedirectsKeepTheKeyAtHome(t *testing.T) {
	var leaked atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		leaked.Add(1)
		_, _ = io.WriteString(w, `{"taskId":"t1","status":"success"}`)
	}))
	t.Cleanup(other.Close)
	var auth string
	home := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		switch req.URL.Query().Get("taskId") {
		case "away":
			http.Redirect(w, req, other.URL+"/x", http.StatusFound)
		case "loop":
			http.Redirect(w, req, req.URL.String(), http.StatusFound)
		case "home":
			if req.URL.Path == "/moved" {
				auth = req.Header.Get("Authorization")
				_, _ = io.WriteString(w, `{"taskId":"home","status":"success"}`)
				return
			}
			http.Redirect(w, req, "/moved?taskId=home", http.StatusPermanentRedirect)
		}
	}))
	t.Cleanup(home.Close)
	made := client(t, home.URL, video.Workflow, nil)
	if record, err := made.Record(t.Context(), "home"); err != nil || record.State != video.Success || auth != "Bearer "+fakeKey {
		t.Errorf("same origin: %+v, %v, auth %q", record, err, auth)
	}
	for _, id := range []string{"away", "loop"} {
		if _, err := made.Record(t.Context(), id); video.CodeOf(err) != video.Unavailable || !strings.Contains(err.Error(), "redirected") {
			t.Errorf("%s: %v", id, err)
		}
	}
	if leaked.Load() != 0 {
		t.Error("the redirect to another origin was followed")
	}
}

func TestCheckKey(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		want   video.Code
	}{
		"good":         {404, `{"message":"Task not found"}`, ""},
		"enveloped":    {200, `{"code":404,"message":"Task not found"}`, ""},
		"bad":          {401, `{"message":"Invalid API Key"}`, video.Unauthenticated},
		"not enabled":  {403, `{"message":"API access not enabled"}`, video.Forbidden},
		"not looked":   {400, `{"message":"Invalid taskId"}`, video.Unavailable},
		"wrong server": {404, `<html>`, video.Unavailable},
		"down":         {502, `<html>`, video.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				err := client(t, base, video.Workflow, saysJSON(c.status, c.body)).CheckKey(t.Context())
				if video.CodeOf(err) != c.want {
					t.Error(err)
				}
			})
		})
	}
}
