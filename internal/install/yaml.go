package install

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v4"
)

// yamlDocument edits whole lines, found through the node tree; a second
// decoding proves that nothing else has changed. Only block style is edited,
// and empty flow style; an entry in one line of braces is refused.
type yamlDocument struct {
	source []byte
	root   *yaml.Node // the top mapping; nil: there is nothing yet
	data   any
	lines  []yamlLine
}

// yamlLine is a line's place, its end included.
type yamlLine struct{ start, end int }

func parseYAML(text []byte) (*yamlDocument, error) {
	d := &yamlDocument{source: text}
	for start := 0; start < len(text); {
		end := len(text)
		if n := bytes.IndexByte(text[start:], '\n'); n >= 0 {
			end = start + n + 1
		}
		d.lines = append(d.lines, yamlLine{start, end})
		start = end
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var node yaml.Node
	err := decoder.Decode(&node)
	if errors.Is(err, io.EOF) {
		return d, nil // nothing but comments
	}
	if err != nil {
		return nil, yamlFault(err)
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		if err != nil {
			return nil, yamlFault(err)
		}
		return nil, &placeError{reason: "this holds several YAML documents; which one counts is not clear"}
	}
	if err := node.Decode(&d.data); err != nil {
		return nil, yamlFault(err)
	}
	d.data = yamlPlain(d.data)
	if len(node.Content) == 0 || isNull(node.Content[0]) {
		return d, nil
	}
	d.root = node.Content[0]
	if d.root.Kind != yaml.MappingNode {
		return nil, &placeError{line: d.root.Line, column: d.root.Column, reason: "this is not a mapping of names to values"}
	}
	return d, nil
}

func yamlFault(err error) error {
	if all, ok := errors.AsType[*yaml.LoadErrors](err); ok && len(all.Errors) > 0 {
		err = all.Errors[0]
	}
	if one, ok := errors.AsType[*yaml.LoadError](err); ok {
		return &placeError{line: one.Mark.Line, column: one.Mark.Column, reason: one.Message}
	}
	return &placeError{reason: strings.TrimPrefix(err.Error(), "yaml: ")}
}

// yamlPlain brings the decoder's types to those of get.
func yamlPlain(value any) any {
	switch v := value.(type) {
	case map[any]any: // keys that are no texts; they are only compared
		table := make(map[string]any, len(v))
		for key, inner := range v {
			table[keyText(key)] = yamlPlain(inner)
		}
		return table
	case map[string]any:
		for key, inner := range v {
			v[key] = yamlPlain(inner)
		}
	case []any:
		for i, inner := range v {
			v[i] = yamlPlain(inner)
		}
	}
	return value
}

// keyText keeps apart 1 and "1".
func keyText(key any) string {
	if text, ok := key.(string); ok {
		return text
	}
	return "\x00" + tomlValue(yamlPlain(key))
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

func (d *yamlDocument) text() []byte { return d.source }

func (d *yamlDocument) get(path []string) (any, bool) { return lookUp(d.data, path) }

// try replaces the text between start and end if that makes want of it.
func (d *yamlDocument) try(start, end int, replacement string, want any) bool {
	text := slices.Concat(d.source[:start], []byte(replacement), d.source[end:])
	changed, err := parseYAML(text)
	if err != nil || !same(changed.data, want) {
		return false
	}
	*d = *changed
	return true
}

// yamlPair is a key and its value in a mapping.
type yamlPair struct{ key, value *yaml.Node }

func pairs(mapping *yaml.Node) []yamlPair {
	var all []yamlPair
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		all = append(all, yamlPair{mapping.Content[i], mapping.Content[i+1]})
	}
	return all
}

// walk goes down path as far as there are mappings: the pairs it went
// through, at most one for each name.
func (d *yamlDocument) walk(path []string) []yamlPair {
	var through []yamlPair
	at := d.root
	for _, name := range path {
		if at == nil || at.Kind != yaml.MappingNode {
			break
		}
		all := pairs(at)
		i := slices.IndexFunc(all, func(p yamlPair) bool { return p.key.Kind == yaml.ScalarNode && p.key.Value == name })
		if i < 0 {
			break
		}
		through = append(through, all[i])
		at = all[i].value
	}
	return through
}

func (d *yamlDocument) set(path []string, value any) error {
	want := with(d.data, path, plain(value))
	through := d.walk(path)
	if len(through) == len(path) && d.replace(through[len(path)-1], value, want) {
		return nil
	}
	if len(through) < len(path) && d.insert(path, through, value, want) {
		return nil
	}
	if n := len(through); n > 0 {
		key := through[n-1].key
		return &placeError{line: key.Line, column: key.Column, reason: errUnsafe(path).Error()}
	}
	return errUnsafe(path)
}

// replace writes another value after the same key, keeping a comment that
// ends its line.
func (d *yamlDocument) replace(pair yamlPair, value, want any) bool {
	start, end := d.block(pair)
	line := d.source[d.lines[start].start:d.lines[start].end]
	indent := string(line[:pair.key.Column-1])
	if strings.TrimLeft(indent, " ") != "" { // the key shares its line with what is before it
		return false
	}
	var out strings.Builder
	writeYAML(&out, indent, pair.key.Value, value, newline(d.source))
	text := out.String()
	if note := pair.value.LineComment; note != "" && strings.Count(text, "\n") == 1 {
		text = strings.TrimRight(text, "\r\n") + " " + note + newline(d.source)
	}
	return d.try(d.lines[start].start, d.lines[end-1].end, text, want)
}

// insert adds what is missing of path below the last pair that there is.
func (d *yamlDocument) insert(path []string, through []yamlPair, value, want any) bool {
	for k := len(path) - 1; k > len(through); k-- {
		value = []Field{{path[k], value}}
	}
	name := path[len(through)]
	end := newline(d.source)
	var out strings.Builder
	if len(through) == 0 {
		writeYAML(&out, "", name, value, end)
		at := len(d.source)
		text := out.String()
		if at > 0 && d.source[at-1] != '\n' {
			text = end + text
		}
		if d.try(at, at, text, want) {
			return true
		}
		if d.root == nil || d.root.Line < 1 || d.root.Line > len(d.lines) {
			return false
		}
		first := d.lines[d.root.Line-1].start // before what an end mark or a text that keeps its blank lines closes
		return d.try(first, first, out.String(), want)
	}
	parent := through[len(through)-1]
	line := d.lines[parent.key.Line-1]
	indent := strings.Repeat(" ", parent.key.Column-1) + "  "
	switch children := parent.value; {
	case children.Kind == yaml.MappingNode && len(children.Content) > 0 && children.Style&yaml.FlowStyle == 0:
		writeYAML(&out, strings.Repeat(" ", children.Content[0].Column-1), name, value, end)
		text := out.String()
		if line.end == len(d.source) && d.source[line.end-1] != '\n' {
			text = end + text
		}
		return d.try(line.end, line.end, text, want)
	case children.Kind == yaml.MappingNode && len(children.Content) == 0, isNull(children):
		writeYAML(&out, indent, name, value, end)
		// The empty braces, or the null, give way; a comment stays.
		text := strings.TrimRight(string(d.source[line.start:line.end]), "\r\n")
		note := ""
		if at := strings.Index(text, " #"); at >= 0 {
			text, note = text[:at], text[at:]
		}
		for _, empty := range []string{"", "{}", "{ }", "null", "~"} {
			bare := strings.TrimRight(text, " \t")
			if !strings.HasSuffix(bare, empty) {
				continue
			}
			head := strings.TrimRight(strings.TrimSuffix(bare, empty), " \t") + note + end
			if d.try(line.start, line.end, head+out.String(), want) {
				return true
			}
		}
	}
	return false
}

// block is the lines of a pair, from its key on: first and after the last.
// Comments and blank lines after its content are not part of it.
func (d *yamlDocument) block(pair yamlPair) (start, end int) {
	start = pair.key.Line - 1
	end = start + 1
	column := pair.key.Column - 1
	list := pair.value.Kind == yaml.SequenceNode && pair.value.Style&yaml.FlowStyle == 0
	for i := start + 1; i < len(d.lines); i++ {
		line := strings.TrimRight(string(d.source[d.lines[i].start:d.lines[i].end]), "\r\n")
		content := strings.TrimLeft(line, " ")
		indent := len(line) - len(content)
		switch {
		case strings.TrimSpace(content) == "":
			continue
		case indent > column && !strings.HasPrefix(content, "#"),
			indent > column && d.commentInside(i, column),
			indent == column && list && strings.HasPrefix(content, "-") && !strings.HasPrefix(content, "---"):
			end = i + 1
		case indent > column:
			continue
		default:
			return start, end
		}
	}
	return start, end
}

// commentInside says that deeper content follows the comment in line i.
func (d *yamlDocument) commentInside(i, column int) bool {
	for _, place := range d.lines[i+1:] {
		line := strings.TrimRight(string(d.source[place.start:place.end]), "\r\n")
		content := strings.TrimLeft(line, " ")
		if content == "" || strings.HasPrefix(content, "#") {
			continue
		}
		return len(line)-len(content) > column
	}
	return false
}

func (d *yamlDocument) remove(path []string) error {
	if _, there := d.get(path); !there {
		return nil
	}
	want := without(d.data, path)
	through := d.walk(path)
	if len(through) == len(path) {
		start, end := d.block(through[len(path)-1])
		from, to := d.lines[start].start, d.lines[end-1].end
		if d.try(from, to, "", want) {
			return nil
		}
		if n := len(path); n > 1 && len(through[n-2].value.Content) == 2 {
			// The only entry: its table stays, empty.
			parent := d.lines[through[n-2].key.Line-1]
			line := string(d.source[parent.start:parent.end])
			head := strings.TrimRight(line, "\r\n")
			note := ""
			if at := strings.Index(head, " #"); at >= 0 {
				head, note = head[:at], head[at:]
			}
			between := string(d.source[parent.end:from])
			if d.try(parent.start, to, strings.TrimRight(head, " \t")+" {}"+note+newline(d.source)+between, want) {
				return nil
			}
		}
		key := through[len(path)-1].key
		return &placeError{line: key.Line, column: key.Column, reason: errUnsafe(path).Error()}
	}
	return errUnsafe(path)
}

// writeYAML writes a key with its value in block style; texts are quoted, so
// that none is taken for something else.
func writeYAML(out *strings.Builder, indent, key string, value any, end string) {
	name := key
	if !bareKey().MatchString(key) {
		name = jsonString(key)
	}
	out.WriteString(indent + name + ":")
	switch v := value.(type) {
	case []Field:
		if len(v) == 0 {
			out.WriteString(" {}")
		}
		out.WriteString(end)
		for _, f := range v {
			writeYAML(out, indent+"  ", f.Key, f.Value, end)
		}
	case []string:
		if len(v) == 0 {
			out.WriteString(" []")
		}
		out.WriteString(end)
		for _, item := range v {
			out.WriteString(indent + "  - " + yamlText(item) + end)
		}
	case string:
		out.WriteString(" " + yamlText(v) + end)
	default:
		out.WriteString(" " + tomlValue(v) + end)
	}
}

// yamlText quotes what is more than words.
func yamlText(s string) string {
	if plainWord().MatchString(s) && !reserved[strings.ToLower(s)] {
		return s
	}
	return jsonString(s)
}

// plainWord is a text that YAML reads as itself; reserved are those that it
// takes for something else.
var (
	plainWord = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z/][A-Za-z0-9_./ -]*[A-Za-z0-9]$|^[A-Za-z]$`) })
	reserved  = map[string]bool{"true": true, "false": true, "yes": true, "no": true, "on": true, "off": true, "null": true, "y": true, "n": true}
)
