package media

import (
	"context"
	"time"
)

// Doors for the tests in media_test.
var (
	SafeName      = safeName
	Public        = public
	PermittedHost = permittedHost
	KindOf        = kindOf
	Whole         = whole
	ContentRange  = contentRange
	ParseSource   = parseSource
	DiskError     = diskError
)

const (
	Patience  = patience
	MaxTries  = maxTries
	LockPause = lockPause
)

// PauseWith replaces waiting.
func (f *Fetcher) PauseWith(pause func(context.Context, time.Duration) error) { f.pause = pause }

// Key is what tells sources apart.
func (s source) Key() string { return s.key }

// Shown is the link as it may be shown.
func (s source) Shown() string { return s.shown() }

// Open opens a folder as a job would and closes it again.
func (f *Fetcher) Open(dir string) (string, error) {
	opened, err := f.folders.open(dir)
	if err != nil {
		return "", err
	}
	opened.close()
	return opened.path, nil
}
