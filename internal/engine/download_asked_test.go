package engine_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/media"
	"seedance-mcp/internal/upstream"
	"seedance-mcp/internal/video"
)

func TestDownloadInto(t *testing.T) {
	inWorld(t, func(w *world) {
		m := newMedia(t, time.Second)
		e := w.start(func(o *engine.Options) { o.CallbackURL = nil }) // downloads nothing by itself
		got := mustSubmit(t, e, alice, ask("x"))
		settle(t, e, alice, got.Task.ID)
		e = w.start(with(m))
		download := func(dir, name string) video.Video {
			t.Helper()
			task, err := e.Download(context.Background(), alice, got.Task.ID, dir, name)
			if err != nil {
				t.Fatal(err)
			}
			return task.Videos[0]
		}
		if v := download("clips", "fox"); v.Path != filepath.Join(m.dir, "clips", "fox.mp4") {
			t.Errorf("saved as %s", v.Path)
		}
		if download("", ""); len(m.all()) != 1 {
			t.Error("what is on disk was fetched again")
		}
		if err := os.Remove(filepath.Join(m.dir, "clips", "fox.mp4")); err != nil {
			t.Fatal(err)
		}
		var callers sync.WaitGroup
		for range 5 { // one fetches, the others find the file
			callers.Go(func() {
				if _, err := e.Download(context.Background(), alice, got.Task.ID, "", ""); err != nil {
					t.Error(err)
				}
			})
		}
		callers.Wait()
		if n := len(m.all()); n != 2 {
			t.Errorf("fetched %d times, want 2", n)
		}
	})
}

func TestEveryVideoOfATaskHasItsName(t *testing.T) {
	inWorld(t, func(w *world) {
		m := newMedia(t, 0)
		e := w.start(with(m), changing(func(r *upstream.Record) {
			if r.State == video.Success {
				r.Videos = []video.Video{r.Videos[0], r.Videos[0], {}} // the last one has no URL
			}
		}))
		got := mustSubmit(t, e, alice, ask("x"))
		settle(t, e, alice, got.Task.ID)
		for name, second := range map[string]string{"fox.mp4": "fox-2", "fox": "fox-2", "v1.2": "v1.2-2", "Fox.MOV": "Fox-2"} {
			if _, err := e.Download(context.Background(), alice, got.Task.ID, "", name); err != nil {
				t.Fatal(err)
			}
			fetches := m.all()
			if n := len(fetches); fetches[n-2].job.Name != name || fetches[n-1].job.Name != second {
				t.Errorf("%s: named %s and %s", name, fetches[n-2].job.Name, fetches[n-1].job.Name)
			}
		}
		if n := len(m.all()); n != 10 {
			t.Errorf("fetched %d files", n)
		}
	})
}

func TestDownloadRefuses(t *testing.T) {
	inWorld(t, func(w *world) {
		m := newMedia(t, 0)
		e := w.start(with(m))
		got := mustSubmit(t, e, alice, ask("x"))
		_, err := e.Download(context.Background(), alice, got.Task.ID, "", "")
		wantCode(t, err, video.Conflict)
		settle(t, e, alice, got.Task.ID)
		_, err = e.Download(context.Background(), bob, got.Task.ID, "", "")
		wantCode(t, err, video.NotFound)
		m.fail = func(int, media.Job) error { return video.Errorf(video.Forbidden, "outside") }
		before := len(m.all())
		_, err = e.Download(context.Background(), alice, got.Task.ID, "/etc", "")
		wantCode(t, err, video.Forbidden)
		if task := mustGet(t, e, alice, got.Task.ID); len(m.all()) != before+1 || task.Videos[0].Path == "" {
			t.Errorf("a refused download was tried %d times, and the file is %q", len(m.all())-before, task.Videos[0].Path)
		}
		off := w.start()
		_, err = off.Download(context.Background(), alice, got.Task.ID, "", "")
		wantCode(t, err, video.Unavailable)
		if !strings.Contains(err.Error(), "SEEDANCE_DOWNLOAD") {
			t.Errorf("error = %v", err)
		}
	})
}

// A process that keeps no files leaves them to one that does, and raises no
// alarm meanwhile.
func TestProcessWithoutDownloadsLeavesThem(t *testing.T) {
	inWorld(t, func(w *world) {
		broken := newMedia(t, 0)
		broken.fail = func(int, media.Job) error { return video.Errorf(video.Unavailable, "no") }
		first := w.start(with(broken))
		got := mustSubmit(t, first, alice, ask("x"))
		settle(t, first, alice, got.Task.ID)
		if err := first.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
		off := w.start(func(o *engine.Options) { o.CallbackURL = nil })
		before := mustGet(t, off, alice, got.Task.ID)
		time.Sleep(30 * time.Minute)
		if left := mustGet(t, off, alice, got.Task.ID); left.DueAt.IsZero() || left.Polls != before.Polls || left.Version != before.Version {
			t.Errorf("it was claimed: %+v", left)
		}
		if n, err := off.Overdue(context.Background()); err != nil || n != 0 {
			t.Errorf("%d overdue, %v", n, err)
		}
		if err := off.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
		m := newMedia(t, 0)
		w.start(with(m))
		time.Sleep(time.Hour + time.Minute)
		synctest.Wait()
		if n := len(m.all()); n != 1 {
			t.Errorf("fetched %d times", n)
		}
	})
}

// unseeing never gets an answer to a look.
type unseeing struct{ engine.Upstream }

func (unseeing) Record(context.Context, string) (upstream.Record, error) {
	return upstream.Record{}, video.Errorf(video.Unavailable, "no answer")
}

// A process that keeps no files shares the store with one that does. Whoever
// sees the video finished, the file is fetched by the one that keeps files, if
// it ordered the video, and at once.
func TestFileIsFetchedThoughAnotherProcessSawTheEnd(t *testing.T) {
	inWorld(t, func(w *world) {
		keeps := newMedia(t, time.Second)
		orderer := w.start(polling, with(keeps), func(o *engine.Options) { o.Account.Upstream = unseeing{o.Account.Upstream} })
		other := w.start(polling)
		wanted := mustSubmit(t, orderer, alice, ask("kept")).Task
		mustSubmit(t, other, bob, ask("not kept"))
		tasks, err := orderer.Wait(context.Background(), alice, []string{wanted.ID}, true, 10*time.Minute, nil)
		if err != nil || tasks[0].State != video.Success || tasks[0].Videos[0].Path == "" {
			t.Fatalf("waited for %+v, %v", tasks, err)
		}
		time.Sleep(time.Minute)
		if got := keeps.all(); len(got) != 1 {
			t.Errorf("fetched %v", got)
		}
	})
}
