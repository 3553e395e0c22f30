package render

import "image"

// painter keeps the picture that is on screen and repaints only what moves.
type painter struct {
	scene   *scene
	picture *picture
	shown   []layer
	tile    *image.RGBA // one macroblock
	dirty   []bool      // by macroblock
	changed []int
}

func newPainter(s *scene) *painter {
	p := &painter{scene: s, picture: newPicture(s.spec.Width, s.spec.Height), tile: image.NewRGBA(image.Rect(0, 0, 16, 16))}
	p.dirty = make([]bool, p.picture.mbWidth*p.picture.mbHeight)
	return p
}

// advance paints a frame and returns the numbers of the macroblocks that differ
// from the frame painted before, rising; valid until the next call.
func (p *painter) advance(frame int) []int {
	layers := p.scene.at(frame)
	for i, l := range layers {
		switch {
		case i >= len(p.shown):
			p.mark(l.bounds())
		case p.shown[i] != l:
			p.mark(l.since(p.shown[i]))
		}
	}
	p.shown = layers
	p.changed = p.changed[:0]
	for mb, dirty := range p.dirty {
		if !dirty {
			continue
		}
		p.dirty[mb] = false
		if p.repaint(mb) {
			p.changed = append(p.changed, mb)
		}
	}
	return p.changed
}

// mark notes that the macroblocks under area must be painted anew.
func (p *painter) mark(area image.Rectangle) {
	area = area.Intersect(image.Rect(0, 0, p.picture.mbWidth*16, p.picture.mbHeight*16))
	if area.Empty() {
		return
	}
	for y := area.Min.Y / 16; y <= (area.Max.Y-1)/16; y++ {
		for x := area.Min.X / 16; x <= (area.Max.X-1)/16; x++ {
			p.dirty[y*p.picture.mbWidth+x] = true
		}
	}
}

// repaint paints one macroblock and tells whether it changed.
func (p *painter) repaint(mb int) bool {
	mbX, mbY := mb%p.picture.mbWidth, mb/p.picture.mbWidth
	p.tile.Rect = image.Rect(mbX*16, mbY*16, mbX*16+16, mbY*16+16)
	for _, l := range p.shown {
		if l.bounds().Overlaps(p.tile.Rect) {
			l.paint(p.tile)
		}
	}
	var samples [3][256]uint8
	toYCbCr(p.tile.Pix, &samples)
	changed := false
	var old [256]uint8
	for i := range samples {
		side := 16
		if i > 0 {
			side = 8
		}
		plane := &p.picture.planes[i]
		at := plane.at(mbX, mbY, side)
		plane.load(old[:], at, side)
		if n := side * side; string(old[:n]) != string(samples[i][:n]) {
			changed = true
			plane.store(samples[i][:], at, side)
		}
	}
	return changed
}

// toYCbCr converts 16×16 RGBA pixels to BT.709 in limited range, chroma being
// the mean of four pixels. The factors are those of the standard times 65536.
func toYCbCr(pix []uint8, out *[3][256]uint8) {
	pix = pix[:16*16*4]
	for y := 0; y < 16; y += 2 {
		for x := 0; x < 16; x += 2 {
			red, green, blue := 0, 0, 0
			for _, n := range [4]int{16*y + x, 16*y + x + 1, 16*y + x + 16, 16*y + x + 17} {
				r, g, b := int(pix[4*n]), int(pix[4*n+1]), int(pix[4*n+2])
				out[0][n] = uint8((11966*r + 40254*g + 4064*b + 16<<16 + 1<<15) >> 16)
				red, green, blue = red+r, green+g, blue+b
			}
			n := 4*y + x/2
			out[1][n] = uint8((-6596*red - 22189*green + 28785*blue + 128<<18 + 1<<17) >> 18)
			out[2][n] = uint8((28784*red - 26145*green - 2639*blue + 128<<18 + 1<<17) >> 18)
		}
	}
}
