package docs

import (
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// module is the import path before every package of ours.
const module = "seedance-mcp/"

// packages are those of this module, with what each imports of it.
func packages(t *testing.T) map[string][]string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, module+"...").Output()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		name := strings.TrimPrefix(words[0], module)
		all[name] = []string{}
		for _, imported := range words[1:] {
			if ours, ok := strings.CutPrefix(imported, module); ok {
				all[name] = append(all[name], ours)
			}
		}
	}
	return all
}

// importsText draws who imports whom, as Mermaid, without the vocabulary. An
// arrow that a longer way implies is left out.
func importsText(t *testing.T) string {
	all := packages(t)
	const vocabulary = "internal/video"
	var reaches func(from, to string) bool
	reaches = func(from, to string) bool {
		return from == to || slices.ContainsFunc(all[from], func(next string) bool { return reaches(next, to) })
	}
	var edges []string
	for name, imports := range all {
		if strings.HasPrefix(name, "examples") || strings.HasPrefix(name, "internal/bench") {
			continue
		}
		for _, imported := range imports {
			implied := slices.ContainsFunc(imports, func(other string) bool { return other != imported && reaches(other, imported) })
			if imported != vocabulary && !implied {
				edges = append(edges, "    "+node(name)+" --> "+node(imported)+"\n")
			}
		}
	}
	slices.Sort(edges)
	return "```mermaid\nflowchart LR\n" + strings.Join(edges, "") + "```\n"
}

// node is a package's name in the diagram.
func node(name string) string {
	switch name {
	case "cmd/seedance-mcp":
		return "cmd"
	case "server/app":
		return "app[server/app]"
	}
	return path.Base(name)
}

// TestArchitectureNamesEveryPackage: the tree at the head of the page has a
// line for each folder that holds packages.
func TestArchitectureNamesEveryPackage(t *testing.T) {
	page := read(t, filepath.Join(root, "docs", "architecture.md"))
	_, rest, _ := strings.Cut(page, "```\n")
	tree, _, _ := strings.Cut(rest, "```")
	for name := range packages(t) {
		parts := strings.Split(name, "/")
		folder := parts[min(len(parts), 2)-1]
		if parts[0] == "examples" {
			folder = parts[0]
		}
		if !strings.Contains(tree, folder+"/") {
			t.Errorf("docs/architecture.md does not name %s", name)
		}
	}
}
