package preview

import (
	"bufio"
	"bytes"
	"image"
	"strings"
	"testing"
	"time"
)

// TestReel: however long the film, few frames are kept, and one is near each
// place.
func TestReel(t *testing.T) {
	for _, length := range []int{1, 2, 8, 9, 35, 36, 37, 72, 73, 240, 4800} {
		film := &reel{stride: 1}
		most := 0
		for n := range length {
			film.add(&image.RGBA{Stride: n})
			most = max(most, len(film.frames))
		}
		if most > kept || length >= kept && len(film.frames) < kept/2 {
			t.Errorf("of %d frames %d are kept, at most %d were", length, len(film.frames), most)
		}
		for n := range length {
			frame, at := film.at(n)
			if off := frame.Stride - n; 2*off > film.stride || 2*off < -2*film.stride {
				t.Errorf("of %d frames the %d. shows number %d, with one in %d kept", length, n, frame.Stride, film.stride)
			}
			if at != time.Duration(frame.Stride)*time.Second/perSecond {
				t.Errorf("frame %d is told to stand at %v", frame.Stride, at)
			}
		}
		if frame, _ := film.at(length - 1); frame.Stride != length-1 {
			t.Errorf("the last of %d frames is shown as number %d", length, frame.Stride)
		}
	}
}

// TestSheetOfNoise: what packs worst fits too.
func TestSheetOfNoise(t *testing.T) {
	film := &reel{stride: 1}
	state := uint32(7)
	for range cells {
		frame := image.NewRGBA(image.Rect(0, 0, frameBox, frameBox))
		for i := range frame.Pix {
			state = state*1664525 + 1013904223
			frame.Pix[i] = byte(state >> 24)
		}
		film.add(frame)
	}
	sheet, err := contactSheet(film)
	if err != nil || len(sheet.JPEG) > MaxBytes {
		t.Errorf("%d bytes, %v", len(sheet.JPEG), err)
	}
}

func FuzzPixmap(f *testing.F) {
	for _, seed := range []string{"", "P6\n1 1\n255\nabc", "P6\n1 1\n255\nabcP6\n1 1\n255\nabc", "P6\n-1 1\n255\n", "P6\n320 320\n255\n", "P5\n1 1\n255\na"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		film := &reel{stride: 1}
		err := film.read(bytes.NewReader(data))
		if film.seen > len(data) {
			t.Errorf("%d frames of %d bytes", film.seen, len(data))
		}
		if err == nil && len(data) > 0 && film.seen == 0 {
			t.Errorf("%q is no film and no error", data)
		}
	})
}

func TestPixmapKeepsItsPlace(t *testing.T) {
	in := bufio.NewReader(strings.NewReader("P6\n2 1\n255\nabcdefP6\n1 1\n255\nP6\n"))
	first, err := readPixmap(in, frameBox)
	if err != nil || !bytes.Equal(first.Pix, []byte{'a', 'b', 'c', 255, 'd', 'e', 'f', 255}) {
		t.Fatalf("%v, %v", first, err)
	}
	second, err := readPixmap(in, frameBox) // whose pixels look like a head
	if err != nil || !bytes.Equal(second.Pix, []byte{'P', '6', '\n', 255}) {
		t.Fatalf("%v, %v", second, err)
	}
}
