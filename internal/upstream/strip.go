package upstream

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"seedance-mcp/internal/video"
)

// plain makes text from outside fit to be shown, where no key is known.
func plain(text string, limit int) string { return video.Clip(strip(text), limit) }

// strip drops what shows nothing and may still do or say something: terminal
// escape sequences as a whole (Clip would leave "[31m"), and characters that
// are invisible without being control or formatting characters, such as the
// variation selectors that text is smuggled in.
func strip(text string) string {
	var out strings.Builder
	for text != "" {
		if n := escapeLength(text); n > 0 {
			text = text[n:]
			continue
		}
		r, size := utf8.DecodeRuneInString(text)
		// What Clip would drop goes here already: it may part a key.
		visible := unicode.IsPrint(r) || unicode.IsSpace(r)
		if visible && !unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) {
			out.WriteString(text[:size])
		}
		text = text[size:]
	}
	return out.String()
}

// escapeLength is the length of the terminal escape sequence that text begins
// with, in bytes; 0 when it begins with none.
func escapeLength(text string) int {
	introducer := 1
	switch {
	case strings.HasPrefix(text, "\x1b["), strings.HasPrefix(text, "\u009b"):
		introducer = 2
	case strings.HasPrefix(text, "\x1b]"), strings.HasPrefix(text, "\x1bP"), strings.HasPrefix(text, "\u009d"), strings.HasPrefix(text, "\u0090"):
		return stringLength(text)
	case strings.HasPrefix(text, "\x1b"):
		if len(text) > 1 && text[1] > ' ' && text[1] <= '~' {
			return 2
		}
		return introducer
	default:
		return 0
	}
	for i := introducer; i < len(text); i++ {
		switch {
		case text[i] >= 0x40 && text[i] <= 0x7e:
			return i + 1
		case text[i] < 0x20 || text[i] > 0x7e:
			return i // no sequence after all
		}
	}
	return len(text)
}

// stringLength is for the sequences that carry a text up to their terminator;
// without one they are no more than their introducer.
func stringLength(text string) int {
	end, size := strings.IndexAny(text, "\a\u009c"), 1
	if end >= 0 && text[end] != '\a' {
		size = len("\u009c")
	}
	if st := strings.Index(text, "\x1b\\"); st >= 0 && (end < 0 || st < end) {
		end, size = st, 2
	}
	if end < 0 {
		return 2
	}
	return end + size
}
