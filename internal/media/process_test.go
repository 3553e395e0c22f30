package media_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"seedance-mcp/internal/media"
)

// childDir makes this test binary fetch into a folder and end.
const (
	childDir = "SEEDANCE_TEST_MEDIA_CHILD"
	childURL = "SEEDANCE_TEST_MEDIA_URL"
)

func child(dir string) int {
	fetcher, err := media.New(media.Options{Root: dir, AllowLoopback: true})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	file, err := fetcher.Fetch(context.Background(), media.Job{URL: os.Getenv(childURL), Name: "fox", Sidecar: about{"a fox"}})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(file.SHA256)
	return 0
}

func startChild(t *testing.T, dir, link string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), childDir+"="+dir, childURL+"="+link)
	var out bytes.Buffer
	command.Stdout, command.Stderr = &out, &out
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	return command, &out
}

// A killed process leaves a part that the next one goes on with at once: its
// lock died with it.
func TestKilled(t *testing.T) {
	data := clip("fox", 400_000)
	release := make(chan struct{})
	o := newOrigin(t, nil)
	r := local(t)
	o.serve(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("ETag", `"a"`)
		w.Header().Set("Content-Length", strconv.Itoa(len(data)))
		w.Write(data[:200_000])
		w.(http.Flusher).Flush()
		for {
			found, _ := filepath.Glob(filepath.Join(r.root, "*.part"))
			if len(found) == 1 {
				if info, err := os.Stat(found[0]); err == nil && info.Size() == 200_000 {
					break
				}
			}
			time.Sleep(time.Millisecond)
		}
		close(release)
		<-req.Context().Done()
	})
	command, _ := startChild(t, r.root, o.link())
	<-release
	// While it lives, nobody else touches its part.
	ctx, cancel := context.WithCancel(context.Background())
	r.PauseWith(func(context.Context, time.Duration) error { cancel(); return ctx.Err() })
	if _, err := r.Fetch(ctx, media.Job{URL: o.link(), Name: "fox"}); !errors.Is(err, context.Canceled) {
		t.Errorf("beside a living one: %v", err)
	}
	if err := command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	command.Wait()
	o.requests()
	o.serve(whole(data, `"a"`))
	next := newRig(t, media.Options{AllowLoopback: true, Root: r.root})
	next.gets(o.link(), data)
	if asked := o.requests(); !slices.Equal(asked, []string{"bytes=200000-"}) {
		t.Errorf("asked %q", asked)
	}
	next.files("fox.mp4", "fox.mp4.json")
}

func TestTwoProcesses(t *testing.T) {
	data := clip("fox", 2<<20)
	o := newOrigin(t, whole(data, `"a"`))
	r := local(t)
	first, firstOut := startChild(t, r.root, o.link())
	second, secondOut := startChild(t, r.root, o.link())
	r.gets(o.link(), data)
	for command, out := range map[*exec.Cmd]*bytes.Buffer{first: firstOut, second: secondOut} {
		if err := command.Wait(); err != nil || strings.TrimSpace(out.String()) != sha(data) {
			t.Errorf("a child: %v %s", err, out)
		}
	}
	if asked := o.requests(); len(asked) != 1 {
		t.Errorf("asked %d times", len(asked))
	}
	r.files("fox.mp4", "fox.mp4.json")
}
