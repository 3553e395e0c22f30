package engine

import (
	"context"
	"errors"
	"os"
	"slices"
	"sync"
	"time"

	"seedance-mcp/internal/media"
	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

const (
	// maxDownloads is how many files one process fetches at once by itself.
	maxDownloads = 3
	// downloadLease is how long a download is one process's own before it must
	// say that it lives: a process that dies costs that much.
	downloadLease = 4 * time.Second
	// A failed download is tried again after a doubling pause between
	// minFetchPause and maxFetchPause, for as long as lookAgainFor. They are
	// shorter than lookAgainEvery, which tells the two kinds of bookings apart.
	minFetchPause = 30 * time.Second
	maxFetchPause = lookAgainEvery / 2
)

// downloads are the finished tasks whose files this process is to fetch.
type downloads struct {
	mu      sync.Mutex
	waiting []video.Task
	active  int
	turns   turns
}

// put adds a task, or a newer version of it, and says whether another worker
// is needed.
func (d *downloads) put(task video.Task) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.waiting = slices.DeleteFunc(d.waiting, func(t video.Task) bool { return t.ID == task.ID })
	d.waiting = append(d.waiting, task)
	if d.active == maxDownloads {
		return false
	}
	d.active++
	return true
}

// next takes the task whose video expires first; false: the worker ends.
func (d *downloads) next() (video.Task, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.waiting) == 0 {
		d.active--
		return video.Task{}, false
	}
	first := 0
	for i, task := range d.waiting {
		if expiry(task).Before(expiry(d.waiting[first])) {
			first = i
		}
	}
	task := d.waiting[first]
	d.waiting = slices.Delete(d.waiting, first, first+1)
	return task, true
}

// expiry is when the first of a task's videos may vanish.
func expiry(task video.Task) time.Time {
	first := task.CompletedAt.AddDate(1, 0, 0)
	for _, v := range task.Videos {
		if !v.Kept() && !v.ExpiresAt.IsZero() && v.ExpiresAt.Before(first) {
			first = v.ExpiresAt
		}
	}
	return first
}

// queueDownload has a due file fetched in the background.
func (e *Engine) queueDownload(tasks Store, task video.Task) {
	if !e.files.put(task) {
		return
	}
	if !e.join(&e.workers) {
		return
	}
	go func() {
		defer e.workers.Done()
		for {
			task, more := e.files.next()
			if !more {
				return
			}
			e.download(e.work, tasks, task)
		}
	}()
}

// download fetches the files of a claimed task, unless another process took
// it over meanwhile. Once ctx has ended it only hands the task back.
func (e *Engine) download(ctx context.Context, tasks Store, claimed video.Task) {
	if !e.files.turns.try(claimed.ID) {
		return
	}
	defer e.files.turns.leave(claimed.ID)
	task, err := e.lease(context.WithoutCancel(ctx), tasks, claimed)
	if err != nil {
		if !errors.Is(err, errMoved) {
			e.logStore(ctx, "begin a download", claimed, err)
		}
		return
	}
	e.o.Checkpoint("download.claimed")
	files, err := e.fetchLeased(ctx, tasks, task)
	if ctx.Err() != nil {
		e.handBack(ctx, tasks, task)
		return
	}
	if err != nil {
		e.o.Logger.Warn("a download failed", "task", task.ID, "code", video.CodeOf(err), "error", err)
	}
	e.o.Checkpoint("download.fetched")
	if _, storeErr := e.storeFiles(ctx, tasks, task, files, err); storeErr != nil {
		e.logStore(ctx, "store a download", task, storeErr)
		return
	}
	e.o.Checkpoint("download.stored")
	e.kick()
}

// handBack makes a leased download due again at once: another process, or the
// next one, goes on from the part that is there.
func (e *Engine) handBack(ctx context.Context, tasks Store, task video.Task) {
	ctx = context.WithoutCancel(ctx)
	_, err := tasks.Change(ctx, task.ID, func(t *video.Task) error {
		if !wantsFile(*t) {
			return errMoved
		}
		t.DueAt = e.now()
		return nil
	})
	if err != nil && !errors.Is(err, errMoved) {
		e.logStore(ctx, "hand back a download", task, err)
	}
}

// lease makes the download this process's for a while: right only if nobody
// has claimed the task since.
func (e *Engine) lease(ctx context.Context, tasks Store, claimed video.Task) (video.Task, error) {
	return tasks.Change(ctx, claimed.ID, func(t *video.Task) error {
		if !wantsFile(*t) || !t.DueAt.Equal(claimed.DueAt) {
			return errMoved
		}
		t.DueAt = e.now().Add(downloadLease)
		return nil
	})
}

// fetchLeased fetches while the lease is renewed beside it.
func (e *Engine) fetchLeased(ctx context.Context, tasks Store, task video.Task) (map[int]media.File, error) {
	renewing, stop := context.WithCancel(ctx)
	var renewals sync.WaitGroup
	renewals.Go(func() {
		ticker := time.NewTicker(downloadLease / 3)
		defer ticker.Stop()
		for {
			select {
			case <-renewing.Done():
				return
			case <-ticker.C:
			}
			_, err := tasks.Change(renewing, task.ID, func(t *video.Task) error {
				if released(*t) {
					return store.ErrUnchanged
				}
				t.DueAt = e.now().Add(downloadLease)
				return nil
			})
			if err != nil {
				e.logStore(renewing, "renew a download's lease", task, err)
			}
		}
	})
	defer renewals.Wait()
	defer stop()
	_, files, err := e.fetchFresh(ctx, tasks, task, media.Job{}, false)
	return files, err
}

// fetchFresh fetches, and once more where the links at hand do not work but
// the upstream has others. The task is the one whose videos the files are.
func (e *Engine) fetchFresh(ctx context.Context, tasks Store, task video.Task, target media.Job, all bool) (video.Task, map[int]media.File, error) {
	files, err := e.fetch(ctx, task, target, all)
	if err == nil || hopeless(err) || ctx.Err() != nil {
		return task, files, err
	}
	e.refresh(ctx, tasks, task)
	fresh, getErr := tasks.Get(ctx, task.ID)
	if getErr != nil || slices.EqualFunc(task.Videos, fresh.Videos, sameLink) {
		return task, files, err
	}
	files, err = e.fetch(ctx, fresh, target, all)
	return fresh, files, err
}

func sameLink(a, b video.Video) bool { return a.URL == b.URL }

// fetch fetches the task's videos, all or only those not on disk. It gives
// the files that it got, by index, also with an error.
func (e *Engine) fetch(ctx context.Context, task video.Task, target media.Job, all bool) (map[int]media.File, error) {
	files := make(map[int]media.File)
	for i, v := range task.Videos {
		if v.URL == "" || (v.Kept() && !all) {
			continue
		}
		job := media.Job{URL: v.URL, Name: fileName(task, target.Name, i), Dir: target.Dir, Sidecar: sidecarOf(task, v)}
		file, err := e.o.Media.Fetch(ctx, job)
		if err != nil {
			return files, err
		}
		files[i] = file
	}
	return files, nil
}

// storeFiles notes where files are, and what a failure means for the next try.
func (e *Engine) storeFiles(ctx context.Context, tasks Store, task video.Task, files map[int]media.File, failure error) (video.Task, error) {
	now := e.now()
	return tasks.Change(context.WithoutCancel(ctx), task.ID, func(t *video.Task) error {
		videos := slices.Clone(t.Videos)
		for i, file := range files {
			if i < len(videos) {
				videos[i].Path, videos[i].Copy, videos[i].Bytes, videos[i].SHA256 = file.Path, file.Copy, file.Bytes, file.SHA256
				if file.MediaType != "" {
					videos[i].MediaType = file.MediaType
				}
			}
		}
		t.Videos = videos
		if failure == nil || released(*t) || hopeless(failure) || !now.Before(t.CompletedAt.Add(lookAgainFor)) {
			*t = rested(*t)
			return nil
		}
		t.Interval = min(maxFetchPause, max(minFetchPause, 2*t.Interval))
		t.DueAt = now.Add(t.Interval)
		return nil
	})
}

// hopeless says that the same download would fail again: the link is none, or
// the address or the folder is not allowed, or the file is too large or no
// video. An expired link (NotFound) is not: the upstream may give another.
func hopeless(err error) bool {
	switch video.CodeOf(err) {
	case video.Invalid, video.Forbidden:
		return true
	default:
		return false
	}
}

// refresh asks the upstream for a task's videos again: a link may have expired.
func (e *Engine) refresh(ctx context.Context, tasks Store, task video.Task) {
	if !e.ours(ctx, task) || task.UpstreamID == "" {
		return
	}
	record, err := e.record(ctx, task.Upstream, task.UpstreamID)
	if err != nil {
		return // the link at hand is all there is
	}
	if _, err := e.apply(ctx, tasks, task, e.sight(ctx, tasks, task, record, nil)); err != nil {
		e.logStore(ctx, "store a look", task, err)
	}
}

// Download saves a finished task's video, or videos, now: into dir ("": the
// usual folder) as name ("": made from the prompt), and gives the task with
// the paths. Files that are there already stay. Conflict: the task has no
// video. Unavailable: this server keeps no files.
func (e *Engine) Download(ctx context.Context, principal, id, dir, name string) (video.Task, error) {
	if e.o.Media == nil || e.o.CopiesOnly {
		return video.Task{}, &video.Error{
			Code:       video.Unavailable,
			Message:    "This server keeps no files: downloads are switched off.",
			Suggestion: "Use the video's URL, or have SEEDANCE_DOWNLOAD switched on.",
		}
	}
	tasks, task, err := e.openFor(ctx, principal, id)
	if err != nil {
		return video.Task{}, err
	}
	if task.State != video.Success {
		return video.Task{}, &video.Error{
			Code:       video.Conflict,
			Message:    "Task " + task.ID + " has no video: it is " + string(task.State) + ".",
			Suggestion: "Call get_task_status until it says success.",
		}
	}
	if err := e.files.turns.take(ctx, task.ID); err != nil {
		return video.Task{}, err
	}
	defer e.files.turns.leave(task.ID)
	if task, err = tasks.Get(ctx, task.ID); err != nil { // a download may just have ended
		return video.Task{}, err
	}
	if dir == "" && name == "" && onDisk(task) {
		return task, nil
	}
	target := media.Job{Dir: dir, Name: name}
	task, files, err := e.fetchFresh(ctx, tasks, task, target, true)
	if err != nil {
		return video.Task{}, err
	}
	return e.storeFiles(ctx, tasks, task, files, nil)
}

// onDisk says that every video of the task is where it was saved.
func onDisk(task video.Task) bool {
	return !slices.ContainsFunc(task.Videos, func(v video.Video) bool {
		if v.Path == "" {
			return true
		}
		info, err := os.Stat(v.Path)
		return err != nil || info.Size() != v.Bytes
	})
}

// turns lets one goroutine at a time deal with the files of a task.
type turns struct {
	mu   sync.Mutex
	held map[string]chan struct{} // closed when left
}

// try takes the turn if it is free.
func (t *turns) try(id string) bool {
	free, _ := t.grab(id)
	return free
}

// take waits for the turn, or for the end of ctx.
func (t *turns) take(ctx context.Context, id string) error {
	for {
		free, left := t.grab(id)
		if free {
			return nil
		}
		select {
		case <-left:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (t *turns) grab(id string) (free bool, left <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if held, taken := t.held[id]; taken {
		return false, held
	}
	if t.held == nil {
		t.held = make(map[string]chan struct{})
	}
	t.held[id] = make(chan struct{})
	return true, nil
}

func (t *turns) leave(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	close(t.held[id])
	delete(t.held, id)
}
