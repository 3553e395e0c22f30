package render

// clipQP is the quantiser of clips: text stays crisp and gradients smooth, and
// still pictures make it cheap.
const clipQP = 18

// encoder codes pictures of one size as a stream of H.264 NAL units, each behind
// its length in four bytes as MP4 wants it.
type encoder struct {
	width, height, fps, qp int
	chromaShift            int // chroma_qp_index_offset
	mbWidth, mbHeight      int

	luma, chroma quantizer
	reference    *picture // what decoders have, and predict from
	// counts are the numbers of coefficients of each 4×4 block, by component;
	// they choose the code tables of the blocks right of and below them.
	counts   [3][]uint8
	bits     bitWriter
	mb       macroblock
	frameNum int
}

// finerChroma is how much finer than luma chroma is coded: without it a slowly
// changing sky shows bands of other hues.
const finerChroma = 6

func newEncoder(width, height, fps, qp int) *encoder {
	shift := -min(finerChroma, qp-leastQP)
	e := &encoder{
		width: width, height: height, fps: fps, qp: qp, chromaShift: shift,
		luma: newQuantizer(qp), chroma: newQuantizer(chromaQP(qp + shift)),
		reference: newPicture(width, height),
	}
	e.mbWidth, e.mbHeight = e.reference.mbWidth, e.reference.mbHeight
	for i, blocks := range [3]int{16, 4, 4} {
		e.counts[i] = make([]uint8, e.mbWidth*e.mbHeight*blocks)
	}
	return e
}

// key codes a picture that needs no other one. The result is the caller's.
func (e *encoder) key(source *picture) []byte {
	e.frameNum = 0
	e.bits.reset()
	e.bits.sliceHeader(true, 0)
	for mb := range e.mbWidth * e.mbHeight {
		e.macroblock(source, mb, 0)
	}
	return e.unit(nalKey)
}

// delta codes a picture that differs from the one before in the given
// macroblocks only, named by number in rising order. The result is the caller's.
func (e *encoder) delta(source *picture, changed []int) []byte {
	e.frameNum++
	e.bits.reset()
	e.bits.sliceHeader(false, e.frameNum)
	for i := range e.counts {
		clear(e.counts[i]) // skipped macroblocks have no coefficients
	}
	next := 0
	for _, mb := range changed {
		e.bits.ue(uint32(mb - next)) // mb_skip_run
		e.macroblock(source, mb, 5)
		next = mb + 1
	}
	if rest := e.mbWidth*e.mbHeight - next; rest > 0 {
		e.bits.ue(uint32(rest))
	}
	return e.unit(nalDelta)
}

// unit wraps the bits of a slice.
func (e *encoder) unit(header byte) []byte {
	payload := e.bits.finish()
	unit := appendNAL(make([]byte, 4, 5+len(payload)+len(payload)/64), header, payload)
	size := len(unit) - 4
	unit[0], unit[1], unit[2], unit[3] = byte(size>>24), byte(size>>16), byte(size>>8), byte(size)
	return unit
}

// macroblock codes one macroblock as Intra16x16 (7.3.5) and updates reference
// and counts. typeOffset is 0 in key pictures, 5 in others.
func (e *encoder) macroblock(source *picture, mb int, typeOffset uint32) {
	mbX, mbY := mb%e.mbWidth, mb/e.mbWidth
	luma, cb, cr := &e.mb.parts[0], &e.mb.parts[1], &e.mb.parts[2]
	for i := range e.mb.parts {
		side := 16
		if i > 0 {
			side = 8
		}
		e.mb.parts[i].prepare(&source.planes[i], &e.reference.planes[i], mbX, mbY, side)
	}
	lumaMode := choose(luma).lumaMode()
	chromaMode := choose(cb, cr).chromaMode()
	luma.quantize(&e.luma)
	cb.quantize(&e.chroma)
	cr.quantize(&e.chroma)

	mbType := 1 + lumaMode
	if luma.hasAC {
		mbType += 12
	}
	sendChromaAC := cb.hasAC || cr.hasAC
	sendChromaDC := sendChromaAC || cb.hasDC || cr.hasDC
	switch {
	case sendChromaAC:
		mbType += 8
	case sendChromaDC:
		mbType += 4
	}
	e.bits.ue(typeOffset + mbType)
	e.bits.ue(chromaMode)
	e.bits.se(0) // mb_qp_delta

	e.lumaResidual(luma, mbX, mbY)
	if sendChromaDC {
		e.bits.residual(cb.dc[:4], chromaDC)
		e.bits.residual(cr.dc[:4], chromaDC)
	}
	e.chromaResidual(1, cb, mbX, mbY, sendChromaAC)
	e.chromaResidual(2, cr, mbX, mbY, sendChromaAC)

	luma.reconstruct(&e.luma)
	cb.reconstruct(&e.chroma)
	cr.reconstruct(&e.chroma)
	for i := range e.mb.parts {
		part, plane := &e.mb.parts[i], &e.reference.planes[i]
		plane.store(part.result[:], plane.at(mbX, mbY, part.side), part.side)
	}
}

// lumaResidual appends the DC block and, if there are any, the AC blocks.
func (e *encoder) lumaResidual(luma *component, mbX, mbY int) {
	var scan [16]int32
	for i, position := range zigzag {
		scan[i] = luma.dc[position]
	}
	e.bits.residual(scan[:], e.context(0, mbX*4, mbY*4))
	e.blocks(0, luma, mbX*4, mbY*4, luma.hasAC)
}

// chromaResidual appends the AC blocks of one chroma component, if sent.
func (e *encoder) chromaResidual(part int, chroma *component, mbX, mbY int, sent bool) {
	e.blocks(part, chroma, mbX*2, mbY*2, sent)
}

// blocks appends the AC blocks of a component whose first block is at column x
// and row y of all blocks, or notes that there are none.
func (e *encoder) blocks(part int, c *component, x, y int, sent bool) {
	var scan [15]int32
	counts, stride := e.counts[part], e.mbWidth*c.side/4
	for n, offset := range lumaBlocks[:c.side*c.side/16] {
		column, row := x+offset[0]/4, y+offset[1]/4
		if !sent {
			counts[row*stride+column] = 0
			continue
		}
		for i := range scan {
			scan[i] = 0
			if c.blockAC[n] {
				scan[i] = c.ac[n][zigzag[i+1]]
			}
		}
		counts[row*stride+column] = uint8(e.bits.residual(scan[:], e.context(part, column, row)))
	}
}

// context is nC (9.2.1): the mean count of the blocks left and above.
func (e *encoder) context(part, column, row int) int {
	stride := e.mbWidth * 4
	if part > 0 {
		stride = e.mbWidth * 2
	}
	counts := e.counts[part]
	switch at := row*stride + column; {
	case column > 0 && row > 0:
		return int(counts[at-1]+counts[at-stride]+1) / 2
	case column > 0:
		return int(counts[at-1])
	case row > 0:
		return int(counts[at-stride])
	default:
		return 0
	}
}
