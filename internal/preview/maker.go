package preview

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"sync"
	"time"

	"seedance-mcp/internal/video"
)

const (
	// MaxBytes is how large a picture may be.
	MaxBytes = 60 << 10
	// maxClip and maxStill are far above what the upstream makes.
	maxClip  = 512 << 20
	maxStill = 32 << 20
	// usualLimit bounds ffmpeg; the longest and largest clips take a third of it.
	usualLimit = 25 * time.Second
	// atOnce is how many clips are looked into at the same time.
	atOnce = 2
)

// Source reads what a link leads to; see media.Getter.
type Source interface {
	Get(ctx context.Context, link string, limit int64, w io.Writer) error
}

// Copies are the server's own of videos; package copies has them.
type Copies interface {
	Read(ctx context.Context, name string, w io.Writer) error
}

// Options configure a Maker. Source is required.
type Options struct {
	// Source fetches clips that are not on disk, and last frames.
	Source Source
	// Copies are looked into before the service's link, which ends; nil: there
	// are none.
	Copies Copies
	// FFmpeg is the program; "": the one in PATH, looked for once, when it is
	// first asked about.
	FFmpeg string
	// Limit is how long ffmpeg may take for a picture; 0: 25 s.
	Limit time.Duration
	// Dir is for clips that have to be fetched; "": the system's.
	Dir    string
	Logger *slog.Logger
}

// Picture is a JPEG of at most MaxBytes.
type Picture struct {
	JPEG          []byte
	Width, Height int
	// Times are where the frames stand in the clip, row by row; none for a last
	// frame.
	Times []time.Duration
	// Columns is how many frames stand beside each other.
	Columns int
}

// Maker makes pictures. It holds nothing between two calls and may be used by
// several goroutines at once.
type Maker struct {
	source Source
	copies Copies
	ffmpeg func() string // "": there is none
	dir    string
	limit  time.Duration
	log    *slog.Logger
	slots  chan struct{}
}

// New makes a Maker. It looks for nothing yet.
func New(o Options) *Maker {
	m := &Maker{source: o.Source, copies: o.Copies, dir: o.Dir, limit: cmp.Or(o.Limit, usualLimit), log: o.Logger, slots: make(chan struct{}, atOnce)}
	if m.log == nil {
		m.log = slog.New(slog.DiscardHandler)
	}
	m.ffmpeg = sync.OnceValue(func() string {
		name := o.FFmpeg
		if name == "" {
			name = "ffmpeg"
		}
		path, err := exec.LookPath(name)
		if err != nil {
			return ""
		}
		return path
	})
	return m
}

// SeesClips says that clips can be looked into here, not last frames only.
func (m *Maker) SeesClips() bool { return m.ffmpeg() != "" }

// Preview makes a contact sheet of the video, or where that is not possible a
// picture of its last frame. Errors are *video.Error, or that of ctx.
func (m *Maker) Preview(ctx context.Context, v video.Video) (Picture, error) {
	select {
	case m.slots <- struct{}{}:
		defer func() { <-m.slots }()
	case <-ctx.Done():
		return Picture{}, ctx.Err()
	}
	var sheetErr error
	if m.SeesClips() {
		var sheet Picture
		if sheet, sheetErr = m.sheet(ctx, v); sheetErr == nil || ctx.Err() != nil {
			return sheet, sheetErr
		}
		m.log.Warn("a clip could not be looked into", "error", sheetErr)
	}
	if v.LastFrameURL == "" {
		if sheetErr != nil {
			return Picture{}, sheetErr
		}
		return Picture{}, &video.Error{
			Code:    video.Unavailable,
			Message: "Clips cannot be looked into on this server, because ffmpeg is not installed, and the video service gave no last frame of this one.",
		}
	}
	still, err := m.lastFrame(ctx, v.LastFrameURL)
	if err != nil && sheetErr != nil && ctx.Err() == nil {
		return Picture{}, sheetErr
	}
	return still, err
}

// sheet makes a contact sheet of the file on disk, or of one fetched for it.
func (m *Maker) sheet(ctx context.Context, v video.Video) (Picture, error) {
	path, done, err := m.onDisk(ctx, v)
	if err != nil {
		return Picture{}, err
	}
	defer done()
	ctx, cancel := context.WithTimeout(ctx, m.limit)
	defer cancel()
	reel, err := m.frames(ctx, path)
	if err != nil {
		return Picture{}, err
	}
	return contactSheet(reel)
}

// onDisk is where the clip can be read until done: saved, or brought for now.
func (m *Maker) onDisk(ctx context.Context, v video.Video) (path string, done func(), err error) {
	if info, err := os.Stat(v.Path); v.Path != "" && err == nil && info.Mode().IsRegular() {
		return v.Path, func() {}, nil
	}
	if m.copies != nil && v.Copy != "" {
		path, err = m.bring(func(w io.Writer) error { return m.copies.Read(ctx, v.Copy, w) })
		if err != nil && ctx.Err() == nil {
			m.log.Warn("a copy could not be read for a preview", "error", err)
		}
	}
	if path == "" {
		path, err = m.bring(func(w io.Writer) error { return m.source.Get(ctx, v.URL, maxClip, w) })
	}
	if _, known := errors.AsType[*video.Error](err); err != nil && !known && ctx.Err() == nil {
		err = &video.Error{Code: video.Unavailable, Message: "The clip could not be kept for a moment: the folder for temporary files takes no file of its size.", Err: err}
	}
	return path, func() { _ = os.Remove(path) }, err // the system clears the folder otherwise
}

// bring writes a clip to a temporary file.
func (m *Maker) bring(write func(io.Writer) error) (path string, err error) {
	file, err := os.CreateTemp(m.dir, "seedance-preview-*")
	if err != nil {
		return "", err
	}
	err = write(file)
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		_ = os.Remove(file.Name())
		return "", err
	}
	return file.Name(), nil
}

// lastFrame is the upstream's picture, coded anew: what it sent is not trusted.
func (m *Maker) lastFrame(ctx context.Context, link string) (Picture, error) {
	var data bytes.Buffer
	if err := m.source.Get(ctx, link, maxStill, &data); err != nil {
		return Picture{}, err
	}
	return still(data.Bytes())
}
