package catalog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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

// maxDepth bounds nesting: the schema needs seven levels.
const maxDepth = 16

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

// member is the named value of an object; nil when absent or null.
func (n *node) member(name string) *node {
	for i, have := range n.names {
		if have == name && n.items[i].kind != kindNull {
			return n.items[i]
		}
	}
	return nil
}

// parseTree reads one JSON value with the places of its parts. Duplicate names
// in an object are refused: which one was meant is anybody's guess.
func parseTree(file string, data []byte) (*node, error) {
	var whole json.RawMessage
	if err := json.Unmarshal(data, &whole); err != nil {
		return nil, syntaxFault(file, data, err)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	parser := treeParser{file: file, data: data, decoder: decoder, line: 1}
	return parser.value(0)
}

// syntaxFault gives encoding/json's complaint a line.
func syntaxFault(file string, data []byte, err error) error {
	at := len(data)
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		at = min(int(syntax.Offset), len(data))
	}
	return place{file, 1 + bytes.Count(data[:at], []byte("\n"))}.faultf("not JSON: %v", err)
}

type treeParser struct {
	file    string
	data    []byte
	decoder *json.Decoder
	counted int // bytes of data whose line feeds are in line
	line    int
}

// here is the place of the token that was read last.
func (p *treeParser) here() place {
	end := int(p.decoder.InputOffset())
	p.line += bytes.Count(p.data[p.counted:end], []byte("\n"))
	p.counted = end
	return place{p.file, p.line}
}

func (p *treeParser) value(depth int) (*node, error) {
	token, err := p.decoder.Token()
	if err != nil {
		return nil, p.here().faultf("not JSON: %v", err)
	}
	n := &node{place: p.here()}
	if depth > maxDepth {
		return nil, n.faultf("nested too deeply")
	}
	switch token := token.(type) {
	case nil:
		n.kind = kindNull
	case bool:
		n.kind, n.text = kindBool, fmt.Sprint(token)
	case json.Number:
		n.kind, n.text = kindNumber, token.String()
	case string:
		n.kind, n.text = kindText, token
	case json.Delim:
		n.kind = kindList
		if token == '{' {
			n.kind = kindObject
		}
		if err := p.inside(n, depth); err != nil {
			return nil, err
		}
	}
	return n, nil
}

// inside reads the items of a list or object up to its closing bracket.
func (p *treeParser) inside(n *node, depth int) error {
	seen := map[string]bool{}
	for p.decoder.More() {
		if n.kind == kindObject {
			token, err := p.decoder.Token()
			if err != nil {
				return p.here().faultf("not JSON: %v", err)
			}
			name, _ := token.(string) // a valid object has only string names
			if seen[name] {
				return p.here().faultf("%.60q is written twice", name)
			}
			seen[name] = true
			n.names = append(n.names, name)
		}
		item, err := p.value(depth + 1)
		if err != nil {
			return err
		}
		n.items = append(n.items, item)
	}
	if _, err := p.decoder.Token(); err != nil && !errors.Is(err, io.EOF) {
		return p.here().faultf("not JSON: %v", err)
	}
	return nil
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
