package install

import (
	"bytes"
	"fmt"
	"maps"
	"reflect"
	"strings"
	"unicode/utf8"

	"seedance-mcp/internal/video"
)

// document is a configuration that is changed in place: what is not named
// stays byte for byte. After an error it is unchanged.
type document interface {
	// get gives the value at path as plain data: map[string]any, []any,
	// string and so on; false where nothing is.
	get(path []string) (any, bool)
	// set puts a Field's value at path, making the tables above it.
	set(path []string, value any) error
	// remove takes path out; nothing to do where nothing is.
	remove(path []string) error
	text() []byte
}

// maxFile bounds what is read as a configuration, maxDepth how deep it nests.
const (
	maxFile  = 32 << 20
	maxDepth = 5000
)

var byteOrderMark = []byte("\xef\xbb\xbf")

// parse reads a configuration. A byte order mark is no part of it.
func parse(format Format, text []byte) (document, error) {
	if !utf8.Valid(text) {
		at := 0
		for at < len(text) {
			r, size := utf8.DecodeRune(text[at:])
			if r == utf8.RuneError && size == 1 {
				break
			}
			at += size
		}
		return nil, broken(text, at, "this is not UTF-8 text")
	}
	if at := tooDeep(text); at >= 0 {
		return nil, broken(text, at, "this nests too deeply for a configuration")
	}
	switch format {
	case TOML:
		return parseTOML(text)
	case YAML:
		return parseYAML(text)
	default:
		return parseJSON(text)
	}
}

// tooDeep is the offset at which brackets nest deeper than any configuration,
// or -1; parsers that call themselves would run out of stack.
func tooDeep(text []byte) int {
	depth := 0
	for i, b := range text {
		switch b {
		case '{', '[':
			if depth++; depth > maxDepth {
				return i
			}
		case '}', ']':
			depth = max(depth-1, 0)
		}
	}
	return -1
}

// placeError is a fault in a configuration, with its place.
type placeError struct {
	line, column int // 1-based; 0: unknown
	reason       string
}

func (e *placeError) Error() string {
	switch {
	case e.line == 0:
		return e.reason
	case e.column == 0:
		return fmt.Sprintf("line %d: %s", e.line, e.reason)
	}
	return fmt.Sprintf("line %d, column %d: %s", e.line, e.column, e.reason)
}

// broken tells the place of the byte at offset.
func broken(text []byte, offset int, format string, args ...any) *placeError {
	offset = min(max(offset, 0), len(text))
	before := text[:offset]
	start := bytes.LastIndexByte(before, '\n') + 1
	return &placeError{
		line:   1 + bytes.Count(before, []byte("\n")),
		column: 1 + utf8.RuneCount(before[start:]),
		reason: video.Clip(fmt.Sprintf(format, args...), 200),
	}
}

// errUnsafe says that an edit would have changed more than it should.
func errUnsafe(path []string) error {
	return &placeError{reason: "\"" + strings.Join(path, ".") + "\" is written in a way that cannot be changed safely"}
}

// plain turns a Field's value into what get gives back for it.
func plain(value any) any {
	switch v := value.(type) {
	case []Field:
		table := make(map[string]any, len(v))
		for _, f := range v {
			table[f.Key] = plain(f.Value)
		}
		return table
	case []string:
		list := make([]any, len(v))
		for i, s := range v {
			list[i] = s
		}
		return list
	default:
		return v
	}
}

// same compares plain data, whatever kind of number a format gives.
func same(a, b any) bool {
	switch x := a.(type) {
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for key, value := range x {
			other, ok := y[key]
			if !ok || !same(value, other) {
				return false
			}
		}
		return true
	case []any:
		y, ok := b.([]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for i := range x {
			if !same(x[i], y[i]) {
				return false
			}
		}
		return true
	case float64:
		if y, ok := b.(float64); ok && x != x && y != y { // NaN is the same NaN
			return true
		}
	}
	if reflect.DeepEqual(a, b) {
		return true
	}
	return isNumber(a) && isNumber(b) && fmt.Sprint(a) == fmt.Sprint(b)
}

func isNumber(v any) bool {
	switch reflect.ValueOf(v).Kind() { //nolint:exhaustive // the rest are no numbers
	case reflect.Int, reflect.Int64, reflect.Uint64, reflect.Float64:
		return true
	case reflect.String:
		return reflect.TypeOf(v).Name() == "Number" // encoding/json's
	}
	return false
}

// lookUp walks plain data.
func lookUp(data any, path []string) (any, bool) {
	for _, key := range path {
		table, ok := data.(map[string]any)
		if !ok {
			return nil, false
		}
		if data, ok = table[key]; !ok {
			return nil, false
		}
	}
	return data, true
}

// with is data with value at path, sharing what it does not change.
func with(data any, path []string, value any) any {
	if len(path) == 0 {
		return value
	}
	table, _ := data.(map[string]any)
	changed := make(map[string]any, len(table)+1)
	maps.Copy(changed, table)
	changed[path[0]] = with(changed[path[0]], path[1:], value)
	return changed
}

// without is data with nothing at path.
func without(data any, path []string) any {
	table, ok := data.(map[string]any)
	if !ok {
		return data
	}
	changed := make(map[string]any, len(table))
	maps.Copy(changed, table)
	if len(path) == 1 {
		delete(changed, path[0])
	} else if below, ok := changed[path[0]]; ok {
		changed[path[0]] = without(below, path[1:])
	}
	return changed
}

// newline is the line end in use.
func newline(text []byte) string {
	if bytes.Contains(text, []byte("\r\n")) {
		return "\r\n"
	}
	return "\n"
}
