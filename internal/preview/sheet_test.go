package preview_test

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"io"
	"io/fs"
	"math"
	"os"
	"testing"
	"time"

	"golang.org/x/image/draw"

	"seedance-mcp/internal/preview"
	"seedance-mcp/internal/sandbox/render"
	"seedance-mcp/internal/video"
)

// unhurried is a limit for tests of pictures: how fast ffmpeg is here is not in
// question.
const unhurried = 10 * time.Minute

// TestSheets: whatever the form and length, the sheet shows the clip's own
// pictures at even distances from the first to the last, each where it says.
func TestSheets(t *testing.T) {
	ffmpeg(t)
	maker := preview.New(preview.Options{Source: shelf{}, Limit: unhurried})
	for _, spec := range []render.Spec{
		{Width: 640, Height: 360, Seconds: 5, Prompt: "A fox in the snow"},
		{Width: 270, Height: 480, Seconds: 4, Prompt: "A crane", Seed: 2},
		{Width: 320, Height: 320, Seconds: 30, FPS: 8, Prompt: "A heron", Seed: 3},
		{Width: 588, Height: 252, Seconds: 15, FPS: 8, Seed: 4},
		{Width: 320, Height: 180, Seconds: 60, FPS: 2, Seed: 5},
		{Width: 64, Height: 64, Seconds: 1, FPS: 8, Seed: 6},
	} {
		t.Run(fmt.Sprintf("%dx%d %ds", spec.Width, spec.Height, spec.Seconds), func(t *testing.T) {
			film := saved(t, "clip.mp4", clip(t, spec))
			sheet, err := maker.Preview(t.Context(), film)
			img := shown(t, sheet, err)
			want := min(9, 8*spec.Seconds)
			if len(sheet.Times) != want || sheet.Columns != 3 {
				t.Fatalf("%d frames in %d columns: %v", len(sheet.Times), sheet.Columns, sheet.Times)
			}
			length := time.Duration(spec.Seconds) * time.Second
			even := (length - time.Second/8) / time.Duration(want-1)
			for i, at := range sheet.Times {
				if off := at - time.Duration(i)*even; off.Abs() > even/4+time.Second/8 {
					t.Errorf("frame %d stands at %v, evenly it were %v", i, at, time.Duration(i)*even)
				}
				compare(t, img, sheet, i, spec)
			}
			if sheet.Times[0] != 0 || sheet.Times[want-1] != length-time.Second/8 {
				t.Errorf("from %v to %v of %v", sheet.Times[0], sheet.Times[want-1], length)
			}
		})
	}
}

// compare holds a cell against what the renderer draws at that time, leaving
// out the edges and the label.
func compare(t *testing.T, sheet image.Image, p preview.Picture, cell int, spec render.Spec) {
	t.Helper()
	frame, err := render.Frame(spec, p.Times[cell].Seconds())
	if err != nil {
		t.Fatal(err)
	}
	width, height := (p.Width+4)/3-4, (p.Height+4)/3-4
	want := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.ApproxBiLinear.Scale(want, want.Bounds(), frame, frame.Bounds(), draw.Src, nil)
	origin := image.Pt(cell%3*(width+4), cell/3*(height+4))
	sum, count := 0.0, 0
	for y := 2; y < height-20; y++ {
		for x := 2; x < width-2; x++ {
			a, b := color.GrayModel.Convert(sheet.At(origin.X+x, origin.Y+y)), color.GrayModel.Convert(want.At(x, y))
			sum += math.Abs(float64(a.(color.Gray).Y) - float64(b.(color.Gray).Y))
			count++
		}
	}
	if mean := sum / float64(count); mean > 8 {
		t.Errorf("frame %d differs by %.1f of 255 on average from the clip at %v", cell, mean, p.Times[cell])
	}
}

// TestSheetOfALink: a clip that is not on disk is fetched for it and leaves
// nothing behind.
func TestSheetOfALink(t *testing.T) {
	ffmpeg(t)
	dir := t.TempDir()
	const link = "https://e.test/v.mp4"
	maker := preview.New(preview.Options{Source: shelf{link: clip(t, render.Spec{Width: 320, Height: 180, Seconds: 2})}, Dir: dir, Limit: unhurried})
	for _, path := range []string{"", "/no/such/file.mp4", dir} {
		sheet, err := maker.Preview(t.Context(), video.Video{URL: link, Path: path})
		shown(t, sheet, err)
	}
	_, err := maker.Preview(t.Context(), video.Video{URL: "https://e.test/other.mp4"})
	refused(t, err, video.NotFound, "No such link")
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// copyShelf has copies by their names.
type copyShelf map[string][]byte

func (s copyShelf) Read(_ context.Context, name string, w io.Writer) error {
	data, ok := s[name]
	if !ok {
		return fs.ErrNotExist
	}
	_, err := w.Write(data)
	return err
}

// TestSheetOfACopy: the service's link has ended, the server's copy is there;
// and the other way round.
func TestSheetOfACopy(t *testing.T) {
	ffmpeg(t)
	dir := t.TempDir()
	film := clip(t, render.Spec{Width: 320, Height: 180, Seconds: 2})
	const live = "https://e.test/v.mp4"
	maker := preview.New(preview.Options{Source: shelf{live: film}, Copies: copyShelf{"fox.mp4": film}, Dir: dir, Limit: unhurried})
	for _, v := range []video.Video{{URL: "https://e.test/gone.mp4", Copy: "fox.mp4"}, {URL: live, Copy: "removed.mp4"}, {URL: live}} {
		sheet, err := maker.Preview(t.Context(), v)
		shown(t, sheet, err)
	}
	_, err := maker.Preview(t.Context(), video.Video{URL: "https://e.test/gone.mp4", Copy: "removed.mp4"})
	refused(t, err, video.NotFound, "No such link")
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
