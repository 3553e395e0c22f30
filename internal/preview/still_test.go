package preview_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"seedance-mcp/internal/preview"
	"seedance-mcp/internal/video"
)

const frameLink = "https://e.test/last"

// withoutFFmpeg has only last frames.
func withoutFFmpeg(frame []byte) *preview.Maker {
	return preview.New(preview.Options{Source: shelf{frameLink: frame}, FFmpeg: "no-such-program"})
}

func pngOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestLastFrames: any picture becomes a small JPEG of the same form.
func TestLastFrames(t *testing.T) {
	var jpg bytes.Buffer
	if err := jpeg.Encode(&jpg, uniform(1280, 720, color.RGBA{0, 0, 200, 255}), nil); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		frame         []byte
		width, height int // 0: whatever fits
	}{
		"PNG":          {pngOf(t, uniform(1280, 720, color.RGBA{200, 0, 0, 255})), 960, 540},
		"JPEG":         {jpg.Bytes(), 960, 540},
		"upright":      {pngOf(t, uniform(720, 1280, color.White)), 540, 960},
		"small":        {pngOf(t, uniform(64, 32, color.White)), 64, 32},
		"a line":       {pngOf(t, uniform(4000, 1, color.White)), 960, 1},
		"grey, 16 bit": {pngOf(t, image.NewGray16(image.Rect(0, 0, 100, 100))), 100, 100},
		"noise":        {pngOf(t, noise(2000, 2000)), 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			maker := withoutFFmpeg(test.frame)
			if maker.SeesClips() {
				t.Error("a program that does not exist is found")
			}
			still, err := maker.Preview(t.Context(), video.Video{URL: "https://e.test/v.mp4", LastFrameURL: frameLink})
			shown(t, still, err)
			if test.width != 0 && (still.Width != test.width || still.Height != test.height) {
				t.Errorf("%d×%d, want %d×%d", still.Width, still.Height, test.width, test.height)
			}
			if still.Times != nil {
				t.Errorf("a last frame has times: %v", still.Times)
			}
		})
	}
}

func TestLastFrameOfWebP(t *testing.T) {
	path := filepath.Join(t.TempDir(), "frame.webp")
	if out, err := exec.Command(ffmpeg(t), "-v", "error", "-f", "lavfi", "-i", "color=red:s=64x48", "-frames:v", "1", path).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	frame, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	still, err := withoutFFmpeg(frame).Preview(t.Context(), video.Video{LastFrameURL: frameLink})
	if r, g, _, _ := shown(t, still, err).At(30, 20).RGBA(); r < 0xE000 || g > 0x2000 {
		t.Errorf("red became %x %x", r, g)
	}
}

func TestTransparencyIsWhite(t *testing.T) {
	still, err := withoutFFmpeg(pngOf(t, image.NewNRGBA(image.Rect(0, 0, 40, 40)))).Preview(t.Context(), video.Video{LastFrameURL: frameLink})
	if r, g, b, _ := shown(t, still, err).At(20, 20).RGBA(); min(r, g, b) < 0xF000 {
		t.Errorf("transparent became %x %x %x", r, g, b)
	}
}

// TestLastFramesFromOutside: nothing that is no small picture is unpacked.
func TestLastFramesFromOutside(t *testing.T) {
	whole := pngOf(t, uniform(200, 200, color.White))
	for name, test := range map[string]struct {
		frame []byte
		words string
	}{
		"a page":             {[]byte("<html>expired</html>"), "no PNG, JPEG or WebP"},
		"nothing":            {nil, "no PNG, JPEG or WebP"},
		"a drawing":          {[]byte(`<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>`), "no PNG, JPEG or WebP"},
		"half of a picture":  {whole[:len(whole)/2], "damaged"},
		"a head alone":       {whole[:20], "damaged"},
		"many pixels":        {vast(200_000, 200_000), "too many pixels"},
		"many pixels across": {vast(1<<31-1, 1), "too many pixels"},
	} {
		_, err := withoutFFmpeg(test.frame).Preview(t.Context(), video.Video{LastFrameURL: frameLink})
		t.Run(name, func(t *testing.T) { refused(t, err, video.Unavailable, test.words) })
	}
}

// vast is the head of a PNG that says to be that large.
func vast(width, height uint32) []byte {
	head := []byte("IHDR")
	head = binary.BigEndian.AppendUint32(head, width)
	head = binary.BigEndian.AppendUint32(head, height)
	head = append(head, 8, 2, 0, 0, 0)
	out := binary.BigEndian.AppendUint32([]byte("\x89PNG\r\n\x1a\n"), 13)
	out = append(out, head...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(head))
}
