package copies_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"seedance-mcp/internal/copies"
	"seedance-mcp/internal/media"
)

// objects is a bucket in memory.
type objects struct {
	stored  map[string]string
	types   map[string]string
	fail    error
	garbled bool
}

func (o *objects) Put(_ context.Context, key string, body io.Reader, size int64, _, mediaType string) error {
	text, err := io.ReadAll(body)
	if err != nil || int64(len(text)) != size {
		return errors.Join(err, errors.New("another size"))
	}
	if o.fail != nil {
		return o.fail
	}
	o.stored[key], o.types[key] = string(text), mediaType
	return nil
}

func (o *objects) Get(_ context.Context, key string, w io.Writer) error {
	if o.garbled {
		key = ""
	}
	_, err := io.Copy(w, bytes.NewBufferString(o.stored[key]))
	return err
}

func (o *objects) Delete(_ context.Context, key string) error {
	delete(o.stored, key)
	return nil
}

func (o *objects) Link(key string, lasts time.Duration) (string, time.Time, error) {
	return "https://s3.test/" + key, noon.Add(lasts), nil
}

func (o *objects) Origin() string { return "https://s3.test" }

func TestBucketTakesTheCopyAndNothingStaysHere(t *testing.T) {
	store := &objects{stored: map[string]string{}, types: map[string]string{}}
	staged := &saver{dir: filepath.Join(t.TempDir(), "copying")}
	b := copies.NewBucket(store, staged, time.Hour)
	job := media.Job{URL: "a video", Name: "狐狸 fox?", Sidecar: "a prompt"}
	file, err := b.Fetch(t.Context(), job)
	if err != nil || file.Path != "" || file.Copy != "5a/---fox-.mp4" || file.Bytes != 7 {
		t.Fatalf("%+v %v", file, err)
	}
	if store.stored[file.Copy] != "a video" || store.types[file.Copy] != "video/mp4" {
		t.Errorf("stored %v as %v", store.stored, store.types)
	}
	if left, err := os.ReadDir(staged.dir); err != nil || len(left) != 0 {
		t.Errorf("left here: %v, %v", left, err)
	}
	if staged.jobs[0].Sidecar != nil {
		t.Error("what was asked for is written beside the video")
	}
	if link, ends, err := b.Link(file.Copy); err != nil || link != "https://s3.test/5a/---fox-.mp4" || !ends.Equal(noon.Add(time.Hour)) {
		t.Error(link, ends, err)
	}
	var read bytes.Buffer
	if err := b.Read(t.Context(), file.Copy, &read); err != nil || read.String() != "a video" {
		t.Errorf("read %q, %v", read.String(), err)
	}
	again, err := b.Fetch(t.Context(), job) // after a crash before it was stored that there is one
	if err != nil || again != file || len(store.stored) != 1 {
		t.Errorf("again: %+v %v, %d objects", again, err, len(store.stored))
	}
}

// A copy that fails is an error that is tried again, and what was fetched stays
// for that.
func TestBucketThatRefuses(t *testing.T) {
	store := &objects{stored: map[string]string{}, types: map[string]string{}, fail: errors.New("full")}
	staged := &saver{dir: t.TempDir()}
	b := copies.NewBucket(store, staged, time.Hour)
	if file, err := b.Fetch(t.Context(), media.Job{URL: "a video", Name: "fox"}); !errors.Is(err, store.fail) || file.Copy != "" {
		t.Errorf("%+v %v", file, err)
	}
	if left, err := os.ReadDir(staged.dir); err != nil || len(left) != 1 {
		t.Errorf("left here: %v, %v", left, err)
	}
}

func TestBucketCheck(t *testing.T) {
	store := &objects{stored: map[string]string{}, types: map[string]string{}}
	b := copies.NewBucket(store, &saver{dir: t.TempDir()}, time.Hour)
	if err := b.Check(t.Context()); err != nil || len(store.stored) != 0 {
		t.Errorf("%v, left %v", err, store.stored)
	}
	store.garbled = true
	if err := b.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "other bytes") || len(store.stored) != 0 {
		t.Errorf("%v, left %v", err, store.stored)
	}
	store.fail = errors.New("refused")
	if err := b.Check(t.Context()); !errors.Is(err, store.fail) {
		t.Error(err)
	}
}
