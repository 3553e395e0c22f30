package media

import (
	"context"
	"os"
	"syscall"
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

// OnPoorDisk makes the folders' file system one without locks, or without
// second names, as some network and memory card ones are.
func (f *Fetcher) OnPoorDisk(noLocks, noLinks bool) {
	if noLocks {
		f.folders.lock = func(*os.File) (bool, error) { return false, errNoLocks }
	}
	if noLinks {
		f.folders.link = func(_ *os.Root, from, to string) error {
			return &os.LinkError{Op: "link", Old: from, New: to, Err: syscall.EPERM}
		}
	}
}

// Open opens a folder as a job would and closes it again.
func (f *Fetcher) Open(dir string) (string, error) {
	opened, err := f.folders.open(dir)
	if err != nil {
		return "", err
	}
	opened.close()
	return opened.path, nil
}
