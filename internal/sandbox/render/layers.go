package render

import (
	"image"
	"image/color"
	"image/draw"
	"math"
)

// layer is one thing in a picture. Layers are painted over each other, back to
// front; equal layers (==) paint the same.
type layer interface {
	// bounds is where it paints at most.
	bounds() image.Rectangle
	// since is where a picture with it may differ from one that has before in
	// its place.
	since(before layer) image.Rectangle
	// paint paints the part of it that lies within dst, which is opaque.
	paint(dst *image.RGBA)
}

// sky is the backdrop: one colour a row.
type sky struct {
	area image.Rectangle
	rows []color.RGBA
}

func (s *sky) bounds() image.Rectangle { return s.area }

func (s *sky) since(before layer) image.Rectangle { return s.bounds().Union(before.bounds()) }

func (s *sky) paint(dst *image.RGBA) {
	for y := dst.Rect.Min.Y; y < dst.Rect.Max.Y; y++ {
		row := dst.Pix[(y-dst.Rect.Min.Y)*dst.Stride:][:4*dst.Rect.Dx()]
		c := s.rows[min(y, len(s.rows)-1)]
		for i := 0; i < len(row); i += 4 {
			row[i], row[i+1], row[i+2], row[i+3] = c.R, c.G, c.B, c.A
		}
	}
}

// ridge is a line of hills down to the bottom edge.
type ridge struct {
	area image.Rectangle
	tops []int // by column, in 256ths of a pixel
	rows []color.RGBA
}

func (r *ridge) bounds() image.Rectangle { return r.area }

func (r *ridge) since(before layer) image.Rectangle { return r.bounds().Union(before.bounds()) }

func (r *ridge) paint(dst *image.RGBA) {
	area := r.area.Intersect(dst.Rect)
	for y := area.Min.Y; y < area.Max.Y; y++ {
		c := r.rows[min(y, len(r.rows)-1)]
		pixels := dst.Pix[dst.PixOffset(area.Min.X, y):]
		for i, top := range r.tops[area.Min.X:area.Max.X] {
			blend(pixels[4*i:4*i+4], c, (y+1)<<8-top)
		}
	}
}

// blend paints c over an opaque pixel, with an opacity of 0 to 256; less and
// more than that count as the limits.
func blend(pixel []uint8, c color.RGBA, opacity int) {
	switch {
	case opacity <= 0:
	case opacity >= 256:
		pixel[0], pixel[1], pixel[2] = c.R, c.G, c.B
	default:
		pixel[0] = mix8(pixel[0], c.R, opacity)
		pixel[1] = mix8(pixel[1], c.G, opacity)
		pixel[2] = mix8(pixel[2], c.B, opacity)
	}
}

func mix8(from, to uint8, share int) uint8 {
	return uint8((int(from)*(256-share) + int(to)*share + 128) >> 8)
}

// capsule is a horizontal bar with round ends, or a disc when both ends agree.
type capsule struct {
	left, right, y float64 // its axis, in pixels
	radius         float64
	soft           float64 // width of the edge: 1 is crisp, more glows
	color          color.RGBA
	opacity        float64 // 0 to 1
}

func (c capsule) bounds() image.Rectangle {
	reach := c.radius + c.soft/2
	return image.Rect(
		int(math.Floor(c.left-reach)), int(math.Floor(c.y-reach)),
		int(math.Ceil(c.right+reach)), int(math.Ceil(c.y+reach)))
}

func (c capsule) paint(dst *image.RGBA) {
	area := c.bounds().Intersect(dst.Rect)
	reach, core := c.radius+c.soft/2, max(0, c.radius-c.soft/2)
	full := int(256 * c.opacity)
	for y := area.Min.Y; y < area.Max.Y; y++ {
		pixels := dst.Pix[dst.PixOffset(area.Min.X, y):]
		dy := float64(y) + 0.5 - c.y
		for x := area.Min.X; x < area.Max.X; x++ {
			dx := float64(x) + 0.5
			dx -= min(max(dx, c.left), c.right)
			distance := dx*dx + dy*dy
			if distance >= reach*reach {
				continue
			}
			i := 4 * (x - area.Min.X)
			if distance <= core*core {
				blend(pixels[i:i+4], c.color, full)
				continue
			}
			inside := min((reach-math.Sqrt(distance))/c.soft, 1)
			if c.soft > 2 {
				inside *= inside
			}
			blend(pixels[i:i+4], c.color, int(256*inside*c.opacity))
		}
	}
}

func (c capsule) since(before layer) image.Rectangle {
	area := c.bounds().Union(before.bounds())
	old, ok := before.(capsule)
	if !ok {
		return area
	}
	end := min(old.right, c.right)
	if old.right = c.right; old == c {
		area.Min.X = max(area.Min.X, int(end)) // only its right end moved
	}
	return area
}

// sprite is a finished, partly transparent drawing, such as a line of text.
type sprite struct{ image *image.RGBA }

func (s *sprite) bounds() image.Rectangle { return s.image.Rect }

func (s *sprite) since(before layer) image.Rectangle { return s.bounds().Union(before.bounds()) }

func (s *sprite) paint(dst *image.RGBA) {
	draw.Draw(dst, s.image.Rect, s.image, s.image.Rect.Min, draw.Over)
}

// mix is the colour between two, share 0 to 1 of the way.
func mix(from, to color.RGBA, share float64) color.RGBA {
	n := int(256 * min(max(share, 0), 1))
	return color.RGBA{mix8(from.R, to.R, n), mix8(from.G, to.G, n), mix8(from.B, to.B, n), 255}
}
