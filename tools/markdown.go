package tools

import (
	"fmt"
	"strings"
)

// Markdown is the tools as a table for documents, made from the definitions
// that clients are sent, so that the two cannot disagree. Tools that are not
// offered everywhere are among them.
func Markdown(d Deps) string {
	var table strings.Builder
	table.WriteString("| tool | does | arguments |\n| --- | --- | --- |\n")
	if d.Preview == nil {
		d.Preview = everywhere{}
	}
	for _, t := range build(d) {
		var arguments []string
		for _, arg := range t.definition.arguments {
			if !arg.hidden {
				arguments = append(arguments, markdownArgument(arg))
			}
		}
		fmt.Fprintf(&table, "| `%s` | %s | %s |\n", t.definition.name, strings.TrimSpace(t.definition.description+" "+t.definition.offered), strings.Join(arguments, "<br>"))
	}
	return table.String()
}

// everywhere stands for a Previewer in documents, which are the same on every
// machine.
type everywhere struct{ Previewer }

// SeesClips makes preview_video one of the tools.
func (everywhere) SeesClips() bool { return true }

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
