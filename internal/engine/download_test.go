package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/media"
	"seedance-mcp/internal/upstream"
	"seedance-mcp/internal/video"
)

// fakeMedia saves "videos" that take a while.
type fakeMedia struct {
	dir   string
	takes time.Duration
	// fail says what the n-th fetch (from 0) ends with; nil: nothing fails.
	fail func(n int, job media.Job) error

	mu      sync.Mutex
	fetches []fetch
}

type fetch struct {
	job media.Job
	at  time.Time
}

func (m *fakeMedia) Fetch(ctx context.Context, job media.Job) (media.File, error) {
	m.mu.Lock()
	n := len(m.fetches)
	m.fetches = append(m.fetches, fetch{job, time.Now()})
	m.mu.Unlock()
	select {
	case <-time.After(m.takes):
	case <-ctx.Done():
		return media.File{}, ctx.Err()
	}
	if m.fail != nil {
		if err := m.fail(n, job); err != nil {
			return media.File{}, err
		}
	}
	path := filepath.Join(m.dir, job.Dir, job.Name+".mp4")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return media.File{}, err
	}
	if err := os.WriteFile(path, []byte("video"), 0o600); err != nil {
		return media.File{}, err
	}
	return media.File{Path: path, Bytes: 5, SHA256: "5a", MediaType: "video/mp4"}, nil
}

func (m *fakeMedia) all() []fetch {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.fetches)
}

func newMedia(t *testing.T, takes time.Duration) *fakeMedia {
	return &fakeMedia{dir: t.TempDir(), takes: takes}
}

// with lets an engine download, without webhooks.
func with(m *fakeMedia) func(*engine.Options) {
	return func(o *engine.Options) { o.Media, o.CallbackURL = m, nil }
}

// changed is an upstream whose records are not quite the sandbox's.
type changed struct {
	engine.Upstream

	change func(*upstream.Record)
}

func (u changed) Record(ctx context.Context, id string) (upstream.Record, error) {
	record, err := u.Upstream.Record(ctx, id)
	if err == nil {
		u.change(&record)
	}
	return record, err
}

func changing(change func(*upstream.Record)) func(*engine.Options) {
	return func(o *engine.Options) { o.Account.Upstream = changed{o.Account.Upstream, change} }
}

// signed gives every record's videos a new link.
func signed() func(*engine.Options) {
	var mu sync.Mutex
	n := 0
	return changing(func(r *upstream.Record) {
		mu.Lock()
		defer mu.Unlock()
		n++
		for i := range r.Videos {
			r.Videos[i].URL += fmt.Sprint("?signature=", n)
		}
	})
}

func TestFinishedVideoIsDownloadedBeforeWaitReturns(t *testing.T) {
	inWorld(t, func(w *world) {
		m := newMedia(t, time.Second)
		e := w.start(with(m))
		got := mustSubmit(t, e, alice, ask("A fox, in the snow!"))
		task := settle(t, e, alice, got.Task.ID)
		v := task.Videos[0]
		if v.Path == "" || v.Bytes != 5 || v.SHA256 != "5a" || v.MediaType != "video/mp4" {
			t.Fatalf("video = %+v", v)
		}
		id := task.ID[len(task.ID)-6:]
		job := m.all()[0].job
		if job.Name != "a-fox-in-the-snow-"+id || job.URL != v.URL || job.Dir != "" {
			t.Errorf("job = %+v", job)
		}
		beside, err := json.Marshal(job.Sidecar)
		if err != nil || !strings.Contains(string(beside), `"prompt":"A fox, in the snow!"`) || !strings.Contains(string(beside), `"credits":200`) {
			t.Errorf("sidecar = %s, %v", beside, err)
		}
		time.Sleep(time.Minute)
		if task := mustGet(t, e, alice, task.ID); !task.DueAt.IsZero() || len(m.all()) != 1 {
			t.Errorf("still due at %s, fetched %d times", task.DueAt, len(m.all()))
		}
	})
}

// A process that dies during a download costs no more than 5 s, whether
// another one lives beside it or is started at once.
func TestDownloadIsTakenOver(t *testing.T) {
	for _, died := range []string{"download.claimed", "download.fetched", "in the middle"} {
		for _, beside := range []bool{false, true} {
			t.Run(fmt.Sprint(died, "/beside=", beside), func(t *testing.T) {
				inWorld(t, func(w *world) {
					heir := newMedia(t, time.Second)
					takes := time.Second
					if died == "in the middle" {
						takes = time.Hour
					}
					die, dead := mortal(died, 1)
					// The first has the download before the second is there, which
					// might take it, and dies beside it.
					reached, mayDie := make(chan struct{}), make(chan struct{})
					first := w.start(with(newMedia(t, takes)), die, func(o *engine.Options) {
						pass := o.Checkpoint
						var once sync.Once
						o.Checkpoint = func(at string) {
							if at == died {
								once.Do(func() {
									close(reached)
									<-mayDie
								})
							}
							pass(at)
						}
					})
					got := mustSubmit(t, first, alice, ask("x"))
					for mustGet(t, first, alice, got.Task.ID).State != video.Success {
						time.Sleep(100 * time.Millisecond)
					}
					if died == "in the middle" {
						time.Sleep(time.Second) // it has begun
					} else {
						<-reached
					}
					var second *engine.Engine
					if beside {
						second = w.start(with(heir))
					}
					close(mayDie)
					if died == "in the middle" {
						time.Sleep(time.Minute)
						dead.Store(true)
					}
					for !dead.Load() {
						time.Sleep(100 * time.Millisecond)
					}
					end := time.Now()
					if !beside {
						second = w.start(with(heir))
					}
					task := settle(t, second, alice, got.Task.ID)
					fetches := heir.all()
					if len(fetches) != 1 || task.Videos[0].Path == "" {
						t.Fatalf("fetched %d times, video = %+v", len(fetches), task.Videos[0])
					}
					if gap := fetches[0].at.Sub(end); gap > 5*time.Second {
						t.Errorf("taken over after %s", gap)
					}
				})
			})
		}
	}
}

func TestLongDownloadIsNotTakenAway(t *testing.T) {
	inWorld(t, func(w *world) {
		m := newMedia(t, 3*time.Minute) // one for both processes
		first := w.start(with(m))
		w.start(with(m))
		got := mustSubmit(t, first, alice, ask("x"))
		if task := settle(t, first, alice, got.Task.ID); task.Videos[0].Path == "" {
			t.Errorf("video = %+v", task.Videos[0])
		}
		if n := len(m.all()); n != 1 {
			t.Errorf("fetched %d times", n)
		}
	})
}

func TestFailedDownload(t *testing.T) {
	tests := []struct {
		name   string
		code   video.Code
		times  int // that it fails
		pauses []time.Duration
		saved  bool
	}{
		{"passing trouble", video.Unavailable, 3, []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute}, true},
		{"too large, or no video", video.Invalid, 99, nil, false},
		{"address not allowed", video.Forbidden, 99, nil, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				m := newMedia(t, 0)
				m.fail = func(n int, _ media.Job) error {
					if n < tt.times {
						return video.Errorf(tt.code, "no")
					}
					return nil
				}
				e := w.start(with(m))
				got := mustSubmit(t, e, alice, ask("x"))
				task := settle(t, e, alice, got.Task.ID)
				if task.State != video.Success || task.Charged != credits("200") {
					t.Fatalf("a failed download changed the task: %+v", task)
				}
				time.Sleep(10 * time.Minute)
				fetches := m.all()
				var pauses []time.Duration
				for i := 1; i < len(fetches); i++ {
					pauses = append(pauses, fetches[i].at.Sub(fetches[i-1].at).Round(time.Second))
				}
				if !slices.Equal(pauses, tt.pauses) {
					t.Errorf("pauses = %v, want %v", pauses, tt.pauses)
				}
				task = mustGet(t, e, alice, got.Task.ID)
				if saved := task.Videos[0].Path != ""; saved != tt.saved || !task.DueAt.IsZero() {
					t.Errorf("saved %t, due %s", saved, task.DueAt)
				}
			})
		})
	}
}

func TestDownloadIsGivenUpAfterADay(t *testing.T) {
	inWorld(t, func(w *world) {
		m := newMedia(t, 0)
		m.fail = func(int, media.Job) error { return video.Errorf(video.Unavailable, "no") }
		e := w.start(with(m))
		got := mustSubmit(t, e, alice, ask("x"))
		settle(t, e, alice, got.Task.ID)
		if err := e.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(25 * time.Hour)
		e = w.start(with(m))
		before := len(m.all())
		time.Sleep(time.Minute)
		task := mustGet(t, e, alice, got.Task.ID)
		if tried := len(m.all()) - before; tried != 1 || !task.DueAt.IsZero() || task.State != video.Success {
			t.Errorf("tried %d times more, due %s, %s", tried, task.DueAt, task.State)
		}
	})
}

// A link that has expired is asked for anew, and the new one used at once.
func TestExpiredLinkIsRefreshed(t *testing.T) {
	inWorld(t, func(w *world) {
		m := newMedia(t, 0)
		m.fail = func(n int, _ media.Job) error {
			if n%2 == 0 {
				return &video.Error{Code: video.NotFound, Status: 403, Message: "The link has expired."}
			}
			return nil
		}
		e := w.start(with(m), signed())
		got := mustSubmit(t, e, alice, ask("x"))
		task := settle(t, e, alice, got.Task.ID)
		if task, err := e.Download(context.Background(), alice, task.ID, "copies", ""); err != nil || !strings.Contains(task.Videos[0].Path, "copies") {
			t.Errorf("download: %+v, %v", task.Videos, err)
		}
		fetches := m.all()
		if len(fetches) != 4 {
			t.Fatalf("fetched %d times", len(fetches))
		}
		for i := 0; i < 4; i += 2 {
			if fetches[i].job.URL == fetches[i+1].job.URL || !fetches[i+1].at.Equal(fetches[i].at) {
				t.Errorf("%v, then %v", fetches[i], fetches[i+1])
			}
		}
	})
}

func TestLinksThatExpireFirstAreFetchedFirst(t *testing.T) {
	inWorld(t, func(w *world) {
		// No whole seconds: a worker that ends at the very instant at which what
		// waits is claimed anew may meet the old claim, and take the next.
		m := newMedia(t, 30*time.Second+300*time.Millisecond)
		var mu sync.Mutex
		order := map[string]int{} // upstream id → submitted as
		hours := []int{9, 9, 9, 6, 3, 4, 5, 2}
		e := w.start(with(m), changing(func(r *upstream.Record) {
			mu.Lock()
			defer mu.Unlock()
			for i := range r.Videos {
				r.Videos[i].ExpiresAt = time.Now().Add(time.Duration(hours[order[r.TaskID]]) * time.Hour)
			}
		}))
		for i := range hours {
			got := mustSubmit(t, e, alice, ask(fmt.Sprint("clip ", i)))
			mu.Lock()
			order[got.Task.UpstreamID] = i
			mu.Unlock()
			if i < 3 { // these take all the workers, and end one after the other
				time.Sleep(3 * time.Second)
			}
		}
		time.Sleep(3 * time.Minute)
		var names []string
		for _, f := range m.all()[3:] {
			names = append(names, f.job.Name[:len("clip-0")])
		}
		if got := strings.Join(names, " "); got != "clip-7 clip-4 clip-5 clip-6 clip-3" {
			t.Errorf("fetched %s", got)
		}
	})
}

// What a process had in hand or in its queue when it was closed is another's at
// once, not after the lease.
func TestDownloadsAreHandedBack(t *testing.T) {
	inWorld(t, func(w *world) {
		heir := newMedia(t, time.Second)
		unfinished := newMedia(t, time.Hour)
		first := w.start(with(unfinished))
		var ids []string
		for i := range 5 { // more than one process fetches at once
			ids = append(ids, mustSubmit(t, first, alice, ask(fmt.Sprint("x", i))).Task.ID)
		}
		for _, id := range ids {
			for mustGet(t, first, alice, id).State != video.Success {
				time.Sleep(100 * time.Millisecond)
			}
		}
		time.Sleep(time.Minute)
		if len(unfinished.all()) == 0 {
			t.Fatal("nothing was being fetched")
		}
		if err := first.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
		closed := time.Now()
		second := w.start(with(heir))
		for _, id := range ids {
			settle(t, second, alice, id)
		}
		fetches := heir.all()
		if len(fetches) != len(ids) {
			t.Fatalf("fetched %d of %d", len(fetches), len(ids))
		}
		if gap := fetches[0].at.Sub(closed); gap > 500*time.Millisecond {
			t.Errorf("the first was taken over after %s", gap)
		}
		if gap := fetches[len(ids)-1].at.Sub(closed); gap > 2*time.Second { // one second each, in two turns
			t.Errorf("the last was taken over after %s", gap)
		}
	})
}
