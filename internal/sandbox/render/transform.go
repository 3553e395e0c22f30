package render

// The integer transforms and quantisation of ITU-T H.264 8.5, for quantisers
// from leastQP on. Blocks are 4×4, row by row.

// leastQP is the finest quantiser whose levels always have a CAVLC code in the
// baseline profile; scaleDC also relies on it.
const leastQP = 12

// The quantisers and their inverses by QP modulo 6, for the three kinds of
// position in a block: both coordinates even, both odd, mixed.
var (
	quantScale   = [6][3]int32{{13107, 5243, 8066}, {11916, 4660, 7490}, {10082, 4194, 6554}, {9362, 3647, 5825}, {8192, 3355, 5243}, {7282, 2893, 4559}}
	dequantScale = [6][3]int32{{10, 16, 13}, {11, 18, 14}, {13, 20, 16}, {14, 23, 18}, {16, 25, 20}, {18, 29, 23}}
	positionKind = [16]int{0, 2, 0, 2, 2, 1, 2, 1, 0, 2, 0, 2, 2, 1, 2, 1}
)

// zigzag is the scan order: the position of the n-th coefficient.
var zigzag = [16]int{0, 1, 4, 8, 5, 2, 3, 6, 9, 12, 13, 10, 7, 11, 14, 15}

// chromaQP is table 8-15: the quantiser of chroma for that of luma.
func chromaQP(qp int) int {
	if qp < 30 {
		return qp
	}
	return int([22]uint8{29, 30, 31, 32, 32, 33, 34, 34, 35, 35, 36, 36, 37, 37, 37, 38, 38, 38, 39, 39, 39, 39}[qp-30])
}

// quantizer quantises and scales back at one QP.
type quantizer struct {
	qp      int
	forward [16]int32 // by position
	inverse [16]int32 // by position, shifted for the QP
	shift   uint
	round   int32
}

func newQuantizer(qp int) quantizer {
	q := quantizer{qp: qp, shift: uint(15 + qp/6)}
	// A third rounds down slightly: the usual choice for intra blocks.
	q.round = (1 << q.shift) / 3
	for i, kind := range positionKind {
		q.forward[i] = quantScale[qp%6][kind]
		q.inverse[i] = dequantScale[qp%6][kind] << (qp / 6)
	}
	return q
}

// level quantises one coefficient.
func (q *quantizer) level(coefficient int32, position int) int32 {
	if coefficient < 0 {
		return -((-coefficient*q.forward[position] + q.round) >> q.shift)
	}
	return (coefficient*q.forward[position] + q.round) >> q.shift
}

// levelDC quantises one coefficient of a transformed DC block, which carries
// one more bit.
func (q *quantizer) levelDC(coefficient int32) int32 {
	scale, round := int64(q.forward[0]), 2*int64(q.round)
	if coefficient < 0 {
		return -int32((int64(-coefficient)*scale + round) >> (q.shift + 1))
	}
	return int32((int64(coefficient)*scale + round) >> (q.shift + 1))
}

// forwardDCT is the core transform of a residual.
func forwardDCT(b *[16]int32) {
	for i := 0; i < 16; i += 4 {
		s03, d03 := b[i]+b[i+3], b[i]-b[i+3]
		s12, d12 := b[i+1]+b[i+2], b[i+1]-b[i+2]
		b[i], b[i+1], b[i+2], b[i+3] = s03+s12, 2*d03+d12, s03-s12, d03-2*d12
	}
	for i := range 4 {
		s03, d03 := b[i]+b[i+12], b[i]-b[i+12]
		s12, d12 := b[i+4]+b[i+8], b[i+4]-b[i+8]
		b[i], b[i+4], b[i+8], b[i+12] = s03+s12, 2*d03+d12, s03-s12, d03-2*d12
	}
}

// inverseDCT turns scaled coefficients into a residual, exactly as decoders do.
func inverseDCT(b *[16]int32) {
	for i := 0; i < 16; i += 4 {
		e, f := b[i]+b[i+2], b[i]-b[i+2]
		g, h := b[i+1]>>1-b[i+3], b[i+1]+b[i+3]>>1
		b[i], b[i+1], b[i+2], b[i+3] = e+h, f+g, f-g, e-h
	}
	for i := range 4 {
		e, f := b[i]+b[i+8], b[i]-b[i+8]
		g, h := b[i+4]>>1-b[i+12], b[i+4]+b[i+12]>>1
		b[i], b[i+4], b[i+8], b[i+12] = (e+h+32)>>6, (f+g+32)>>6, (f-g+32)>>6, (e-h+32)>>6
	}
}

// hadamard4 transforms the 4×4 luma DC coefficients; it is its own inverse but
// for the scale.
func hadamard4(b *[16]int32) {
	for i := 0; i < 16; i += 4 {
		s01, d01 := b[i]+b[i+1], b[i]-b[i+1]
		s23, d23 := b[i+2]+b[i+3], b[i+2]-b[i+3]
		b[i], b[i+1], b[i+2], b[i+3] = s01+s23, s01-s23, d01-d23, d01+d23
	}
	for i := range 4 {
		s01, d01 := b[i]+b[i+4], b[i]-b[i+4]
		s23, d23 := b[i+8]+b[i+12], b[i+8]-b[i+12]
		b[i], b[i+4], b[i+8], b[i+12] = s01+s23, s01-s23, d01-d23, d01+d23
	}
}

// hadamard2 transforms the 2×2 chroma DC coefficients, likewise.
func hadamard2(b *[4]int32) {
	s01, d01, s23, d23 := b[0]+b[1], b[0]-b[1], b[2]+b[3], b[2]-b[3]
	b[0], b[1], b[2], b[3] = s01+s23, d01+d23, s01-s23, d01-d23
}
