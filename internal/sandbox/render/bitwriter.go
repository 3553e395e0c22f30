package render

import (
	"encoding/binary"
	"math/bits"
)

// bitWriter gathers bits, most significant first, into bytes.
type bitWriter struct {
	buf     []byte
	pending uint64 // the low held bits are not yet in buf
	held    uint
}

// reset forgets everything and keeps the memory.
func (w *bitWriter) reset() { *w = bitWriter{buf: w.buf[:0]} }

// put appends the low n bits of v; n is at most 32 and v has no higher bits.
func (w *bitWriter) put(v uint32, n uint) {
	w.pending = w.pending<<n | uint64(v)
	w.held += n
	if w.held >= 32 {
		w.held -= 32
		w.buf = binary.BigEndian.AppendUint32(w.buf, uint32(w.pending>>w.held))
	}
}

// ue appends an unsigned Exp-Golomb number (ITU-T H.264, 9.1).
func (w *bitWriter) ue(v uint32) {
	n := uint(bits.Len32(v + 1))
	w.put(0, n-1)
	w.put(v+1, n)
}

// se appends a signed Exp-Golomb number: 0, 1, -1, 2, -2, …
func (w *bitWriter) se(v int32) {
	if v > 0 {
		w.ue(uint32(2*v - 1))
		return
	}
	w.ue(uint32(-2 * v))
}

// flag appends one bit.
func (w *bitWriter) flag(on bool) {
	if on {
		w.put(1, 1)
		return
	}
	w.put(0, 1)
}

// finish appends the stop bit, fills the last byte with zeros and returns all
// bytes, valid until the next reset.
func (w *bitWriter) finish() []byte {
	w.put(1, 1)
	for w.held%8 != 0 {
		w.put(0, 1)
	}
	for w.held > 0 {
		w.held -= 8
		w.buf = append(w.buf, byte(w.pending>>w.held))
	}
	return w.buf
}

// The NAL unit headers that occur: nal_ref_idc 3 and the type.
const (
	nalDelta = 3<<5 | 1
	nalKey   = 3<<5 | 5
	nalSPS   = 3<<5 | 7
	nalPPS   = 3<<5 | 8
)

// appendNAL appends a NAL unit: its header byte and payload. A payload must not
// imitate a start code, so a 3 is put before a byte ≤ 3 that follows two zeros.
func appendNAL(dst []byte, header byte, payload []byte) []byte {
	dst = append(dst, header)
	zeros := 0
	for _, b := range payload {
		if zeros == 2 && b <= 3 {
			dst = append(dst, 3)
			zeros = 0
		}
		dst = append(dst, b)
		if b == 0 {
			zeros++
		} else {
			zeros = 0
		}
	}
	return dst
}
