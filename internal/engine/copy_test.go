package engine_test

import (
	"context"
	"testing"
	"time"

	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/media"
	"seedance-mcp/internal/video"
)

// copyMedia gives videos away instead of keeping them here.
type copyMedia struct{ *fakeMedia }

func (m copyMedia) Fetch(ctx context.Context, job media.Job) (media.File, error) {
	file, err := m.fakeMedia.Fetch(ctx, job)
	if err == nil {
		file.Path, file.Copy = "", "5a/"+job.Name+".mp4"
	}
	return file, err
}

func copying(m *fakeMedia) func(*engine.Options) {
	return func(o *engine.Options) { o.Media, o.CopiesOnly, o.CallbackURL = copyMedia{m}, true, nil }
}

// A copy is made once, whatever becomes of the upstream's link, and by one of
// two processes; a copy that fails is made later.
func TestCopyIsMadeOnce(t *testing.T) {
	for name, fail := range map[string]func(int, media.Job) error{
		"at once": nil,
		"later": func(n int, _ media.Job) error {
			if n < 2 {
				return &video.Error{Code: video.Unavailable, Message: "The bucket refuses."}
			}
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				m := newMedia(t, time.Second)
				m.fail = fail
				e := w.start(copying(m), signed())
				w.start(copying(m), signed())
				got := mustSubmit(t, e, alice, ask("A fox"))
				task := settle(t, e, alice, got.Task.ID)
				time.Sleep(10 * time.Minute)
				before := len(m.all())
				time.Sleep(2 * time.Hour)
				task = mustGet(t, e, alice, task.ID)
				v := task.Videos[0]
				if v.Copy != "5a/a-fox-"+task.ID[len(task.ID)-6:]+".mp4" || v.Path != "" || v.SHA256 != "5a" || v.URL == "" {
					t.Errorf("video = %+v", v)
				}
				wanted := 1
				if fail != nil {
					wanted = 3
				}
				if n := len(m.all()); n != before || n < wanted || fail == nil && n != 1 {
					t.Errorf("fetched %d times", n)
				}
				if _, err := e.Download(context.Background(), alice, task.ID, "clips", "fox"); video.CodeOf(err) != video.Unavailable {
					t.Errorf("saved in a folder of this machine: %v", err)
				}
			})
		})
	}
}
