package main

import (
	"os"
	"strings"
	"testing"

	"seedance-mcp/internal/catalog"
	"seedance-mcp/internal/video"
	"seedance-mcp/tools"
)

const readmePath = "../../README.md"

// TestREADMEToolTable keeps the README's tools what the code says; -update
// rewrites them.
func TestREADMEToolTable(t *testing.T) {
	data, err := os.ReadFile(readmePath)
	if err != nil {
		t.Fatal(err)
	}
	models, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- tools:begin -->\n", "<!-- tools:end -->"
	before, rest, ok := strings.Cut(string(data), begin)
	old, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatal("README.md has lost its marks for the tool table")
	}
	want := tools.Markdown(tools.Deps{Catalog: models, Dialect: video.Workflow, Downloads: true})
	if old == want {
		return
	}
	if !*update {
		t.Fatal("the tool table in README.md is not what the code says; run: make generate")
	}
	if err := os.WriteFile(readmePath, []byte(before+begin+want+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestREADMESettings holds the README's table of variables against the code.
func TestREADMESettings(t *testing.T) {
	data, err := os.ReadFile(readmePath)
	if err != nil {
		t.Fatal(err)
	}
	readme := strings.ReplaceAll(string(data), "`SEEDANCE_MAX_CREDITS_PER_TASK`, `_PER_DAY`, `_PER_MONTH`",
		"SEEDANCE_MAX_CREDITS_PER_TASK SEEDANCE_MAX_CREDITS_PER_DAY SEEDANCE_MAX_CREDITS_PER_MONTH")
	for _, one := range allSettings() {
		if !strings.Contains(readme, one.env) {
			t.Errorf("README.md does not name %s", one.env)
		}
	}
	if lines := strings.Count(string(data), "\n"); lines >= 200 {
		t.Errorf("README.md has %d lines; it stays under 200", lines)
	}
}
