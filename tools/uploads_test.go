package tools

import (
	"context"
	"encoding/base64"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"seedance-mcp/internal/catalog"
	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/video"
)

// shelf is an Uploader that keeps what it gets.
type shelf struct {
	names, types []string
	bodies       [][]byte
}

func (s *shelf) Upload(_ context.Context, name, contentType string, size int64, body io.Reader) (string, error) {
	content, err := io.ReadAll(body)
	if err != nil {
		return "", err
	}
	if int64(len(content)) != size {
		return "", video.Errorf(video.Internal, "size %d of %d bytes", size, len(content))
	}
	s.names, s.types, s.bodies = append(s.names, name), append(s.types, contentType), append(s.bodies, content)
	return "https://static.example/" + name, nil
}

// quoting is a Service that accepts or refuses every quote.
type quoting struct {
	Service
	err error
}

func (q quoting) Quote(context.Context, string, engine.Wish) (engine.Quotation, error) {
	return engine.Quotation{}, q.err
}

// Enough to be taken for a picture.
const (
	pngHead  = "\x89PNG\r\n\x1a\n0000"
	jpegHead = "\xff\xd8\xff\xe0\x00\x10JFIF\x00"
)

func TestUploads(t *testing.T) {
	folder, outside := t.TempDir(), t.TempDir()
	write := func(dir, name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	inside := write(folder, "cat.png", pngHead)
	secret := write(outside, "secret.png", pngHead)
	script := write(folder, "notes.png", "#!/bin/sh\necho this is no picture at all")
	write(folder, "really.png", jpegHead)
	write(folder, "sound.png", "ID3\x03\x00\x00\x00\x00")
	write(folder, "blob.png", "\x00\x01\x02\x03\xff\xfe\xfd")
	config := write(folder, "config.json", "{}")
	if err := os.Symlink(secret, filepath.Join(folder, "link.png")); err != nil && runtime.GOOS != "windows" {
		t.Fatal(err)
	}
	data := "data:image/png;base64," + base64.StdEncoding.EncodeToString([]byte(pngHead))

	tests := map[string]struct {
		reference string
		refused   string // part of the refusal; "" for accepted
		name      string
	}{
		"absolute path":          {inside, "", "cat.png"},
		"relative path":          {"cat.png", "", "cat.png"},
		"file URL":               {"file://" + filepath.ToSlash(inside), "", "cat.png"},
		"data URI":               {data, "", "reference.png"},
		"data URI, capitals":     {"DATA:IMAGE/PNG;base64," + base64.StdEncoding.EncodeToString([]byte(pngHead)), "", "reference.png"},
		"outside the folder":     {secret, "no such file", ""},
		"up and out":             {"../" + filepath.Base(outside) + "/secret.png", "no such file", ""},
		"a link that leads out":  {"link.png", "no such file", ""},
		"missing":                {"dog.png", "no such file", ""},
		"folder":                 {folder, "no image, video or audio", ""},
		"no media by its name":   {config, "no image, video or audio", ""},
		"text by its content":    {script, "its content is text", ""},
		"sound by its content":   {"sound.png", "its content is audio/mpeg, not image/png", ""},
		"nothing by its content": {"blob.png", "its content is not image/png", ""},
		"data URI of text":       {"data:image/png;base64," + base64.StdEncoding.EncodeToString([]byte("root:x:0:0:root:/root:/bin/sh")), "its content is text", ""},
		"data URI of a video":    {"data:image/png;base64," + base64.StdEncoding.EncodeToString([]byte("\x00\x00\x00\x18ftypisom\x00\x00")), "its content is video/mp4", ""},
		"data URI of a program":  {"data:image/png;base64," + base64.StdEncoding.EncodeToString([]byte("\x7fELF\x02\x01\x01\x00\x00\x00")), "its content is not image/png", ""},
		"data URI of nothing":    {"data:image/png;base64,", "its content is text", ""},
		"a password file":        {"/etc/passwd", "no image, video or audio", ""},
		"data URI not base64":    {"data:image/png,abc", "must look like", ""},
		"data URI damaged":       {"data:image/png;base64,@@@", "damaged", ""},
		"data URI of a page":     {"data:text/html;base64,aaaa", "no media type", ""},
		"wrong family":           {"data:video/mp4;base64,aaaa", "not image", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			taken := &shelf{}
			u := newUploads(Deps{Service: quoting{}, Uploader: taken, LocalFiles: true, Folders: []string{folder}, Now: time.Now})
			wish := engine.Wish{Ask: catalog.Ask{ImageURLs: []string{"https://e.test/first.png", test.reference}}}
			placed, notes, err := u.place(t.Context(), localPrincipal, wish)
			if test.refused != "" {
				if video.CodeOf(err) != video.Invalid || !strings.Contains(err.Error(), test.refused) {
					t.Fatalf("got %v, want a refusal with %q", err, test.refused)
				}
				if len(taken.names) != 0 {
					t.Error("something was uploaded all the same")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want := []string{"https://e.test/first.png", "https://static.example/" + test.name}
			if !slices.Equal(placed.Ask.ImageURLs, want) {
				t.Errorf("got %v, want %v", placed.Ask.ImageURLs, want)
			}
			if len(notes) != 1 || !slices.Equal(taken.types, []string{"image/png"}) || string(taken.bodies[0]) != pngHead {
				t.Errorf("notes %v, types %v", notes, taken.types)
			}
			if wish.Ask.ImageURLs[1] != test.reference {
				t.Error("the caller's list was changed")
			}
		})
	}
}

// TestUploadLimit: one byte too many is refused before anything is uploaded.
func TestUploadLimit(t *testing.T) {
	folder := t.TempDir()
	for name, size := range map[string]int{"fits.png": 30, "large.png": 31} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(pngHead+strings.Repeat("\x00", size-len(pngHead))), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	uri := func(size int) string {
		return "data:image/png;base64," + base64.StdEncoding.EncodeToString([]byte(pngHead+strings.Repeat("\x00", size-len(pngHead))))
	}
	for reference, fits := range map[string]bool{"fits.png": true, "large.png": false, uri(30): true, uri(31): false} {
		taken := &shelf{}
		u := newUploads(Deps{Service: quoting{}, Uploader: taken, LocalFiles: true, Folders: []string{folder}, Now: time.Now})
		u.limit = 30
		_, _, err := u.place(t.Context(), localPrincipal, engine.Wish{Ask: catalog.Ask{ImageURLs: []string{reference}}})
		if (err == nil) != fits || (len(taken.names) == 1) != fits {
			t.Errorf("%.40s: %v, %d uploads; fits: %v", reference, err, len(taken.names), fits)
		}
		if err != nil && !strings.Contains(err.Error(), "100 MiB") {
			t.Errorf("%.40s: the limit is not told: %v", reference, err)
		}
	}
}

// TestUploadOnce: the same file keeps its URL while the upstream keeps the
// upload, or the same order would not be recognised as such.
func TestUploadOnce(t *testing.T) {
	now := time.Now()
	taken := &shelf{}
	u := newUploads(Deps{Service: quoting{}, Uploader: taken, Now: func() time.Time { return now }})
	wish := engine.Wish{Ask: catalog.Ask{ImageURLs: []string{"data:image/png;base64," + base64.StdEncoding.EncodeToString([]byte(pngHead))}}}
	place := func() {
		if _, _, err := u.place(t.Context(), localPrincipal, wish); err != nil {
			t.Fatal(err)
		}
	}
	place()
	now = now.Add(uploadAge)
	place()
	if len(taken.names) != 1 {
		t.Errorf("uploaded %d times within the time, want once", len(taken.names))
	}
	now = now.Add(time.Second)
	place()
	if len(taken.names) != 2 {
		t.Errorf("uploaded %d times, want again after the time", len(taken.names))
	}
}

// TestRefusedWishUploadsNothing: a wish that would be refused costs no upload.
func TestRefusedWishUploadsNothing(t *testing.T) {
	taken := &shelf{}
	refusal := video.Errorf(video.Forbidden, "no")
	u := newUploads(Deps{Service: quoting{err: refusal}, Uploader: taken, Now: time.Now})
	_, _, err := u.place(t.Context(), localPrincipal, engine.Wish{Ask: catalog.Ask{AudioURLs: []string{"data:audio/mpeg;base64,//uQxAAA"}}})
	if video.CodeOf(err) != video.Forbidden || len(taken.names) != 0 {
		t.Errorf("got %v and %d uploads", err, len(taken.names))
	}
}

func TestLocalReferencesWhereTheyCannotBe(t *testing.T) {
	wish := engine.Wish{Ask: catalog.Ask{ImageURLs: []string{"cat.png"}}}
	for name, test := range map[string]struct {
		deps Deps
		want string
	}{
		"no uploads": {Deps{}, "takes public http(s) URLs only"},
		"no files":   {Deps{Uploader: &shelf{}}, "files cannot be read from here"},
	} {
		_, _, err := newUploads(test.deps).pretend(wish)
		if video.CodeOf(err) != video.Invalid || !strings.Contains(err.Error(), test.want) || strings.Count(explain("estimate_cost", err), " again") != 1 || strings.Contains(explain("estimate_cost", err), "generate_video") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestNoAllowedFolder: without folders no file is looked for, and none is named.
func TestNoAllowedFolder(t *testing.T) {
	u := newUploads(Deps{Service: quoting{}, Uploader: &shelf{}, LocalFiles: true, Now: time.Now})
	_, _, err := u.place(t.Context(), localPrincipal, engine.Wish{Ask: catalog.Ask{ImageURLs: []string{"cat.png"}}})
	if video.CodeOf(err) != video.Invalid || !strings.Contains(err.Error(), "files cannot be read from here") || strings.Contains(err.Error(), "()") {
		t.Errorf("got %v", err)
	}
}

// TestMisnamedReferences: a picture of another kind than its name or data URI
// says goes up as what it is.
func TestMisnamedReferences(t *testing.T) {
	for _, test := range []struct{ declared, content, name, mediaType string }{
		{"image/png", jpegHead, "reference.jpg", "image/jpeg"},
		{"image/jpeg", pngHead, "reference.png", "image/png"},
		{"image/webp", "RIFF\x00\x00\x00\x00WEBPVP8 ", "reference.webp", "image/webp"},
		{"video/mp4", "\x00\x00\x00\x14ftypqt  \x00\x00", "reference.mov", "video/quicktime"},
		{"video/quicktime", "\x00\x00\x00\x08wide\x00\x00", "reference.mov", "video/quicktime"},
		{"video/quicktime", "\x00\x00\x00\x18ftypmp42\x00\x00", "reference.mov", "video/quicktime"},
		{"video/mp4", "\x1a\x45\xdf\xa3\x9f\x42\x86\x81", "reference.webm", "video/webm"},
		{"audio/wav", "\xff\xfb\x90\x64\x00", "reference.mp3", "audio/mpeg"},
		{"audio/mpeg", "RIFF\x00\x00\x00\x00WAVEfmt ", "reference.wav", "audio/wav"},
		{"audio/mp4", "\x00\x00\x00\x18ftypM4A \x00\x00", "reference.m4a", "audio/mp4"},
		{"audio/mp4", "\x00\x00\x00\x18ftypisom\x00\x00", "reference.m4a", "audio/mp4"},
		{"image/jpeg", "GIF89a\x01\x00\x01\x00", "", ""},
		{"video/mp4", "\x00\x00\x00\x18ftypheic\x00\x00", "", ""},
		{"audio/mpeg", "\x00\x00\x00\x18ftypqt  \x00\x00", "", ""},
	} {
		got, err := asset{name: "reference.x", mediaType: test.declared, content: []byte(test.content)}.asItIs()
		if test.name == "" {
			if err == nil {
				t.Errorf("%q passed as %s", test.content, test.declared)
			}
			continue
		}
		if err != nil || got.mediaType != test.mediaType {
			t.Errorf("%q as %s: %s %s, %v; want %s", test.content, test.declared, got.name, got.mediaType, err, test.mediaType)
		}
		if got.mediaType != test.declared && got.name != test.name {
			t.Errorf("%q as %s is called %s, want %s", test.content, test.declared, got.name, test.name)
		}
	}
}
