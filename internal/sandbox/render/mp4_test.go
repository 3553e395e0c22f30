package render_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"seedance-mcp/internal/sandbox/render"
)

// movie is what a player reads out of a file.
type movie struct {
	order              []string // top-level boxes
	boxes              map[string][]byte
	sizes, keys        []uint32
	offset             int // of the first sample in the file
	dataStart, dataEnd int // the contents of mdat
}

// parse reads all boxes, which must fill the file and each other exactly.
func parse(t *testing.T, file []byte) movie {
	t.Helper()
	m := movie{boxes: map[string][]byte{}}
	m.walk(t, "", file, 0)
	table := m.boxes["moov/trak/mdia/minf/stbl/stsz"]
	for i := 12; i+4 <= len(table); i += 4 {
		m.sizes = append(m.sizes, be32(table, i))
	}
	table = m.boxes["moov/trak/mdia/minf/stbl/stss"]
	for i := 8; i+4 <= len(table); i += 4 {
		m.keys = append(m.keys, be32(table, i))
	}
	m.offset = int(be32(m.boxes["moov/trak/mdia/minf/stbl/stco"], 8))
	return m
}

func (m *movie) walk(t *testing.T, parent string, data []byte, start int) {
	t.Helper()
	for at := 0; at < len(data); {
		if len(data)-at < 8 {
			t.Fatalf("%d loose bytes in %q", len(data)-at, parent)
		}
		size, kind := int(be32(data, at)), string(data[at+4:at+8])
		if size < 8 || at+size > len(data) {
			t.Fatalf("box %s%s claims %d bytes of %d", parent, kind, size, len(data)-at)
		}
		body, path := data[at+8:at+size], strings.TrimPrefix(parent+"/"+kind, "/")
		if _, double := m.boxes[path]; double {
			t.Fatalf("two boxes %s", path)
		}
		m.boxes[path] = body
		if parent == "" {
			m.order = append(m.order, kind)
		}
		skip := -1 // bytes before the boxes inside
		switch kind {
		case "moov", "trak", "mdia", "minf", "dinf", "stbl", "udta", "ilst", "\xa9cmt":
			skip = 0
		case "meta":
			skip = 4
		case "stsd", "dref":
			skip = 8
		case "avc1":
			skip = 78
		case "mdat":
			m.dataStart, m.dataEnd = start+at+8, start+at+size
		}
		if skip >= 0 {
			m.walk(t, path, body[skip:], start+at+8+skip)
		}
		at += size
	}
}

func be32(data []byte, at int) uint32 { return binary.BigEndian.Uint32(data[at:]) }

func TestFileStructure(t *testing.T) {
	for _, s := range []render.Spec{
		{Width: 64, Height: 64, Seconds: 1},
		{Width: 336, Height: 190, Seconds: 5, FPS: 25},
		{Width: 190, Height: 336, Seconds: 7, FPS: 1},
		{Width: 210, Height: 90, Seconds: 30, FPS: 2, Prompt: pandaPrompt},
	} {
		t.Run(fmt.Sprintf("%dx%d %ds %dfps", s.Width, s.Height, s.Seconds, s.FPS), func(t *testing.T) {
			checkClip(t, s, clip(t, s))
		})
	}
}

// checkClip checks everything that can be checked without a decoder.
func checkClip(t *testing.T, s render.Spec, file []byte) {
	t.Helper()
	fps := s.FPS
	if fps == 0 {
		fps = render.DefaultFPS
	}
	m := parse(t, file)
	if want := []string{"ftyp", "moov", "mdat"}; !slices.Equal(m.order, want) {
		t.Errorf("boxes %v, want %v", m.order, want)
	}
	if brand := string(m.boxes["ftyp"][:4]); brand != "isom" {
		t.Errorf("brand %q", brand)
	}
	if !bytes.Contains(m.boxes["moov/udta/meta/ilst/\xa9cmt/data"], []byte("SANDBOX")) {
		t.Error("the metadata do not say sandbox")
	}
	// Durations: mvhd and mdhd hold scale and duration alike, tkhd counts in mvhd's.
	scale := be32(m.boxes["moov/mvhd"], 12)
	media := m.boxes["moov/trak/mdia/mdhd"]
	for name, pair := range map[string][2]uint32{
		"mvhd": {be32(m.boxes["moov/mvhd"], 16), scale},
		"tkhd": {be32(m.boxes["moov/trak/tkhd"], 20), scale},
		"mdhd": {be32(media, 16), be32(media, 12)},
	} {
		if pair[0] != uint32(s.Seconds)*pair[1] {
			t.Errorf("%s: %d of %d a second, want %d s", name, pair[0], pair[1], s.Seconds)
		}
	}
	times := m.boxes["moov/trak/mdia/minf/stbl/stts"]
	if runs, count, delta := be32(times, 4), be32(times, 8), be32(times, 12); runs != 1 || int(count) != s.Seconds*fps || count*delta != be32(media, 16) {
		t.Errorf("stts: %d runs, %d pictures of %d", runs, count, delta)
	}
	if w, h := be32(m.boxes["moov/trak/tkhd"], 76), be32(m.boxes["moov/trak/tkhd"], 80); w != uint32(s.Width)<<16 || h != uint32(s.Height)<<16 {
		t.Errorf("tkhd: %d×%d", w>>16, h>>16)
	}
	checkSamples(t, s, fps, file, m)
	checkParameterSets(t, s, m.boxes["moov/trak/mdia/minf/stbl/stsd/avc1/avcC"])
}

// checkSamples checks that the tables describe mdat and that each picture is
// one well-formed slice of the right type.
func checkSamples(t *testing.T, s render.Spec, fps int, file []byte, m movie) {
	t.Helper()
	if len(m.sizes) != s.Seconds*fps {
		t.Errorf("%d sizes", len(m.sizes))
	}
	if m.offset != m.dataStart {
		t.Errorf("stco says %d, data are at %d", m.offset, m.dataStart)
	}
	if len(m.keys) == 0 || m.keys[0] != 1 || !slices.IsSorted(m.keys) || int(m.keys[len(m.keys)-1]) > len(m.sizes) {
		t.Errorf("key pictures %v", m.keys)
	}
	for i, key := range m.keys[1:] {
		if gap := int(key - m.keys[i]); gap > 2*fps {
			t.Errorf("%d pictures between key pictures", gap)
		}
	}
	at := m.dataStart
	for i, size := range m.sizes {
		sample := file[at : at+int(size)]
		at += int(size)
		if int(be32(sample, 0)) != len(sample)-4 {
			t.Fatalf("picture %d is not one NAL unit", i)
		}
		want := byte(1)
		if slices.Contains(m.keys, uint32(i+1)) {
			want = 5
		}
		if got := sample[4] & 31; got != want {
			t.Errorf("picture %d has type %d, want %d", i, got, want)
		}
		for _, bad := range []string{"\x00\x00\x00", "\x00\x00\x01", "\x00\x00\x02"} {
			if bytes.Contains(sample[4:], []byte(bad)) {
				t.Errorf("picture %d imitates a start code", i)
			}
		}
	}
	if at != m.dataEnd {
		t.Errorf("pictures end at %d, data at %d", at, m.dataEnd)
	}
}

// checkParameterSets reads the SPS out of avcC and checks the cropped size.
func checkParameterSets(t *testing.T, s render.Spec, config []byte) {
	t.Helper()
	length := int(binary.BigEndian.Uint16(config[6:]))
	sps := config[8 : 8+length]
	if config[0] != 1 || !bytes.Equal(config[1:4], sps[1:4]) || config[4]&3 != 3 || config[5]&31 != 1 {
		t.Errorf("avcC begins % x", config[:8])
	}
	if rest := config[8+length:]; rest[0] != 1 || int(binary.BigEndian.Uint16(rest[1:])) != len(rest)-3 || rest[3]&31 != 8 {
		t.Errorf("PPS % x", rest)
	}
	if sps[0]&31 != 7 || sps[1] != 66 || sps[2] != 0xc0 {
		t.Errorf("SPS begins % x, want constrained baseline", sps[:4])
	}
	// No number here is long enough to need protection from start codes.
	r := bitReader{data: sps[4:]}
	r.ue() // id
	r.ue() // frame number length
	if order := r.ue(); order != 2 {
		t.Errorf("pic_order_cnt_type %d", order)
	}
	r.ue() // reference frames
	r.bit()
	width, height := 16*(r.ue()+1), 16*(r.ue()+1)
	if r.bit() != 1 {
		t.Error("interlaced")
	}
	r.bit()
	if r.bit() == 1 {
		left, right, top, bottom := r.ue(), r.ue(), r.ue(), r.ue()
		width -= 2 * (left + right)
		height -= 2 * (top + bottom)
	}
	if width != s.Width || height != s.Height {
		t.Errorf("SPS says %d×%d, want %d×%d", width, height, s.Width, s.Height)
	}
}

type bitReader struct {
	data []byte
	at   int
}

func (r *bitReader) bit() int {
	bit := int(r.data[r.at/8]>>(7-r.at%8)) & 1
	r.at++
	return bit
}

func (r *bitReader) ue() int {
	zeros := 0
	for r.bit() == 0 {
		zeros++
	}
	v := 1
	for range zeros {
		v = v<<1 | r.bit()
	}
	return v - 1
}
