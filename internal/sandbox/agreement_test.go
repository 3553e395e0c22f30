package sandbox_test

import (
	"testing"

	"seedance-mcp/internal/catalog"
	"seedance-mcp/internal/sandbox"
	"seedance-mcp/internal/video"
)

// TestPlansAreAccepted sends what the catalogue plans, for every model, to the
// sandbox, which checks it by its own reading of the documentation: it must be
// taken and cost what was quoted.
func TestPlansAreAccepted(t *testing.T) {
	models, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	const image, clip, sound = "https://example.com/a.png", "https://example.com/a.mp4", "https://example.com/a.mp3"
	for _, dialect := range []video.Dialect{video.Workflow, video.Kinovi} {
		planned := 0
		for _, model := range models.Models(dialect) {
			// A clock that stands still: nothing settles meanwhile.
			r := start(t, sandbox.Options{Dialect: dialect, Catalog: models, Now: newClock().Now, Limit: 10_000, Credits: credits(100_000_000)})
			for _, ask := range []catalog.Ask{
				{},
				{ImageURLs: []string{image}},
				{ImageURLs: []string{image, image}, InputMode: "keyframe"},
				{ImageURLs: []string{image, image, image}, InputMode: "reference"},
				{VideoURLs: []string{clip}},
				{ImageURLs: []string{image}, VideoURLs: []string{clip}, AudioURLs: []string{sound}, Seed: "7"},
				{GenerateAudio: new(bool), Seed: "-1"},
			} {
				for _, duration := range []string{"", "4", "30"} {
					for _, resolution := range append([]string{""}, model.Resolutions...) {
						for _, ratio := range []string{"", "9:16", "21:9"} {
							ask.Prompt, ask.Model, ask.Duration, ask.Resolution, ask.AspectRatio = "a fox", model.ID, duration, resolution, ratio
							plan, err := models.Plan(dialect, ask)
							if err != nil {
								continue // the catalogue refuses it before anything is sent
							}
							planned++
							before := r.Books().Charged
							got := r.create(string(plan.Payload))
							if got.Status != 200 {
								t.Errorf("%s %s: %d %s", dialect, plan.Payload, got.Status, got.Body)
								continue
							}
							charged := r.Books().Charged - before
							switch quoted := plan.Quote; {
							case quoted.Credits == nil && charged != 0:
								t.Errorf("%s: charged %s, nothing quoted", plan.Payload, charged)
							case quoted.Credits != nil && quoted.Provisional && charged > *quoted.Credits:
								t.Errorf("%s: charged %s, at most %s quoted", plan.Payload, charged, quoted.Credits)
							case quoted.Credits != nil && !quoted.Provisional && charged != *quoted.Credits:
								t.Errorf("%s: charged %s, quoted %s", plan.Payload, charged, quoted.Credits)
							}
						}
					}
				}
			}
		}
		if planned < 10 {
			t.Errorf("%s: only %d plans to compare", dialect, planned)
		}
	}
}
