package tools_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image/jpeg"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/preview"
	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
	"seedance-mcp/tools"
)

// smallFox is drawn quickly.
const smallFox = `{"prompt":"A fox in the snow","resolution":"480p","duration":4}`

// needFFmpeg skips by name where ffmpeg is not installed, or fails where
// SEEDANCE_TEST_REQUIRE lists it.
func needFFmpeg(t *testing.T) {
	t.Helper()
	_, err := exec.LookPath("ffmpeg")
	if err == nil {
		return
	}
	if slices.Contains(strings.Split(os.Getenv("SEEDANCE_TEST_REQUIRE"), ","), "ffmpeg") {
		t.Fatalf("ffmpeg is required and not installed: %v", err)
	}
	t.Skip("SKIPPED: ffmpeg is not installed")
}

// look calls preview_video and checks that it answers one text and one JPEG of
// bounded size, and nothing structured.
func (w *world) look(t *testing.T, arguments string) (text string, width, height int) {
	t.Helper()
	raw := request(t, t.Context(), w.srv, "tools/call", `{"name":"preview_video","arguments":`+arguments+`}`)
	var response struct {
		Result struct {
			Content []struct {
				Type, Text, MIMEType string
				Data                 []byte
			}
			StructuredContent json.RawMessage
			IsError           bool
		}
	}
	if err := json.Unmarshal(raw, &response); err != nil {
		t.Fatal(err)
	}
	content := response.Result.Content
	if len(content) != 2 || content[0].Type != "text" || content[1].Type != "image" || content[1].MIMEType != "image/jpeg" ||
		response.Result.IsError || response.Result.StructuredContent != nil {
		t.Fatalf("answered %.400s", raw)
	}
	if n := len(content[1].Data); n == 0 || n > 60<<10 {
		t.Errorf("a picture of %d bytes", n)
	}
	img, err := jpeg.Decode(bytes.NewReader(content[1].Data))
	if err != nil {
		t.Fatal(err)
	}
	return content[0].Text, img.Bounds().Dx(), img.Bounds().Dy()
}

// TestPreview: the model sees the clip that was made, saved or not.
func TestPreview(t *testing.T) {
	needFFmpeg(t)
	for _, save := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, setup{dialect: video.Kinovi, engine: func(o *engine.Options) {
				if !save {
					o.Media = nil
				}
			}})
			defer w.close(t)
			w.fails(t, "preview_video", `{}`, "There is no task yet")
			id := w.works(t, "generate_video", smallFox).text("task_id")
			w.fails(t, "preview_video", `{"task_id":"`+id+`"}`, "no video to look at", "get_task_status", "Do not call generate_video again")
			w.works(t, "get_task_status", `{"wait_seconds":45}`)
			text, width, height := w.look(t, `{}`)
			w.golden(t, "preview_video", answer{Text: text, IsError: true})
			if width != 968 || height != 560 {
				t.Errorf("%d×%d", width, height)
			}
			again, _, _ := w.look(t, `{"id":"`+id+`"}`)
			if !strings.HasPrefix(again, strings.TrimSpace(text)) || !strings.Contains(again, "id was read as task_id") {
				t.Errorf("by its id: %q", again)
			}
			somebody := tools.WithPrincipal(t.Context(), "somebody")
			if got := w.callAs(t, somebody, "preview_video", `{"task_id":"`+id+`"}`); !got.IsError {
				t.Errorf("another principal sees %s", got.Text)
			}
		})
	}
}

// TestPreviewWithoutFFmpeg: the last frame, where the service gives one.
func TestPreviewWithoutFFmpeg(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, setup{dialect: video.Kinovi, ffmpeg: "no-such-program", engine: func(o *engine.Options) { o.Media = nil }})
		defer w.close(t)
		w.works(t, "generate_video", smallFox)
		w.works(t, "get_task_status", `{"wait_seconds":45}`)
		text, width, height := w.look(t, `{}`)
		if !strings.Contains(text, "last frame") || width != 864 || height != 496 {
			t.Errorf("%d×%d: %s", width, height, text)
		}
		now := time.Now()
		frameless := video.Task{
			ID: store.NewID(now), Principal: "local", State: video.Success, Upstream: "0123456789abcdef", UpstreamID: "task_1",
			Request: video.Request{Prompt: "x", Model: "seedance-20"}, CreatedAt: now, Videos: []video.Video{{URL: "https://e.test/v.mp4"}},
		}
		if _, _, err := w.store.Insert(t.Context(), frameless); err != nil {
			t.Fatal(err)
		}
		w.golden(t, "error_preview", w.fails(t, "preview_video", `{"task_id":"`+frameless.ID+`"}`, "ffmpeg is not installed", "get_task_status with task_id="+frameless.ID))
	})
}

// blind is a Previewer that ends as told.
type blind struct{ end func(context.Context) error }

func (blind) SeesClips() bool { return true }

func (b blind) Preview(ctx context.Context, _ video.Video) (preview.Picture, error) {
	return preview.Picture{}, b.end(ctx)
}

// TestPreviewFails: a picture that cannot be made is a refusal that leaves the
// video alone, within the time that a client waits.
func TestPreviewFails(t *testing.T) {
	for name, test := range map[string]struct {
		end   func(context.Context) error
		words string
	}{
		"no clip":  {func(context.Context) error { return video.Errorf(video.NotFound, "The link has expired") }, "The link has expired. The video itself is not affected"},
		"too late": {func(ctx context.Context) error { <-ctx.Done(); return fmt.Errorf("fetch: %w", ctx.Err()) }, "within 45 s"},
		"our own":  {func(context.Context) error { return video.Errorf(video.Internal, "secret") }, "inside the video server"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, setup{
					engine: func(o *engine.Options) { o.Media = nil },
					tools:  func(d *tools.Deps) { d.Preview = blind{test.end} },
				})
				defer w.close(t)
				w.works(t, "generate_video", fox)
				w.works(t, "get_task_status", `{"wait_seconds":45}`)
				begin := time.Now()
				got := w.fails(t, "preview_video", `{}`, test.words)
				if took := time.Since(begin); took > 45*time.Second || strings.Contains(got.Text, "secret") {
					t.Errorf("after %v: %s", took, got.Text)
				}
			})
		})
	}
}
