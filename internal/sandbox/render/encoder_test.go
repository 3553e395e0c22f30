package render

import (
	"bytes"
	"math/rand/v2"
	"os/exec"
	"strconv"
	"testing"
)

// A decoder must arrive at exactly what the encoder predicts from, whatever the
// pictures, or errors would pile up. Noise uses every mode and nearly every
// code; the quantisers cover all remainders and both chroma regimes.
func TestDecoderAgreesToTheBit(t *testing.T) {
	ffmpeg := Tool(t, "ffmpeg", "ffmpeg")
	for _, qp := range []int{12, 13, 16, 17, 18, 20, 21, 26, 33, 39, 44, 51} {
		t.Run(strconv.Itoa(qp), func(t *testing.T) {
			const width, height = 182, 110 // not whole macroblocks
			encoder := newEncoder(width, height, 24, qp)
			stream := annexB(nil, encoder.sps(), encoder.pps())
			var want []byte
			random := rand.New(rand.NewPCG(uint64(qp), 1))
			source := newPicture(width, height)
			for frame := range 24 {
				changed := scribble(source, random, frame == 0)
				var coded []byte
				if frame%9 == 0 {
					coded = encoder.key(source)
				} else {
					coded = encoder.delta(source, changed)
				}
				stream = annexB(stream, coded[4:])
				for i, shift := range [3]int{0, 1, 1} {
					plane := encoder.reference.planes[i]
					for y := range height >> shift {
						want = append(want, plane.pix[y*plane.stride:][:width>>shift]...)
					}
				}
			}
			command := exec.Command(ffmpeg, "-v", "error", "-xerror", "-err_detect", "explode",
				"-f", "h264", "-i", "pipe:0", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-fps_mode", "passthrough", "pipe:1")
			command.Stdin = bytes.NewReader(stream)
			var complaints bytes.Buffer
			command.Stderr = &complaints
			got, err := command.Output()
			if err != nil || complaints.Len() > 0 {
				t.Fatalf("ffmpeg: %v: %s", err, complaints.String())
			}
			if len(got) != len(want) {
				t.Fatalf("%d bytes decoded, want %d", len(got), len(want))
			}
			for i := range got {
				if got[i] != want[i] {
					t.Fatalf("sample %d is %d, want %d", i, got[i], want[i])
				}
			}
		})
	}
}

// annexB appends NAL units as a raw stream.
func annexB(stream []byte, units ...[]byte) []byte {
	for _, unit := range units {
		stream = append(append(stream, 0, 0, 0, 1), unit...)
	}
	return stream
}

// scribble fills some macroblocks, or all, with noise, checks, slopes or
// nothing much, and returns their numbers.
func scribble(p *picture, random *rand.Rand, all bool) []int {
	var changed []int
	for mb := range p.mbWidth * p.mbHeight {
		if !all && random.IntN(4) > 0 {
			continue
		}
		changed = append(changed, mb)
		strength, kind := 1<<random.IntN(9), random.IntN(4)
		base, slopeX, slopeY := random.IntN(256), random.IntN(9)-4, random.IntN(9)-4
		for i, side := range [3]int{16, 8, 8} {
			block := make([]uint8, side*side)
			for n := range block {
				x, y := n%side, n/side
				switch kind {
				case 0:
					block[n] = uint8(random.IntN(256))
				case 1:
					block[n] = uint8(255 * ((x/2 + y/2) % 2))
				case 2:
					block[n] = clip8(int32(base + slopeX*x + slopeY*y + random.IntN(2)))
				default:
					block[n] = clip8(int32(base + random.IntN(strength)))
				}
			}
			plane := &p.planes[i]
			plane.store(block, plane.at(mb%p.mbWidth, mb/p.mbWidth, side), side)
		}
	}
	return changed
}

// Without any decoder at hand: what the encoder reconstructs is close to the
// source, also where black and white alternate.
func TestReconstructionIsFaithful(t *testing.T) {
	source := newPicture(96, 64)
	encoder := newEncoder(96, 64, 24, leastQP)
	random := rand.New(rand.NewPCG(3, 4))
	encoder.key(source)
	for range 5 {
		encoder.delta(source, scribble(source, random, false))
		for i := range source.planes {
			for n, want := range source.planes[i].pix {
				if got := encoder.reference.planes[i].pix[n]; max(got, want)-min(got, want) > 8 {
					t.Fatalf("component %d, sample %d is %d, want about %d", i, n, got, want)
				}
			}
		}
	}
}

func TestPainterReportsEveryChange(t *testing.T) {
	s := Spec{Width: 262, Height: 142, Seconds: 2, FPS: 12, Prompt: "a lighthouse in the rain", Seed: 5}
	moving, err := newScene(s)
	if err != nil {
		t.Fatal(err)
	}
	painter := newPainter(moving)
	shadow := newPicture(s.Width, s.Height)
	for frame := range s.frames() {
		changed := painter.advance(frame)
		if len(changed) == 0 {
			t.Errorf("frame %d looks like the one before", frame)
		}
		for _, mb := range changed {
			for i, side := range [3]int{16, 8, 8} {
				plane, block := &painter.picture.planes[i], make([]uint8, side*side)
				at := plane.at(mb%shadow.mbWidth, mb/shadow.mbWidth, side)
				plane.load(block, at, side)
				shadow.planes[i].store(block, at, side)
			}
		}
		fresh, err := newScene(s)
		if err != nil {
			t.Fatal(err)
		}
		whole := newPainter(fresh)
		whole.advance(frame)
		for i := range shadow.planes {
			if !bytes.Equal(shadow.planes[i].pix, whole.picture.planes[i].pix) {
				t.Fatalf("frame %d: component %d differs from one painted afresh", frame, i)
			}
		}
	}
}
