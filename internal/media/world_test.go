package media_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"seedance-mcp/internal/media"
	"seedance-mcp/internal/video"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		os.Exit(child(dir))
	}
	goleak.VerifyTestMain(m)
}

// secret is what must never be shown or logged.
const secret = "s3cret"

// clip is a small MP4, as far as boxes go: a head, and size bytes that depend
// on the word.
func clip(word string, size int) []byte {
	head := []byte("\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isommp42")
	body := bytes.Repeat([]byte(word+"."), size/(len(word)+1)+1)[:size]
	out := binary.BigEndian.AppendUint32(head, uint32(size+8))
	return append(append(out, "mdat"...), body...)
}

func sha(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// origin serves what its handler says and notes what was asked.
type origin struct {
	*httptest.Server
	mu     sync.Mutex
	handle http.HandlerFunc
	asked  []string // the Range of each request
}

func newOrigin(t testing.TB, handle http.HandlerFunc) *origin {
	t.Helper()
	o := &origin{handle: handle}
	o.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.mu.Lock()
		o.asked = append(o.asked, r.Header.Get("Range"))
		handle := o.handle
		o.mu.Unlock()
		handle(w, r)
	}))
	t.Cleanup(o.Close)
	return o
}

func (o *origin) serve(handle http.HandlerFunc) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.handle = handle
}

// requests gives the Ranges that were asked for since the last call.
func (o *origin) requests() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := o.asked
	o.asked = nil
	return out
}

// link is a signed link to this origin.
func (o *origin) link() string { return o.URL + "/v/fox.mp4?X-Amz-Signature=" + secret }

// whole serves data with ranges and that ETag.
func whole(data []byte, tag string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "video/mp4")
		if tag != "" {
			w.Header().Set("ETag", tag)
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
	}
}

// cutAt breaks off whole answers after n bytes; ranges are left alone.
func cutAt(n int, data []byte, tag string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Range") != "" {
			whole(data, tag)(w, r)
			return
		}
		if tag != "" {
			w.Header().Set("ETag", tag)
		}
		breakOff(w, n, data)
	}
}

func breakOff(w http.ResponseWriter, n int, data []byte) {
	w.Header().Set("Content-Type", "video/mp4")
	w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	w.Write(data[:n])
	w.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

// rig is a fetcher with its folder and what it logged.
type rig struct {
	*media.Fetcher
	t      testing.TB
	root   string
	pauses []time.Duration
	mu     sync.Mutex
	log    bytes.Buffer
}

// Write takes log lines.
func (r *rig) Write(line []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.Write(line)
}

func newRig(t testing.TB, o media.Options) *rig {
	t.Helper()
	r := &rig{t: t, root: o.Root}
	if r.root == "" {
		r.root = filepath.Join(t.TempDir(), "videos")
		o.Root = r.root
	}
	o.Logger = slog.New(slog.NewTextHandler(r, &slog.HandlerOptions{Level: slog.LevelDebug}))
	fetcher, err := media.New(o)
	if err != nil {
		t.Fatal(err)
	}
	r.Fetcher = fetcher
	r.PauseWith(func(ctx context.Context, d time.Duration) error {
		r.mu.Lock()
		r.pauses = append(r.pauses, d)
		r.mu.Unlock()
		if d == media.LockPause {
			time.Sleep(time.Millisecond)
		}
		return ctx.Err()
	})
	t.Cleanup(func() {
		if strings.Contains(r.log.String(), secret) {
			t.Errorf("the log shows a signature:\n%s", r.log.String())
		}
	})
	return r
}

// local is a rig for origins on this machine.
func local(t testing.TB) *rig {
	t.Helper()
	return newRig(t, media.Options{AllowLoopback: true})
}

type about struct {
	Prompt string `json:"prompt"`
}

func (r *rig) fetch(url string) (media.File, error) {
	return r.Fetch(context.Background(), media.Job{URL: url, Name: "fox", Sidecar: about{"a fox"}})
}

// gets fetches and checks the bytes.
func (r *rig) gets(url string, want []byte) media.File {
	r.t.Helper()
	file, err := r.fetch(url)
	if err != nil {
		r.t.Fatal(err)
	}
	r.holds(file, want)
	return file
}

func (r *rig) holds(file media.File, want []byte) {
	r.t.Helper()
	got, err := os.ReadFile(file.Path)
	if err != nil {
		r.t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		r.t.Fatalf("%s holds %d bytes that differ from the %d expected", file.Path, len(got), len(want))
	}
	if file.Bytes != int64(len(want)) || file.SHA256 != sha(want) {
		r.t.Fatalf("File says %d bytes, %s", file.Bytes, file.SHA256)
	}
}

// fails checks code and words of a refusal, and that it shows no signature.
func fails(t testing.TB, err error, code video.Code, words ...string) {
	t.Helper()
	known, ok := errors.AsType[*video.Error](err)
	if !ok || known.Code != code {
		t.Fatalf("got %v (%s), want %s", err, video.CodeOf(err), code)
	}
	for cause := error(known); cause != nil; cause = errors.Unwrap(cause) {
		if strings.Contains(cause.Error(), secret) && cause != errors.Unwrap(known.Err) {
			t.Errorf("an error shows a signature: %v", cause)
		}
	}
	for _, word := range words {
		if !strings.Contains(known.Error(), word) {
			t.Errorf("%q does not say %q", known.Error(), word)
		}
	}
}

// files lists the folder.
func (r *rig) files(want ...string) {
	r.t.Helper()
	entries, err := os.ReadDir(r.root)
	if err != nil {
		r.t.Fatal(err)
	}
	var got []string
	for _, entry := range entries {
		got = append(got, entry.Name())
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		r.t.Errorf("the folder holds %q, want %q", got, want)
	}
}

// part is the path of the only part there is.
func (r *rig) part() string {
	r.t.Helper()
	found, err := filepath.Glob(filepath.Join(r.root, "*.part"))
	if err != nil || len(found) != 1 {
		r.t.Fatalf("parts: %q %v", found, err)
	}
	return found[0]
}
