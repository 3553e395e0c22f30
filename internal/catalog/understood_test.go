package catalog_test

import (
	"strings"
	"testing"

	"seedance-mcp/internal/catalog"
	"seedance-mcp/internal/video"
)

// planned plans and must succeed.
func planned(t *testing.T, c *catalog.Catalog, d video.Dialect, ask catalog.Ask) video.Plan {
	t.Helper()
	if ask.Prompt == "" {
		ask.Prompt = "a fox in the snow"
	}
	plan, err := c.Plan(d, ask)
	if err != nil {
		t.Fatalf("%s %+v: %v", d, ask, err)
	}
	return plan
}

func TestModelNamesUnderstood(t *testing.T) {
	t.Parallel()
	c := mustDefault(t)
	for _, test := range []struct {
		dialect video.Dialect
		given   string
		want    string
		note    string // "" for none: only spelt differently
	}{
		{video.Workflow, "", "seedance-20", ""},
		{video.Workflow, "  ", "seedance-20", ""},
		{video.Workflow, "seedance-20", "seedance-20", ""},
		{video.Workflow, "Seedance 2.0", "seedance-20", ""},
		{video.Workflow, "SEEDANCE_2_0", "seedance-20", ""},
		{video.Workflow, "seedance‑2.0", "seedance-20", ""}, // non-breaking hyphen
		{video.Workflow, " seedance 20 ", "seedance-20", ""},
		{video.Workflow, "seedance2", "seedance-20", "seedance-20"},
		{video.Workflow, "Seedance-2", "seedance-20", "seedance-20"},
		{video.Workflow, "seedance", "seedance-20", "seedance-20"},
		{video.Workflow, "bytedance/seedance-2.0", "seedance-20", "seedance-20"},
		{video.Workflow, "default", "seedance-20", "seedance-20"},
		{video.Workflow, "sora2", "sora2", ""},
		{video.Workflow, "Sora 2", "sora2", ""},
		{video.Workflow, "sora", "sora2", "sora2"},
		{video.Workflow, "sora 2 pro", "sora2 pro", ""},
		{video.Workflow, "sora-2-pro", "sora2 pro", ""},
		{video.Workflow, "SORA2_PRO", "sora2 pro", ""},
		{video.Workflow, "grok", "grok-imagine-video", "grok-imagine-video"},
		{video.Workflow, "Grok Imagine", "grok-imagine-video", "grok-imagine-video"},
		{video.Workflow, "z-video", "z video", ""},
		{video.Workflow, "ZVideo", "z video", ""},
		{video.Workflow, "seedance20-video-generation", "seedance-20", "tool id"},
		{video.Workflow, "Seedance20_Video_Generation", "seedance-20", "tool id"},
		{video.Workflow, "wan22-video-generation", "seedance-20", "workflow"},
		{video.Kinovi, "", "seedance-20", ""},
		{video.Kinovi, "seedance-2.0", "seedance-20", ""},
		{video.Kinovi, "seedance2", "seedance-20", "seedance-20"},
		{video.Kinovi, "seedance20-video-generation", "seedance-20", "tool id"},
		{video.Kinovi, "wan22-video-generation", "seedance-20", "not a model of this one"},
		{video.Kinovi, "Seedance 2 Fast", "seedance2-fast", ""},
		{video.Kinovi, "seedance-2.0-fast", "seedance2-fast", "seedance2-fast"},
		{video.Kinovi, "seedance2-mini", "seedance2.0-mini", "seedance2.0-mini"},
		{video.Kinovi, "Seedance 2.0 Mini", "seedance2.0-mini", ""},
		{video.Kinovi, "seedance 2.5", "seedance2-5", ""},
		{video.Kinovi, "Wan 3.0 text-to-video", "wan3.0-text-to-video", ""},
		{video.Kinovi, "wan3 t2v", "wan3.0-text-to-video", "wan3.0-text-to-video"},
		{video.Kinovi, "wan 3.0 prime T2V", "wan3.0-prime-text-to-video", "wan3.0-prime-text-to-video"},
	} {
		plan := planned(t, c, test.dialect, catalog.Ask{Model: test.given})
		if plan.Request.Model != test.want {
			t.Errorf("%s: %q is %q, want %q", test.dialect, test.given, plan.Request.Model, test.want)
		}
		notes := strings.Join(plan.Notes, " ")
		if (test.note == "") != (notes == "") || !strings.Contains(notes, test.note) {
			t.Errorf("%s: %q is noted as %q, want %q in it", test.dialect, test.given, notes, test.note)
		}
	}
}

func TestDurationsUnderstood(t *testing.T) {
	t.Parallel()
	c := mustDefault(t)
	for given, want := range map[string]int{
		"": 5, " ": 5, "5": 5, "5s": 5, "5 s": 5, "5S": 5, "5.0": 5, "5.0s": 5, "05": 5, "5e0": 5, "1.5e1": 15, "+5": 5,
		"5sec": 5, "5 sec.": 5, "5 secs": 5, "5 second": 5, "5 seconds": 5, "5-second": 5, "PT5S": 5, " 6 ": 6, "15s": 15, "4": 4,
	} {
		for _, d := range []video.Dialect{video.Workflow, video.Kinovi} {
			if plan := planned(t, c, d, catalog.Ask{Duration: given}); plan.Request.Duration != want || len(plan.Notes) > 0 {
				t.Errorf("%s: %q is %d s, want %d; notes %q", d, given, plan.Request.Duration, want, plan.Notes)
			}
		}
	}
	for given, want := range map[string]int{"2": 2, "30": 30} {
		if plan := planned(t, c, video.Kinovi, catalog.Ask{Model: "wan3.0-text-to-video", Duration: given}); plan.Request.Duration != want {
			t.Errorf("wan: %q is %d s", given, plan.Request.Duration)
		}
	}
}

func TestSizesUnderstood(t *testing.T) {
	t.Parallel()
	c := mustDefault(t)
	for _, test := range []struct {
		dialect               video.Dialect
		model                 string
		aspectRatio, given    string // given is the resolution
		ratio, resolution     string
		noted                 bool
		wantInWorkflowPayload string
	}{
		{dialect: video.Workflow, aspectRatio: "", ratio: "16:9", wantInWorkflowPayload: "1280x720"},
		{dialect: video.Workflow, aspectRatio: "16:9 ", ratio: "16:9"},
		{dialect: video.Workflow, aspectRatio: "16x9", ratio: "16:9"},
		{dialect: video.Workflow, aspectRatio: "16/9", ratio: "16:9"},
		{dialect: video.Workflow, aspectRatio: "16 : 9", ratio: "16:9"},
		{dialect: video.Workflow, aspectRatio: "16-9", ratio: "16:9"},
		{dialect: video.Workflow, aspectRatio: "16_9", ratio: "16:9"},
		{dialect: video.Workflow, aspectRatio: "16：9", ratio: "16:9"},
		{dialect: video.Workflow, aspectRatio: "16 by 9", ratio: "16:9"},
		{dialect: video.Workflow, aspectRatio: "32:18", ratio: "16:9"},
		{dialect: video.Workflow, aspectRatio: "16:9 aspect ratio", ratio: "16:9"},
		{dialect: video.Workflow, aspectRatio: "9:16 (portrait)", ratio: "9:16", noted: true},
		{dialect: video.Workflow, aspectRatio: "landscape", ratio: "16:9", noted: true},
		{dialect: video.Workflow, aspectRatio: "Landscape orientation", ratio: "16:9", noted: true},
		{dialect: video.Workflow, aspectRatio: "portrait", ratio: "9:16", noted: true, wantInWorkflowPayload: "720x1280"},
		{dialect: video.Workflow, aspectRatio: "VERTICAL", ratio: "9:16", noted: true},
		{dialect: video.Workflow, aspectRatio: "square", ratio: "1:1", noted: true, wantInWorkflowPayload: "720x720"},
		{dialect: video.Workflow, aspectRatio: "1280x720", ratio: "16:9"},
		{dialect: video.Workflow, aspectRatio: "720p", ratio: "16:9"},
		{dialect: video.Workflow, given: "portrait", ratio: "9:16", noted: true},
		{dialect: video.Workflow, given: "16:9", ratio: "16:9"},
		{dialect: video.Workflow, given: "1280x720", ratio: "16:9"},
		{dialect: video.Workflow, given: "1280*720", ratio: "16:9"},
		{dialect: video.Workflow, given: "1280×720", ratio: "16:9"},
		{dialect: video.Workflow, given: "1280 X 720", ratio: "16:9"},
		{dialect: video.Workflow, given: "1280x 720 px", ratio: "16:9"},
		{dialect: video.Workflow, given: "720x1280", ratio: "9:16", wantInWorkflowPayload: "720x1280"},
		{dialect: video.Workflow, given: "960x720", ratio: "4:3", wantInWorkflowPayload: "960x720"},
		{dialect: video.Workflow, given: "720x960", ratio: "3:4", wantInWorkflowPayload: "720x960"},
		{dialect: video.Workflow, given: "720", ratio: "16:9"},
		{dialect: video.Workflow, given: "720P", ratio: "16:9"},
		{dialect: video.Workflow, given: "720 p", ratio: "16:9"},
		{dialect: video.Workflow, given: "HD", ratio: "16:9", noted: true},
		{dialect: video.Workflow, given: "720p vertical", ratio: "9:16", noted: true},
		{dialect: video.Workflow, given: "720p, 9:16", ratio: "9:16"},
		{dialect: video.Workflow, aspectRatio: "9:16", given: "720x1280", ratio: "9:16"},
		{dialect: video.Workflow, aspectRatio: "1280x720", given: "720p", ratio: "16:9"},
		{dialect: video.Kinovi, given: "480", ratio: "16:9", resolution: "480p"},
		{dialect: video.Kinovi, given: "1080P", ratio: "16:9", resolution: "1080p"},
		{dialect: video.Kinovi, given: "4K", ratio: "16:9", resolution: "4k"},
		{dialect: video.Kinovi, given: "4 k", ratio: "16:9", resolution: "4k"},
		{dialect: video.Kinovi, given: "2160p", ratio: "16:9", resolution: "4k"},
		{dialect: video.Kinovi, given: "UHD", ratio: "16:9", resolution: "4k", noted: true},
		{dialect: video.Kinovi, given: "full hd", ratio: "16:9", resolution: "1080p", noted: true},
		{dialect: video.Kinovi, given: "Full-HD portrait", ratio: "9:16", resolution: "1080p", noted: true},
		{dialect: video.Kinovi, given: "SD", ratio: "16:9", resolution: "480p", noted: true},
		{dialect: video.Kinovi, given: "1920x1080", ratio: "16:9", resolution: "1080p"},
		{dialect: video.Kinovi, given: "864x496", ratio: "16:9", resolution: "480p"},
		{dialect: video.Kinovi, given: "834x1112", ratio: "3:4", resolution: "720p"},
		{dialect: video.Kinovi, given: "2206x946", ratio: "21:9", resolution: "1080p"},
		{dialect: video.Kinovi, aspectRatio: "7:3", ratio: "21:9"},
		{dialect: video.Kinovi, aspectRatio: "ultra-wide", ratio: "21:9", noted: true},
		{dialect: video.Kinovi, model: "seedance2-fast", given: "HD", ratio: "16:9", noted: true},
		{dialect: video.Kinovi, model: "wan3.0-text-to-video", given: "1920x1080", ratio: "16:9", resolution: "1080p", noted: true},
		{dialect: video.Kinovi, model: "seedance2-5", given: "720x720", ratio: "1:1", noted: true},
	} {
		plan := planned(t, c, test.dialect, catalog.Ask{Model: test.model, AspectRatio: test.aspectRatio, Resolution: test.given})
		name := string(test.dialect) + ": " + test.aspectRatio + " | " + test.given
		wantResolution := test.resolution
		if wantResolution == "" {
			wantResolution = "720p"
		}
		if plan.Request.AspectRatio != test.ratio || plan.Request.Resolution != wantResolution {
			t.Errorf("%s: is %s %s, want %s %s", name, plan.Request.AspectRatio, plan.Request.Resolution, test.ratio, wantResolution)
		}
		if (len(plan.Notes) > 0) != test.noted {
			t.Errorf("%s: notes %q", name, plan.Notes)
		}
		if !strings.Contains(string(plan.Payload), `"resolution":"`+test.wantInWorkflowPayload) && test.wantInWorkflowPayload != "" {
			t.Errorf("%s: payload %s", name, plan.Payload)
		}
	}
}

func TestModesUnderstood(t *testing.T) {
	t.Parallel()
	c := mustDefault(t)
	for _, test := range []struct {
		dialect video.Dialect
		ask     catalog.Ask
		want    video.InputMode
		noted   string
	}{
		{video.Workflow, catalog.Ask{InputMode: "text-to-video"}, video.TextOnly, ""},
		{video.Workflow, catalog.Ask{AspectRatio: "1:1", ImageURLs: []string{fox}}, video.Keyframe, ""},
		{video.Workflow, catalog.Ask{ImageURLs: []string{fox}}, video.Keyframe, "16:9"},
		{video.Workflow, catalog.Ask{AspectRatio: "1:1", InputMode: "KeyFrame", ImageURLs: []string{fox, den}}, video.Keyframe, ""},
		{video.Workflow, catalog.Ask{AspectRatio: "1:1", InputMode: "first-frame", ImageURLs: []string{fox}}, video.Keyframe, "keyframe"},
		{video.Workflow, catalog.Ask{InputMode: "References", ImageURLs: []string{fox}}, video.Reference, "reference"},
		{video.Kinovi, catalog.Ask{VideoURLs: []string{walk}}, video.Reference, ""},
		{video.Kinovi, catalog.Ask{VideoURLs: []string{walk}, ImageURLs: []string{fox}}, video.Reference, "force"},
		{video.Kinovi, catalog.Ask{Model: "wan3.0-ref-to-video", ImageURLs: []string{fox, den, den}}, video.Reference, ""},
	} {
		plan := planned(t, c, test.dialect, test.ask)
		if plan.Request.InputMode != test.want {
			t.Errorf("%+v: mode %q, want %q", test.ask, plan.Request.InputMode, test.want)
		}
		if notes := strings.Join(plan.Notes, " "); (notes == "") != (test.noted == "") || !strings.Contains(notes, test.noted) {
			t.Errorf("%+v: notes %q, want %q in them", test.ask, notes, test.noted)
		}
	}
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	c := mustDefault(t)
	for _, test := range []struct {
		name    string
		dialect video.Dialect
		ask     catalog.Ask
		want    string // "" for no warning at all
	}{
		{"plain", video.Workflow, catalog.Ask{}, ""},
		{"plain", video.Kinovi, catalog.Ask{}, ""},
		{"undocumented seconds", video.Workflow, catalog.Ask{Model: "sora2", Duration: "8"}, "durations of sora2 are not documented"},
		{"undocumented price", video.Workflow, catalog.Ask{Model: "z video"}, "cost is not known"},
		{"undocumented field", video.Workflow, catalog.Ask{ImageURLs: []string{fox}}, `"urls"`},
		{"missing image", video.Kinovi, catalog.Ask{Prompt: "@Image3 runs", ImageURLs: []string{fox}}, "@image3"},
		{"image 0", video.Kinovi, catalog.Ask{Prompt: "@image0", ImageURLs: []string{fox}}, "@image0"},
		{"no image at all", video.Workflow, catalog.Ask{Prompt: "as in @image1"}, "no entry"},
		{"huge number", video.Kinovi, catalog.Ask{Prompt: "@video99999999999999999999"}, "@video999"},
		{"missing sound", video.Kinovi, catalog.Ask{Prompt: "to @audio2", ImageURLs: []string{fox}, AudioURLs: []string{music}}, "@audio2"},
		{"all there", video.Kinovi, catalog.Ask{Prompt: "@image1 at me@images.example, @image", ImageURLs: []string{fox}}, ""},
		{"leading zero", video.Kinovi, catalog.Ask{Prompt: "@image01", ImageURLs: []string{fox}}, ""},
		{"source not known", video.Kinovi, catalog.Ask{Model: "seedance2-5", VideoURLs: []string{walk}}, "how long the source video is"},
		{"format", video.Kinovi, catalog.Ask{ImageURLs: []string{"https://img.example.com/a.gif"}}, ".gif"},
		{"sound in keyframe mode", video.Kinovi, catalog.Ask{ImageURLs: []string{fox}, AudioURLs: []string{music}}, "input_mode reference"},
		{"no size documented", video.Kinovi, catalog.Ask{Resolution: "4k", AspectRatio: "1:1"}, "No pixel size"},
	} {
		plan := planned(t, c, test.dialect, test.ask)
		warnings := strings.Join(plan.Warnings, " ")
		if (warnings == "") != (test.want == "") || !strings.Contains(warnings, test.want) {
			t.Errorf("%s in %s: warnings %q, want %q in them", test.name, test.dialect, warnings, test.want)
		}
	}
	twice := planned(t, c, video.Kinovi, catalog.Ask{Prompt: "@image2 and @image2"})
	if len(twice.Warnings) != 1 {
		t.Errorf("one missing image is one warning, got %q", twice.Warnings)
	}
}

// FindModel understands what Plan does, and other dialects' models.
func TestFindModel(t *testing.T) {
	t.Parallel()
	c := mustDefault(t)
	for name, want := range map[string]string{
		"seedance-20": "seedance-20", "Seedance 2.0": "seedance-20", "seedance20-video-generation": "seedance-20",
		"SORA 2 PRO": "sora2 pro", "seedance2-5": "seedance2-5",
	} {
		if got, err := c.FindModel(video.Workflow, name); err != nil || got != want {
			t.Errorf("%q: got %q, %v; want %q", name, got, err, want)
		}
	}
	if got, err := c.FindModel(video.Workflow, "veo-3"); video.CodeOf(err) != video.Invalid || !strings.Contains(err.Error(), "seedance-20") {
		t.Errorf("got %q, %v; want a refusal with the valid ids", got, err)
	}
	if _, err := c.FindModel("other", "sora2"); video.CodeOf(err) != video.Internal {
		t.Errorf("a dialect that does not exist: %v", err)
	}
}
