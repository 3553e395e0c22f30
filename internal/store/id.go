package store

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"time"
)

// idAlphabet is Crockford's base32 in lower case: no i, l, o, u, and in the
// order of ASCII, so that ids sort as their numbers do.
const idAlphabet = "0123456789abcdefghjkmnpqrstvwxyz"

// NewID makes a task id: "vid_" and 26 characters that hold now in
// milliseconds (48 bits) and 80 random bits. Later ids sort later; within one
// millisecond the order is random.
func NewID(now time.Time) string {
	var raw [16]byte
	binary.BigEndian.PutUint64(raw[:8], uint64(max(0, now.UnixMilli()))<<16)
	_, _ = rand.Read(raw[6:]) // never fails: it ends the program instead
	return "vid_" + base32.NewEncoding(idAlphabet).WithPadding(base32.NoPadding).EncodeToString(raw[:])
}
