package tools

import (
	"fmt"
	"strings"
)

// Markdown is the tools as a table for documents, made from the definitions
// that clients are sent, so that the two cannot disagree.
func Markdown(d Deps) string {
	var table strings.Builder
	table.WriteString("| tool | does | arguments |\n| --- | --- | --- |\n")
	for _, t := range build(d) {
		var arguments []string
		for _, arg := range t.definition.arguments {
			if !arg.hidden {
				arguments = append(arguments, markdownArgument(arg))
			}
		}
		fmt.Fprintf(&table, "| `%s` | %s | %s |\n", t.definition.name, t.definition.description, strings.Join(arguments, "<br>"))
	}
	return table.String()
}

// markdownArgument is "`name` type: what it means", the type in words.
func markdownArgument(arg argument) string {
	p := arg.property()
	text := "`" + arg.name + "` " + p.Type
	if p.Items != nil {
		text = "`" + arg.name + "` " + p.Items.Type + "[]"
	}
	if arg.required {
		text += ", required"
	}
	text += ": " + arg.description
	if len(arg.values) > 0 {
		text += " (`" + strings.Join(arg.values, "` `") + "`)"
	}
	return strings.ReplaceAll(text, "|", `\|`)
}
