package install

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"seedance-mcp/internal/video"
)

// file is a configuration as it was read.
type file struct {
	path   string // as the client knows it
	target string // where its bytes lie, past any symbolic links
	text   []byte
	mode   fs.FileMode
	exists bool
}

// private is the mode of files that hold, or may come to hold, a secret.
const private fs.FileMode = 0o600

func readFile(path string) (file, error) {
	f := file{path: path, target: path, mode: private}
	link, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	if err != nil {
		return f, fileError(path, "read", err)
	}
	if link.Mode()&fs.ModeSymlink != 0 {
		if f.target, err = filepath.EvalSymlinks(path); err != nil {
			return f, &video.Error{
				Code: video.Invalid, Err: err, Message: path + " is a symbolic link that leads nowhere.",
				Suggestion: "Mend or remove the link, then repeat.",
			}
		}
	}
	info, err := os.Stat(f.target)
	switch {
	case err != nil:
		return f, fileError(path, "read", err)
	case !info.Mode().IsRegular():
		return f, &video.Error{Code: video.Invalid, Message: path + " is not a file.", Suggestion: "Move it away, or name the right file with --file."}
	case info.Size() > maxFile:
		return f, &video.Error{Code: video.Invalid, Message: fmt.Sprintf("%s is larger than any configuration (%d bytes).", path, info.Size()), Suggestion: "Is it the right file?"}
	}
	f.text, err = os.ReadFile(f.target)
	if err != nil {
		return f, fileError(path, "read", err)
	}
	f.mode, f.exists = info.Mode().Perm(), true
	return f, nil
}

func fileError(path, what string, err error) error {
	reason := err
	if inner, ok := errors.AsType[*fs.PathError](err); ok {
		reason = inner.Err
	}
	if inner, ok := errors.AsType[*os.LinkError](err); ok {
		reason = inner.Err
	}
	return &video.Error{
		Code: video.Unavailable, Err: err, Message: fmt.Sprintf("Cannot %s %s: %s.", what, path, reason),
		Suggestion: "Nothing was changed. See that this user may read and write the file and its folder, then repeat.",
	}
}

// errChanged says that somebody else wrote the file meanwhile.
var errChanged = errors.New("the file changed while it was being edited")

// replace writes text in place of what was read: a new file beside it, then
// one rename, so that no reader ever sees half of it. The old bytes go into
// backup first; "" where there were none.
func (f file) replace(text []byte, mode fs.FileMode, now time.Time) (backup string, err error) {
	folder := filepath.Dir(f.target)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", fileError(f.path, "write", err)
	}
	temp, err := os.CreateTemp(folder, filepath.Base(f.target)+".*.tmp")
	if err != nil {
		return "", fileError(f.path, "write", err)
	}
	defer func() {
		if err != nil {
			_ = temp.Close()           // closed already, or of no use
			_ = os.Remove(temp.Name()) // nothing else to do about it
		}
	}()
	if err := writeAll(temp, text, mode); err != nil {
		return "", fileError(f.path, "write", err)
	}
	current, err := readFile(f.path)
	if err != nil {
		return "", err
	}
	if current.exists != f.exists || current.target != f.target || !bytes.Equal(current.text, f.text) {
		return "", errChanged
	}
	if f.exists {
		if backup, err = f.backUp(now); err != nil {
			return "", err
		}
	}
	if err := os.Rename(temp.Name(), f.target); err != nil {
		return "", fileError(f.path, "write", err)
	}
	return backup, nil
}

func writeAll(temp *os.File, text []byte, mode fs.FileMode) error {
	if _, err := temp.Write(text); err != nil {
		return err
	}
	if err := os.Chmod(temp.Name(), mode); err != nil {
		return err
	}
	if err := temp.Sync(); err != nil {
		return err
	}
	return temp.Close()
}

// backUp keeps the old bytes beside the file, never over another backup.
func (f file) backUp(now time.Time) (string, error) {
	stem := f.target + "." + now.Format("20060102-150405")
	for n := 1; ; n++ {
		path := stem + ".bak"
		if n > 1 {
			path = fmt.Sprintf("%s-%d.bak", stem, n)
		}
		copied, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, f.mode&private)
		if errors.Is(err, fs.ErrExist) && n < 100 {
			continue
		}
		if err == nil {
			err = writeAll(copied, f.text, f.mode&private)
		}
		if err != nil {
			return "", fileError(path, "write", err)
		}
		return path, nil
	}
}
