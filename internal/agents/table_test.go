package agents

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"
)

// table is what all runs end in: a row for each agent and transport.
type table struct {
	mu   sync.Mutex
	rows []row
}

type row struct {
	agent, version, transport, protocol string
	cells                               map[string]string // by stage
}

func (tb *table) add(r row) {
	tb.mu.Lock()
	defer tb.mu.Unlock()
	tb.rows = append(tb.rows, r)
}

// markdown has aligned columns.
func (tb *table) markdown() string {
	tb.mu.Lock()
	defer tb.mu.Unlock()
	slices.SortFunc(tb.rows, func(a, b row) int {
		return cmp.Or(cmp.Compare(a.agent, b.agent), cmp.Compare(a.transport, b.transport))
	})
	head := []string{"client", "version", "transport", "protocol"}
	for _, s := range everyStage() {
		head = append(head, s.name)
	}
	lines := [][]string{head, slices.Repeat([]string{""}, len(head))}
	for _, r := range tb.rows {
		line := []string{r.agent, r.version, r.transport, cmp.Or(r.protocol, "–")}
		for _, s := range everyStage() {
			line = append(line, cmp.Or(r.cells[s.name], "–"))
		}
		lines = append(lines, line)
	}
	var out strings.Builder
	for i, line := range lines {
		pad := " "
		if i == 1 {
			pad = "-"
		}
		for column, cell := range line {
			width := 0
			for _, other := range lines {
				width = max(width, utf8.RuneCountInString(other[column]))
			}
			out.WriteString("| " + cell + strings.Repeat(pad, width-utf8.RuneCountInString(cell)) + " ")
		}
		out.WriteString("|\n")
	}
	return out.String()
}

func TestTable(t *testing.T) {
	var results table
	results.add(row{agent: "Zed", version: "2", transport: "stdio", cells: map[string]string{"quick": "ok 3.2 s"}})
	results.add(row{agent: "Ada", version: "1.10", transport: "http", protocol: "2026-07-28"})
	want := `| client | version | transport | protocol   | quick    | 70 s | restart | death |
| ------ | ------- | --------- | ---------- | -------- | ---- | ------- | ----- |
| Ada    | 1.10    | http      | 2026-07-28 | –        | –    | –       | –     |
| Zed    | 2       | stdio     | –          | ok 3.2 s | –    | –       | –     |
`
	if got := results.markdown(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
