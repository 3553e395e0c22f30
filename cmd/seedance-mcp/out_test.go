package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"seedance-mcp/internal/media"
)

func TestOutTarget(t *testing.T) {
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		out      string
		isFolder bool
		dir      string
		name     string
		refused  string
	}{
		{out: "boat.mp4", dir: here, name: "boat"},
		{out: "a/b.c/boat.MOV", dir: filepath.Join(here, "a", "b.c"), name: "boat"},
		{out: "videos", dir: filepath.Join(here, "videos")},
		{out: "v1.2", isFolder: true, dir: filepath.Join(here, "v1.2")},
		{out: "v1.2/", dir: filepath.Join(here, "v1.2")},
		{out: "..", dir: filepath.Dir(here)},
		{out: "boat.txt", refused: "call it boat.mp4"},
		{out: "v1.2", refused: "call it v1.mp4"},
		{out: ".mp4", refused: "no .mp4 file"},
		{out: "a\x1b[2J.mp4", refused: "control characters"},
	} {
		dir, name, err := outTarget(c.out, c.isFolder)
		if c.refused != "" {
			if !errors.Is(err, errUsage) || !strings.Contains(err.Error(), c.refused) {
				t.Errorf("%q: %v, want a refusal with %q", c.out, err, c.refused)
			}
			continue
		}
		if err != nil || dir != c.dir || name != c.name {
			t.Errorf("%q: %q %q %v, want %q %q", c.out, dir, name, err, c.dir, c.name)
		}
	}
}

// FuzzOut saves a video wherever --out says, by way of the package that writes
// it: it lands in that folder, as a new file, and nothing there is touched.
func FuzzOut(f *testing.F) {
	for _, seed := range []string{"boat.mp4", "taken.mp4", "taken.MP4", "sub", "sub/boat.mp4", "new/deep/boat.webm", "x.txt", "-rf.mp4", ".hidden.mp4", "CON.mp4",
		"a:b.mp4", "sub/../boat.mp4", "link/boat.mp4", "link", "ä ö.mp4", "a\x00.mp4", "trailing .mp4", strings.Repeat("long", 80) + ".mp4", "sub/", "."} {
		f.Add(seed)
	}
	clip := []byte("\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomavc1\x00\x00\x00\x10mdat12345678")
	f.Fuzz(func(t *testing.T, out string) {
		if out == "" || !filepath.IsLocal(out) {
			return // the user's own machine: elsewhere it may land, but not from a test
		}
		root := t.TempDir()
		t.Chdir(root)
		taken := []byte("not to be touched")
		for _, dir := range []string{"sub", "outside"} {
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(os.WriteFile("taken.mp4", taken, 0o600), os.Symlink("outside", "link")); err != nil {
			t.Fatal(err)
		}
		g := generation{}
		if err := g.setOut(out, 1); err != nil {
			if !errors.Is(err, errUsage) {
				t.Errorf("%q: %v is not told as wrong use", out, err)
			}
			return
		}
		saver, err := media.New(media.Options{Root: filepath.Join(root, "usual"), Folders: []string{g.dir}, Local: map[string]http.RoundTripper{"media.invalid": answering(clip)}})
		if err != nil {
			t.Fatal(err)
		}
		file, err := saver.Fetch(context.Background(), media.Job{URL: "http://media.invalid/v.mp4", Name: g.name, Dir: g.dir})
		if err != nil {
			return // a folder's name that some system does not take, told as such
		}
		if filepath.Dir(file.Path) != g.dir {
			t.Errorf("--out %q: saved as %q, not in %q", out, file.Path, g.dir)
		}
		if got, err := os.ReadFile(file.Path); err != nil || !bytes.Equal(got, clip) {
			t.Errorf("--out %q: %q holds %q, %v", out, file.Path, got, err)
		}
		if got, err := os.ReadFile("taken.mp4"); err != nil || !bytes.Equal(got, taken) {
			t.Errorf("--out %q: an old file was touched: %q %v", out, got, err)
		}
	})
}

type answering []byte

func (a answering) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {"video/mp4"}}, ContentLength: int64(len(a)), Body: io.NopCloser(bytes.NewReader(a)),
	}, nil
}
