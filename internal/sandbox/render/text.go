package render

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"strings"
	"unicode"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"

	"seedance-mcp/internal/video"
)

// missing stands for glyphs that the font lacks.
const missing = '□'

// typefaces are the fonts that scenes use.
type typefaces struct{ regular, bold *sfnt.Font }

func loadTypefaces() (typefaces, error) {
	var t typefaces
	for _, f := range []struct {
		into *(*sfnt.Font)
		data []byte
	}{{&t.regular, goregular.TTF}, {&t.bold, gobold.TTF}} {
		parsed, err := opentype.Parse(f.data)
		if err != nil {
			return t, fmt.Errorf("parse a built-in font: %w", err)
		}
		*f.into = parsed
	}
	return t, nil
}

// face is the font at a size in pixels.
func face(f *sfnt.Font, size float64) (font.Face, error) {
	made, err := opentype.NewFace(f, &opentype.FaceOptions{Size: size, DPI: 72})
	if err != nil {
		return nil, fmt.Errorf("size a built-in font: %w", err)
	}
	return made, nil
}

// legible makes untrusted text fit for the font: one line without control
// characters, at most limit characters, each run of missing glyphs one box.
func legible(text string, f *sfnt.Font, limit int) string {
	var buffer sfnt.Buffer
	var out strings.Builder
	boxed := false
	for _, r := range video.Clip(text, limit) {
		if unicode.In(r, unicode.Mn, unicode.Me, unicode.Sk) {
			continue // would need shaping; the base character stays
		}
		if glyph, err := f.GlyphIndex(&buffer, r); err != nil || glyph == 0 {
			if !boxed {
				out.WriteRune(missing)
			}
			boxed = true
			continue
		}
		boxed = false
		out.WriteRune(r)
	}
	return out.String()
}

// wrap breaks text into lines no wider than width pixels, at spaces where
// possible.
func wrap(text string, f font.Face, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		joined := word
		if line != "" {
			joined = line + " " + word
		}
		if fits(joined, f, width) {
			line = joined
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		for line = word; !fits(line, f, width); {
			head := cut(line, f, width)
			lines = append(lines, head)
			line = line[len(head):]
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

func fits(text string, f font.Face, width int) bool {
	return font.MeasureString(f, text) <= fixed.I(width)
}

// cut is the longest beginning of text that fits, at least one character.
func cut(text string, f font.Face, width int) string {
	var wide fixed.Int26_6
	before := rune(-1)
	for i, r := range text {
		if before >= 0 {
			wide += f.Kern(before, r)
		}
		advance, _ := f.GlyphAdvance(r) // legible left none without
		wide += advance
		if i > 0 && wide > fixed.I(width) {
			return text[:i]
		}
		before = r
	}
	return text
}

// elide shortens text to the width with an ellipsis, when it does not fit.
func elide(text string, f font.Face, width int) string {
	if fits(text, f, width) {
		return text
	}
	short := cut(text, f, width-font.MeasureString(f, "…").Ceil())
	return strings.TrimRight(short, " ") + "…"
}

// write draws one line of text with its baseline starting at (x, y) pixels; a
// soft shadow of that many pixels, 0 for none, keeps it legible on anything.
func write(text string, f font.Face, ink color.RGBA, x, y float64, shadow int) *sprite {
	dot := fixed.Point26_6{X: fixed.Int26_6(x * 64), Y: fixed.Int26_6(y * 64)}
	box, _ := font.BoundString(f, text)
	box = box.Add(dot)
	area := image.Rect(box.Min.X.Floor(), box.Min.Y.Floor(), box.Max.X.Ceil()+shadow, box.Max.Y.Ceil()+shadow)
	canvas := image.NewRGBA(area)
	drawer := font.Drawer{Dst: canvas, Face: f}
	if shadow > 0 {
		drawer.Src, drawer.Dot = image.NewUniform(color.RGBA{A: 110}), dot.Add(fixed.P(shadow, shadow))
		drawer.DrawString(text)
	}
	drawer.Src, drawer.Dot = image.NewUniform(ink), dot
	drawer.DrawString(text)
	return &sprite{canvas}
}

// stack puts several sprites into one.
func stack(parts []*sprite) *sprite {
	var area image.Rectangle
	for _, part := range parts {
		area = area.Union(part.image.Rect)
	}
	canvas := image.NewRGBA(area)
	for _, part := range parts {
		draw.Draw(canvas, part.image.Rect, part.image, part.image.Rect.Min, draw.Over)
	}
	return &sprite{canvas}
}
