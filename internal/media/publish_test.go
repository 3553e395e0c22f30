package media_test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"seedance-mcp/internal/media"
	"seedance-mcp/internal/video"
)

// The same video again costs no request; another one under that name gets a
// name of its own, and the same bytes from elsewhere do not.
func TestNamesInUse(t *testing.T) {
	fox, owl := clip("fox", 5000), clip("owl", 5000)
	o := newOrigin(t, func(w http.ResponseWriter, req *http.Request) {
		if strings.Contains(req.URL.Path, "owl") {
			whole(owl, `"o"`)(w, req)
			return
		}
		whole(fox, `"f"`)(w, req)
	})
	r := local(t)
	first := r.gets(o.link(), fox)
	o.requests()
	if again := r.gets(o.URL+"/v/fox.mp4?X-Amz-Signature=new", fox); again != first {
		t.Errorf("again: %+v, first %+v", again, first)
	}
	if asked := o.requests(); len(asked) != 0 {
		t.Errorf("a saved video was asked for: %q", asked)
	}
	if second := r.gets(o.URL+"/owl.mp4", owl); filepath.Base(second.Path) != "fox-2.mp4" {
		t.Errorf("another video became %s", second.Path)
	}
	if same := r.gets(o.URL+"/copy.mp4", fox); same != first {
		t.Errorf("the same bytes: %+v, first %+v", same, first)
	}
	r.files("fox.mp4", "fox.mp4.json", "fox-2.mp4", "fox-2.mp4.json")

	// A file that was changed since is left alone.
	if err := os.WriteFile(first.Path, bytes.Repeat([]byte("x"), len(fox)), 0o600); err != nil {
		t.Fatal(err)
	}
	if third := r.gets(o.link(), fox); filepath.Base(third.Path) != "fox-3.mp4" {
		t.Errorf("beside a changed file it became %s", third.Path)
	}
}

func TestStrangersFilesStay(t *testing.T) {
	data := clip("fox", 5000)
	o := newOrigin(t, whole(data, `"f"`))
	r := local(t)
	strange := map[string]string{"fox.mp4": "mine", "fox-2.mp4.json": `{"file":"mine"}`, "fox-4.mp4": ""}
	if err := os.MkdirAll(filepath.Join(r.root, "fox-3.mp4"), 0o700); err != nil { // a folder of that name
		t.Fatal(err)
	}
	for name, text := range strange {
		if err := os.WriteFile(filepath.Join(r.root, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if file := r.gets(o.link(), data); filepath.Base(file.Path) != "fox-5.mp4" {
		t.Errorf("it became %s", file.Path)
	}
	for name, text := range strange {
		if got, err := os.ReadFile(filepath.Join(r.root, name)); err != nil || string(got) != text {
			t.Errorf("%s: %q %v", name, got, err)
		}
	}
}

// Without locks nothing is resumed by a later fetch and nothing mixed; without
// links no other file is replaced either.
func TestPoorDisks(t *testing.T) {
	data := clip("fox", 200_000)
	for name, lacks := range map[string][2]bool{"no locks": {true, false}, "no links": {false, true}, "neither": {true, true}} {
		t.Run(name, func(t *testing.T) {
			o := newOrigin(t, cutAt(50_000, data, `"a"`))
			r := local(t)
			r.OnPoorDisk(lacks[0], lacks[1])
			if err := os.Mkdir(r.root, 0o700); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(r.root, "fox.mp4"), "mine")
			var group sync.WaitGroup
			for range 4 {
				group.Go(func() {
					if file, err := r.fetch(o.link()); err != nil || file.SHA256 != sha(data) || filepath.Base(file.Path) != "fox-2.mp4" {
						t.Errorf("%+v %v", file, err)
					}
				})
				if lacks[0] && lacks[1] {
					group.Wait() // at once, they might see a name taken before its file is there
				}
			}
			group.Wait()
			r.files("fox.mp4", "fox-2.mp4", "fox-2.mp4.json")
			if text, err := os.ReadFile(filepath.Join(r.root, "fox.mp4")); err != nil || string(text) != "mine" {
				t.Errorf("another file: %q %v", text, err)
			}
			o.serve(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("ETag", `"b"`)
				breakOff(w, 50_000, data)
			})
			_, err := r.fetch(o.URL + "/other")
			fails(t, err, video.Unavailable, "broke off")
			want := []string{"fox.mp4", "fox-2.mp4", "fox-2.mp4.json"}
			if !lacks[0] {
				want = append(want, filepath.Base(r.part()), filepath.Base(r.part())+".json")
			}
			r.files(want...)
		})
	}
}

// Many fetches of one video at once cost one request and give one file; those
// of different videos under one name give each its own.
func TestAtOnce(t *testing.T) {
	fox, owl := clip("fox", 200_000), clip("owl", 200_000)
	o := newOrigin(t, func(w http.ResponseWriter, req *http.Request) {
		if strings.Contains(req.URL.Path, "owl") {
			whole(owl, `"o"`)(w, req)
			return
		}
		whole(fox, `"f"`)(w, req)
	})
	r := local(t)
	other := newRig(t, media.Options{AllowLoopback: true, Root: r.root})
	var group sync.WaitGroup
	var mu sync.Mutex
	paths := map[string]int{}
	for i := range 12 {
		group.Go(func() {
			from := []*rig{r, other}[i%2]
			link, want := o.link(), fox
			if i%3 == 0 {
				link, want = o.URL+"/owl.mp4", owl
			}
			file, err := from.fetch(link)
			if err != nil {
				t.Error(err)
				return
			}
			if file.SHA256 != sha(want) {
				t.Errorf("a mixed file: %+v", file)
			}
			mu.Lock()
			defer mu.Unlock()
			paths[fmt.Sprint(file.Path, file.SHA256)]++
		})
	}
	group.Wait()
	if len(paths) != 2 {
		t.Errorf("files: %v", paths)
	}
	if asked := o.requests(); len(asked) != 2 {
		t.Errorf("asked %d times for two videos", len(asked))
	}
	r.files("fox.mp4", "fox.mp4.json", "fox-2.mp4", "fox-2.mp4.json")
}
