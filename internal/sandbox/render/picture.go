package render

// plane is one component of a picture, row by row without gaps.
type plane struct {
	pix    []uint8
	stride int
}

// picture is a 4:2:0 picture of whole macroblocks: luma, Cb, Cr, in limited
// range. What lies beyond the visible size is coded and cropped.
type picture struct {
	mbWidth, mbHeight int
	planes            [3]plane
}

// newPicture makes room for a picture of that many pixels.
func newPicture(width, height int) *picture {
	p := &picture{mbWidth: (width + 15) / 16, mbHeight: (height + 15) / 16}
	for i, side := range [3]int{16, 8, 8} {
		p.planes[i] = plane{
			pix:    make([]uint8, p.mbWidth*side*p.mbHeight*side),
			stride: p.mbWidth * side,
		}
	}
	return p
}

// at is the offset of the first sample of a macroblock whose side is 16 (luma)
// or 8 (chroma) samples.
func (p *plane) at(mbX, mbY, side int) int { return mbY*side*p.stride + mbX*side }

// load copies the square of that side at offset into dst, row by row.
func (p *plane) load(dst []uint8, offset, side int) {
	for y := range side {
		copy(dst[y*side:(y+1)*side], p.pix[offset+y*p.stride:])
	}
}

// store is the reverse of load.
func (p *plane) store(src []uint8, offset, side int) {
	for y := range side {
		copy(p.pix[offset+y*p.stride:], src[y*side:(y+1)*side])
	}
}
