package catalog_test

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"seedance-mcp/internal/catalog"
	"seedance-mcp/internal/video"
)

// anyAsk is a wish that often can be meant, in one of its many spellings.
func anyAsk(r *rand.Rand, c *catalog.Catalog, d video.Dialect) catalog.Ask {
	pick := func(values ...string) string { return values[r.IntN(len(values))] }
	some := func(urls ...string) []string {
		if r.IntN(3) > 0 {
			return nil
		}
		var list []string
		for range 1 + r.IntN(3) {
			list = append(list, pick(urls...))
		}
		return list
	}
	names := []string{"", "Seedance 2.0", "seedance20-video-generation", "wan22-video-generation"}
	for _, m := range c.Models(d) {
		names = append(append(names, m.ID, strings.ToUpper(m.ID)), m.Aliases...)
	}
	ask := catalog.Ask{
		Prompt:      pick("a fox", " a fox & <den>\n", "@image1 meets @image9", "狐", "\xff\"quoted\" \\ "),
		Model:       pick(names...),
		AspectRatio: pick("", "", "16:9", "9x16", "square", "21:9", "portrait", "3/4", "1280x720"),
		Duration:    pick("", "", "5", "4s", "15 seconds", "7.0", "30", "2"),
		Resolution:  pick("", "", "720", "720P", "HD", "1080p", "4K", "480p", "720x1280", "1920×1080"),
		InputMode:   pick("", "", "keyframe", "Reference", "i2v", "none"),
		ImageURLs:   some(fox, den), VideoURLs: some(walk, "https://img.example.com/clip"), AudioURLs: some(music),
	}
	if r.IntN(3) == 0 {
		ask.Seed = pick("0", "-1", "42", "4294967295", "7.0")
	}
	if r.IntN(3) == 0 {
		value := r.IntN(2) == 0
		ask.GenerateAudio = &value
	}
	return ask
}

// What was understood, asked again, is understood as the same: request,
// payload, price, and nothing left to note but what is not in the words.
func TestPlanIsIdempotent(t *testing.T) {
	t.Parallel()
	c := mustDefault(t)
	r := rand.New(rand.NewPCG(2, 26))
	accepted := map[video.Dialect]int{}
	for range 6_000 {
		d := []video.Dialect{video.Workflow, video.Kinovi}[r.IntN(2)]
		ask := anyAsk(r, c, d)
		plan, err := c.Plan(d, ask)
		if err != nil {
			if invalid, ok := errors.AsType[*video.Error](err); !ok || invalid.Code != video.Invalid {
				t.Fatalf("%s %+v: %v", d, ask, err)
			}
			continue
		}
		accepted[d]++
		checkPlan(t, c, d, plan)
	}
	for _, d := range []video.Dialect{video.Workflow, video.Kinovi} {
		if accepted[d] < 80 {
			t.Errorf("%s: only %d asks could be meant, the test tests nothing", d, accepted[d])
		}
	}
}

func checkPlan(t *testing.T, c *catalog.Catalog, d video.Dialect, plan video.Plan) {
	t.Helper()
	ask := catalog.AskFor(plan.Request)
	ask.AllowPrivateURLs = true // a request does not know what allowed its URLs
	again, err := c.Plan(d, ask)
	if err != nil {
		t.Fatalf("%s %+v: accepted once, then %v", d, plan.Request, err)
	}
	if !equalRequests(plan.Request, again.Request) || string(plan.Payload) != string(again.Payload) ||
		credits(plan.Quote) != credits(again.Quote) || plan.Quote.Formula != again.Quote.Formula {
		t.Fatalf("%s: asked again it differs:\n%+v\n%+v\n%s\n%s", d, plan.Request, again.Request, plan.Payload, again.Payload)
	}
	if len(again.Notes) > 0 {
		t.Fatalf("%s: %+v is already in our words, yet %q", d, plan.Request, again.Notes)
	}
	if strings.Join(plan.Warnings, "|") != strings.Join(again.Warnings, "|") {
		t.Fatalf("%s: warnings %q, then %q", d, plan.Warnings, again.Warnings)
	}
	if !json.Valid(plan.Payload) || strings.Contains(string(plan.Payload), "\n") {
		t.Fatalf("%s: payload %s", d, plan.Payload)
	}
}
