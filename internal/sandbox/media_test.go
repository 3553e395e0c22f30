package sandbox_test

import (
	"bytes"
	"errors"
	"fmt"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"seedance-mcp/internal/sandbox"
	"seedance-mcp/internal/sandbox/render"
	"seedance-mcp/internal/video"
)

// finished makes a task, lets it end and gives its media path.
func finished(t *testing.T, r *rig, now *clock, prompt string) string {
	t.Helper()
	id := r.accepted(workflowBody(prompt, ""))
	now.Advance(time.Minute)
	return "/media/" + id + ".mp4"
}

func TestMediaInPartsAndWhole(t *testing.T) {
	now := newClock()
	r := start(t, sandbox.Options{Now: now.Now})
	path := finished(t, r, now, "a fox")
	whole := r.do("GET", path, "", "")
	size := len(whole.Body)
	if whole.Status != 200 || size < 60_000 || whole.Header.Get("Content-Type") != "video/mp4" {
		t.Fatalf("%d, %d bytes, %v", whole.Status, size, whole.Header)
	}
	tag := whole.Header.Get("ETag")
	for _, c := range []struct {
		name, method string
		header       []string
		status       int
		want         string
	}{
		{"head", "HEAD", nil, 200, ""},
		{"first bytes", "GET", []string{"Range", "bytes=0-9"}, 206, whole.Body[:10]},
		{"the rest", "GET", []string{"Range", "bytes=1000-"}, 206, whole.Body[1000:]},
		{"the last", "GET", []string{"Range", "bytes=-5"}, 206, whole.Body[size-5:]},
		{"beyond", "GET", []string{"Range", "bytes=" + strconv.Itoa(size) + "-"}, 416, "invalid range: failed to overlap\n"},
		{"the same file", "GET", []string{"Range", "bytes=5-6", "If-Range", tag}, 206, whole.Body[5:7]},
		{"another file", "GET", []string{"Range", "bytes=5-6", "If-Range", `"other"`}, 200, whole.Body},
		{"not modified", "GET", []string{"If-None-Match", tag}, 304, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := r.do(c.method, path, "", "", c.header...)
			if got.Status != c.status || got.Body != c.want || got.Err != nil {
				t.Errorf("%d, %d bytes, %v; want %d, %d bytes", got.Status, len(got.Body), got.Err, c.status, len(c.want))
			}
			if c.name == "head" && got.Header.Get("Content-Length") != strconv.Itoa(size) {
				t.Errorf("Content-Length %s, want %d", got.Header.Get("Content-Length"), size)
			}
		})
	}
	again := start(t, sandbox.Options{Now: now.Now})
	if other := again.do("GET", finished(t, again, now, "another fox"), "", ""); other.Header.Get("ETag") == tag {
		t.Error("two videos share an ETag")
	}
}

func TestMediaFaults(t *testing.T) {
	now := newClock()
	r := start(t, sandbox.Options{Now: now.Now})
	get := func(word string, header ...string) reply {
		return r.do("GET", finished(t, r, now, "[sandbox:"+word+"]"), "", "", header...)
	}
	whole := get("slow").Body

	if got := get("media-break"); !errors.Is(got.Err, io.ErrUnexpectedEOF) || len(got.Body) < 30_000 || len(got.Body) > 34_000 {
		t.Errorf("media-break: %d bytes, %v", len(got.Body), got.Err)
	}
	if got := get("media-break", "Range", "bytes=30000-"); got.Status != 206 || got.Err != nil {
		t.Errorf("media-break resumes: %d %v", got.Status, got.Err)
	}
	if got := get("media-no-range", "Range", "bytes=5-6"); got.Status != 200 || len(got.Body) < 60_000 || got.Header.Get("ETag") != "" || got.Header.Get("Accept-Ranges") != "" {
		t.Errorf("media-no-range: %d, %d bytes, %v", got.Status, len(got.Body), got.Header)
	}
	if got := r.do("HEAD", finished(t, r, now, "[sandbox:media-no-range]"), "", ""); got.Status != 200 || got.Header.Get("Content-Length") == "" || got.Body != "" {
		t.Errorf("media-no-range HEAD: %d %v", got.Status, got.Header)
	}
	if got := get("media-wrong-type"); got.Status != 200 || got.Header.Get("Content-Type") != "application/octet-stream" || len(got.Body) < len(whole)/2 {
		t.Errorf("media-wrong-type: %d %v", got.Status, got.Header)
	}
	if got := get("media-html"); got.Status != 200 || !strings.HasPrefix(got.Body, "<!DOCTYPE html>") || !strings.HasPrefix(got.Header.Get("Content-Type"), "text/html") {
		t.Errorf("media-html: %d %v", got.Status, got.Header)
	}
	if got := get("media-404"); got.Status != 404 {
		t.Errorf("media-404: %d", got.Status)
	}
	if got := get("media-expired"); got.Status != 403 || !strings.Contains(got.Body, "expired") {
		t.Errorf("media-expired: %d %s", got.Status, got.Body)
	}
}

func TestMediaBreakOverASocket(t *testing.T) {
	now := newClock()
	r := start(t, sandbox.Options{Now: now.Now})
	path := finished(t, r, now, "[sandbox:media-break]")
	server := httptest.NewServer(r)
	defer server.Close()
	r.client = server.Client()
	defer r.client.CloseIdleConnections()
	got := r.do("GET", server.URL+path, "", "")
	if !errors.Is(got.Err, io.ErrUnexpectedEOF) || len(got.Body) == 0 {
		t.Errorf("%d bytes, %v", len(got.Body), got.Err)
	}
}

func TestMediaLives(t *testing.T) {
	now := newClock()
	r := start(t, sandbox.Options{Now: now.Now})
	id := r.accepted(workflowBody("a fox", ""))
	path := "/media/" + id + ".mp4"
	if got := r.do("GET", path, "", ""); got.Status != 404 {
		t.Errorf("before the end: %d", got.Status)
	}
	failed := r.accepted(workflowBody("[sandbox:fail-text]", ""))
	now.Advance(8 * time.Second)
	if got := r.do("GET", "/media/"+failed+".mp4", "", ""); got.Status != 404 {
		t.Errorf("of a failed task: %d", got.Status)
	}
	now.Advance(14 * 24 * time.Hour)
	if got := r.do("GET", path, "", ""); got.Status != 200 {
		t.Errorf("after 14 days: %d", got.Status)
	}
	now.Advance(time.Second)
	if got := r.do("GET", path, "", ""); got.Status != 403 {
		t.Errorf("after more than 14 days: %d", got.Status)
	}
	for _, name := range []string{"x.mp4", "task_0.mp4", id, id + ".mov", "..%2f" + id + ".mp4", "-last.png"} {
		if got := r.do("GET", "/media/"+name, "", ""); got.Status != 404 {
			t.Errorf("%s: %d", name, got.Status)
		}
	}
}

func TestLastFrame(t *testing.T) {
	now := newClock()
	r := start(t, sandbox.Options{Now: now.Now, Dialect: video.Kinovi})
	id := r.accepted(kinoviBody("seedance-20", "a fox", `,"outputResolution":"480p"`))
	now.Advance(time.Minute)
	link := between(r.record(id).Body, `"lastFrameImage":"`)
	got := r.do("GET", link, "", "")
	picture, err := png.Decode(strings.NewReader(got.Body))
	if err != nil || got.Header.Get("Content-Type") != "image/png" {
		t.Fatalf("%q: %d %v %v", link, got.Status, got.Header, err)
	}
	if size := picture.Bounds().Size(); size.X != 864 || size.Y != 496 {
		t.Errorf("size %v", size)
	}
	now.Advance(25 * time.Hour)
	if got := r.do("GET", link, "", ""); got.Status != 403 {
		t.Errorf("after 25 h: %d", got.Status)
	}
	if got := r.record(id).Body; strings.Contains(got, "lastFrameImage") {
		t.Errorf("still offered: %s", got)
	}
}

func TestClipsAreRenderedOnceAndBounded(t *testing.T) {
	now := newClock()
	r := start(t, sandbox.Options{Now: now.Now, Limit: 100})
	var renders atomic.Int32
	release := make(chan struct{})
	r.DrawWith(func(w io.Writer, spec render.Spec) error {
		renders.Add(1)
		<-release
		_, err := w.Write(bytes.Repeat([]byte{1}, 10<<20))
		return err
	})
	path := finished(t, r, now, "a fox")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if got := r.do("HEAD", path, "", ""); got.Status != 200 {
				t.Errorf("status %d", got.Status)
			}
		})
	}
	close(release)
	wg.Wait()
	if n := renders.Load(); n != 1 {
		t.Errorf("rendered %d times", n)
	}
	for i := range 6 {
		r.do("HEAD", finished(t, r, now, fmt.Sprint("fox ", i)), "", "")
	}
	if kept := r.ClipBytes(); kept > sandbox.MaxClipBytes || kept < sandbox.MaxClipBytes/2 {
		t.Errorf("%d bytes are kept", kept)
	}
	before := renders.Load()
	r.do("HEAD", path, "", "")
	if renders.Load() != before+1 {
		t.Error("the oldest clip is still kept")
	}
}

func TestRenderTroubleIsAnError(t *testing.T) {
	now := newClock()
	r := start(t, sandbox.Options{Now: now.Now})
	r.DrawWith(func(io.Writer, render.Spec) error { return errors.New("out of paint") })
	got := r.do("GET", finished(t, r, now, "a fox"), "", "")
	if got.Status != http.StatusInternalServerError || strings.Contains(got.Body, "paint") {
		t.Errorf("%d %s", got.Status, got.Body)
	}
}

// However many ask for different clips and pictures at once, few are drawn.
func TestDrawingIsBounded(t *testing.T) {
	now := newClock()
	r := start(t, sandbox.Options{Now: now.Now})
	var busy, most atomic.Int32
	r.DrawWith(func(w io.Writer, spec render.Spec) error {
		defer busy.Add(-1)
		n := busy.Add(1)
		for seen := most.Load(); n > seen && !most.CompareAndSwap(seen, n); seen = most.Load() {
		}
		time.Sleep(2 * time.Millisecond) // lets others begin
		return fakeClip(w, spec)
	})
	var ids []string
	for i := range 20 {
		ids = append(ids, r.accepted(workflowBody(fmt.Sprint("fox ", i), "")))
	}
	now.Advance(time.Minute)
	var wg sync.WaitGroup
	for _, id := range ids {
		wg.Go(func() { r.do("GET", "/media/"+id+".mp4", "", "") })
	}
	wg.Wait()
	if n := most.Load(); n < 1 || n > sandbox.MaxRenders {
		t.Errorf("%d clips were rendered at the same time", n)
	}
}
