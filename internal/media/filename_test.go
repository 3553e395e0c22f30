package media_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"seedance-mcp/internal/media"
	"seedance-mcp/internal/video"
)

func TestSafeName(t *testing.T) {
	for name, want := range map[string]string{
		"fox": "fox", "my fox": "my fox", "Füchse im Schnee": "Füchse im Schnee", "狐狸": "狐狸", "fox-2": "fox-2", "v1.2": "v1.2",
		"fox.mp4": "fox", "fox.MP4": "fox", "fox.mp4.mp4": "fox", "fox.webm": "fox", "fox.mp4-2": "fox.mp4-2", "fox.txt": "fox.txt",
		"": "video", "..": "video", ".": "video", "...": "video", "  ": "video", ".mp4": "mp4", "-": "video", "/": "video", "\x00": "video",
		"../../etc/passwd": "etc-passwd", `..\..\boot.ini`: "boot.ini", "/etc/passwd": "etc-passwd", `C:\x`: "C-x", "a/b": "a-b", "a//b": "a-b",
		`what? <a> "b" | *`: "what- -a- -b- - -", "fox.": "fox", "fox. . ": "fox", "fox ": "fox", ".hidden": "hidden", "-rf": "rf",
		"a\tb\r\nc": "a b c", "a\x07b": "ab", "a\u202eb": "ab", "a\u200bb": "ab", "a\u2066b\u2069": "ab", "a\xffb": "ab", "a\ufeffb": "ab",
		"CON": "_CON", "con": "_con", "nul.mp4": "_nul", "aux.tar.gz": "_aux.tar.gz", "COM1": "_COM1", "LPT9": "_LPT9", "com¹": "_com¹", "COM": "COM",
		"COM10": "COM10", "console": "console", "prn .x": "_prn .x", "conin$": "_conin$",
		strings.Repeat("a", 300): strings.Repeat("a", 100), strings.Repeat("é", 300): strings.Repeat("é", 50), strings.Repeat("狐", 300): strings.Repeat("狐", 33),
		strings.Repeat("a", 96) + ".mp4x": strings.Repeat("a", 96),
	} {
		if got := media.SafeName(name); got != want {
			t.Errorf("safeName(%q) = %q, want %q", name, got, want)
		}
	}
}

func FuzzSafeName(f *testing.F) {
	for _, seed := range []string{"", "fox.mp4", "..", "CON.mp4", "a/b\\c", "\u202e", "\xff", strings.Repeat("狐.", 99), ". -.mp4", "nul .", "-.-mov"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		got := media.SafeName(name)
		if got == "" || len(got) > 110 || !utf8.ValidString(got) || strings.ContainsAny(got, `<>:"/\|?*`) || strings.TrimRight(got, " .") != got || got[0] == '.' || got[0] == '-' {
			t.Fatalf("safeName(%q) = %q", name, got)
		}
		for _, r := range got {
			if !unicode.IsPrint(r) {
				t.Fatalf("safeName(%q) = %q holds %U", name, got, r)
			}
		}
		if !filepath.IsLocal(got) || filepath.Base(got) != got {
			t.Fatalf("safeName(%q) = %q is no plain name", name, got)
		}
		if again := media.SafeName(got); again != got {
			t.Fatalf("safeName(%q) = %q, and of that %q", name, got, again)
		}
	})
}

// Whatever a model calls a folder, nothing is made outside the allowed ones.
func FuzzDir(f *testing.F) {
	for _, seed := range []string{"", ".", "..", "a/b", "../x", "/etc", "a/../../b", "out/x", "~", "~/x", "\x00", "a\\b", "NUL", "a/./b/", "//x", "ROOT/a", "ROOT/../x", strings.Repeat("a/", 200)} {
		f.Add(seed)
	}
	base := f.TempDir()
	root, outside := filepath.Join(base, "root"), filepath.Join(base, "outside")
	for _, dir := range []string{root, outside} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			f.Fatal(err)
		}
	}
	if err := os.Symlink(outside, filepath.Join(root, "out")); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, dir string) {
		r, err := media.New(media.Options{Root: root})
		if err != nil {
			t.Fatal(err)
		}
		if rest, ok := strings.CutPrefix(dir, "ROOT"); ok {
			dir = root + rest
		}
		got, err := r.Open(dir)
		if err != nil {
			if code := video.CodeOf(err); code != video.Invalid && code != video.Forbidden && code != video.Unavailable {
				t.Fatalf("open(%q): %v", dir, err)
			}
		} else if resolved, err := filepath.EvalSymlinks(got); err != nil || resolved != root && !strings.HasPrefix(resolved, root+string(filepath.Separator)) {
			t.Fatalf("open(%q) = %q, %q %v", dir, got, resolved, err)
		}
		beside, err := os.ReadDir(base)
		inside, err2 := os.ReadDir(outside)
		if err != nil || err2 != nil || len(beside) != 2 || len(inside) != 0 {
			t.Fatalf("open(%q) made something outside: %v %v", dir, beside, inside)
		}
	})
}

// FuzzWhole: whatever the boxes say, the walk ends; and with a box appended
// that lacks its last byte, no file is whole.
func FuzzWhole(f *testing.F) {
	f.Add(clip("a", 100))
	f.Add([]byte("\x00\x00\x00\x01mdat\x00\x00\x00\x00\x00\x00\x00\x10"))
	f.Add([]byte("\x00\x00\x00\x01mdat\xff\xff\xff\xff\xff\xff\xff\xff"))
	f.Add([]byte("\x00\x00\x00\x00mdat123"))
	f.Fuzz(func(t *testing.T, data []byte) {
		media.KindOf(data)
		if _, err := media.Whole(bytes.NewReader(data), int64(len(data))); err != nil {
			t.Fatal(err)
		}
		size := len(data) % 5000
		boxes := append(clip("a", size), clip("b", size)...)
		cut := boxes[:len(boxes)-1-len(data)%(size+8)]
		if ok, err := media.Whole(bytes.NewReader(cut), int64(len(cut))); ok || err != nil {
			t.Fatalf("%d of %d bytes are whole: %v", len(cut), len(boxes), err)
		}
	})
}

func FuzzContentRange(f *testing.F) {
	for _, seed := range []string{"bytes 5-9/10", "bytes 5-9/*", "bytes */10", "", "bytes 9-5/10", "bytes 5-9/5", "bytes -1-9/10"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		start, total, ok := media.ContentRange(text)
		if ok && (start < 0 || total < 0 || total > 0 && total <= start) {
			t.Fatalf("%q: %d of %d", text, start, total)
		}
	})
}

func FuzzLink(f *testing.F) {
	for _, seed := range []string{"https://cdn.example.com/a?X-Amz-Signature=b", "http://u@h/", "//h", "http://[::1]:80/", "data:,"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, link string) {
		src, err := media.ParseSource(link)
		if err != nil {
			if video.CodeOf(err) != video.Invalid {
				t.Fatalf("%q: %v", link, err)
			}
			return
		}
		if strings.ContainsAny(src.Shown(), "?#") || len(src.Key()) != 64 {
			t.Fatalf("%q: shown as %q, key %q", link, src.Shown(), src.Key())
		}
	})
}
