package render

import "math"

// lumaBlocks are the offsets (x, y) in samples of the sixteen 4×4 luma blocks
// in coding order: quarter by quarter. The first four are those of chroma too.
var lumaBlocks = [16][2]int{
	{0, 0}, {4, 0}, {0, 4}, {4, 4},
	{8, 0}, {12, 0}, {8, 4}, {12, 4},
	{0, 8}, {4, 8}, {0, 12}, {4, 12},
	{8, 8}, {12, 8}, {8, 12}, {12, 12},
}

// component is the state of one colour component while a macroblock is coded:
// what it should be, how it is predicted, what is left, and what decoders see.
type component struct {
	side      int // 16 or 8
	source    [256]uint8
	predicted [256]uint8
	candidate [256]uint8
	result    [256]uint8
	edges     edges
	dc        [16]int32     // quantised DC levels, in raster order of the blocks
	ac        [16][16]int32 // quantised levels of each block in coding order, by position; [0] unused
	hasDC     bool
	hasAC     bool
	blockAC   [16]bool
}

// prepare loads the source samples and the edges.
func (c *component) prepare(source, reconstructed *plane, mbX, mbY, side int) {
	c.side = side
	source.load(c.source[:], source.at(mbX, mbY, side), side)
	c.edges.gather(reconstructed, mbX, mbY, side)
}

// cost is how far prediction p is from the source, roughly when above limit;
// the prediction is left in candidate.
func (c *component) cost(p prediction, limit int) int {
	n := c.side * c.side
	c.edges.predict(c.candidate[:n], p)
	return difference(c.source[:n], c.candidate[:n], limit)
}

// quantize transforms the difference between source and prediction.
func (c *component) quantize(q *quantizer) {
	blocks := c.side * c.side / 16
	c.hasDC, c.hasAC = false, false
	var dc [16]int32
	for n, offset := range lumaBlocks[:blocks] {
		block := &c.ac[n]
		at := offset[1]*c.side + offset[0]
		residue := int32(0)
		for y := range 4 {
			source, predicted := c.source[at:at+4], c.predicted[at:at+4]
			for x := range 4 {
				d := int32(source[x]) - int32(predicted[x])
				block[4*y+x] = d
				residue |= d
			}
			at += c.side
		}
		c.blockAC[n] = false
		if residue == 0 {
			continue
		}
		forwardDCT(block)
		dc[offset[1]/4*(c.side/4)+offset[0]/4] = block[0]
		block[0] = 0
		nonzero := int32(0)
		for i := 1; i < 16; i++ {
			block[i] = q.level(block[i], i)
			nonzero |= block[i]
		}
		c.blockAC[n] = nonzero != 0
		c.hasAC = c.hasAC || nonzero != 0
	}
	c.quantizeDC(q, &dc, blocks)
}

// quantizeDC transforms the means of the blocks once more.
func (c *component) quantizeDC(q *quantizer, dc *[16]int32, blocks int) {
	if blocks == 16 {
		hadamard4(dc)
		for i := range dc {
			dc[i] >>= 1
		}
	} else {
		four := (*[4]int32)(dc[:4])
		hadamard2(four)
	}
	for i, v := range dc[:blocks] {
		c.dc[i] = q.levelDC(v)
		c.hasDC = c.hasDC || c.dc[i] != 0
	}
}

// reconstruct computes result from prediction and levels as decoders do.
func (c *component) reconstruct(q *quantizer) {
	blocks := c.side * c.side / 16
	if !c.hasDC && !c.hasAC {
		c.result = c.predicted
		return
	}
	dc := c.dc
	if blocks == 16 {
		hadamard4(&dc)
		for i := range dc {
			dc[i] = dc[i] * q.inverse[0] >> 2
		}
	} else {
		four := (*[4]int32)(dc[:4])
		hadamard2(four)
		for i := range four {
			four[i] = four[i] * q.inverse[0] >> 1
		}
	}
	var block [16]int32
	for n, offset := range lumaBlocks[:blocks] {
		block[0] = dc[offset[1]/4*(c.side/4)+offset[0]/4]
		if c.blockAC[n] {
			for i := 1; i < 16; i++ {
				block[i] = c.ac[n][i] * q.inverse[i]
			}
		} else {
			clear(block[1:])
		}
		inverseDCT(&block)
		at := offset[1]*c.side + offset[0]
		for y := range 4 {
			predicted, result := c.predicted[at:at+4], c.result[at:at+4]
			for x := range 4 {
				result[x] = clip8(int32(predicted[x]) + block[4*y+x])
			}
			at += c.side
		}
	}
}

// macroblock codes macroblocks; it is scratch memory, used for one after the other.
type macroblock struct {
	parts [3]component // luma, Cb, Cr
}

// choose picks the prediction of least difference over the given components
// and leaves it in each of them. All have the same edges available.
func choose(parts ...*component) prediction {
	best, least := predictDC, math.MaxInt
	for p := range predictions {
		if !parts[0].edges.possible(p) {
			continue
		}
		cost := 0
		for _, part := range parts {
			cost += part.cost(p, least-cost)
		}
		if cost < least {
			best, least = p, cost
			for _, part := range parts {
				part.predicted, part.candidate = part.candidate, part.predicted
			}
		}
		if least == 0 {
			break
		}
	}
	return best
}
