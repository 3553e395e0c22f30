package install

import (
	"bytes"
	"errors"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// tomlDocument edits whole statements by their place in the text. The parser
// gives the places; the decoder, run again after each edit, proves that
// nothing else has changed.
type tomlDocument struct {
	source     []byte
	data       any
	statements []tomlStatement
}

// tomlStatement is a table's header, or a key with its value.
type tomlStatement struct {
	path       []string // from the root
	table      int      // how much of path the header above it names
	header     bool
	start, end int // of the text; for a header: its line
}

func parseTOML(text []byte) (*tomlDocument, error) {
	d := &tomlDocument{source: text}
	body := bytes.TrimPrefix(text, byteOrderMark)
	var data map[string]any
	if err := toml.Unmarshal(body, &data); err != nil {
		if at, ok := errors.AsType[*toml.DecodeError](err); ok {
			row, column := at.Position()
			return nil, &placeError{line: row, column: column, reason: strings.TrimPrefix(at.Error(), "toml: ")}
		}
		return nil, &placeError{reason: strings.TrimPrefix(err.Error(), "toml: ")}
	}
	d.data = tomlPlain(data)
	shift := len(text) - len(body)
	parser := unstable.Parser{}
	parser.Reset(body)
	var table []string
	for parser.NextExpression() {
		node := parser.Expression()
		var keys []string
		first := -1
		for it := node.Key(); it.Next(); {
			if first < 0 {
				first = int(it.Node().Raw.Offset)
			}
			keys = append(keys, string(it.Node().Data))
		}
		switch node.Kind { //nolint:exhaustive // comments carry no keys
		case unstable.Table, unstable.ArrayTable:
			table = keys
			if node.Kind == unstable.ArrayTable {
				table = append(slices.Clone(keys), "[]") // never the path of anything asked for
			}
			start := shift + first
			d.statements = append(d.statements, tomlStatement{
				path: table, table: len(table), header: true, start: d.lineStart(start), end: d.lineEnd(start),
			})
		case unstable.KeyValue:
			start := shift + int(node.Raw.Offset)
			d.statements = append(d.statements, tomlStatement{
				path: append(slices.Clone(table), keys...), table: len(table), start: start, end: start + int(node.Raw.Length),
			})
		}
	}
	if err := parser.Error(); err != nil {
		return nil, &placeError{reason: err.Error()}
	}
	return d, nil
}

// tomlPlain brings the decoder's types to those of get.
func tomlPlain(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			v[key] = tomlPlain(inner)
		}
	case []any:
		for i, inner := range v {
			v[i] = tomlPlain(inner)
		}
	case []map[string]any:
		list := make([]any, len(v))
		for i, inner := range v {
			list[i] = tomlPlain(inner)
		}
		return list
	}
	return value
}

func (d *tomlDocument) lineStart(at int) int { return bytes.LastIndexByte(d.source[:at], '\n') + 1 }

// lineEnd is after the line's end.
func (d *tomlDocument) lineEnd(at int) int {
	if n := bytes.IndexByte(d.source[at:], '\n'); n >= 0 {
		return at + n + 1
	}
	return len(d.source)
}

func (d *tomlDocument) text() []byte { return d.source }

func (d *tomlDocument) get(path []string) (any, bool) { return lookUp(d.data, path) }

// try replaces the text between start and end if that makes want of it.
func (d *tomlDocument) try(start, end int, replacement string, want any) bool {
	text := slices.Concat(d.source[:start], []byte(replacement), d.source[end:])
	changed, err := parseTOML(text)
	if err != nil || !same(changed.data, want) {
		return false
	}
	*d = *changed
	return true
}

func (d *tomlDocument) set(path []string, value any) error {
	want := with(d.data, path, plain(value))
	if d.setStatement(path, value, want) || d.addStatement(path, value, want) {
		return nil
	}
	return d.unsafe(path)
}

// unsafe names the line of the statement that is in the way, if there is one.
func (d *tomlDocument) unsafe(path []string) error {
	for _, s := range d.statements {
		if hasPrefix(s.path, path) || (!s.header && hasPrefix(path, s.path)) {
			return broken(d.source, s.start, "%s", errUnsafe(path).Error())
		}
	}
	return errUnsafe(path)
}

// setStatement changes the statement that holds path: its own, or an inline
// table above it.
func (d *tomlDocument) setStatement(path []string, value, want any) bool {
	for _, s := range d.statements {
		if s.header || !hasPrefix(path, s.path) {
			continue
		}
		key := tomlKey(s.path[s.table:])
		if len(s.path) < len(path) {
			inline, ok := lookUp(want, s.path)
			if !ok || bytes.ContainsAny(d.source[s.start:s.end], "\n") { // comments could be lost
				return false
			}
			if d.appendInline(s, path[len(s.path):], value, want) {
				return true
			}
			return d.try(s.start, s.end, key+" = "+tomlValue(inline), want)
		}
		return d.try(s.start, s.end, key+" = "+tomlValue(value), want)
	}
	return false
}

// appendInline adds to the end of an inline table, which keeps its order.
func (d *tomlDocument) appendInline(s tomlStatement, key []string, value, want any) bool {
	brace := bytes.LastIndexByte(d.source[s.start:s.end], '}')
	if brace < 0 {
		return false
	}
	at := s.start + len(bytes.TrimRight(d.source[s.start:s.start+brace], " \t"))
	added := tomlKey(key) + " = " + tomlValue(value)
	return d.try(at, at, ", "+added, want) || d.try(at, at, " "+added, want)
}

// addStatement adds path to the table that is nearest above it, or as a table
// of its own at the end of the file.
func (d *tomlDocument) addStatement(path []string, value, want any) bool {
	best, after := 1, -1 // the root table is no place for servers
	for _, s := range d.statements {
		if table := s.path[:s.table]; s.table > best && s.table < len(path) && hasPrefix(path, table) {
			best, after = s.table, d.lineEnd(max(s.end-1, s.start))
		} else if s.table == best && after >= 0 && hasPrefix(path, table) {
			after = d.lineEnd(max(s.end-1, s.start))
		}
	}
	end := newline(d.source)
	if after >= 0 {
		line := tomlKey(path[best:]) + " = " + tomlValue(plain(value)) + end
		if after > 0 && d.source[after-1] != '\n' {
			line = end + line
		}
		return d.try(after, after, line, want)
	}
	fields, ok := value.([]Field)
	if !ok { // a single value below a table that is written inline or dotted
		return false
	}
	var out strings.Builder
	if n := len(d.source); n > 0 && d.source[n-1] != '\n' {
		out.WriteString(end)
	}
	if len(bytes.TrimSpace(d.source)) > 0 {
		out.WriteString(end)
	}
	writeTOMLTable(&out, path, fields, end)
	return d.try(len(d.source), len(d.source), out.String(), want)
}

func writeTOMLTable(out *strings.Builder, path []string, fields []Field, end string) {
	out.WriteString("[" + tomlKey(path) + "]" + end)
	for _, f := range fields {
		if _, nested := f.Value.([]Field); !nested {
			out.WriteString(tomlKey([]string{f.Key}) + " = " + tomlValue(plain(f.Value)) + end)
		}
	}
	for _, f := range fields {
		if nested, ok := f.Value.([]Field); ok {
			out.WriteString(end)
			writeTOMLTable(out, append(slices.Clone(path), f.Key), nested, end)
		}
	}
}

// remove takes out every statement below path, with the comments between
// them; those before the first and after the last stay.
func (d *tomlDocument) remove(path []string) error {
	if _, there := d.get(path); !there {
		return nil
	}
	want := without(d.data, path)
	var out []byte
	kept := 0
	inside := false // the text since the last statement is inside what goes
	for _, s := range d.statements {
		if !hasPrefix(s.path, path) {
			inside = false
			continue
		}
		start, end := d.lineStart(s.start), d.lineEnd(max(s.end-1, s.start))
		if !inside {
			out = append(out, d.source[kept:start]...)
		}
		kept, inside = end, true
	}
	rest := d.source[kept:]
	if trimmed := bytes.TrimRight(out, "\r\n"); len(trimmed) < len(out) && len(bytes.TrimSpace(rest)) == 0 {
		out = append(bytes.Clone(trimmed), newline(d.source)...) // no blank lines at the end
	}
	out = append(out, rest...)
	for _, attempt := range []any{want, without(want, path[:len(path)-1])} { // the last one takes its table along
		changed, err := parseTOML(out)
		if err == nil && same(changed.data, attempt) {
			*d = *changed
			return nil
		}
	}
	return d.unsafe(path)
}

func hasPrefix(path, prefix []string) bool {
	return len(path) >= len(prefix) && slices.Equal(path[:len(prefix)], prefix)
}

var bareKey = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_-]+$`) })

func tomlKey(path []string) string {
	parts := make([]string, len(path))
	for i, part := range path {
		parts[i] = part
		if !bareKey().MatchString(part) {
			parts[i] = jsonString(part)
		}
	}
	return strings.Join(parts, ".")
}

// tomlValue writes plain data on one line.
func tomlValue(value any) string {
	switch v := plain(value).(type) {
	case map[string]any:
		keys := make([]string, 0, len(v))
		for key := range v {
			keys = append(keys, key)
		}
		sort.Strings(keys)
		parts := make([]string, len(keys))
		for i, key := range keys {
			parts[i] = tomlKey([]string{key}) + " = " + tomlValue(v[key])
		}
		if len(parts) == 0 {
			return "{}"
		}
		return "{ " + strings.Join(parts, ", ") + " }"
	case []any:
		parts := make([]string, len(v))
		for i, inner := range v {
			parts[i] = tomlValue(inner)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case string:
		return jsonString(v)
	case bool:
		return strconv.FormatBool(v)
	case int:
		return strconv.Itoa(v)
	case int64:
		return strconv.FormatInt(v, 10)
	default:
		return "\"\"" // dates and fractions inside an inline table: the proof refuses it
	}
}
