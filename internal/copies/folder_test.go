package copies_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"seedance-mcp/internal/copies"
	"seedance-mcp/internal/media"
)

var noon = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

// saver saves videos that are their own URL's text.
type saver struct {
	dir  string
	jobs []media.Job
}

func (s *saver) Fetch(_ context.Context, job media.Job) (media.File, error) {
	s.jobs = append(s.jobs, job)
	path := filepath.Join(s.dir, job.Name+".mp4")
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return media.File{}, err
	}
	if err := os.WriteFile(path, []byte(job.URL), 0o600); err != nil {
		return media.File{}, err
	}
	return media.File{Path: path, Bytes: int64(len(job.URL)), SHA256: "5a", MediaType: "video/mp4"}, nil
}

type rig struct {
	t      *testing.T
	folder *copies.Folder
	dir    string
	saver  *saver
	now    time.Time
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, dir: filepath.Join(t.TempDir(), "copies"), now: noon}
	r.saver = &saver{dir: r.dir}
	r.folder = r.open([]byte("a test's key"))
	return r
}

func (r *rig) open(key []byte) *copies.Folder {
	return copies.NewFolder(copies.FolderOptions{
		Dir: r.dir, Fetch: r.saver, URL: "https://videos.example.com/team/files/", Key: key, Lasts: time.Hour, Now: func() time.Time { return r.now },
	})
}

func (r *rig) copy(name string) string {
	r.t.Helper()
	file, err := r.folder.Fetch(r.t.Context(), media.Job{URL: "the bytes of " + name, Name: name, Dir: "../elsewhere", Sidecar: "a prompt"})
	if err != nil {
		r.t.Fatal(err)
	}
	if file.Path != "" || file.Copy != name+".mp4" || file.SHA256 != "5a" {
		r.t.Fatalf("copied as %+v", file)
	}
	return file.Copy
}

func (r *rig) link(name string) *url.URL {
	r.t.Helper()
	text, ends, err := r.folder.Link(name)
	if err != nil || !ends.Equal(r.now.Add(time.Hour)) {
		r.t.Fatal(ends, err)
	}
	link, err := url.Parse(text)
	if err != nil {
		r.t.Fatal(err)
	}
	return link
}

// ask gives the handler a request as the server does, which has taken the path
// of a proxy off.
func (r *rig) ask(method string, link *url.URL, change func(*http.Request)) *http.Response {
	request := httptest.NewRequest(method, "/", nil)
	request.URL.Path, request.URL.RawQuery = strings.TrimPrefix(link.Path, "/team"), link.RawQuery
	if change != nil {
		change(request)
	}
	answer := httptest.NewRecorder()
	r.folder.ServeHTTP(answer, request)
	return answer.Result()
}

func TestLinkGivesTheCopy(t *testing.T) {
	r := newRig(t)
	for _, name := range []string{"a-red-fox-n72yj8", "ein Fuchs im Schnee", "狐狸 100% #1?"} {
		link := r.link(r.copy(name))
		if link.Scheme != "https" || link.Host != "videos.example.com" || !strings.HasPrefix(link.Path, "/team/files/") {
			t.Errorf("%s: %s", name, link)
		}
		got := r.ask(http.MethodGet, link, nil)
		body, err := io.ReadAll(got.Body)
		if err != nil || got.StatusCode != http.StatusOK || string(body) != "the bytes of "+name {
			t.Errorf("%s: %d %q", name, got.StatusCode, body)
		}
		for header, want := range map[string]string{
			"Content-Type": "video/mp4", "Cache-Control": "private, max-age=3600", "Content-Security-Policy": "default-src 'none'; sandbox", "Accept-Ranges": "bytes",
		} {
			if got.Header.Get(header) != want {
				t.Errorf("%s: %s is %q, want %q", name, header, got.Header.Get(header), want)
			}
		}
	}
	if job := r.saver.jobs[0]; job.Dir != "" || job.Sidecar != nil {
		t.Errorf("saved in %q, with %v beside it", job.Dir, job.Sidecar)
	}
	if r.folder.Origin() != "https://videos.example.com" {
		t.Errorf("origin %q", r.folder.Origin())
	}
}

func TestPartsOfACopy(t *testing.T) {
	r := newRig(t)
	link := r.link(r.copy("fox"))
	got := r.ask(http.MethodGet, link, func(q *http.Request) { q.Header.Set("Range", "bytes=4-8") })
	if body, _ := io.ReadAll(got.Body); got.StatusCode != http.StatusPartialContent || string(body) != "bytes" {
		t.Errorf("%d %q", got.StatusCode, body)
	}
	got = r.ask(http.MethodHead, link, nil)
	if body, _ := io.ReadAll(got.Body); got.StatusCode != http.StatusOK || len(body) != 0 || got.Header.Get("Content-Length") != "16" {
		t.Errorf("HEAD: %d %q %v", got.StatusCode, body, got.Header)
	}
	if got = r.ask(http.MethodPost, link, nil); got.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", got.StatusCode)
	}
}

// Whatever was not signed by somebody with the key leads nowhere.
func TestLinkCannotBeMade(t *testing.T) {
	r := newRig(t)
	mine, other := r.copy("fox"), r.copy("cat")
	secret := filepath.Join(filepath.Dir(r.dir), "secret.mp4")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	change := func(edit func(link *url.URL, query url.Values)) *url.URL {
		link := r.link(mine)
		query := link.Query()
		edit(link, query)
		link.RawQuery = query.Encode()
		return link
	}
	for name, link := range map[string]*url.URL{
		"no query":           {Path: "/files/" + mine},
		"another file":       change(func(l *url.URL, _ url.Values) { l.Path = "/files/" + other }),
		"a longer life":      change(func(_ *url.URL, q url.Values) { q.Set("expires", "9999999999") }),
		"no end":             change(func(_ *url.URL, q url.Values) { q.Del("expires") }),
		"a broken end":       change(func(_ *url.URL, q url.Values) { q.Set("expires", "soon") }),
		"no signature":       change(func(_ *url.URL, q url.Values) { q.Set("signature", "") }),
		"half of it":         change(func(_ *url.URL, q url.Values) { q.Set("signature", q.Get("signature")[:20]) }),
		"not base64":         change(func(_ *url.URL, q url.Values) { q.Set("signature", "%%%") }),
		"above":              change(func(l *url.URL, _ url.Values) { l.Path = "/files/../secret.mp4" }),
		"absolute":           change(func(l *url.URL, _ url.Values) { l.Path = "/files/" + secret }),
		"the key":            change(func(l *url.URL, _ url.Values) { l.Path = "/files/.links.key" }),
		"the folder":         change(func(l *url.URL, _ url.Values) { l.Path = "/files/" }),
		"a stranger's":       signedBy(t, r.open([]byte("another key")), mine),
		"an empty key's":     signedBy(t, r.open(nil), mine),
		"end and name mixed": signedMixed(t, r, mine),
	} {
		got := r.ask(http.MethodGet, link, nil)
		if body, _ := io.ReadAll(got.Body); got.StatusCode != http.StatusForbidden || strings.Contains(string(body), "secret") {
			t.Errorf("%s: %d %q", name, got.StatusCode, body)
		}
	}
	link := r.link(mine)
	r.now = r.now.Add(time.Hour)
	got := r.ask(http.MethodGet, link, nil)
	if body, _ := io.ReadAll(got.Body); got.StatusCode != http.StatusForbidden || !strings.Contains(string(body), "has ended") {
		t.Errorf("after its end: %d %q", got.StatusCode, body)
	}
}

func signedBy(t *testing.T, folder *copies.Folder, name string) *url.URL {
	t.Helper()
	text, _, err := folder.Link(name)
	if err != nil {
		t.Fatal(err)
	}
	link, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return link
}

// signedMixed moves a part of the name into the end.
func signedMixed(t *testing.T, r *rig, name string) *url.URL {
	t.Helper()
	link := r.link("1\n" + name)
	link.Path = "/team/files/" + name
	return link
}

// Even a signed name leads to nothing outside the folder, and to no folder.
func TestCopiesAreConfined(t *testing.T) {
	r := newRig(t)
	r.copy("fox")
	outside := filepath.Join(filepath.Dir(r.dir), "secret.mp4")
	if err := os.WriteFile(outside, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(r.dir, "way-out.mp4")); err != nil {
		t.Skip("SKIPPED: this system makes no symbolic links:", err)
	}
	if err := os.Mkdir(filepath.Join(r.dir, "sub"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"../secret.mp4", outside, "way-out.mp4", "sub", ".", "", "gone.mp4"} {
		got := r.ask(http.MethodGet, &url.URL{Path: "/files/" + name, RawQuery: r.link(name).RawQuery}, nil)
		if body, _ := io.ReadAll(got.Body); got.StatusCode != http.StatusNotFound && got.StatusCode != http.StatusServiceUnavailable || strings.Contains(string(body), "secret") {
			t.Errorf("%q: %d %q", name, got.StatusCode, body)
		}
		var read bytes.Buffer
		if err := r.folder.Read(t.Context(), name, &read); err == nil || read.Len() > 0 {
			t.Errorf("%q: read %q, %v", name, read.String(), err)
		}
	}
	var read bytes.Buffer
	if err := r.folder.Read(t.Context(), "fox.mp4", &read); err != nil || read.String() != "the bytes of fox" {
		t.Errorf("read %q, %v", read.String(), err)
	}
}

func TestFolderCheck(t *testing.T) {
	r := newRig(t)
	if err := r.folder.Check(t.Context()); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(r.dir); err != nil || len(left) != 0 {
		t.Errorf("left %v, %v", left, err)
	}
	if err := os.RemoveAll(r.dir); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(r.dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := r.folder.Check(t.Context()); err == nil {
		t.Error("a file passes for the folder")
	}
}
