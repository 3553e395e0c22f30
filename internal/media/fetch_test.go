package media_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"seedance-mcp/internal/media"
	"seedance-mcp/internal/video"
)

func TestFetch(t *testing.T) {
	data := clip("fox", 300_000)
	o := newOrigin(t, whole(data, `"a"`))
	r := local(t)
	file := r.gets(o.link(), data)
	if file.Path != filepath.Join(r.root, "fox.mp4") || file.MediaType != "video/mp4" {
		t.Errorf("got %+v", file)
	}
	r.files("fox.mp4", "fox.mp4.json")
	if runtime.GOOS != "windows" {
		for path, want := range map[string]os.FileMode{"": 0o700, "fox.mp4": 0o600, "fox.mp4.json": 0o600} {
			info, err := os.Stat(filepath.Join(r.root, path))
			if err != nil || info.Mode().Perm() != want {
				t.Errorf("%q: %v %v, want %v", path, info.Mode(), err, want)
			}
		}
	}
	text, err := os.ReadFile(file.Path + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var side struct {
		Prompt string
		File   struct {
			Name, SHA256, URL string
			Bytes             int64
			MediaType         string `json:"media_type"`
		}
	}
	if err := json.Unmarshal(text, &side); err != nil {
		t.Fatal(err)
	}
	if side.Prompt != "a fox" || side.File.Name != "fox.mp4" || side.File.SHA256 != sha(data) || side.File.Bytes != int64(len(data)) ||
		side.File.MediaType != "video/mp4" || side.File.URL != o.URL+"/v/fox.mp4" {
		t.Errorf("sidecar: %s", text)
	}
	if bytes.Contains(text, []byte(secret)) {
		t.Errorf("the sidecar shows a signature: %s", text)
	}
}

func TestSidecars(t *testing.T) {
	data := clip("fox", 1000)
	o := newOrigin(t, whole(data, `"a"`))
	tests := map[string]struct {
		value any
		want  string // how the file begins; "": there is none
	}{
		"none":      {nil, ""},
		"object":    {map[string]any{"b": 1, "a": "}"}, `{"a":"}","b":1,"file":{"name":`},
		"empty":     {struct{}{}, `{"file":{"name":`},
		"list":      {[]int{1}, `{"about":[1],"file":{`},
		"null":      {(*about)(nil), `{"about":null,"file":{`},
		"own file":  {map[string]any{"file": 1}, `{"about":{"file":1},"file":{`},
		"raw bytes": {json.RawMessage(`{ "x" : {} }`), `{"x":{},"file":{`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := local(t)
			file, err := r.Fetch(context.Background(), media.Job{URL: o.link(), Name: "fox", Sidecar: tt.value})
			if err != nil {
				t.Fatal(err)
			}
			if tt.want == "" {
				r.files("fox.mp4")
				return
			}
			text, err := os.ReadFile(file.Path + ".json")
			if err != nil {
				t.Fatal(err)
			}
			var flat bytes.Buffer
			if err := json.Compact(&flat, text); err != nil || !strings.HasPrefix(flat.String(), tt.want) {
				t.Errorf("got %s %v, want %s…", flat.String(), err, tt.want)
			}
		})
	}
	if _, err := local(t).Fetch(context.Background(), media.Job{URL: o.link(), Sidecar: func() {}}); err == nil {
		t.Error("a function was written as JSON")
	}
}

func TestTypes(t *testing.T) {
	matroska := func(doc string) []byte {
		return append([]byte("\x1A\x45\xDF\xA3\x9F\x42\x82\x88"+doc), make([]byte, 1000)...)
	}
	quick := append([]byte("\x00\x00\x00\x14ftypqt  \x00\x00\x02\x00qt  "), clip("q", 1000)[24:]...)
	tests := map[string]struct {
		declared string
		data     []byte
		want     string // the file's ending, or
		code     video.Code
		words    []string
	}{
		"mp4":              {declared: "video/mp4", data: clip("a", 999), want: ".mp4"},
		"octets":           {declared: "application/octet-stream", data: clip("a", 999), want: ".mp4"},
		"wrong video type": {declared: "video/webm", data: clip("a", 999), want: ".mp4"},
		"plain text said":  {declared: "text/plain; charset=utf-8", data: clip("a", 999), want: ".mp4"},
		"bad type":         {declared: ";;", data: clip("a", 999), want: ".mp4"},
		"quicktime":        {declared: "video/quicktime", data: quick, want: ".mov"},
		"old quicktime":    {declared: "video/quicktime", data: clip("a", 999)[24:], want: ".mov"},
		"webm":             {declared: "video/webm", data: matroska("webm"), want: ".webm"},
		"matroska":         {declared: "video/x-matroska", data: matroska("matroska"), want: ".mkv"},
		"html":             {declared: "text/html", data: []byte("<!doctype html><title>Wait</title>"), code: video.Unavailable, words: []string{"page", "text/html", "get_task_status"}},
		"html as video":    {declared: "video/mp4", data: []byte("\n <html>wait"), code: video.Unavailable, words: []string{"page"}},
		"json":             {declared: "application/json", data: []byte(`{"error":"try\u0007 later"}`), code: video.Unavailable, words: []string{`{"error":"try`, "page"}},
		"json as octets":   {declared: "application/octet-stream", data: []byte(`{"a":1}`), code: video.Unavailable},
		"xml":              {declared: "application/xml", data: []byte("<Error/>"), code: video.Unavailable},
		"html with head":   {declared: "text/html", data: clip("a", 999), code: video.Unavailable},
		"empty":            {declared: "video/mp4", code: video.Unavailable, words: []string{"empty"}},
		"png":              {declared: "video/mp4", data: []byte("\x89PNG\r\n\x1a\n0123456789"), code: video.Invalid, words: []string{"no video"}},
		"avif":             {declared: "image/avif", data: []byte("\x00\x00\x00\x14ftypavif\x00\x00\x02\x00"), code: video.Invalid},
		"short":            {declared: "video/mp4", data: []byte("\x00\x00\x00"), code: video.Invalid},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			o := newOrigin(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", tt.declared)
				w.Header().Set("ETag", `"a"`)
				w.Write(tt.data)
			})
			r := local(t)
			if tt.code != "" {
				_, err := r.fetch(o.link())
				fails(t, err, tt.code, tt.words...)
				r.files()
				if asked := o.requests(); len(asked) != 1 {
					t.Errorf("asked %d times", len(asked))
				}
				return
			}
			if file := r.gets(o.link(), tt.data); filepath.Ext(file.Path) != tt.want || file.MediaType == "" {
				t.Errorf("got %+v, want %s", file, tt.want)
			}
		})
	}
}

func TestPackedBodiesAreRefused(t *testing.T) {
	o := newOrigin(t, func(w http.ResponseWriter, req *http.Request) {
		if got := req.Header.Get("Accept-Encoding"); got != "identity" {
			t.Errorf("Accept-Encoding: %q", got)
		}
		w.Header().Set("Content-Encoding", "gzip")
		w.Write(clip("a", 999))
	})
	_, err := local(t).fetch(o.link())
	fails(t, err, video.Unavailable, "gzip")
}

func TestStatuses(t *testing.T) {
	tests := []struct {
		status int
		code   video.Code
		tries  int
		word   string
	}{
		{400, video.NotFound, 1, "expired"}, {401, video.NotFound, 1, "expired"}, {403, video.NotFound, 1, "expired"},
		{404, video.NotFound, 1, "expired"}, {410, video.NotFound, 1, "expired"},
		{405, video.Invalid, 1, "refused"}, {451, video.Invalid, 1, "refused"}, {416, video.Invalid, 1, "refused"},
		{408, video.Unavailable, media.MaxTries, "trouble"}, {429, video.Unavailable, media.MaxTries, "trouble"},
		{500, video.Unavailable, media.MaxTries, "trouble"}, {503, video.Unavailable, media.MaxTries, "trouble"},
		{204, video.Unavailable, 1, "without the video"}, {304, video.Unavailable, 1, "without the video"},
		{206, video.Unavailable, 1, "without the video"},
	}
	for _, tt := range tests {
		t.Run(strconv.Itoa(tt.status), func(t *testing.T) {
			o := newOrigin(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(tt.status) })
			r := local(t)
			_, err := r.fetch(o.link())
			fails(t, err, tt.code, tt.word, strconv.Itoa(tt.status))
			if known, _ := errors.AsType[*video.Error](err); known.Status != tt.status {
				t.Errorf("Status = %d", known.Status)
			}
			if asked := o.requests(); len(asked) != tt.tries {
				t.Errorf("asked %d times, want %d", len(asked), tt.tries)
			}
			r.files()
		})
	}
}

func TestTooLarge(t *testing.T) {
	data := clip("fox", 50_000)
	tests := map[string]http.HandlerFunc{
		"told": whole(data, `"a"`),
		"not told": func(w http.ResponseWriter, _ *http.Request) {
			w.Write(data[:100])
			w.(http.Flusher).Flush()
			w.Write(data[100:])
		},
	}
	for name, handle := range tests {
		t.Run(name, func(t *testing.T) {
			o := newOrigin(t, handle)
			r := newRig(t, media.Options{AllowLoopback: true, MaxBytes: int64(len(data) - 1)})
			_, err := r.fetch(o.link())
			fails(t, err, video.Invalid, "larger", strconv.Itoa(len(data)-1))
			r.files()
			exact := newRig(t, media.Options{AllowLoopback: true, MaxBytes: int64(len(data))})
			exact.gets(o.link(), data)
		})
	}
}

func TestLinks(t *testing.T) {
	r := local(t)
	for _, link := range []string{
		"", "fox.mp4", "ftp://cdn.example.com/a", "file:///etc/passwd", "http://", "https:///a", "http:cdn", "http://u:p@cdn.example.com/a",
		"http://cdn.example.com:x/", "https://cdn.example.com/%zz?" + secret, "https://cdn.example.com/" + strings.Repeat("a", 20_000), "data:video/mp4;base64,AAAA", "http://[::1/a",
	} {
		_, err := r.fetch(link)
		fails(t, err, video.Invalid, "link")
	}
	if _, err := os.Stat(r.root); !errors.Is(err, os.ErrNotExist) {
		t.Error("a refused link made a folder")
	}
}

func TestSourceKeys(t *testing.T) {
	key := func(link string) string {
		src, err := media.ParseSource(link)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(src.Shown(), "?") {
			t.Errorf("shown: %s", src.Shown())
		}
		return src.Key()
	}
	base := key("https://CDN.example.com/a?id=1")
	for _, same := range []string{"https://cdn.example.com/a?id=1&X-Amz-Signature=b", "https://cdn.example.com/a?Expires=4&id=1&Signature=x", "https://cdn.example.com/a?id=1#t=5"} {
		if key(same) != base {
			t.Errorf("%s is another video", same)
		}
	}
	for _, other := range []string{"https://cdn.example.com/a?id=2", "https://cdn.example.com/b?id=1", "https://b.example.com/a?id=1", "http://cdn.example.com/a?id=1"} {
		if key(other) == base {
			t.Errorf("%s is the same video", other)
		}
	}
}

func TestOptions(t *testing.T) {
	if _, err := media.New(media.Options{}); video.CodeOf(err) != video.Invalid {
		t.Errorf("no folder: %v", err)
	}
	if _, err := media.New(media.Options{Root: "x", MaxBytes: -1}); video.CodeOf(err) != video.Invalid {
		t.Errorf("negative size: %v", err)
	}
	if _, err := media.New(media.Options{Root: "x"}); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat("x"); !errors.Is(err, os.ErrNotExist) {
		t.Error("New touched the disk")
	}
}
