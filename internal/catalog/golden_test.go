package catalog_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"seedance-mcp/internal/catalog"
	"seedance-mcp/internal/video"
)

var update = flag.Bool("update", false, "write testdata/*.golden anew")

// One file a dialect shows, for every model in every mode, the exact body of
// the paid call with its price, or the words of the refusal: what a reviewer
// reads when the catalogue or the mapping changes.
func TestGoldenPayloads(t *testing.T) {
	t.Parallel()
	c := mustDefault(t)
	for _, d := range []video.Dialect{video.Workflow, video.Kinovi} {
		var out strings.Builder
		for _, m := range c.Models(d) {
			fmt.Fprintf(&out, "== %s\n", m.ID)
			for _, test := range []struct {
				name string
				ask  catalog.Ask
			}{
				{"text", catalog.Ask{}},
				{"first frame", catalog.Ask{ImageURLs: []string{fox}, AspectRatio: "9:16"}},
				{"first and last frame", catalog.Ask{ImageURLs: []string{fox, den}, InputMode: "keyframe", AspectRatio: "1:1"}},
				{"reference images", catalog.Ask{ImageURLs: []string{fox, den, den}, InputMode: "reference"}},
				{"reference video", catalog.Ask{VideoURLs: []string{walk}, Duration: "8"}},
				{"edit", catalog.Ask{VideoURLs: []string{walk}}},
				{"everything", catalog.Ask{
					ImageURLs: []string{fox}, VideoURLs: []string{walk}, AudioURLs: []string{music},
					Duration: "4", Resolution: "480p", Seed: "7", GenerateAudio: no(),
				}},
			} {
				test.ask.Prompt, test.ask.Model = "a fox", m.ID
				fmt.Fprintf(&out, "-- %s\n%s", test.name, told(c, d, test.ask))
			}
		}
		golden(t, "testdata/"+string(d)+".golden", out.String())
	}
}

// told is all that a caller is told about an ask.
func told(c *catalog.Catalog, d video.Dialect, ask catalog.Ask) string {
	plan, err := c.Plan(d, ask)
	if refusal, ok := errors.AsType[*video.Error](err); ok {
		return fmt.Sprintf("refused %s %q, valid %q\n  %s\n  %s\n", refusal.Argument, refusal.Given, refusal.Valid, refusal.Message, refusal.Suggestion)
	}
	text := fmt.Sprintf("%s\n%s credits: %s%s\n", plan.Payload, credits(plan.Quote), plan.Quote.Formula, plan.Quote.Reason)
	for _, note := range plan.Notes {
		text += "note: " + note + "\n"
	}
	for _, warning := range plan.Warnings {
		text += "warning: " + warning + "\n"
	}
	return text
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	wantLines, gotLines := strings.Split(strings.ReplaceAll(string(want), "\r\n", "\n"), "\n"), strings.Split(got, "\n")
	for i := range max(len(wantLines), len(gotLines)) {
		if i >= len(wantLines) || i >= len(gotLines) || wantLines[i] != gotLines[i] {
			t.Errorf("%s:%d differs (go test ./internal/catalog -update writes it anew)\n got %q\nwant %q", path, i+1, at(gotLines, i), at(wantLines, i))
			return
		}
	}
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "(end)"
}
