package tools_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"

	"seedance-mcp/internal/video"
	"seedance-mcp/tools"
)

// picture is a small PNG.
func picture(t *testing.T) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, image.NewGray(image.Rect(0, 0, 320, 320))); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// newUploadWorld takes uploads, and files of one folder.
func newUploadWorld(t *testing.T, folder string) *world {
	t.Helper()
	return newWorld(t, setup{dialect: video.Kinovi, uploads: true, tools: func(d *tools.Deps) {
		d.LocalFiles, d.Folders = true, []string{folder}
	}})
}

// TestLocalPicture: a file of this machine becomes a URL of the service before
// the order is placed, once, and the order is recognised when it is repeated.
func TestLocalPicture(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		folder := t.TempDir()
		content := picture(t)
		path := filepath.Join(folder, "cat.png")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		w := newUploadWorld(t, folder)
		defer w.close(t)
		written, err := json.Marshal(path)
		if err != nil {
			t.Fatal(err)
		}
		quote := w.works(t, "estimate_cost", `{"prompt":"A cat","image_urls":[`+string(written)+`]}`)
		arguments, err := json.Marshal(quote.Fields["arguments"])
		if err != nil {
			t.Fatal(err)
		}
		ordered := w.works(t, "generate_video", string(arguments))
		if !strings.Contains(ordered.Text, "cat.png is uploaded") {
			t.Errorf("the upload is not told: %s", ordered.Text)
		}
		task, err := w.store.Get(t.Context(), ordered.text("task_id"))
		if err != nil {
			t.Fatal(err)
		}
		if len(task.Request.ImageURLs) != 1 || !strings.HasPrefix(task.Request.ImageURLs[0], "http") || strings.Contains(string(task.Payload), folder) {
			t.Errorf("sent %s", task.Payload)
		}
		uri := "data:image/png;base64," + base64.StdEncoding.EncodeToString(content)
		for _, reference := range []string{path, "cat.png", uri} {
			raw, err := json.Marshal(reference)
			if err != nil {
				t.Fatal(err)
			}
			again := w.works(t, "generate_video", `{"prompt":"A cat","image_url":`+string(raw)+`}`)
			if again.text("duplicate_of") != task.ID {
				t.Errorf("%.30s ordered another: %s", reference, again.Text)
			}
		}
		done := w.works(t, "get_task_status", `{"wait_seconds":45}`)
		if done.text("status") != "success" {
			t.Errorf("end: %s", done.Text)
		}
	})
}

// TestFilesOutsideStayOutside: whatever a path looks like, nothing outside the
// folder is read, and nothing is uploaded or ordered.
func TestFilesOutsideStayOutside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		folder, outside := t.TempDir(), t.TempDir()
		secret := filepath.Join(outside, "secret.png")
		if err := os.WriteFile(secret, picture(t), 0o600); err != nil {
			t.Fatal(err)
		}
		for name, target := range map[string]string{"link.png": secret, "far": outside} {
			if err := os.Symlink(target, filepath.Join(folder, name)); err != nil && runtime.GOOS != "windows" {
				t.Fatal(err)
			}
		}
		w := newUploadWorld(t, folder)
		defer w.close(t)
		for _, reference := range []string{
			secret, "file://" + filepath.ToSlash(secret), "link.png", "far/secret.png", filepath.Join(folder, "link.png"),
			"../" + filepath.Base(outside) + "/secret.png", folder + "/../" + filepath.Base(outside) + "/secret.png", "no.png", "/dev/zero.png",
		} {
			raw, err := json.Marshal(reference)
			if err != nil {
				t.Fatal(err)
			}
			got := w.fails(t, "generate_video", `{"prompt":"A cat","image_urls":`+string(raw)+`}`, "image_urls", "no such file", "public http(s) URL")
			w.fails(t, "estimate_cost", `{"prompt":"A cat","image_urls":`+string(raw)+`}`, "no such file")
			if reference == "link.png" {
				w.golden(t, "error_file_outside", answer{Text: strings.ReplaceAll(got.Text, folder, "FOLDER"), IsError: true})
			}
		}
		if books := w.sandbox.Books(); len(books.Entries) != 0 {
			t.Errorf("%d orders", len(books.Entries))
		}
	})
}
