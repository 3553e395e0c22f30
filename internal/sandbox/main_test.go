package sandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"seedance-mcp/internal/catalog"
	"seedance-mcp/internal/sandbox"
	"seedance-mcp/internal/sandbox/render"
	"seedance-mcp/internal/video"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const base = "http://" + sandbox.EmbeddedHost

// clock is a clock that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock {
	return &clock{now: time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)}
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// rig is a sandbox with a client in the same process.
type rig struct {
	*sandbox.Server
	t      testing.TB
	client *http.Client
}

// start makes a sandbox whose renderer is a quick fake.
func start(t testing.TB, o sandbox.Options) *rig {
	t.Helper()
	if o.Catalog == nil {
		c, err := catalog.Default()
		if err != nil {
			t.Fatal(err)
		}
		o.Catalog = c
	}
	if o.BaseURL == "" {
		o.BaseURL = base
	}
	s, err := sandbox.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	s.DrawWith(fakeClip)
	return &rig{Server: s, t: t, client: &http.Client{Transport: sandbox.Transport(s)}}
}

// fakeClip writes 64 KiB that depend on the prompt.
func fakeClip(w io.Writer, spec render.Spec) error {
	_, err := w.Write(bytes.Repeat([]byte(spec.Prompt+"\x00"), 64<<10/(len(spec.Prompt)+1)))
	return err
}

// reply is an HTTP answer, read whole. Err is that of the request or of
// reading its body.
type reply struct {
	Status int
	Header http.Header
	Body   string
	Err    error
}

func (r *rig) do(method, url, key, body string, header ...string) reply {
	r.t.Helper()
	return r.doCtx(context.Background(), method, url, key, body, header...)
}

func (r *rig) doCtx(ctx context.Context, method, url, key, body string, header ...string) reply {
	r.t.Helper()
	if strings.HasPrefix(url, "/") {
		url = base + url
	}
	request, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	if key != "" {
		request.Header.Set("Authorization", "Bearer "+key)
	}
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	answer, err := r.client.Do(request)
	if err != nil {
		return reply{Err: err}
	}
	defer func() { _ = answer.Body.Close() }()
	data, err := io.ReadAll(answer.Body)
	return reply{Status: answer.StatusCode, Header: answer.Header, Body: string(data), Err: err}
}

func (r *rig) create(body string) reply {
	r.t.Helper()
	return r.do(http.MethodPost, "/api/v1/jobs/createTask", sandbox.KeyMain, body, "Content-Type", "application/json")
}

// ask creates a workflow text-to-video of 5 s with that prompt.
func (r *rig) ask(prompt string) reply {
	r.t.Helper()
	return r.create(workflowBody(prompt, ""))
}

// accepted creates a task and gives its id.
func (r *rig) accepted(body string) string {
	r.t.Helper()
	got := r.create(body)
	var answer struct{ TaskID string }
	if err := json.Unmarshal([]byte(got.Body), &answer); err != nil || got.Status != http.StatusOK || answer.TaskID == "" {
		r.t.Fatalf("createTask: %d %s %v", got.Status, got.Body, got.Err)
	}
	return answer.TaskID
}

func (r *rig) record(id string) reply {
	r.t.Helper()
	return r.do(http.MethodGet, "/api/v1/jobs/recordInfo?taskId="+id, sandbox.KeyMain, "")
}

// state reads the word under "status" of a flat record.
func (r *rig) state(id string) string {
	r.t.Helper()
	got := r.record(id)
	var flat struct{ Status string }
	if err := json.Unmarshal([]byte(got.Body), &flat); err != nil {
		r.t.Fatalf("recordInfo: %d %s %v", got.Status, got.Body, got.Err)
	}
	return flat.Status
}

// workflowBody is a createTask body of the two-level dialect; extra is more
// inputs, beginning with a comma.
func workflowBody(prompt, extra string) string {
	return `{"model":"wan22-video-generation","inputs":{"model":"seedance-20","prompt":` + quote(prompt) +
		`,"resolution":"1280x720","duration":"5s"` + extra + `}}`
}

// kinoviBody is a createTask body of the one-level dialect.
func kinoviBody(model, prompt, extra string) string {
	return `{"model":` + quote(model) + `,"inputs":{"prompt":` + quote(prompt) + extra + `}}`
}

func quote(text string) string {
	data, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(data)
}

// sameJSON compares two JSON texts by value.
func sameJSON(t *testing.T, got, want string) {
	t.Helper()
	var g, w any
	if err := json.Unmarshal([]byte(got), &g); err != nil {
		t.Fatalf("not JSON: %q", got)
	}
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		t.Fatalf("the test wants what is not JSON: %q", want)
	}
	gotText, _ := json.Marshal(g)
	wantText, _ := json.Marshal(w)
	if string(gotText) != string(wantText) {
		t.Errorf("got  %s\nwant %s", gotText, wantText)
	}
}

func credits(n int64) video.Credits { return video.WholeCredits(n) }
