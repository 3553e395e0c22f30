package render

import (
	"math/bits"
	"slices"
)

// chromaDC is the nC that names the chroma DC table.
const chromaDC = -1

// code appends a variable-length code.
func (w *bitWriter) code(c code) {
	n := uint(bits.Len32(uint32(c))) - 1
	w.put(uint32(c)&^(1<<n), n)
}

// residual appends one block of quantised coefficients in scan order (9.2) and
// returns how many are not zero, which is the context of later blocks. There
// are 16 coefficients, 15 without the DC one, or 4 chroma DC ones; nC is the
// context from the neighbours or chromaDC.
func (w *bitWriter) residual(levels []int32, nC int) int {
	// Found from the last to the first, as they are written.
	var found [16]int32
	var places [16]int
	total := 0
	for i, level := range slices.Backward(levels) {
		if level != 0 {
			found[total], places[total] = level, i
			total++
		}
	}
	ones := 0
	for ones < min(total, 3) && (found[ones] == 1 || found[ones] == -1) {
		ones++
	}
	w.coeffToken(total, ones, nC)
	if total == 0 {
		return 0
	}
	for _, level := range found[:ones] {
		w.flag(level < 0)
	}
	w.levels(found[:total], ones)
	if total == len(levels) {
		return total // no room for zeros
	}
	zeros := places[0] + 1 - total // before the last coefficient
	if nC == chromaDC {
		w.code(chromaDCZeros[total-1][zeros])
	} else {
		w.code(totalZeros[total-1][zeros])
	}
	for i := 0; i < total-1 && zeros > 0; i++ {
		run := places[i] - places[i+1] - 1
		w.code(runsBefore[min(zeros, 7)-1][run])
		zeros -= run
	}
	return total
}

// coeffToken appends the numbers of coefficients and of trailing ones.
func (w *bitWriter) coeffToken(total, ones, nC int) {
	switch {
	case nC == chromaDC:
		w.code(chromaDCTokens[total][ones])
	case nC < 2:
		w.code(coeffTokens[0][total][ones])
	case nC < 4:
		w.code(coeffTokens[1][total][ones])
	case nC < 8:
		w.code(coeffTokens[2][total][ones])
	case total == 0:
		w.put(3, 6)
	default:
		w.put(uint32(total-1)<<2|uint32(ones), 6)
	}
}

// levels appends the coefficients after the trailing ones (9.2.2.1). The length
// of the suffix follows the size of the levels seen so far.
func (w *bitWriter) levels(found []int32, ones int) {
	suffix := uint(0)
	if len(found) > 10 && ones < 3 {
		suffix = 1
	}
	for i, level := range found[ones:] {
		magnitude := max(level, -level)
		number := uint32(2*magnitude - 2)
		if level < 0 {
			number++
		}
		if i == 0 && ones < 3 {
			number -= 2 // it cannot be another one
		}
		w.level(number, suffix)
		if suffix == 0 {
			suffix = 1
		}
		if suffix < 6 && magnitude > 3<<(suffix-1) {
			suffix++
		}
	}
}

// level appends one level: a unary prefix and a suffix. Above prefix 15 there
// is no code in this profile; leastQP keeps levels below that.
func (w *bitWriter) level(number uint32, suffix uint) {
	switch {
	case suffix == 0 && number < 14:
		w.put(1, uint(number)+1)
	case suffix == 0 && number < 30:
		w.put(1, 15)
		w.put(number-14, 4)
	case suffix == 0:
		w.put(1, 16)
		w.put(number-30, 12)
	case number < 15<<suffix:
		w.put(1, uint(number>>suffix)+1)
		w.put(number&(1<<suffix-1), suffix)
	default:
		w.put(1, 16)
		w.put(number-15<<suffix, 12)
	}
}
