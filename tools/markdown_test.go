package tools_test

import (
	"strings"
	"testing"

	"seedance-mcp/tools"
)

func TestMarkdown(t *testing.T) {
	for name, d := range listings(t) {
		table := tools.Markdown(d)
		lines := strings.Split(strings.TrimSpace(table), "\n")
		if len(lines) != 2+len(tools.All(listings(t)["kinovi"])) {
			t.Errorf("%s: %d lines", name, len(lines))
		}
		for _, line := range lines {
			if strings.Count(line, "|")-strings.Count(line, `\|`) != 4 {
				t.Errorf("%s: no row of three cells: %s", name, line)
			}
		}
		if d.Uploader == nil && d.Preview != nil {
			golden(t, "markdown_"+name+".md", []byte(table))
		}
	}
}
