package preview_test

import (
	"bytes"
	"context"
	"image"
	"image/jpeg"
	"testing"

	"seedance-mcp/internal/preview"
	"seedance-mcp/internal/sandbox/render"
	"seedance-mcp/internal/video"
)

// TestLastFrame: the picture is that of the clip's end, in its full size,
// whether the clip is on disk or has to be fetched, and shorter than what is
// looked at or longer.
func TestLastFrame(t *testing.T) {
	ffmpeg(t)
	for name, seconds := range map[string]int{"short": 1, "long": 6} {
		t.Run(name, func(t *testing.T) {
			spec := render.Spec{Width: 640, Height: 360, Seconds: seconds, FPS: 8}
			data := clip(t, spec)
			const link = "https://e.test/clip.mp4"
			maker := preview.New(preview.Options{Source: shelf{link: data}, Limit: unhurried})
			for place, film := range map[string]video.Video{"saved": saved(t, "clip.mp4", data), "fetched": {URL: link}} {
				got, err := maker.LastFrame(t.Context(), film)
				if err != nil {
					t.Fatalf("%s: %v", place, err)
				}
				frame, err := jpeg.Decode(bytes.NewReader(got))
				if err != nil {
					t.Fatal(err)
				}
				if size := frame.Bounds().Size(); size != image.Pt(640, 360) {
					t.Errorf("%s: %v", place, size)
				}
				truth, err := render.Frame(spec, float64(seconds)-1.0/8)
				if err != nil {
					t.Fatal(err)
				}
				if off := difference(frame, truth); off > 12 {
					t.Errorf("%s: %d of 255 away from the clip's own last frame", place, off)
				}
			}
		})
	}
}

// difference is the mean distance of two pictures' pixels, in 255ths.
func difference(a, b image.Image) int {
	sum, n := 0, 0
	for y := a.Bounds().Min.Y; y < a.Bounds().Max.Y; y++ {
		for x := a.Bounds().Min.X; x < a.Bounds().Max.X; x++ {
			r, g, bl, _ := a.At(x, y).RGBA()
			r2, g2, b2, _ := b.At(x, y).RGBA()
			for _, pair := range [][2]uint32{{r, r2}, {g, g2}, {bl, b2}} {
				sum += max(int(pair[0]>>8), int(pair[1]>>8)) - min(int(pair[0]>>8), int(pair[1]>>8))
				n++
			}
		}
	}
	return sum / n
}

func TestLastFrameRefused(t *testing.T) {
	film := saved(t, "clip.mp4", []byte("\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isommp42 and no film"))
	none := preview.New(preview.Options{Source: shelf{}, FFmpeg: "no-such-program"})
	_, err := none.LastFrame(t.Context(), film)
	refused(t, err, video.Unavailable, "ffmpeg is not installed")
	ffmpeg(t)
	maker := preview.New(preview.Options{Source: shelf{}, Limit: unhurried})
	_, err = maker.LastFrame(t.Context(), film)
	refused(t, err, video.Unavailable, "ffmpeg could not decode")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := maker.LastFrame(ctx, film); err == nil {
		t.Error("a picture after the end of the call")
	}
}
