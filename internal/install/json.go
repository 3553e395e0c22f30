package install

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"github.com/tailscale/hujson"
)

// jsonDocument is JSON with comments and trailing commas. The syntax tree
// keeps every byte; strict JSON stays strict.
type jsonDocument struct {
	source []byte
	data   any
}

func parseJSON(text []byte) (*jsonDocument, error) {
	source := text
	if len(bytes.TrimSpace(bytes.TrimPrefix(text, byteOrderMark))) == 0 {
		source = append(bytes.Clone(text), "{}\n"...) // a client's empty file means no settings yet
	}
	offset := 0
	if bytes.HasPrefix(source, byteOrderMark) {
		offset = len(byteOrderMark)
	}
	root, err := hujson.Parse(bytes.Clone(source[offset:])) // it keeps pieces of what it is given
	if err != nil {
		return nil, jsonFault(err)
	}
	if _, ok := root.Value.(*hujson.Object); !ok {
		return nil, broken(source, offset+root.StartOffset, "this is not an object in braces")
	}
	data, err := jsonData(root)
	if err != nil {
		return nil, err
	}
	return &jsonDocument{source: source, data: data}, nil
}

// jsonFault takes the place out of the parser's "hujson: line 1, column 2: …".
func jsonFault(err error) error {
	reason := strings.TrimPrefix(err.Error(), "hujson: ")
	fault := &placeError{reason: reason}
	rest, ok := strings.CutPrefix(reason, "line ")
	if !ok {
		return fault
	}
	line, rest, _ := strings.Cut(rest, ", column ")
	column, rest, _ := strings.Cut(rest, ": ")
	fault.line, _ = strconv.Atoi(line)
	fault.column, _ = strconv.Atoi(column)
	if inner := errors.Unwrap(err); inner != nil && fault.line > 0 {
		rest = inner.Error()
	}
	fault.reason = rest
	return fault
}

func jsonData(root hujson.Value) (any, error) {
	root.Standardize()
	decoder := json.NewDecoder(bytes.NewReader(root.Pack()))
	decoder.UseNumber()
	var data any
	if err := decoder.Decode(&data); err != nil {
		return nil, &placeError{reason: err.Error()}
	}
	return data, nil
}

func (d *jsonDocument) text() []byte { return d.source }

func (d *jsonDocument) get(path []string) (any, bool) { return lookUp(d.data, path) }

// change runs edit on a fresh tree (a clone forgets trailing commas) and keeps
// the outcome if it says what it should.
func (d *jsonDocument) change(path []string, want any, edit func(root *hujson.Value) error) error {
	root, err := hujson.Parse(bytes.Clone(bytes.TrimPrefix(d.source, byteOrderMark)))
	if err != nil {
		return jsonFault(err)
	}
	if err := edit(&root); err != nil {
		return err
	}
	text := root.Pack()
	if bytes.HasPrefix(d.source, byteOrderMark) {
		text = append(bytes.Clone(byteOrderMark), text...)
	}
	changed, err := parseJSON(text)
	if err != nil || !same(changed.data, want) {
		return errUnsafe(path)
	}
	*d = *changed
	return nil
}

func (d *jsonDocument) set(path []string, value any) error {
	return d.change(path, with(d.data, path, plain(value)), func(root *hujson.Value) error {
		return d.put(root, path, value, jsonStyle{newline: newline(d.source), unit: indentUnit(*root)})
	})
}

// jsonStyle is how new text is laid out. With inline everything goes on one
// line.
type jsonStyle struct {
	newline, unit, indent string
	inline                bool
}

func (s jsonStyle) deeper() jsonStyle {
	s.indent += s.unit
	return s
}

// put sets value below at, which stands in a line with style's indent.
func (d *jsonDocument) put(at *hujson.Value, path []string, value any, style jsonStyle) error {
	object, ok := at.Value.(*hujson.Object)
	if !ok {
		return d.fault(at, "this is %s, not an object in braces", kindWords(at.Value.Kind()))
	}
	i, err := d.member(object, path[0])
	if err != nil {
		return err
	}
	style = memberStyle(object, style)
	if i < 0 {
		nested := value
		for k := len(path) - 1; k > 0; k-- {
			nested = []Field{{path[k], nested}}
		}
		addMember(object, path[0], nested, style)
		return nil
	}
	found := &object.Members[i].Value
	if len(path) == 1 {
		found.Value = jsonValue(value, style)
		return nil
	}
	if found.Value.Kind() == 'n' {
		found.Value = &hujson.Object{} // null is as good as absent
	}
	return d.put(found, path[1:], value, style)
}

// member finds the one member of that name; -1: none.
func (d *jsonDocument) member(object *hujson.Object, name string) (int, error) {
	at := -1
	for i := range object.Members {
		key := &object.Members[i].Name
		if key.Value.(hujson.Literal).String() != name { //nolint:errcheck // names are literals
			continue
		}
		if at >= 0 {
			return 0, d.fault(key, "%q is here a second time, and readers differ in which one counts", name)
		}
		at = i
	}
	return at, nil
}

func (d *jsonDocument) fault(at *hujson.Value, format string, args ...any) error {
	offset := at.StartOffset
	if bytes.HasPrefix(d.source, byteOrderMark) {
		offset += len(byteOrderMark)
	}
	return broken(d.source, offset, format, args...)
}

func kindWords(kind hujson.Kind) string {
	switch kind {
	case '[':
		return "a list"
	case '"':
		return "a text"
	case '0':
		return "a number"
	default:
		return "a single value"
	}
}

// indentUnit is the first indent in the file, or else two spaces.
func indentUnit(root hujson.Value) string {
	if object, ok := root.Value.(*hujson.Object); ok && len(object.Members) > 0 {
		if unit, ok := lastIndent(object.Members[0].Name.BeforeExtra); ok && unit != "" {
			return unit
		}
	}
	return "  "
}

// lastIndent is the white space that begins the last line of extra; false if
// extra holds no line end.
func lastIndent(extra hujson.Extra) (string, bool) {
	at := bytes.LastIndexByte(extra, '\n')
	if at < 0 {
		return "", false
	}
	line := extra[at+1:]
	return string(line[:len(line)-len(bytes.TrimLeft(line, " \t"))]), true
}

// memberStyle is that of the members of object, whose own line has outer.
func memberStyle(object *hujson.Object, outer jsonStyle) jsonStyle {
	style := outer.deeper()
	if len(object.Members) == 0 {
		return style
	}
	indent, multiline := lastIndent(object.Members[0].Name.BeforeExtra)
	if !multiline {
		style.inline = true
		return style
	}
	style.indent, style.inline = indent, false
	return style
}

// addMember appends one, leaving every comment where it is.
func addMember(object *hujson.Object, name string, value any, style jsonStyle) {
	before := []byte(object.AfterExtra)
	var closing []byte
	if at := bytes.LastIndexByte(before, '\n'); at >= 0 {
		closing = before[at+1:]
		before = bytes.TrimRight(before[:at], " \t\r\n")
	} else {
		before = bytes.TrimRight(before, " \t")
	}
	// A comment to the end of its line needs that end.
	separator := style.newline + style.indent
	outer := style.newline + strings.TrimSuffix(style.indent, style.unit)
	switch {
	case len(bytes.TrimSpace(closing)) > 0: // a comment shares the line of the brace
		before = bytes.TrimRight(object.AfterExtra, " \t")
	case style.inline && !bytes.Contains(object.AfterExtra, []byte("\n")):
		separator, outer = " ", ""
		if n := len(object.Members); n == 0 || (n > 1 && len(object.Members[n-1].Name.BeforeExtra) == 0) {
			separator = ""
		}
		if len(object.AfterExtra) > 0 && len(before) == 0 {
			outer = string(object.AfterExtra)
		}
	case bytes.Contains(object.AfterExtra, []byte("\n")):
		outer = style.newline + string(closing)
	}
	member := hujson.ObjectMember{
		Name:  hujson.Value{BeforeExtra: append(bytes.Clone(before), separator...), Value: hujson.String(name)},
		Value: hujson.Value{BeforeExtra: hujson.Extra(" "), Value: jsonValue(value, style)},
	}
	if n := len(object.Members); n > 0 {
		last := &object.Members[n-1].Value
		if last.AfterExtra != nil { // a trailing comma is kept one
			member.Value.AfterExtra = hujson.Extra{}
		}
	}
	object.Members = append(object.Members, member)
	object.AfterExtra = hujson.Extra(outer)
}

// jsonValue lays a Field's value out.
func jsonValue(value any, style jsonStyle) hujson.ValueTrimmed {
	var out bytes.Buffer
	writeJSON(&out, value, style)
	parsed, err := hujson.Parse(out.Bytes())
	if err != nil {
		panic("install: wrote JSON that does not parse: " + err.Error()) // writeJSON's own fault
	}
	return parsed.Value
}

func writeJSON(out *bytes.Buffer, value any, style jsonStyle) {
	switch v := value.(type) {
	case []Field:
		if len(v) == 0 {
			out.WriteString("{}")
			return
		}
		separator, end := style.newline+style.deeper().indent, style.newline+style.indent
		if style.inline {
			separator, end = " ", " "
		}
		out.WriteByte('{')
		for i, f := range v {
			if i > 0 {
				out.WriteByte(',')
			}
			out.WriteString(separator)
			out.WriteString(jsonString(f.Key))
			out.WriteString(": ")
			writeJSON(out, f.Value, style.deeper())
		}
		out.WriteString(end + "}")
	case []string:
		for i, s := range v {
			out.WriteString([]string{"[", ", "}[min(i, 1)])
			out.WriteString(jsonString(s))
		}
		if len(v) == 0 {
			out.WriteByte('[')
		}
		out.WriteByte(']')
	case string:
		out.WriteString(jsonString(v))
	case bool:
		out.WriteString(strconv.FormatBool(v))
	case int:
		out.WriteString(strconv.Itoa(v))
	}
}

// jsonString is also a basic string of TOML and a double-quoted one of YAML.
func jsonString(s string) string {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(s); err != nil {
		panic("install: a string that JSON cannot write: " + err.Error()) // there is none
	}
	return strings.ReplaceAll(strings.TrimSuffix(out.String(), "\n"), "\x7f", `\u007f`)
}
