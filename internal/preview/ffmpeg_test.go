//go:build unix

package preview_test

import (
	"context"
	"errors"
	"image/color"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"seedance-mcp/internal/preview"
	"seedance-mcp/internal/sandbox/render"
	"seedance-mcp/internal/video"
)

// script is a program that stands for ffmpeg.
func script(t *testing.T, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ffmpeg")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestFFmpegFails: what it says is told, and the last frame stands in where
// there is one.
func TestFFmpegFails(t *testing.T) {
	t.Setenv("SEEDANCE_API_KEY", "sk-test-not-a-real-key")
	film := saved(t, "clip.mp4", []byte("\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isommp42 and no film"))
	frame := shelf{frameLink: pngOf(t, uniform(100, 50, color.White))}
	for name, test := range map[string]struct{ program, words string }{
		"says why":          {script(t, "echo first >&2; echo 'moov atom not found' >&2; exit 1"), "moov atom not found"},
		"says nothing":      {script(t, "exit 1"), "no picture"},
		"sees no secrets":   {script(t, `echo "key: <$SEEDANCE_API_KEY> $HTTPS_PROXY" >&2; exit 1`), "key: <>"},
		"writes no files":   {script(t, `(echo x > "$0.written") 2>/dev/null && [ -s "$0.written" ] && echo written >&2 || echo refused >&2`), "refused"},
		"gives nonsense":    {script(t, "echo hello; exit 0"), "ffmpeg could not decode"},
		"gives no end":      {script(t, "while :; do echo nonsense; done"), "ffmpeg could not decode"},
		"gives large ones":  {script(t, `printf 'P6\n99999 99999\n255\n'`), "ffmpeg could not decode"},
		"gives half of one": {script(t, `printf 'P6\n2 2\n255\nab'`), "ffmpeg could not decode"},
		"complains at once": {script(t, "head -c 100000 /dev/zero | tr '\\0' x >&2; exit 1"), "xxx"},
		"the real one":      {ffmpeg(t), "ffmpeg could not decode"},
	} {
		t.Run(name, func(t *testing.T) {
			maker := preview.New(preview.Options{Source: frame, FFmpeg: test.program})
			_, err := maker.Preview(t.Context(), film)
			refused(t, err, video.Unavailable, test.words)
			if len(err.Error()) > 400 {
				t.Errorf("a long complaint: %d bytes", len(err.Error()))
			}
			withFrame := film
			withFrame.LastFrameURL = frameLink
			still, err := maker.Preview(t.Context(), withFrame)
			shown(t, still, err)
			withFrame.LastFrameURL = "https://e.test/expired"
			_, err = maker.Preview(t.Context(), withFrame)
			refused(t, err, video.Unavailable, test.words)
		})
	}
}

// TestFilesThatAreNoClips: a list of other files, as which ffmpeg would read
// secrets for whoever wrote it, is not given to it.
func TestFilesThatAreNoClips(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret.txt")
	if err := os.WriteFile(secret, []byte("s3cret"), 0o600); err != nil {
		t.Fatal(err)
	}
	maker := preview.New(preview.Options{Source: shelf{}, FFmpeg: script(t, "echo was asked >&2; exit 1")})
	for name, content := range map[string]string{
		"playlist": "#EXTM3U\n#EXTINF:1,\nfile://" + secret + "\n", "concat": "ffconcat version 1.0\nfile " + secret + "\n",
		"nothing": "", "page": "<html></html>", "picture": "\x89PNG\r\n\x1a\n0000",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := maker.Preview(t.Context(), saved(t, "clip.mp4", []byte(content)))
			refused(t, err, video.Unavailable, "no MP4")
		})
	}
}

// TestPreviewEndsWithItsCall: whoever asked is not waited for, nor the program.
func TestPreviewEndsWithItsCall(t *testing.T) {
	film := saved(t, "clip.mp4", clip(t, render.Spec{Width: 64, Height: 64, Seconds: 1, FPS: 1}))
	maker := preview.New(preview.Options{Source: shelf{}, FFmpeg: script(t, "exec sleep 3600")})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 3)
	for range 3 { // the third waits for one of the others
		go func() {
			_, err := maker.Preview(ctx, film)
			ended <- err
		}()
	}
	time.AfterFunc(50*time.Millisecond, cancel)
	for range 3 {
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	}
}

// TestPreviewEndsAtItsLimit: a program that hangs is not waited for.
func TestPreviewEndsAtItsLimit(t *testing.T) {
	film := saved(t, "clip.mp4", clip(t, render.Spec{Width: 64, Height: 64, Seconds: 1, FPS: 1}))
	maker := preview.New(preview.Options{Source: shelf{}, FFmpeg: script(t, "exec sleep 3600"), Limit: 50 * time.Millisecond})
	_, err := maker.Preview(t.Context(), film)
	refused(t, err, video.Unavailable, "took too long")
}

// TestDamagedClips: what can be seen is shown.
func TestDamagedClips(t *testing.T) {
	ffmpeg(t)
	data := clip(t, render.Spec{Width: 320, Height: 180, Seconds: 4, FPS: 8})
	maker := preview.New(preview.Options{Source: shelf{}, Limit: unhurried})
	sheet, err := maker.Preview(t.Context(), saved(t, "cut.mp4", data[:len(data)*3/4]))
	shown(t, sheet, err)
	if last := sheet.Times[len(sheet.Times)-1]; last < time.Second || last >= 4*time.Second {
		t.Errorf("of three quarters of 4 s the last frame is at %v", last)
	}
	_, err = maker.Preview(t.Context(), saved(t, "head.mp4", data[:400]))
	refused(t, err, video.Unavailable, "ffmpeg could not decode")
	if strings.Contains(err.Error(), "head.mp4") {
		t.Logf("told: %v", err)
	}
}
