package catalog_test

import (
	"strings"
	"testing"

	"seedance-mcp/internal/catalog"
	"seedance-mcp/internal/video"
)

func TestControlCharactersAreLeftOut(t *testing.T) {
	t.Parallel()
	c := mustDefault(t)
	plan := planned(t, c, video.Workflow, catalog.Ask{Prompt: "\x00a fox\x1b[31m\n\tin the \u0085snow\r\n"})
	if plan.Request.Prompt != "a fox[31m\n\tin the snow" || len(plan.Notes) != 1 || !strings.Contains(plan.Notes[0], "(3)") {
		t.Errorf("prompt %q, notes %q", plan.Request.Prompt, plan.Notes)
	}
	if _, err := c.Plan(video.Workflow, catalog.Ask{Prompt: "\x00\x01"}); video.CodeOf(err) != video.Invalid {
		t.Errorf("nothing but control characters: %v", err)
	}
}
