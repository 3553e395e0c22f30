package media

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxNameBytes leaves room for "-12", an ending and ".json.tmp", also where a
// file system takes no more than 143 bytes.
const maxNameBytes = 100

// safeName makes a file name, without ending, that every system takes, as near
// to the given one as possible.
func safeName(name string) string {
	name = trimName(cutBytes(readable(name), maxNameBytes))
	for ending := true; ending; { // "fox.mp4.mp4" is a slip too
		name, ending = cutEnding(name)
	}
	if name == "" {
		return "video"
	}
	if isDevice(name) {
		return "_" + name
	}
	return name
}

// readable keeps letters, digits, punctuation and single spaces; what a system
// forbids in names becomes a hyphen.
func readable(name string) string {
	var out strings.Builder
	hyphen := func() {
		if !strings.HasSuffix(out.String(), "-") {
			out.WriteByte('-')
		}
	}
	for _, r := range name {
		switch {
		case unicode.IsSpace(r):
			out.WriteByte(' ')
		case strings.ContainsRune(`<>:"/\|?*`, r):
			hyphen()
		case r == utf8.RuneError || !unicode.IsPrint(r): // controls, direction marks, invisible ones
		default:
			out.WriteRune(r)
		}
		if out.Len() > 4*maxNameBytes {
			break
		}
	}
	return trimName(strings.Join(strings.Fields(out.String()), " "))
}

// trimName: Windows drops dots and spaces at the end, Unix hides a dot at the
// beginning, and commands take a hyphen there for an option.
func trimName(name string) string {
	return strings.TrimRight(strings.TrimLeft(name, " .-"), " .")
}

// cutEnding takes one video ending off, if there is one.
func cutEnding(name string) (stem string, found bool) {
	dot := strings.LastIndexByte(name, '.')
	if dot < 0 || !slices.Contains([]string{"mp4", "m4v", "mov", "qt", "webm", "mkv"}, strings.ToLower(name[dot+1:])) {
		return name, false
	}
	return strings.TrimRight(name[:dot], " ."), true
}

// cutBytes cuts between two runes.
func cutBytes(name string, limit int) string {
	if len(name) <= limit {
		return name
	}
	for !utf8.RuneStart(name[limit]) {
		limit--
	}
	return name[:limit]
}

// isDevice knows the names that Windows reserves, with any ending.
func isDevice(name string) bool {
	base, _, _ := strings.Cut(name, ".")
	base = strings.ToUpper(strings.TrimRight(base, " "))
	switch base {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$":
		return true
	}
	for _, prefix := range []string{"COM", "LPT"} {
		if number, ok := strings.CutPrefix(base, prefix); ok {
			return len([]rune(number)) == 1 && strings.ContainsAny(number, "0123456789¹²³")
		}
	}
	return false
}
