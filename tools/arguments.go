package tools

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"seedance-mcp/internal/catalog"
	"seedance-mcp/internal/video"
)

// kind is how an argument's value is understood.
type kind int

const (
	textKind    kind = iota // text; surrounding space does not count
	promptKind              // text as written, but for control characters
	looseKind               // text or number, handed on as text: the catalogue reads it
	wholeKind               // as looseKind, but a schema asks for a whole number
	integerKind             // whole number; taken as the nearest in range
	secondsKind             // as integerKind, perhaps with a unit of time: 30, "30s"
	amountKind              // credits, never negative
	flagKind                // true or false
	listKind                // texts; one alone counts as a list
)

// argument is one argument of a tool: how a schema shows it and how the
// decoder reads it.
type argument struct {
	name, description string
	// means is what a refusal says instead, where the description is too brief
	// to stand alone.
	means string
	kind  kind
	// aliases are other spellings that models use, beyond those that differ
	// in case, separators or a plural s only.
	aliases []string
	// values are shown as the enum; whoever uses the value checks it, because
	// aliases of values are understood too.
	values           []string
	minimum, maximum *int
	required         bool
	// hidden is understood but not shown: another dialect or another tool has
	// it, and saying so beats "unknown argument".
	hidden bool
}

// decoder reads the arguments of one tool.
type decoder struct {
	tool      string
	strict    bool
	arguments []argument
	exact     map[string]bool
	// spellings maps what a spelling is reduced to (catalog.NameKey) to the name.
	spellings map[string]string
}

func newDecoder(def definition) *decoder {
	d := &decoder{tool: def.name, strict: def.strict, arguments: def.arguments,
		exact: map[string]bool{}, spellings: map[string]string{}}
	for _, arg := range def.arguments {
		d.exact[arg.name] = true
		d.spellings[catalog.NameKey(arg.name)] = arg.name
	}
	understand := func(reduced, name string) {
		if _, taken := d.spellings[reduced]; !taken {
			d.spellings[reduced] = name
		}
	}
	for _, arg := range def.arguments {
		for _, alias := range arg.aliases {
			understand(catalog.NameKey(alias), arg.name)
		}
	}
	for _, arg := range def.arguments {
		understand(singular(catalog.NameKey(arg.name)), arg.name)
		understand(catalog.NameKey(arg.name)+"s", arg.name)
	}
	return d
}

// decode reads raw, an object or nothing, into a struct whose JSON names are
// the argument names. null and "" are the same as absent. The notes tell what
// was understood differently from what was written; errors are *video.Error
// with code Invalid.
func (d *decoder) decode(raw json.RawMessage, into any) ([]string, error) {
	given, err := d.object(raw)
	if err != nil {
		return nil, err
	}
	notes, err := d.rename(given)
	if err != nil {
		return nil, err
	}
	canonical := make([]byte, 0, len(raw)+2)
	for _, arg := range d.arguments {
		value, present := given[arg.name]
		if present && !isAbsent(value) {
			var note string
			if value, note, err = d.coerce(arg, value); err != nil {
				return nil, err
			}
			if note != "" {
				notes = append(notes, note)
			}
		} else {
			value = nil
		}
		if value == nil {
			if arg.required {
				return nil, d.missing(arg)
			}
			continue
		}
		canonical = append(canonical, ',', '"')
		canonical = append(canonical, arg.name...)
		canonical = append(canonical, '"', ':')
		canonical = append(canonical, value...)
	}
	if len(canonical) == 0 {
		return notes, nil
	}
	canonical[0] = '{'
	canonical = append(canonical, '}')
	if err := json.Unmarshal(canonical, into); err != nil {
		return nil, fmt.Errorf("arguments of %s after coercion: %w", d.tool, err)
	}
	return notes, nil
}

// object parts the arguments. Nothing and null are an empty object; a text
// that holds an object is what some clients make of one.
func (d *decoder) object(raw json.RawMessage) (map[string]json.RawMessage, error) {
	raw = bytes.TrimSpace(raw)
	if isAbsent(raw) {
		return nil, nil
	}
	given := map[string]json.RawMessage{}
	if raw[0] == '"' {
		var inner string
		if json.Unmarshal(raw, &inner) == nil && json.Unmarshal([]byte(inner), &given) == nil {
			return given, nil
		}
	} else if json.Unmarshal(raw, &given) == nil {
		return given, nil
	}
	return nil, &video.Error{
		Code:       video.Invalid,
		Message:    fmt.Sprintf("The arguments of %s must be one JSON object, but %s was given.", d.tool, kindOf(raw)),
		Given:      excerpt(raw),
		Suggestion: fmt.Sprintf("Call %s again with an object of named arguments; it takes %s.", d.tool, strings.Join(d.shown(), ", ")),
	}
}

// rename moves values from near misses to the names that are meant, and drops
// or refuses the rest.
func (d *decoder) rename(given map[string]json.RawMessage) (notes []string, err error) {
	known := 0
	for name := range given {
		if d.exact[name] {
			known++
		}
	}
	if known == len(given) {
		return nil, nil
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if d.exact[name] || isAbsent(given[name]) || ignored(name) {
			continue
		}
		meant, ok := d.spellings[catalog.NameKey(name)]
		if !ok {
			if d.strict {
				return nil, d.unknown(name)
			}
			continue
		}
		if other, twice := given[meant]; twice && !isAbsent(other) {
			if bytes.Equal(other, given[name]) {
				continue
			}
			return nil, d.twice(name, meant)
		}
		given[meant] = given[name]
		notes = append(notes, fmt.Sprintf("%s was read as %s.", video.Clip(name, 40), meant))
	}
	return notes, nil
}

// ignored are names that a client adds by itself: the model did not ask for
// anything with them.
func ignored(name string) bool {
	return name == "wait_for_previous" || strings.HasPrefix(name, "_")
}

// shown are the names that the schema has.
func (d *decoder) shown() []string {
	var names []string
	for _, arg := range d.arguments {
		if !arg.hidden {
			names = append(names, arg.name)
		}
	}
	return names
}

func (d *decoder) missing(arg argument) error {
	return &video.Error{
		Code: video.Invalid, Argument: arg.name,
		Message:    fmt.Sprintf("%s needs %s, but it is missing or empty.", d.tool, arg.name),
		Suggestion: fmt.Sprintf("Call %s again with %s: %s", d.tool, arg.name, cmp.Or(arg.means, arg.description)),
	}
}

func (d *decoder) unknown(name string) error {
	names := d.shown()
	message := fmt.Sprintf("%s has no argument %q; nothing was done, so that no wish is lost unnoticed.", d.tool, video.Clip(name, 40))
	if near := d.nearest(name, names); near != "" {
		message += fmt.Sprintf(" The nearest is %s.", near)
	}
	return &video.Error{
		Code: video.Invalid, Argument: video.Clip(name, 40), Valid: names,
		Message:    message,
		Suggestion: fmt.Sprintf("Rename it or leave it out (what it says may go into the prompt) and call %s again. It takes %s.", d.tool, strings.Join(names, ", ")),
	}
}

func (d *decoder) twice(name, meant string) error {
	return &video.Error{
		Code: video.Invalid, Argument: meant,
		Message:    fmt.Sprintf("%s and %s are the same argument of %s, given with different values.", video.Clip(name, 40), meant, d.tool),
		Suggestion: fmt.Sprintf("Give %s once and call %s again.", meant, d.tool),
	}
}
