package media

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"seedance-mcp/internal/video"
)

// maxSameName is how many videos may share a name.
const maxSameName = 1000

// savedFile is a video under its final name.
type savedFile struct {
	finished
	name string
}

func (d *folder) describe(saved savedFile) File {
	return File{Path: filepath.Join(d.path, saved.name), Bytes: saved.bytes, SHA256: saved.sha256, MediaType: saved.kind.mediaType}
}

// numbered is the n-th name to try.
func numbered(stem string, n int) string {
	if n == 1 {
		return stem
	}
	return stem + "-" + strconv.Itoa(n)
}

// saved looks for a video that an earlier fetch of the same link saved under
// that name and that is still what it was.
func (d *folder) saved(ctx context.Context, stem string, src source) (savedFile, bool, error) {
	for n := 1; n <= maxSameName; n++ {
		taken := false
		for _, is := range kinds() {
			name := numbered(stem, n) + is.ending
			info, err := d.root.Lstat(name)
			if err != nil {
				continue
			}
			taken = true
			note, ours := d.readSidecar(name)
			if !ours || note.Source != src.key || !info.Mode().IsRegular() || info.Size() != note.Bytes {
				continue
			}
			there := savedFile{finished: finished{kind: is, bytes: note.Bytes, sha256: note.SHA256}, name: name}
			same, err := d.same(ctx, there)
			if err != nil || same {
				return there, same, err
			}
		}
		if !taken {
			break
		}
	}
	return savedFile{}, false, nil
}

// same says that the file of that name has those bytes.
func (d *folder) same(ctx context.Context, want savedFile) (bool, error) {
	info, err := d.root.Lstat(want.name)
	if err != nil || !info.Mode().IsRegular() || info.Size() != want.bytes {
		return false, nil
	}
	file, err := d.root.Open(want.name)
	if err != nil {
		return false, nil // another user's, say: not ours to take
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := hashInto(ctx, sum, file); err != nil {
		return false, ctx.Err()
	}
	return hex.EncodeToString(sum.Sum(nil)) == want.sha256, nil
}

// publish gives a complete part its name: the first that is free or has the
// same bytes already. With a sidecar, that one's name must be free too.
func (d *folder) publish(ctx context.Context, p *part, stem string, done finished, sidecar bool) (savedFile, error) {
	for n := 1; n <= maxSameName; n++ {
		want := savedFile{finished: done, name: numbered(stem, n) + done.kind.ending}
		if sidecar && d.foreignSidecar(want.name) {
			continue
		}
		err := d.rename(p.name+partEnding, want.name)
		if err == nil {
			return want, nil
		}
		if !errors.Is(err, fs.ErrExist) {
			return savedFile{}, diskError(err, d.path)
		}
		same, err := d.same(ctx, want)
		if err != nil || same {
			return want, err
		}
	}
	return savedFile{}, &video.Error{
		Code: video.Invalid, Argument: "file_name",
		Message:    "Too many files in " + d.path + " are called " + stem + ".",
		Suggestion: "Use another file_name.",
	}
}

func (d *folder) foreignSidecar(name string) bool {
	if _, err := d.root.Lstat(name + sidecarEnding); err != nil {
		return false
	}
	_, ours := d.readSidecar(name)
	return !ours
}

// rename gives a file a name that must be free, in one step. A second hard link
// does just that, and the first goes with the part. Where a file system has no
// links the name is taken by an empty file first.
func (d *folder) rename(from, to string) error {
	err := d.link(d.root, from, to)
	if err == nil || errors.Is(err, fs.ErrExist) || errors.Is(err, fs.ErrNotExist) {
		return err
	}
	placeholder, err := d.root.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return err
	}
	if err := placeholder.Close(); err != nil {
		return err
	}
	if err := d.root.Rename(from, to); err != nil {
		_ = d.root.Remove(to)
		return err
	}
	return nil
}
