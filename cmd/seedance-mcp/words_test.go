package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"seedance-mcp/internal/catalog"
	"seedance-mcp/internal/video"
	"seedance-mcp/tools"
)

// TestNothingSpeaksToAnAgent reads every sentence that the packages below can
// say, and finds no tool's name and no "user" in it once it is for a person.
func TestNothingSpeaksToAnAgent(t *testing.T) {
	models, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	pattern := `\b(the user|force_new|idempotency_key|confirm_token|max_credits`
	for row := range strings.SplitSeq(tools.Markdown(tools.Deps{Catalog: models, Dialect: video.Workflow, Downloads: true}), "\n") {
		if name, _, ok := strings.Cut(strings.TrimPrefix(row, "| `"), "`"); ok && strings.HasPrefix(row, "| `") {
			pattern += "|" + name
		}
	}
	agents := regexp.MustCompile(pattern + `)\b`)
	sentences := 0
	for _, pkg := range []string{"engine", "store", "upstream", "media", "catalog"} {
		files, err := filepath.Glob("../../internal/" + pkg + "/*.go")
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			for _, said := range sentencesOf(t, file) {
				if !agents.MatchString(said) {
					continue
				}
				sentences++
				if told := forPerson(said, ""); agents.MatchString(told) {
					t.Errorf("%s: %q still speaks to an agent: %q", file, said, told)
				}
			}
		}
	}
	if sentences < 20 {
		t.Errorf("only %d sentences were found", sentences)
	}
}

// sentencesOf are the string literals with a space in them: what is said, not
// what is stored or sent.
func sentencesOf(t *testing.T, path string) []string {
	t.Helper()
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	file, err := parser.ParseFile(token.NewFileSet(), path, source, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	ast.Inspect(file, func(n ast.Node) bool {
		literal, ok := n.(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING {
			return true
		}
		text, err := strconv.Unquote(literal.Value)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(text, " ") && !strings.ContainsAny(text, "\n$=") { // neither SQL
			said = append(said, text)
		}
		return true
	})
	return said
}

func TestForPerson(t *testing.T) {
	for said, want := range map[string]string{
		"Call get_task_status until it says success.":                                                             "Follow it: seedance-mcp tasks vid_1 --wait",
		"The service had trouble of its own: call generate_video again with the same arguments in a few minutes.": "The service had trouble of its own: run the same command again in a few minutes.",
		"get_task_status with vid_2 shows it.":                                                                    "seedance-mcp tasks vid_2 shows it.",
		"This --idempotency-key is used.":                                                                         "This --idempotency-key is used.",
	} {
		if got := forPerson(said, "vid_1"); got != want {
			t.Errorf("%q: %q, want %q", said, got, want)
		}
	}
}
