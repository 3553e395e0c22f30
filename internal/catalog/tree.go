package catalog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"seedance-mcp/internal/video"
)

// kind is the JSON type of a node.
type kind byte

const (
	kindNull kind = iota
	kindBool
	kindNumber
	kindText
	kindList
	kindObject
)

func (k kind) String() string {
	return [...]string{"null", "true or false", "a number", "text", "a list", "an object"}[k]
}

// Bounds of a file: the schema needs seven levels, and no object or list comes
// near a thousand entries, among which repeated ones are searched.
const (
	maxDepth   = 16
	maxEntries = 1000
)

// place is where in which file something was written.
type place struct {
	file string
	line int // from 1
}

// faultf makes an error that leads with the place: "models.json:12: …".
func (p place) faultf(format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s", p.file, p.line, fmt.Sprintf(format, args...))
}

// node is a JSON value that remembers its place, so that a mistake in meaning
// can be reported at its line, even after several files were merged.
type node struct {
	place
	kind kind
	// text is the decoded string, or the literal of a number or boolean.
	text string
	// items are a list's values, or an object's values in the order written.
	items []*node
	// names belong to an object's items.
	names []string
}

// entry is the named value of an object, be it null; nil when absent.
func (n *node) entry(name string) *node {
	if at := slices.Index(n.names, name); at >= 0 {
		return n.items[at]
	}
	return nil
}

// member is the named value of an object; nil when absent or null.
func (n *node) member(name string) *node {
	if item := n.entry(name); item != nil && item.kind != kindNull {
		return item
	}
	return nil
}

// parseTree reads one JSON value with the places of its parts. Duplicate names
// in an object are refused: which one was meant is anybody's guess.
func parseTree(file string, data []byte) (*node, error) {
	if !json.Valid(data) {
		return nil, syntaxFault(file, data)
	}
	walker := treeWalker{file: file, data: data, line: 1}
	return walker.value(0)
}

// syntaxFault gives encoding/json's complaint a line.
func syntaxFault(file string, data []byte) error {
	var whole json.RawMessage
	err := json.Unmarshal(data, &whole)
	at := len(data)
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		at = min(int(syntax.Offset), len(data))
	}
	return place{file, 1 + bytes.Count(data[:at], []byte("\n"))}.faultf("not JSON: %v", err)
}

// treeWalker steps through text that is known to be valid JSON. It exists
// because encoding/json tells no places, and its token reader takes most of a
// millisecond for the embedded file, at every start of the program.
type treeWalker struct {
	file string
	data []byte
	at   int
	line int
}

// skip passes blanks, and the commas and colons that validity has put right.
func (w *treeWalker) skip() {
	for ; w.at < len(w.data); w.at++ {
		switch w.data[w.at] {
		case '\n':
			w.line++
		case ' ', '\t', '\r', ',', ':':
		default:
			return
		}
	}
}

func (w *treeWalker) value(depth int) (*node, error) {
	w.skip()
	n := &node{place: place{w.file, w.line}}
	if depth > maxDepth {
		return nil, n.faultf("nested too deeply")
	}
	switch w.data[w.at] {
	case '{':
		n.kind = kindObject
		return n, w.inside(n, '}', depth)
	case '[':
		n.kind = kindList
		return n, w.inside(n, ']', depth)
	case '"':
		n.kind = kindText
		var err error
		n.text, err = w.text()
		return n, err
	}
	n.text = w.literal()
	switch n.text {
	case "null":
		n.kind = kindNull
	case "true", "false":
		n.kind = kindBool
	default:
		n.kind = kindNumber
	}
	return n, nil
}

// inside reads the items of a list or object and its closing bracket.
func (w *treeWalker) inside(n *node, closing byte, depth int) error {
	w.at++ // the opening bracket
	for {
		w.skip()
		if w.data[w.at] == closing {
			w.at++
			return nil
		}
		if len(n.items) == maxEntries {
			return place{w.file, w.line}.faultf("more than %d entries in %s", maxEntries, n.kind)
		}
		if n.kind == kindObject {
			here := place{w.file, w.line}
			name, err := w.text()
			if err != nil {
				return err
			}
			if slices.Contains(n.names, name) {
				return here.faultf("%q is written twice", video.Clip(name, clipName))
			}
			n.names = append(n.names, name)
		}
		item, err := w.value(depth + 1)
		if err != nil {
			return err
		}
		n.items = append(n.items, item)
	}
}

// text reads a string with its quotes.
func (w *treeWalker) text() (string, error) {
	start := w.at
	plain := true
	for w.at++; w.data[w.at] != '"'; w.at++ {
		if w.data[w.at] == '\\' {
			plain = false
			w.at++
		}
	}
	w.at++
	raw := w.data[start:w.at]
	if plain {
		return strings.ToValidUTF8(string(raw[1:len(raw)-1]), "\uFFFD"), nil
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return "", place{w.file, w.line}.faultf("not JSON: %v", err)
	}
	return text, nil
}

// literal reads a number, true, false or null.
func (w *treeWalker) literal() string {
	start := w.at
	for w.at < len(w.data) && strings.IndexByte(" \t\r\n,]}", w.data[w.at]) < 0 {
		w.at++
	}
	return string(w.data[start:w.at])
}

// merge lays over on base: objects name by name, anything else replaced. A
// null stays in place and reads as absent, so it takes away what base says.
// base and over are not changed; the result shares their parts.
func merge(base, over *node) *node {
	if base == nil || over == nil {
		if over == nil {
			return base
		}
		return over
	}
	if base.kind != kindObject || over.kind != kindObject {
		return over
	}
	merged := &node{
		place: over.place, kind: kindObject,
		names: append([]string(nil), base.names...),
		items: append([]*node(nil), base.items...),
	}
	for i, name := range over.names {
		at := -1
		for j, have := range base.names {
			if have == name {
				at = j
				break
			}
		}
		if at < 0 {
			merged.names = append(merged.names, name)
			merged.items = append(merged.items, over.items[i])
			continue
		}
		merged.items[at] = merge(base.items[at], over.items[i])
	}
	return merged
}
