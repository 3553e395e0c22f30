package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
)

// videoEndings are those that a video may be saved with; which one, its
// content decides.
var videoEndings = []string{".mp4", ".m4v", ".mov", ".webm", ".mkv"}

// outTarget reads --out: a folder, or a folder and the name of a file in it,
// without its ending. isFolder says that there is such a folder.
func outTarget(out string, isFolder bool) (dir, name string, err error) {
	if strings.ContainsFunc(out, unicode.IsControl) {
		return "", "", usageError("--out %q holds control characters", out)
	}
	path, err := filepath.Abs(out)
	if err != nil {
		return "", "", usageError("--out: %s", err)
	}
	ending := filepath.Ext(path)
	if isFolder || ending == "" || os.IsPathSeparator(out[len(out)-1]) {
		return path, "", nil
	}
	name = strings.TrimSuffix(filepath.Base(path), ending)
	if !slices.Contains(videoEndings, strings.ToLower(ending)) || name == "" {
		return "", "", usageError("--out %s: a video is no %s file; call it %s.mp4, or write %s%c for a folder",
			out, ending, strings.TrimSuffix(out, ending), out, filepath.Separator)
	}
	return filepath.Dir(path), name, nil
}

// setOut reads --out and refuses what cannot be written before anything is
// paid.
func (g *generation) setOut(out string, videos int) error {
	if out == "" {
		return nil
	}
	info, err := os.Stat(out)
	g.dir, g.name, err = outTarget(out, err == nil && info.IsDir())
	if err != nil {
		return err
	}
	if g.name != "" {
		for i := range videos {
			path := out
			if videos > 1 || g.batch() {
				path = filepath.Join(g.dir, numbered(g.name, i, videos)+filepath.Ext(out))
			}
			if _, err := os.Lstat(path); err == nil {
				return usageError("--out %s exists already", path)
			}
		}
		g.file = filepath.Base(out)
	}
	info, err = os.Stat(g.dir)
	switch {
	case err == nil && !info.IsDir():
		return usageError("--out %s: %s is a file, not a folder", out, g.dir)
	case errors.Is(err, fs.ErrNotExist):
		if err := os.MkdirAll(g.dir, 0o755); err != nil { //nolint:gosec // the user's own folder, as mkdir makes it
			return usageError("--out %s: %s", out, err)
		}
	case err != nil:
		return usageError("--out %s: %s", out, err)
	}
	return nil
}
