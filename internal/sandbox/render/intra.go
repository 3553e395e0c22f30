package render

// edges are the samples around a macroblock of one component that prediction
// may use: those above, left, and the corner between them.
type edges struct {
	side            int // 16 or 8
	hasTop, hasLeft bool
	top, left       [16]int32
	corner          int32
}

// gather reads the edges of a macroblock out of what was reconstructed before.
func (e *edges) gather(p *plane, mbX, mbY, side int) {
	e.side, e.hasTop, e.hasLeft = side, mbY > 0, mbX > 0
	at := p.at(mbX, mbY, side)
	if e.hasTop {
		for i, v := range p.pix[at-p.stride:][:side] {
			e.top[i] = int32(v)
		}
	}
	if e.hasLeft {
		for i := range side {
			e.left[i] = int32(p.pix[at+i*p.stride-1])
		}
	}
	if e.hasTop && e.hasLeft {
		e.corner = int32(p.pix[at-p.stride-1])
	}
}

// The ways to predict a macroblock. Luma and chroma number them differently.
type prediction int

const (
	predictVertical prediction = iota
	predictHorizontal
	predictDC
	predictPlane
	predictions
)

// lumaMode is Intra16x16PredMode.
func (p prediction) lumaMode() uint32 { return uint32(p) }

// chromaMode is intra_chroma_pred_mode.
func (p prediction) chromaMode() uint32 { return [predictions]uint32{2, 1, 0, 3}[p] }

// possible tells whether the edges that p needs are there.
func (e *edges) possible(p prediction) bool {
	switch p {
	case predictVertical:
		return e.hasTop
	case predictHorizontal:
		return e.hasLeft
	case predictPlane:
		return e.hasTop && e.hasLeft
	default:
		return true
	}
}

// predict fills dst, side×side samples row by row (8.3.3, 8.3.4).
func (e *edges) predict(dst []uint8, p prediction) {
	side := e.side
	switch p {
	case predictVertical:
		for x := range side {
			dst[x] = uint8(e.top[x])
		}
		for y := 1; y < side; y++ {
			copy(dst[y*side:(y+1)*side], dst[:side])
		}
	case predictHorizontal:
		for y := range side {
			fill(dst[y*side:(y+1)*side], e.left[y])
		}
	case predictPlane:
		e.predictPlane(dst)
	default:
		if side == 16 {
			fill(dst[:256], e.mean(0, 0, 16, e.hasTop, e.hasLeft))
			return
		}
		e.predictChromaDC(dst)
	}
}

func fill(dst []uint8, v int32) {
	for i := range dst {
		dst[i] = uint8(v)
	}
}

// mean is the rounded mean of n samples above from x on, of n samples left from
// y on, or of both; the middle grey when there is neither.
func (e *edges) mean(x, y, n int, useTop, useLeft bool) int32 {
	sum, count := int32(0), int32(0)
	if useTop {
		for _, v := range e.top[x : x+n] {
			sum += v
		}
		count += int32(n)
	}
	if useLeft {
		for _, v := range e.left[y : y+n] {
			sum += v
		}
		count += int32(n)
	}
	if count == 0 {
		return 128
	}
	return (sum + count/2) / count
}

// predictChromaDC gives each quarter its own mean. The quarters off the
// diagonal prefer the one edge that they touch.
func (e *edges) predictChromaDC(dst []uint8) {
	for y := 0; y < 8; y += 4 {
		for x := 0; x < 8; x += 4 {
			useTop, useLeft := e.hasTop, e.hasLeft
			if x > y && useTop {
				useLeft = false
			}
			if y > x && useLeft {
				useTop = false
			}
			v := e.mean(x, y, 4, useTop, useLeft)
			for row := y; row < y+4; row++ {
				fill(dst[row*8+x:row*8+x+4], v)
			}
		}
	}
}

// predictPlane fits a slope to the edges: exact for smooth gradients.
func (e *edges) predictPlane(dst []uint8) {
	half := e.side / 2
	across, down := int32(0), int32(0)
	for i := range half {
		before := half - 2 - i
		left, top := e.corner, e.corner
		if before >= 0 {
			left, top = e.left[before], e.top[before]
		}
		across += int32(i+1) * (e.top[half+i] - top)
		down += int32(i+1) * (e.left[half+i] - left)
	}
	if e.side == 16 {
		across, down = (5*across+32)>>6, (5*down+32)>>6
	} else {
		across, down = (34*across+32)>>6, (34*down+32)>>6
	}
	start := 16*(e.left[e.side-1]+e.top[e.side-1]) + 16 - int32(half-1)*(across+down)
	for y := range e.side {
		v := start + int32(y)*down
		row := dst[y*e.side:][:e.side]
		for x := range row {
			row[x] = clip8(v >> 5)
			v += across
		}
	}
}

// clip8 limits v to a byte.
func clip8(v int32) uint8 {
	return uint8(min(max(v, 0), 255))
}

// difference is the sum of absolute differences of two blocks, or something
// above limit as soon as it exceeds that. Blocks are multiples of 64 samples.
func difference(a, b []uint8, limit int) int {
	sum := 0
	for ; len(a) >= 64 && sum <= limit; a, b = a[64:], b[64:] {
		x, y := (*[64]uint8)(a), (*[64]uint8)(b)
		for i := range x {
			d := int(x[i]) - int(y[i])
			sum += max(d, -d)
		}
	}
	return sum
}
