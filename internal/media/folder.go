package media

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"seedance-mcp/internal/video"
)

// How the arguments of download_video are called, for errors.
const dirArgument = "directory"

const (
	fileMode   = 0o600
	folderMode = 0o700
)

// folders are where files may be saved. The first is the usual one.
type folders struct {
	allowed []string
	abilities
}

// abilities are what some file systems lack.
type abilities struct {
	// lock takes a file for this process; false: another one has it.
	lock func(*os.File) (bool, error)
	// link gives a file a second name, which must be free.
	link func(root *os.Root, from, to string) error
}

func newFolders(root string, others []string) (*folders, error) {
	if root == "" {
		return nil, video.Errorf(video.Invalid, "No folder for videos is set.")
	}
	out := &folders{abilities: abilities{lock: lock, link: (*os.Root).Link}}
	for _, path := range append([]string{root}, others...) {
		if path == "" {
			continue
		}
		absolute, err := filepath.Abs(path)
		if err != nil {
			return nil, fmt.Errorf("folder %s: %w", path, err)
		}
		out.allowed = append(out.allowed, absolute)
	}
	return out, nil
}

// folder is an open folder that files are saved in.
type folder struct {
	root *os.Root
	path string
	abilities
}

func (d *folder) close() { _ = d.root.Close() }

// open finds a folder among the allowed ones and makes what is missing of it.
func (f *folders) open(dir string) (*folder, error) {
	base, rel, err := f.locate(dir)
	if err != nil {
		return nil, err
	}
	if base == f.allowed[0] {
		if err := os.MkdirAll(base, folderMode); err != nil {
			return nil, diskError(err, base)
		}
	}
	root, err := os.OpenRoot(base)
	if err != nil {
		return nil, diskError(err, base)
	}
	if rel == "." {
		return &folder{root: root, path: base, abilities: f.abilities}, nil
	}
	defer func() { _ = root.Close() }()
	path := filepath.Join(base, rel)
	if info, err := root.Stat(rel); err != nil || !info.IsDir() {
		if err := checkNew(rel); err != nil {
			return nil, err
		}
		if err := root.MkdirAll(rel, folderMode); err != nil {
			return nil, f.explain(diskError(err, path))
		}
	}
	inner, err := root.OpenRoot(rel)
	if err != nil {
		return nil, f.explain(diskError(err, path))
	}
	return &folder{root: inner, path: path, abilities: f.abilities}, nil
}

// explain adds the allowed folders to a refusal.
func (f *folders) explain(err error) error {
	known, ok := errors.AsType[*video.Error](err)
	if ok && known.Code == video.Forbidden {
		known.Suggestion = f.advice()
	}
	return err
}

func (f *folders) advice() string {
	return "Leave directory out, or use a folder in " + strings.Join(f.allowed, " or ") + "."
}

// locate splits a folder's path into an allowed folder and the way from there.
// Symbolic links on that way are os.Root's concern.
func (f *folders) locate(dir string) (base, rel string, err error) {
	if strings.ContainsFunc(dir, unicode.IsControl) {
		return "", "", f.refuse(video.Invalid, dir, "it holds control characters")
	}
	if rest, ok := strings.CutPrefix(filepath.ToSlash(dir), "~"); ok && (rest == "" || rest[0] == '/') {
		if home, err := os.UserHomeDir(); err == nil {
			dir = filepath.Join(home, rest)
		}
	}
	if !filepath.IsAbs(dir) {
		rel = filepath.Clean(dir)
		if !filepath.IsLocal(rel) {
			return "", "", f.refuse(video.Forbidden, dir, "it leads out of the allowed folders")
		}
		return f.allowed[0], rel, nil
	}
	// One of the two may be spelled through a symbolic link.
	wanted := spellings(filepath.Clean(dir))
	for _, base := range f.allowed {
		for _, from := range spellings(base) {
			for _, to := range wanted {
				if rel, err := filepath.Rel(from, to); err == nil && filepath.IsLocal(rel) {
					return base, rel, nil
				}
			}
		}
	}
	return "", "", f.refuse(video.Forbidden, dir, "it is not in an allowed folder")
}

func spellings(path string) []string {
	out := []string{path}
	if resolved, err := filepath.EvalSymlinks(path); err == nil && resolved != path {
		out = append(out, resolved)
	}
	return out
}

func (f *folders) refuse(code video.Code, dir, why string) error {
	given := video.Clip(dir, 200)
	return &video.Error{
		Code: code, Argument: dirArgument, Given: given, Valid: slices.Clone(f.allowed),
		Message:    fmt.Sprintf("Nothing was saved: the directory %q was refused because %s.", given, why),
		Suggestion: f.advice(),
	}
}

// checkNew refuses to make folders whose names some system does not take.
func checkNew(rel string) error {
	for name := range strings.SplitSeq(filepath.ToSlash(rel), "/") {
		better := cutBytes(readable(name), maxNameBytes)
		if isDevice(better) {
			better = "_" + better
		}
		if better == name {
			continue
		}
		if better == "" {
			better = "videos"
		}
		given := video.Clip(name, 100)
		return &video.Error{
			Code: video.Invalid, Argument: dirArgument, Given: given, Valid: []string{better},
			Message:    fmt.Sprintf("Nothing was saved: no folder can be called %q on every system.", given),
			Suggestion: fmt.Sprintf("Call it %q in directory, with / between folders, or leave directory out.", better),
		}
	}
	return nil
}
