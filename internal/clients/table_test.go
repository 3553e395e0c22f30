package clients

import (
	"cmp"
	"strings"
	"unicode/utf8"
)

// row is one client over one transport.
type row struct {
	program   program
	transport string
	command   []string // that runs the program, without its arguments
	version   string
	protocol  string            // as spoken in the last run
	cells     map[string]string // by stage
}

// table is Markdown with aligned columns.
func table(rows []*row) string {
	head := []string{"client", "version", "transport", "protocol"}
	for _, s := range stages() {
		head = append(head, s.name)
	}
	lines := [][]string{head}
	for _, r := range rows {
		line := []string{r.program.client, r.version, r.transport, cmp.Or(r.protocol, "–")}
		for _, s := range stages() {
			line = append(line, cmp.Or(r.cells[s.name], "–"))
		}
		lines = append(lines, line)
	}
	widths := make([]int, len(head))
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var out strings.Builder
	write := func(line []string, pad string) {
		out.WriteString("|")
		for i, cell := range line {
			out.WriteString(" " + cell + strings.Repeat(pad, widths[i]-utf8.RuneCountInString(cell)) + " |")
		}
		out.WriteString("\n")
	}
	write(lines[0], " ")
	write(make([]string, len(head)), "-")
	for _, line := range lines[1:] {
		write(line, " ")
	}
	return out.String()
}
