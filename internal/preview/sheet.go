package preview

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"time"

	"golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"

	"seedance-mcp/internal/video"
)

const (
	columns = 3
	cells   = columns * columns
	gap     = 4 // pixels between frames
	// stillBox is what a last frame must fit in.
	stillBox = 960
)

// steps are what is tried until a picture is small enough: first a lower
// quality, then fewer pixels. At the last one even noise is.
var steps = []struct {
	scale   float64
	quality int
}{
	{1, 82}, {1, 72}, {1, 60}, {1, 48},
	{0.75, 66}, {0.75, 54}, {0.75, 42},
	{0.5, 60}, {0.5, 45}, {0.5, 30},
	{0.3, 40}, {0.3, 20}, {0.15, 10},
}

// encoded is the picture that paint makes, at the first step at which it is
// small enough.
func encoded(paint func(scale float64) *image.RGBA) (Picture, error) {
	var out bytes.Buffer
	var painted *image.RGBA
	scale := 0.0
	for _, step := range steps {
		if step.scale != scale {
			painted, scale = paint(step.scale), step.scale
		}
		out.Reset()
		if err := jpeg.Encode(&out, painted, &jpeg.Options{Quality: step.quality}); err != nil {
			return Picture{}, fmt.Errorf("code a preview: %w", err)
		}
		if out.Len() <= MaxBytes {
			size := painted.Bounds()
			return Picture{JPEG: out.Bytes(), Width: size.Dx(), Height: size.Dy()}, nil
		}
	}
	return Picture{}, video.Errorf(video.Internal, "a preview of %v does not fit in %d bytes", painted.Bounds(), MaxBytes)
}

// contactSheet shows frames at even distances, the first and the last among
// them, each with its time.
func contactSheet(film *reel) (Picture, error) {
	shown := min(cells, film.seen)
	frames := make([]*image.RGBA, shown)
	times := make([]time.Duration, shown)
	for i := range shown {
		n := 0
		if shown > 1 {
			n = (i*(film.seen-1) + (shown-1)/2) / (shown - 1)
		}
		frames[i], times[i] = film.at(n)
	}
	across := min(columns, shown)
	down := (shown + across - 1) / across
	first := frames[0].Bounds()
	sheet, err := encoded(func(scale float64) *image.RGBA {
		width, height := scaled(first.Dx(), scale), scaled(first.Dy(), scale)
		out := image.NewRGBA(image.Rect(0, 0, across*(width+gap)-gap, down*(height+gap)-gap))
		draw.Draw(out, out.Bounds(), image.NewUniform(color.Gray{0x20}), image.Point{}, draw.Src)
		for i, frame := range frames {
			cell := image.Rect(0, 0, width, height).Add(image.Pt(i%across*(width+gap), i/across*(height+gap)))
			draw.ApproxBiLinear.Scale(out, cell, frame, frame.Bounds(), draw.Src, nil)
			label(out, cell, fmt.Sprintf("%.1f s", times[i].Seconds()))
		}
		return out
	})
	sheet.Times, sheet.Columns = times, across
	return sheet, err
}

func scaled(length int, scale float64) int { return max(1, int(float64(length)*scale)) }

// label writes white on black into the lower left corner of a cell that is
// large enough for it.
func label(out *image.RGBA, cell image.Rectangle, text string) {
	face := basicfont.Face7x13
	width := font.MeasureString(face, text).Ceil()
	if cell.Dx() < width+8 || cell.Dy() < 2*face.Height {
		return
	}
	box := image.Rect(cell.Min.X, cell.Max.Y-face.Height-4, cell.Min.X+width+8, cell.Max.Y)
	draw.Draw(out, box, image.Black, image.Point{}, draw.Src)
	writer := font.Drawer{Dst: out, Src: image.White, Face: face, Dot: fixed.P(box.Min.X+4, box.Max.Y-face.Descent-3)}
	writer.DrawString(text)
}
