package media_test

import (
	"errors"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"testing"

	"seedance-mcp/internal/media"
	"seedance-mcp/internal/video"
)

// A limit on the size of files stands in for a full disk: the write of a
// piece succeeds in part and then fails. What came so far is kept.
func TestDiskFull(t *testing.T) {
	data := clip("fox", 3<<20)
	o := newOrigin(t, whole(data, `"a"`))
	r := local(t)
	signal.Ignore(syscall.SIGXFSZ)
	defer signal.Reset(syscall.SIGXFSZ)
	var usual syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &usual); err != nil {
		t.Fatal(err)
	}
	tight := syscall.Rlimit{Cur: 1_000_001, Max: usual.Max}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &tight); err != nil {
		t.Fatal(err)
	}
	_, err := r.fetch(o.link())
	if resetErr := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &usual); resetErr != nil {
		t.Fatal(resetErr)
	}
	fails(t, err, video.Unavailable, "is full", r.root, "free space")
	if asked := o.requests(); len(asked) != 1 {
		t.Errorf("asked %d times", len(asked))
	}
	r.gets(o.link(), data)
	if asked := o.requests(); !slices.Equal(asked, []string{"bytes=1000001-"}) {
		t.Errorf("asked %q", asked)
	}
}

// asNobody lets only this goroutine's file accesses be checked, when the tests
// run as root, for whom no folder is read-only.
func asNobody(t *testing.T, do func()) {
	t.Helper()
	if os.Getuid() != 0 {
		do()
		return
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := syscall.Setfsuid(65534); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := syscall.Setfsuid(0); err != nil {
			t.Error(err)
		}
	}()
	do()
}

func TestReadOnlyFolder(t *testing.T) {
	o := newOrigin(t, whole(clip("fox", 999), `"a"`))
	r := local(t)
	for dir := filepath.Dir(r.root); dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(r.root, 0o555); err != nil {
		t.Fatal(err)
	}
	var err error
	asNobody(t, func() { _, err = r.fetch(o.link()) })
	fails(t, err, video.Unavailable, "cannot be written to", r.root, "another directory")
	asNobody(t, func() { _, err = r.Open("below") })
	fails(t, err, video.Unavailable, "cannot be written to")
	if asked := o.requests(); len(asked) != 0 {
		t.Errorf("asked %d times", len(asked))
	}
	under := newRig(t, media.Options{Root: filepath.Join(r.root, "deeper")})
	asNobody(t, func() { _, err = under.fetch("http://cdn.example.com/a") })
	fails(t, err, video.Unavailable, "cannot be written to")
	if !errors.Is(err, os.ErrPermission) {
		t.Errorf("the cause is lost: %v", err)
	}
	write(t, filepath.Join(filepath.Dir(r.root), "file"), "")
	blocked := newRig(t, media.Options{Root: filepath.Join(filepath.Dir(r.root), "file")})
	_, err = blocked.fetch("http://cdn.example.com/a")
	fails(t, err, video.Invalid, "not a folder")
}

// The folder vanishes while a video is fetched.
func TestFolderVanishes(t *testing.T) {
	data := clip("fox", 200_000)
	o := newOrigin(t, nil)
	r := local(t)
	o.serve(func(w http.ResponseWriter, _ *http.Request) {
		if err := os.RemoveAll(r.root); err != nil {
			t.Error(err)
		}
		w.Write(data)
	})
	_, err := r.fetch(o.link())
	fails(t, err, video.Unavailable, "there is no folder")
}
