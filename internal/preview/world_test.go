package preview_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"seedance-mcp/internal/preview"
	"seedance-mcp/internal/sandbox/render"
	"seedance-mcp/internal/video"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// ffmpeg is the installed program. Without it the test is skipped by name, or
// fails where SEEDANCE_TEST_REQUIRE lists it.
func ffmpeg(t testing.TB) string {
	t.Helper()
	path, err := exec.LookPath("ffmpeg")
	if err == nil {
		return path
	}
	if slices.Contains(strings.Split(os.Getenv("SEEDANCE_TEST_REQUIRE"), ","), "ffmpeg") {
		t.Fatalf("ffmpeg is required and not installed: %v", err)
	}
	t.Skip("SKIPPED: ffmpeg is not installed")
	return ""
}

// shelf is a Source that has what it was given.
type shelf map[string][]byte

func (s shelf) Get(_ context.Context, link string, limit int64, w io.Writer) error {
	data, ok := s[link]
	if !ok {
		return video.Errorf(video.NotFound, "No such link: %s.", link)
	}
	if int64(len(data)) > limit {
		return video.Errorf(video.Invalid, "Too large.")
	}
	_, err := w.Write(data)
	return err
}

// clip is a playable film.
func clip(t testing.TB, spec render.Spec) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := render.Encode(&out, spec); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func saved(t testing.TB, name string, data []byte) video.Video {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return video.Video{Path: path, URL: "https://e.test/gone.mp4"}
}

// shown checks what holds for every picture and decodes it.
func shown(t testing.TB, p preview.Picture, err error) image.Image {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if len(p.JPEG) == 0 || len(p.JPEG) > preview.MaxBytes {
		t.Errorf("%d bytes", len(p.JPEG))
	}
	img, err := jpeg.Decode(bytes.NewReader(p.JPEG))
	if err != nil {
		t.Fatal(err)
	}
	if size := img.Bounds(); size.Dx() != p.Width || size.Dy() != p.Height {
		t.Errorf("%v, told as %d×%d", size, p.Width, p.Height)
	}
	return img
}

// noise is the picture that packs worst.
func noise(width, height int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	state := uint32(1)
	for i := range img.Pix {
		state = state*1664525 + 1013904223
		img.Pix[i] = byte(state >> 24)
		if i%4 == 3 {
			img.Pix[i] = 0xFF
		}
	}
	return img
}

func uniform(width, height int, c color.Color) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			img.Set(x, y, c)
		}
	}
	return img
}

// refused checks the code of a refusal and that it says all the words.
func refused(t testing.TB, err error, code video.Code, words ...string) {
	t.Helper()
	known, ok := errors.AsType[*video.Error](err)
	if !ok || known.Code != code {
		t.Fatalf("got %v (%s), want %s", err, video.CodeOf(err), code)
	}
	for _, word := range words {
		if !strings.Contains(known.Message, word) {
			t.Errorf("%q does not say %q", known.Message, word)
		}
	}
}
