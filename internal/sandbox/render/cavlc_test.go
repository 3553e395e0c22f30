package render

import (
	"fmt"
	"strings"
	"testing"
)

// Worked examples of CAVLC from the literature (Richardson, "The H.264 Advanced
// Video Compression Standard").
func TestResidualExamples(t *testing.T) {
	for _, c := range []struct {
		levels []int32
		nC     int
		want   string
		total  int
	}{
		{[]int32{0, 3, 0, 1, -1, -1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0}, 0, "000010001110010111101101", 5},
		{[]int32{-2, 4, 3, -3, 0, 0, -1, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 0, "000000011010001001000010111001100", 5},
		{[]int32{0, 0, 0, 1, 0, 1, 0, 0, 0, -1, 0, 0, 0, 0, 0, 0}, 0, "0001110001110010", 3},
		{make([]int32, 16), 0, "1", 0},
		{make([]int32, 16), 8, "000011", 0},
		{[]int32{0, 0, 0, 0}, chromaDC, "01", 0},
		{[]int32{1, 0, 0, 0}, chromaDC, "101", 1},
	} {
		var w bitWriter
		total := w.residual(c.levels, c.nC)
		if got := bitText(&w); got != c.want || total != c.total {
			t.Errorf("%v: %d coefficients in %s, want %d in %s", c.levels, total, got, c.total, c.want)
		}
	}
}

// bitText shows what was written so far, without a stop bit.
func bitText(w *bitWriter) string {
	n := len(w.buf)*8 + int(w.held)
	var text strings.Builder
	for _, b := range w.finish() {
		fmt.Fprintf(&text, "%08b", b)
	}
	return text.String()[:n]
}

// No code may begin another one of its table, or nobody could tell them apart;
// and a table with all codes must use up nearly all bit patterns.
func TestCodesArePrefixFree(t *testing.T) {
	tables := map[string][]code{}
	for i, table := range coeffTokens {
		for _, row := range table {
			tables[fmt.Sprint("coeffTokens ", i)] = append(tables[fmt.Sprint("coeffTokens ", i)], row[:]...)
		}
	}
	for _, row := range chromaDCTokens {
		tables["chromaDCTokens"] = append(tables["chromaDCTokens"], row[:]...)
	}
	for i, row := range totalZeros {
		tables[fmt.Sprint("totalZeros ", i)] = row[:]
	}
	for i, row := range chromaDCZeros {
		tables[fmt.Sprint("chromaDCZeros ", i)] = row[:]
	}
	for i, row := range runsBefore {
		tables[fmt.Sprint("runsBefore ", i)] = row[:]
	}
	if len(tables) != 3+1+15+3+7 {
		t.Fatal("tables:", len(tables))
	}
	for name, table := range tables {
		var texts []string
		used := 0.0
		for _, c := range table {
			if c == 0 {
				continue
			}
			text := fmt.Sprintf("%b", c)[1:]
			used += 1 / float64(int(1)<<len(text))
			for _, other := range texts {
				if strings.HasPrefix(text, other) || strings.HasPrefix(other, text) {
					t.Errorf("%s: %s and %s", name, text, other)
				}
			}
			texts = append(texts, text)
		}
		if used < 0.98 {
			t.Errorf("%s uses only %.4f of all bit patterns", name, used)
		}
	}
}

func TestExpGolomb(t *testing.T) {
	for v, want := range []string{"1", "010", "011", "00100", "00101", "00110", "00111", "0001000"} {
		var w bitWriter
		w.ue(uint32(v))
		if got := bitText(&w); got != want {
			t.Errorf("ue(%d) = %s, want %s", v, got, want)
		}
	}
	for v, want := range map[int32]string{0: "1", 1: "010", -1: "011", 2: "00100", -2: "00101"} {
		var w bitWriter
		w.se(v)
		if got := bitText(&w); got != want {
			t.Errorf("se(%d) = %s, want %s", v, got, want)
		}
	}
}

func TestNALNeverImitatesAStartCode(t *testing.T) {
	got := appendNAL(nil, nalSPS, []byte{0, 0, 0, 0, 0, 1, 9, 0, 0, 3, 0, 0, 4})
	want := []byte{nalSPS, 0, 0, 3, 0, 0, 3, 0, 1, 9, 0, 0, 3, 3, 0, 0, 4}
	if string(got) != string(want) {
		t.Errorf("% x, want % x", got, want)
	}
}

func TestLevelFor(t *testing.T) {
	for _, c := range []struct {
		width, height, fps int
		want               uint32
	}{
		{864, 496, 24, 31}, {640, 480, 24, 30}, {1280, 720, 24, 31}, {1280, 720, 60, 32}, {1920, 1088, 24, 40},
		{3840, 2160, 24, 51}, {2160, 3840, 24, 51}, {3840, 64, 24, 40}, {3840, 2160, 60, 52},
	} {
		if got := levelFor(c.width/16, c.height/16, c.fps); got != c.want {
			t.Errorf("%d×%d at %d: level %d, want %d", c.width, c.height, c.fps, got, c.want)
		}
	}
}
