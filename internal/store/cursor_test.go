package store

import (
	"testing"

	"seedance-mcp/internal/video"
)

func FuzzCursor(f *testing.F) {
	f.Add("")
	f.Add(cursor{createdAt: 1_782_907_200_000, id: "vid_06fhv37200qp67shy56vganb7r"}.encode())
	f.Add(cursor{createdAt: -1, id: "."}.encode())
	f.Add("LTEu")
	f.Add("Kzkudg")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := decodeCursor(text)
		if err != nil {
			if video.CodeOf(err) != video.Invalid || c != (cursor{}) {
				t.Fatalf("%q: %v, %v", text, c, err)
			}
			return
		}
		if text == "" {
			return
		}
		if c.id == "" || c.encode() != text {
			t.Fatalf("%q was read as %+v, which is written %q", text, c, c.encode())
		}
	})
}

func TestCursorRefusesOthers(t *testing.T) {
	for _, text := range []string{"2", "next", "LTEu", "e30", "MTIz", cursor{createdAt: 5, id: "a"}.encode() + "=", "🦊"} {
		if c, err := decodeCursor(text); err == nil {
			t.Errorf("%q was read as %+v", text, c)
		}
	}
}
