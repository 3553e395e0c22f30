package media_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"seedance-mcp/internal/media"
	"seedance-mcp/internal/video"
)

func TestBreakIsMended(t *testing.T) {
	data := clip("fox", 100_000)
	o := newOrigin(t, cutAt(40_000, data, `"a"`))
	r := local(t)
	r.gets(o.link(), data)
	if asked := o.requests(); !slices.Equal(asked, []string{"", "bytes=40000-"}) {
		t.Errorf("asked %q", asked)
	}
	if !slices.Equal(r.pauses, []time.Duration{500 * time.Millisecond}) {
		t.Errorf("paused %v", r.pauses)
	}
	r.files("fox.mp4", "fox.mp4.json")
}

// A server that breaks again and again is asked a few times; each megabyte
// that it brings counts as a new beginning.
func TestManyBreaks(t *testing.T) {
	data := clip("fox", 8<<20)
	step := func(size int) http.HandlerFunc {
		return func(w http.ResponseWriter, req *http.Request) { sendStep(w, req, data, size) }
	}
	o := newOrigin(t, step(1<<20+1))
	local(t).gets(o.link(), data)
	if asked := o.requests(); len(asked) != 9 { // 8 MiB, a box and a head
		t.Errorf("asked %d times", len(asked))
	}
	o.serve(step(1000))
	r := local(t)
	_, err := r.fetch(o.link())
	fails(t, err, video.Unavailable, "broke off", "goes on where it stopped")
	if asked := o.requests(); len(asked) != media.MaxTries {
		t.Errorf("asked %d times", len(asked))
	}
	if !slices.Equal(r.pauses, []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second}) {
		t.Errorf("paused %v", r.pauses)
	}
	if info, err := os.Stat(r.part()); err != nil || info.Size() != media.MaxTries*1000 {
		t.Errorf("the part: %v %v", info, err)
	}
}

// sendStep answers with the next size bytes of what was asked for, and breaks
// off unless that is all.
func sendStep(w http.ResponseWriter, req *http.Request, data []byte, size int) {
	from := 0
	fmt.Sscanf(req.Header.Get("Range"), "bytes=%d-", &from)
	w.Header().Set("ETag", `"a"`)
	w.Header().Set("Content-Length", strconv.Itoa(len(data)-from))
	if from > 0 {
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(data)-1, len(data)))
		w.WriteHeader(http.StatusPartialContent)
	}
	w.Write(data[from:min(from+size, len(data))])
	w.(http.Flusher).Flush()
	if from+size < len(data) {
		panic(http.ErrAbortHandler)
	}
}

// stopped leaves a part of n bytes of data behind, as a process that was
// stopped would.
func stopped(t *testing.T, o *origin, n int, data []byte, header func(http.Header)) *rig {
	t.Helper()
	r := local(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	o.serve(func(w http.ResponseWriter, req *http.Request) {
		header(w.Header())
		w.Header().Set("Content-Type", "video/mp4")
		if w.Header().Get("Transfer-Encoding") == "" {
			w.Header().Set("Content-Length", strconv.Itoa(len(data)))
		}
		w.Write(data[:n])
		w.(http.Flusher).Flush()
		for {
			time.Sleep(time.Millisecond)
			found, _ := filepath.Glob(filepath.Join(r.root, "*.part"))
			if len(found) == 1 {
				if info, err := os.Stat(found[0]); err == nil && info.Size() == int64(n) {
					break
				}
			}
		}
		cancel()
		<-req.Context().Done()
	})
	_, err := r.Fetch(ctx, media.Job{URL: o.link(), Name: "fox", Sidecar: about{"a fox"}})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("cancelled: %v", err)
	}
	o.requests()
	return r
}

func tag(value string) func(http.Header) {
	return func(h http.Header) { h.Set("ETag", value) }
}

const modified = "Mon, 02 Mar 2026 10:00:00 GMT"

func TestResumeOrStartAnew(t *testing.T) {
	old, changed := clip("old", 50_000), clip("new", 50_000)
	longer := clip("new", 60_000)
	lie := func(contentRange, tag string, data []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, req *http.Request) {
			if req.Header.Get("Range") == "" {
				whole(data, `"b"`)(w, req)
				return
			}
			w.Header().Set("ETag", tag)
			w.Header().Set("Content-Range", contentRange)
			w.WriteHeader(http.StatusPartialContent)
			w.Write(data[20_000:])
		}
	}
	dated := func(data []byte, when string) http.HandlerFunc {
		return func(w http.ResponseWriter, req *http.Request) {
			at, _ := http.ParseTime(when)
			w.Header().Set("Content-Type", "video/mp4")
			http.ServeContent(w, req, "", at, bytes.NewReader(data))
		}
	}
	isDated := func(h http.Header) { h.Set("Last-Modified", modified) }
	end := len(old) - 1
	total := strconv.Itoa(len(old))
	tests := map[string]struct {
		header func(http.Header) // of the answer that broke
		then   http.HandlerFunc
		damage func(t *testing.T, part string)
		want   []byte
		asked  []string
	}{
		"goes on":                  {tag(`"a"`), whole(old, `"a"`), nil, old, []string{"bytes=20000-"}},
		"goes on by date":          {isDated, dated(old, modified), nil, old, []string{"bytes=20000-"}},
		"changed":                  {tag(`"a"`), whole(changed, `"b"`), nil, changed, []string{"bytes=20000-"}},
		"changed date":             {isDated, dated(changed, "Mon, 02 Mar 2026 10:00:01 GMT"), nil, changed, []string{"bytes=20000-"}},
		"same date, other length":  {isDated, dated(longer, modified), nil, longer, []string{"bytes=20000-", ""}},
		"no validator":             {func(http.Header) {}, whole(changed, ""), nil, changed, []string{""}},
		"weak ETag":                {tag(`W/"a"`), whole(changed, `W/"a"`), nil, changed, []string{""}},
		"range ignored":            {tag(`"a"`), func(w http.ResponseWriter, _ *http.Request) { w.Write(old) }, nil, old, []string{"bytes=20000-"}},
		"wrong start":              {tag(`"a"`), lie(fmt.Sprintf("bytes 19999-%d/%s", end, total), `"a"`, changed), nil, changed, []string{"bytes=20000-", ""}},
		"wrong total":              {tag(`"a"`), lie("bytes 20000-60031/60032", `"a"`, longer), nil, longer, []string{"bytes=20000-", ""}},
		"another ETag in the rest": {tag(`"a"`), lie(fmt.Sprintf("bytes 20000-%d/%s", end, total), `"b"`, changed), nil, changed, []string{"bytes=20000-", ""}},
		"no range told":            {tag(`"a"`), lie("", `"a"`, changed), nil, changed, []string{"bytes=20000-", ""}},
		"not satisfiable": {tag(`"a"`), func(w http.ResponseWriter, req *http.Request) {
			if req.Header.Get("Range") != "" {
				w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
				return
			}
			whole(changed, `"b"`)(w, req)
		}, nil, changed, []string{"bytes=20000-", ""}},
		"length never told": {func(h http.Header) { h.Set("ETag", `"a"`); h.Set("Transfer-Encoding", "chunked") }, whole(old, `"a"`), nil, old, []string{"bytes=20000-"}},
		"state lost": {tag(`"a"`), whole(changed, `"a"`), func(t *testing.T, part string) {
			write(t, part+".json", "{")
		}, changed, []string{""}},
		"another video's state": {tag(`"a"`), whole(changed, `"a"`), func(t *testing.T, part string) {
			write(t, part+".json", `{"source":"other","etag":"\"a\"","total":50032}`)
		}, changed, []string{""}},
		"part too long": {tag(`"a"`), whole(changed, `"a"`), func(t *testing.T, part string) {
			write(t, part, string(longer))
		}, changed, []string{""}},
		"part too short": {tag(`"a"`), whole(changed, `"a"`), func(t *testing.T, part string) {
			write(t, part, string(old[:100]))
		}, changed, []string{""}},
		"part gone": {tag(`"a"`), whole(changed, `"a"`), func(t *testing.T, part string) {
			if err := os.Remove(part); err != nil {
				t.Fatal(err)
			}
		}, changed, []string{""}},
		"part is a link": {tag(`"a"`), whole(changed, `"a"`), func(t *testing.T, part string) {
			os.Remove(part)
			write(t, filepath.Join(filepath.Dir(part), "precious"), string(old[:20_000]))
			if err := os.Symlink("precious", part); err != nil {
				t.Fatal(err)
			}
		}, changed, []string{""}},
		"complete": {tag(`"a"`), nil, func(t *testing.T, part string) {
			write(t, part, string(old))
		}, old, nil},
		"complete and damaged": {tag(`"a"`), whole(changed, `"a"`), func(t *testing.T, part string) {
			write(t, part, strings.Repeat("\x00", len(old)))
		}, nil, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			o := newOrigin(t, nil)
			r := stopped(t, o, 20_000, old, tt.header)
			if found, _ := filepath.Glob(filepath.Join(r.root, "*.part")); len(found) == 1 && tt.damage != nil {
				tt.damage(t, found[0])
			}
			o.serve(tt.then)
			next := newRig(t, media.Options{AllowLoopback: true, Root: r.root}) // as after a restart
			link := o.URL + "/v/fox.mp4?X-Amz-Signature=another"
			if tt.want == nil {
				_, err := next.fetch(link)
				fails(t, err, video.Unavailable, "damaged")
				next.gets(link, changed)
				return
			}
			next.gets(link, tt.want)
			if asked := o.requests(); !slices.Equal(asked, tt.asked) {
				t.Errorf("asked %q, want %q", asked, tt.asked)
			}
			if left, _ := filepath.Glob(filepath.Join(r.root, "*part*")); len(left) > 0 {
				t.Errorf("left behind: %q", left)
			}
			if text, err := os.ReadFile(filepath.Join(r.root, "precious")); err == nil && string(text) != string(old[:20_000]) {
				t.Error("a linked file was written to")
			}
		})
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A page that a server shows in passing, or an expired link, costs no part.
func TestPartOutlivesTrouble(t *testing.T) {
	data := clip("fox", 50_000)
	for name, handle := range map[string]http.HandlerFunc{
		"page":    func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("<html>wait")) },
		"expired": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) },
		"trouble": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) },
	} {
		t.Run(name, func(t *testing.T) {
			o := newOrigin(t, nil)
			r := stopped(t, o, 20_000, data, tag(`"a"`))
			o.serve(handle)
			if _, err := r.fetch(o.link()); err == nil {
				t.Fatal("fetched")
			}
			o.requests()
			o.serve(whole(data, `"a"`))
			r.gets(o.link(), data)
			if asked := o.requests(); !slices.Equal(asked, []string{"bytes=20000-"}) {
				t.Errorf("asked %q", asked)
			}
		})
	}
}

// A process that dies between giving the file its name and tidying up leaves
// two names for one file; beginning anew must not touch the second.
func TestCrashAfterNaming(t *testing.T) {
	data := clip("fox", 50_000)
	o := newOrigin(t, nil)
	r := stopped(t, o, 20_000, data, tag(`"a"`))
	part := r.part()
	write(t, part, string(data))
	final := filepath.Join(r.root, "fox.mp4")
	if err := os.Link(part, final); err != nil {
		t.Fatal(err)
	}
	t.Run("goes on", func(t *testing.T) {
		r.gets(o.link(), data)
		if asked := o.requests(); len(asked) != 0 {
			t.Errorf("asked %q", asked)
		}
		r.files("fox.mp4", "fox.mp4.json")
	})
	t.Run("begins anew", func(t *testing.T) {
		if err := errors.Join(os.Remove(final+".json"), os.Link(final, part)); err != nil {
			t.Fatal(err)
		}
		write(t, part+".json", "")
		o.serve(whole(clip("owl", 50_000), `"o"`))
		r.gets(o.link(), clip("owl", 50_000))
		if got, err := os.ReadFile(final); err != nil || !bytes.Equal(got, data) {
			t.Errorf("the named file was overwritten: %v", err)
		}
	})
}

func TestUntoldLength(t *testing.T) {
	data := clip("fox", 50_000)
	bare := func(n int) http.HandlerFunc { // HTTP/1.0: the end of the connection ends the file
		return func(w http.ResponseWriter, _ *http.Request) {
			conn, out, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			out.WriteString("HTTP/1.0 200 OK\r\nContent-Type: video/mp4\r\n\r\n")
			out.Write(data[:n])
			out.Flush()
		}
	}
	o := newOrigin(t, bare(len(data)))
	local(t).gets(o.link(), data)
	for _, n := range []int{100, 20_000, len(data) - 1} {
		o.serve(bare(n))
		r := local(t)
		_, err := r.fetch(o.link())
		fails(t, err, video.Unavailable, "broke off")
		r.files()
	}
}
