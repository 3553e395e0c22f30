package docs

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the generated parts of docs/")

// root is the repository.
var root = filepath.Join("..", "..")

// part is a piece of a document that is made from the code. It stands between
// the marks <!-- NAME:begin --> and <!-- NAME:end -->.
type part struct {
	file, name string
	text       func(*testing.T) string
}

func parts() []part {
	const reference, quickstart = "docs/reference.md", "docs/quickstart.md"
	return []part{
		{reference, "commands", commandsText},
		{reference, "exits", exitsText},
		{reference, "settings", settingsText},
		{reference, "tools", toolsText},
		{reference, "resources", resourcesText},
		{reference, "prompts", promptsText},
		{reference, "states", statesText},
		{reference, "codes", codesText},
		{reference, "failures", failuresText},
		{reference, "routes", routesText},
		{quickstart, "clients", clientsText},
		{"docs/architecture.md", "imports", importsText},
	}
}

// TestGenerated holds the generated parts against the code.
func TestGenerated(t *testing.T) {
	for _, p := range parts() {
		t.Run(p.name, func(t *testing.T) {
			begin, end := "<!-- "+p.name+":begin -->\n", "<!-- "+p.name+":end -->"
			path := filepath.Join(root, filepath.FromSlash(p.file))
			before, rest, ok := strings.Cut(read(t, path), begin)
			old, after, ok2 := strings.Cut(rest, end)
			if !ok || !ok2 {
				t.Fatalf("%s has lost its marks for %s", p.file, p.name)
			}
			want := p.text(t)
			if t.Failed() || old == want {
				return
			}
			if !*update {
				t.Fatalf("%s is not what the code says about %s; run: make generate\n%s", p.file, p.name, firstDifference(old, want))
			}
			if err := os.WriteFile(path, []byte(before+begin+want+end+after), 0o644); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func firstDifference(old, want string) string {
	oldLines, wantLines := strings.Split(old, "\n"), strings.Split(want, "\n")
	for i, line := range wantLines {
		if i >= len(oldLines) || oldLines[i] != line {
			return "it should say\n\t" + line
		}
	}
	return "it says more than it should"
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(data), "\r\n", "\n")
}

// table is a Markdown table.
func table(header []string, rows [][]string) string {
	var text strings.Builder
	line := func(cells []string) {
		for _, cell := range cells {
			text.WriteString("| " + strings.ReplaceAll(strings.ReplaceAll(cell, "|", `\|`), "\n", "<br>") + " ")
		}
		text.WriteString("|\n")
	}
	line(header)
	text.WriteString(strings.Repeat("| --- ", len(header)) + "|\n")
	for _, row := range rows {
		line(row)
	}
	return text.String()
}

func code(text string) string { return "`" + text + "`" }

// complete fails for what has no explanation, and for explanations of what is
// not there any more.
func complete(t *testing.T, what string, there []string, explained map[string]string) {
	t.Helper()
	known := map[string]bool{}
	for _, name := range there {
		known[name] = true
		if explained[name] == "" {
			t.Errorf("%s %q has no explanation in internal/docs", what, name)
		}
	}
	for name := range explained {
		if !known[name] {
			t.Errorf("internal/docs explains %s %q, which is not in the code", what, name)
		}
	}
}
