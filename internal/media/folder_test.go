package media_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"seedance-mcp/internal/media"
	"seedance-mcp/internal/video"
)

func TestFolders(t *testing.T) {
	base := t.TempDir()
	root, movies, outside := filepath.Join(base, "root"), filepath.Join(base, "movies"), filepath.Join(base, "outside")
	for _, dir := range []string{root, movies, outside, filepath.Join(root, "kept: as it is?")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(root, "file"), "")
	for name, to := range map[string]string{
		filepath.Join(root, "out"): outside, filepath.Join(root, "up"): "..", filepath.Join(root, "in"): "within",
		filepath.Join(base, "alias"): root, filepath.Join(root, "dangling"): filepath.Join(outside, "nothing"),
	} {
		if err := os.Symlink(to, name); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(root, "within"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HOME", movies)
	t.Setenv("USERPROFILE", movies)
	r := newRig(t, media.Options{Root: root, Folders: []string{movies, filepath.Join(base, "missing")}})
	tests := map[string]struct {
		dir  string
		want string // the path, or
		code video.Code
		word string
	}{
		"usual":                   {dir: "", want: root},
		"dot":                     {dir: ".", want: root},
		"relative":                {dir: "a/b", want: filepath.Join(root, "a", "b")},
		"back inside":             {dir: "a/../b/", want: filepath.Join(root, "b")},
		"absolute":                {dir: filepath.Join(root, "c"), want: filepath.Join(root, "c")},
		"absolute root":           {dir: root, want: root},
		"other folder":            {dir: movies, want: movies},
		"in another folder":       {dir: movies + "/x/y", want: filepath.Join(movies, "x", "y")},
		"home":                    {dir: "~/z", want: filepath.Join(movies, "z")},
		"by another name":         {dir: filepath.Join(base, "alias"), want: root},
		"a link inside":           {dir: "in/deep", want: filepath.Join(root, "in", "deep")},
		"letters of any script":   {dir: "Füchse/狐", want: filepath.Join(root, "Füchse", "狐")},
		"there already":           {dir: "kept: as it is?", want: filepath.Join(root, "kept: as it is?")},
		"up":                      {dir: "..", code: video.Forbidden, word: root},
		"up and up":               {dir: "../../..", code: video.Forbidden, word: movies},
		"hidden up":               {dir: "a/../../outside", code: video.Forbidden, word: "lead"},
		"outside":                 {dir: outside, code: video.Forbidden, word: movies},
		"beside, same beginning":  {dir: root + "2", code: video.Forbidden},
		"absolute, up":            {dir: root + "/../outside", code: video.Forbidden},
		"link out":                {dir: "out", code: video.Forbidden, word: "Leave directory out"},
		"through a link out":      {dir: "out/x", code: video.Forbidden, word: movies},
		"link up":                 {dir: "up/outside", code: video.Forbidden},
		"absolute link out":       {dir: filepath.Join(root, "out"), code: video.Forbidden},
		"dangling":                {dir: "dangling", code: video.Forbidden},
		"system":                  {dir: "/etc", code: video.Forbidden, word: "/etc"},
		"control":                 {dir: "a\nb", code: video.Invalid},
		"nul":                     {dir: "a\x00b", code: video.Invalid},
		"device":                  {dir: "a/NUL", code: video.Invalid, word: "_NUL"},
		"forbidden characters":    {dir: "a/what?", code: video.Invalid, word: "what-"},
		"dot at the end":          {dir: "a/b./c", code: video.Invalid},
		"space at the end":        {dir: "a /c", code: video.Invalid},
		"hidden":                  {dir: ".ssh", code: video.Invalid},
		"direction marks":         {dir: "a\u202eb", code: video.Invalid},
		"long":                    {dir: strings.Repeat("a", 300), code: video.Invalid},
		"a file":                  {dir: "file", code: video.Invalid, word: "not a folder"},
		"in a file":               {dir: "file/x", code: video.Invalid, word: "not a folder"},
		"an allowed one, missing": {dir: filepath.Join(base, "missing"), code: video.Unavailable, word: "there is no folder"},
	}
	if runtime.GOOS != "windows" {
		tests["other slashes"] = struct {
			dir  string
			want string
			code video.Code
			word string
		}{dir: `a\b`, code: video.Invalid, word: "a-b"}
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := r.Open(tt.dir)
			if tt.code == "" {
				if err != nil || got != tt.want {
					t.Fatalf("got %q %v, want %q", got, err, tt.want)
				}
				if info, err := os.Stat(got); err != nil || !info.IsDir() {
					t.Errorf("the folder: %v %v", info, err)
				}
				return
			}
			fails(t, err, tt.code, tt.word)
			if known, _ := errors.AsType[*video.Error](err); known.Suggestion == "" {
				t.Errorf("no advice: %v", err)
			}
		})
	}
	if entries, err := os.ReadDir(outside); err != nil || len(entries) > 0 {
		t.Errorf("something was made outside: %v %v", entries, err)
	}
}

func TestFetchIntoFolders(t *testing.T) {
	data := clip("fox", 999)
	o := newOrigin(t, whole(data, `"a"`))
	r := local(t)
	file, err := r.Fetch(context.Background(), media.Job{URL: o.link(), Name: "../../fox.mp4", Dir: "day/one", Sidecar: about{}})
	if err != nil {
		t.Fatal(err)
	}
	r.holds(file, data)
	if want := filepath.Join(r.root, "day", "one", "fox.mp4"); file.Path != want {
		t.Errorf("got %s, want %s", file.Path, want)
	}
	_, err = r.Fetch(context.Background(), media.Job{URL: o.link(), Name: "fox", Dir: filepath.Dir(r.root)})
	fails(t, err, video.Forbidden, r.root)
	// A link that carries the name of the result is not followed.
	precious := filepath.Join(r.root, "precious")
	write(t, precious, "mine")
	if err := os.Symlink("precious", filepath.Join(r.root, "fox.mp4")); err != nil {
		t.Fatal(err)
	}
	if file := r.gets(o.link(), data); filepath.Base(file.Path) != "fox-2.mp4" {
		t.Errorf("got %s", file.Path)
	}
	if text, err := os.ReadFile(precious); err != nil || string(text) != "mine" {
		t.Errorf("the linked file: %q %v", text, err)
	}
}

func TestDiskErrors(t *testing.T) {
	for _, tt := range []struct {
		err  error
		code video.Code
		word string
	}{
		{&fs.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}, video.Unavailable, "is full"},
		{&fs.PathError{Op: "open", Path: "x", Err: syscall.EACCES}, video.Unavailable, "cannot be written to"},
		{&fs.PathError{Op: "open", Path: "x", Err: syscall.ENOENT}, video.Unavailable, "there is no folder"},
		{&fs.PathError{Op: "open", Path: "x", Err: syscall.ENOTDIR}, video.Invalid, "not a folder"},
		{&fs.PathError{Op: "open", Path: "x", Err: syscall.ENAMETOOLONG}, video.Invalid, "too long"},
		{&fs.PathError{Op: "open", Path: "x", Err: syscall.EIO}, video.Unavailable, "could not be saved in"},
		{&fs.PathError{Op: "open", Path: "x", Err: fs.ErrClosed}, video.Unavailable, "could not be saved in"},
		{&fs.PathError{Op: "openat", Path: "x", Err: errors.New("path escapes from parent")}, video.Forbidden, "leads out"},
	} {
		err := media.DiskError(tt.err, "/videos")
		fails(t, err, tt.code, tt.word, "/videos")
		if !errors.Is(err, tt.err) {
			t.Errorf("%v: the cause is lost", tt.err)
		}
	}
}
