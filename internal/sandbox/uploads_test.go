package sandbox_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"seedance-mcp/internal/sandbox"
	"seedance-mcp/internal/video"
)

type offer struct {
	UploadURL, URL, Path, Method, ContentType, ConfirmURL string
	ExpiresIn, AssetTTLSeconds                            int
}

func (r *rig) offer(fileName, contentType string) offer {
	r.t.Helper()
	got := r.do("POST", "/api/v1/uploads", sandbox.KeyMain, `{"fileName":`+quote(fileName)+`,"contentType":`+quote(contentType)+`}`)
	var o offer
	if err := json.Unmarshal([]byte(got.Body), &o); err != nil || got.Status != 200 {
		r.t.Fatalf("uploads: %d %s", got.Status, got.Body)
	}
	return o
}

func inMemoryAndFolder(t *testing.T, run func(t *testing.T, dir string)) {
	t.Helper()
	t.Run("memory", func(t *testing.T) { run(t, "") })
	t.Run("folder", func(t *testing.T) { run(t, t.TempDir()) })
}

func TestUpload(t *testing.T) {
	inMemoryAndFolder(t, func(t *testing.T, dir string) {
		now := newClock()
		r := start(t, sandbox.Options{Now: now.Now, Dialect: video.Kinovi, Dir: dir})
		o := r.offer("My Reference.PNG", "image/png")
		if o.Method != http.MethodPut || o.ContentType != "image/png" || o.ExpiresIn != 900 || o.AssetTTLSeconds != 86400 ||
			!strings.HasPrefix(o.Path, "temp-uploads/") || !strings.HasSuffix(o.Path, ".png") || o.URL != base+"/"+o.Path {
			t.Errorf("offer: %+v", o)
		}
		if got := r.do("GET", o.ConfirmURL, sandbox.KeyMain, ""); got.Status != 404 {
			t.Errorf("confirmed before the bytes: %d", got.Status)
		}
		if got := r.do("PUT", o.UploadURL, "", "picture", "Content-Type", "image/png"); got.Status != 200 {
			t.Fatalf("PUT: %d %s", got.Status, got.Body)
		}
		got := r.do("GET", o.ConfirmURL, sandbox.KeyMain, "")
		var info struct {
			Path, URL, ContentType string
			Size                   int
			ExpiresAt              time.Time
		}
		if err := json.Unmarshal([]byte(got.Body), &info); err != nil || info.Size != 7 || info.URL != o.URL || info.Path != o.Path ||
			info.ContentType != "image/png" || !info.ExpiresAt.Equal(now.Now().Add(24*time.Hour)) {
			t.Errorf("confirm: %s %v", got.Body, err)
		}
		if got := r.do("GET", o.ConfirmURL, sandbox.KeySecond, ""); got.Status != 404 {
			t.Errorf("another account confirms: %d", got.Status)
		}
		if got := r.do("GET", o.URL, "", ""); got.Body != "picture" || got.Header.Get("Content-Type") != "image/png" {
			t.Errorf("GET: %d %s %v", got.Status, got.Body, got.Header)
		}
		if got := r.do("PUT", o.UploadURL, "", "again", "Content-Type", "image/png"); got.Status != 409 {
			t.Errorf("a second PUT: %d", got.Status)
		}
		ask := kinoviBody("seedance-20", "a", `,"imageUrls":[`+quote(o.URL)+`]`)
		fresh := r.accepted(ask)
		now.Advance(24*time.Hour + time.Second)
		if got := r.do("GET", o.URL, "", ""); got.Status != 404 {
			t.Errorf("after 24 h: %d", got.Status)
		}
		stale := r.accepted(ask)
		now.Advance(time.Minute)
		if r.state(fresh) != "success" || r.state(stale) != "fail" {
			t.Errorf("with the upload: %s, without: %s", r.state(fresh), r.state(stale))
		}
	})
}

func TestUploadRefusals(t *testing.T) {
	inMemoryAndFolder(t, func(t *testing.T, dir string) {
		now := newClock()
		r := start(t, sandbox.Options{Now: now.Now, Dialect: video.Kinovi, Dir: dir})
		o := r.offer("a.mp4", "video/mp4")
		for name, c := range map[string]struct {
			got  reply
			want int
		}{
			"no key":             {r.do("POST", "/api/v1/uploads", "", `{"fileName":"a.png","contentType":"image/png"}`), 401},
			"the demo key":       {r.do("POST", "/api/v1/uploads", sandbox.KeyDemo, `{"fileName":"a.png","contentType":"image/png"}`), 403},
			"no name":            {r.do("POST", "/api/v1/uploads", sandbox.KeyMain, `{"contentType":"image/png"}`), 400},
			"a page":             {r.do("POST", "/api/v1/uploads", sandbox.KeyMain, `{"fileName":"a.html","contentType":"text/html"}`), 400},
			"not JSON":           {r.do("POST", "/api/v1/uploads", sandbox.KeyMain, `fileName=a`), 400},
			"a leaked key":       {r.do("PUT", o.UploadURL, sandbox.KeyMain, "x", "Content-Type", "video/mp4"), 400},
			"another type":       {r.do("PUT", o.UploadURL, "", "x", "Content-Type", "video/webm"), 403},
			"no type":            {r.do("PUT", o.UploadURL, "", "x"), 403},
			"no signature":       {r.do("PUT", strings.Split(o.UploadURL, "?")[0], "", "x", "Content-Type", "video/mp4"), 403},
			"a wrong signature":  {r.do("PUT", o.UploadURL+"0", "", "x", "Content-Type", "video/mp4"), 403},
			"no bytes":           {r.do("PUT", o.UploadURL, "", "", "Content-Type", "video/mp4"), 400},
			"too large":          {r.do("PUT", o.UploadURL, "", strings.Repeat("x", sandbox.MaxUpload+1), "Content-Type", "video/mp4"), 413},
			"no path":            {r.do("GET", "/api/v1/uploads", sandbox.KeyMain, ""), 400},
			"a path elsewhere":   {r.do("GET", "/api/v1/uploads?path=temp-uploads/../../etc/passwd", sandbox.KeyMain, ""), 404},
			"an unknown path":    {r.do("GET", "/api/v1/uploads?path=temp-uploads/0.png", sandbox.KeyMain, ""), 404},
			"an unknown file":    {r.do("GET", "/temp-uploads/0.png", "", ""), 404},
			"a file outside":     {r.do("GET", "/temp-uploads/..%2f..%2fx", "", ""), 404},
			"a hidden file name": {r.do("GET", "/temp-uploads/.json", "", ""), 404},
		} {
			if c.got.Status != c.want {
				t.Errorf("%s: %d %s, want %d", name, c.got.Status, c.got.Body, c.want)
			}
		}
		now.Advance(15*time.Minute + time.Second)
		if got := r.do("PUT", o.UploadURL, "", "x", "Content-Type", "video/mp4"); got.Status != 403 {
			t.Errorf("a stale link: %d", got.Status)
		}
	})
}

func TestWorkflowHasNoUploads(t *testing.T) {
	r := start(t, sandbox.Options{})
	if got := r.do("POST", "/api/v1/uploads", sandbox.KeyMain, `{"fileName":"a.png","contentType":"image/png"}`); got.Status != http.StatusNotFound {
		t.Errorf("%d", got.Status)
	}
}
