package tools

import (
	"bytes"
	"encoding/json"

	"github.com/mark3labs/mcp-go/mcp"
)

// The JSON types of schemas, and what an output may be besides.
const (
	typeText    = "string"
	typeInteger = "integer"
	typeNumber  = "number"
	typeFlag    = "boolean"
	typeList    = "array"
	typeObject  = "object"

	listOfObjects = "objects"
)

// property is one entry of a JSON schema, restricted to what every client
// passes on unharmed: a single type, string enums, no keyword that some API
// refuses.
type property struct {
	Type        string    `json:"type"`
	Description string    `json:"description,omitempty"`
	Enum        []string  `json:"enum,omitempty"`
	Items       *property `json:"items,omitempty"`
	Minimum     *int      `json:"minimum,omitempty"`
	Maximum     *int      `json:"maximum,omitempty"`
}

// output is one property of an answer. Its type is a JSON type, or
// listOfObjects.
type output struct {
	name, kind string
}

// describe is the tool as tools/list shows it.
func (def definition) describe() mcp.Tool {
	readOnly, openWorld := !def.writes, false
	described := mcp.Tool{
		Name:            def.name,
		Title:           def.title,
		Description:     def.description,
		RawInputSchema:  def.inputSchema(),
		RawOutputSchema: def.outputSchema(),
		Annotations: mcp.ToolAnnotation{
			ReadOnlyHint:    &readOnly,
			DestructiveHint: &def.destructive,
			IdempotentHint:  &def.repeatable,
			OpenWorldHint:   &openWorld,
		},
	}
	if def.page != "" {
		described.Meta = mcp.NewMetaFromMap(map[string]any{"ui": map[string]any{"resourceUri": def.page}})
	}
	return described
}

func (def definition) inputSchema() json.RawMessage {
	var schema objectSchema
	var required []string
	for _, arg := range def.arguments {
		if arg.hidden {
			continue
		}
		schema.add(arg.name, arg.property())
		if arg.required {
			required = append(required, arg.name)
		}
	}
	return schema.close(required)
}

// outputSchema is nil where an answer has no structured content.
func (def definition) outputSchema() json.RawMessage {
	switch {
	case def.picture:
		return nil
	case len(def.output) == 0:
		return json.RawMessage(`{"type":"object"}`)
	}
	var schema objectSchema
	for _, out := range def.output {
		switch out.kind {
		case listOfObjects:
			schema.add(out.name, property{Type: typeList, Items: &property{Type: typeObject}})
		default:
			schema.add(out.name, property{Type: out.kind})
		}
	}
	return schema.close(def.required)
}

// property is how a schema shows the argument.
func (arg argument) property() property {
	p := property{Description: arg.description, Enum: arg.values}
	switch arg.kind {
	case integerKind, secondsKind: // taken as the nearest in range: no client need refuse others
		p.Type = typeInteger
	case wholeKind:
		p.Type, p.Minimum, p.Maximum = typeInteger, arg.minimum, arg.maximum
	case amountKind:
		p.Type = typeNumber
	case flagKind:
		p.Type = typeFlag
	case listKind:
		p.Type, p.Items = typeList, &property{Type: typeText}
	default:
		p.Type = typeText
	}
	return p
}

// objectSchema writes an object schema whose properties keep their order, so
// that a model reads the important ones first.
type objectSchema struct{ properties bytes.Buffer }

func (s *objectSchema) add(name string, p property) {
	if s.properties.Len() > 0 {
		s.properties.WriteByte(',')
	}
	s.properties.WriteString(quoted(name) + ":" + quoted(p))
}

func (s *objectSchema) close(required []string) json.RawMessage {
	schema := `{"type":"object","properties":{` + s.properties.String() + `}`
	if len(required) > 0 {
		schema += `,"required":` + quoted(required)
	}
	return json.RawMessage(schema + "}")
}

// quoted is the JSON of a value that cannot fail to have one.
func quoted(value any) string {
	text, err := plainJSON(value)
	if err != nil {
		panic(err) // strings, integers and lists of them always encode
	}
	return text
}
