package render

import (
	"encoding/binary"
	"io"
	"slices"
)

// ticks is the number of time units a picture lasts; many players dislike
// very small time scales.
const ticks = 1000

// comment is the remark in the file's metadata.
const comment = "SANDBOX - not a real generation"

// track gathers coded pictures and writes them as an MP4 file (ISO/IEC
// 14496-12 and -15) with the index in front.
type track struct {
	width, height, fps int
	sps, pps           []byte // NAL units without prefix

	data  []byte
	sizes []uint32 // of each picture in data
	keys  []uint32 // numbers of the pictures to seek to, from 1
}

// add appends a picture: NAL units behind their four-byte lengths.
func (t *track) add(picture []byte) {
	t.data = append(t.data, picture...)
	t.sizes = append(t.sizes, uint32(len(picture)))
}

// addKey appends a picture that players can seek to.
func (t *track) addKey(picture []byte) {
	t.add(picture)
	t.keys = append(t.keys, uint32(len(t.sizes)))
}

// write writes the file: ftyp, moov, mdat.
func (t *track) write(w io.Writer) error {
	fileType := box("ftyp", []byte("isom"), u32(0x200), []byte("isomiso2avc1mp41"))
	// The index holds the place of the data, which depends on the length of
	// the index, which does not depend on the place.
	place := len(fileType) + len(t.movie(0)) + 8
	head := slices.Concat(fileType, t.movie(uint32(place)), u32(uint32(len(t.data)+8)), []byte("mdat"))
	if _, err := w.Write(head); err != nil {
		return err
	}
	_, err := w.Write(t.data)
	return err
}

// movie is the moov box for data that starts at offset in the file.
func (t *track) movie(offset uint32) []byte {
	timescale := u32(uint32(t.fps * ticks))
	duration := u32(uint32(len(t.sizes) * ticks))
	never := u32(0, 0) // creation and modification times: unset, for equal files
	matrix := u32(1<<16, 0, 0, 0, 1<<16, 0, 0, 0, 1<<30)
	return box("moov",
		fullBox("mvhd", 0, never, timescale, duration,
			u32(1<<16), u16(0x100), make([]byte, 10), // rate 1, volume 1, reserved
			matrix, make([]byte, 24), u32(2)), // next track
		box("trak",
			fullBox("tkhd", 3, // enabled, in movie
				never, u32(1, 0), duration, make([]byte, 8),
				u16(0, 0, 0, 0), matrix, // layer, group, volume
				u32(uint32(t.width)<<16, uint32(t.height)<<16)),
			box("mdia",
				fullBox("mdhd", 0, never, timescale, duration, u16(0x55c4, 0)), // language "und"
				fullBox("hdlr", 0, u32(0), []byte("vide"), make([]byte, 12), []byte("VideoHandler\x00")),
				box("minf",
					fullBox("vmhd", 1, u16(0, 0, 0, 0)),
					box("dinf", fullBox("dref", 0, u32(1), fullBox("url ", 1))), // data is in this file
					t.sampleTable(offset)))),
		box("udta", fullBox("meta", 0,
			fullBox("hdlr", 0, u32(0), []byte("mdirappl"), make([]byte, 9)),
			box("ilst", box("\xa9cmt", box("data", u32(1, 0), []byte(comment)))))),
	)
}

// sampleTable is the stbl box: how pictures are coded, how long they last,
// which are key pictures, where they are. All are in one chunk at offset.
func (t *track) sampleTable(offset uint32) []byte {
	count := uint32(len(t.sizes))
	return box("stbl",
		fullBox("stsd", 0, u32(1), t.sampleEntry()),
		fullBox("stts", 0, u32(1, count, ticks)),
		fullBox("stss", 0, u32(uint32(len(t.keys))), u32(t.keys...)),
		fullBox("stsc", 0, u32(1, 1, count, 1)),
		fullBox("stsz", 0, u32(0, count), u32(t.sizes...)),
		fullBox("stco", 0, u32(1, offset)),
	)
}

// sampleEntry is the avc1 box with the decoder configuration and the colours.
func (t *track) sampleEntry() []byte {
	return box("avc1",
		make([]byte, 6), u16(1), make([]byte, 16), // data reference
		u16(uint16(t.width), uint16(t.height)),
		u32(72<<16, 72<<16, 0), u16(1), // dots per inch, pictures per sample
		make([]byte, 32),      // compressor name: none
		u16(24), u16(1<<16-1), // depth, no colour table
		box("avcC",
			[]byte{1}, t.sps[1:4], // version; profile, constraints and level
			[]byte{0xfc | 3, 0xe0 | 1}, // lengths of four bytes; one SPS
			u16(uint16(len(t.sps))), t.sps,
			[]byte{1}, u16(uint16(len(t.pps))), t.pps),
		box("colr", []byte("nclx"), u16(1, 1, 1), []byte{0}), // BT.709, limited range
		box("pasp", u32(1, 1)),
	)
}

// box is a box of that kind around its parts.
func box(kind string, parts ...[]byte) []byte {
	body := slices.Concat(parts...)
	return slices.Concat(u32(uint32(8+len(body))), []byte(kind), body)
}

// fullBox is a box of version 0 with flags.
func fullBox(kind string, flags uint32, parts ...[]byte) []byte {
	return box(kind, u32(flags), slices.Concat(parts...))
}

func u32(values ...uint32) []byte {
	out := make([]byte, 0, 4*len(values))
	for _, v := range values {
		out = binary.BigEndian.AppendUint32(out, v)
	}
	return out
}

func u16(values ...uint16) []byte {
	out := make([]byte, 0, 2*len(values))
	for _, v := range values {
		out = binary.BigEndian.AppendUint16(out, v)
	}
	return out
}
