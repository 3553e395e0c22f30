package catalog_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"seedance-mcp/internal/catalog"
	"seedance-mcp/internal/video"
)

// The price list as the upstream publishes it: resolution, then credits per
// second for text, keyframes, reference images and a reference video ("" where
// none is published).
func TestPublishedRates(t *testing.T) {
	t.Parallel()
	c := mustDefault(t)
	type row struct{ resolution, text, keyframe, reference, video string }
	// wan: the same for everything; only its ref-to-video models take videos.
	wan := func(video bool, r480, r720, r1080 string) []row {
		rows := []row{{"480p", r480, r480, r480, ""}, {"720p", r720, r720, r720, ""}, {"1080p", r1080, r1080, r1080, ""}}
		for i := range rows {
			if video {
				rows[i].video = rows[i].text
			}
		}
		return rows
	}
	plain := func(video bool) []row { return wan(video, "14.26", "28.51", "57.01") }
	prime := func(video bool) []row { return wan(video, "18.86", "38.83", "77.66") }
	prices := map[video.Dialect]map[string][]row{
		video.Workflow: {
			"seedance-20": {{"720p", "40", "40", "90", ""}},
			"z video":     {{"720p", "", "", "", ""}}, "sora2": {{"720p", "", "", "", ""}},
			"sora2 pro": {{"720p", "", "", "", ""}}, "grok-imagine-video": {{"720p", "", "", "", ""}},
		},
		video.Kinovi: {
			"seedance-20": {
				{"480p", "15", "15", "15", "19"}, {"720p", "40", "40", "40", "48"},
				{"1080p", "90", "90", "90", "108"}, {"4k", "200", "200", "200", "240"},
			},
			"seedance2-fast":   {{"480p", "14", "14", "14", "18"}, {"720p", "28", "28", "28", "34"}},
			"seedance2.0-mini": {{"480p", "7.5", "7.5", "7.5", "9.5"}, {"720p", "20", "20", "20", "24"}},
			"seedance2-5":      {{"480p", "26", "26", "26", "16"}, {"720p", "59", "59", "59", "35"}, {"1080p", "143.4", "143.4", "143.4", "85.68"}},
			// These two always have a source video.
			"seedance2-5-edit":     {{"480p", "16", "16", "16", "16"}, {"720p", "35", "35", "35", "35"}, {"1080p", "85.68", "85.68", "85.68", "85.68"}},
			"seedance2-5-extend":   {{"480p", "16", "16", "16", "16"}, {"720p", "35", "35", "35", "35"}, {"1080p", "85.68", "85.68", "85.68", "85.68"}},
			"wan3.0-text-to-video": plain(false), "wan3.0-image-to-video": plain(false), "wan3.0-ref-to-video": plain(true),
			"wan3.0-prime-text-to-video": prime(false), "wan3.0-prime-image-to-video": prime(false), "wan3.0-prime-ref-to-video": prime(true),
		},
	}
	for d, models := range prices {
		if got := len(c.Models(d)); got != len(models) {
			t.Errorf("%s has %d models, want %d", d, got, len(models))
		}
		for id, rows := range models {
			m, ok := c.Model(d, id)
			if !ok {
				t.Errorf("%s: no model %s", d, id)
				continue
			}
			var resolutions []string
			for _, r := range rows {
				resolutions = append(resolutions, r.resolution)
				for _, want := range []struct {
					rate  string
					input catalog.PriceInput
				}{
					{r.text, catalog.PriceInput{}},
					{r.keyframe, catalog.PriceInput{Mode: video.Keyframe}},
					{r.reference, catalog.PriceInput{Mode: video.Reference}},
					{r.video, catalog.PriceInput{Mode: video.Reference, HasVideo: true}},
				} {
					want.input.Resolution, want.input.Seconds = r.resolution, 4
					quote := m.Price(want.input)
					got := ""
					if quote.Rate != nil {
						got = quote.Rate.String()
					}
					if got != want.rate || (quote.Credits == nil) != (want.rate == "") || (quote.Reason == "") != (quote.Credits != nil) {
						t.Errorf("%s %s %+v: %q credits/s (%+v), want %q", d, id, want.input, got, quote, want.rate)
					}
				}
			}
			if !slices.Equal(m.Resolutions, resolutions) {
				t.Errorf("%s %s makes %q, want %q", d, id, m.Resolutions, resolutions)
			}
		}
	}
}

// The 2.5 family bills the source video: known, unknown, and beyond the limit.
func TestPricesWithASource(t *testing.T) {
	t.Parallel()
	c := mustDefault(t)
	for _, test := range []struct {
		id              string
		seconds, source int
		credits         string
		billed          int
		atMost          bool
	}{
		{"seedance2-5", 5, 0, "2998.8", 35, true},
		{"seedance2-5", 5, 7, "1028.16", 12, false},
		{"seedance2-5", 30, 90, "5140.8", 60, false},
		{"seedance2-5-extend", 4, 0, "2913.12", 34, true},
		{"seedance2-5-extend", 4, 30, "2913.12", 34, false},
		{"seedance2-5-edit", 0, 0, "5140.8", 60, true},
		{"seedance2-5-edit", 0, 10, "1713.6", 20, false},
	} {
		m, _ := c.Model(video.Kinovi, test.id)
		quote := m.Price(catalog.PriceInput{Resolution: "1080p", Seconds: test.seconds, Mode: video.Reference, HasVideo: true, SourceSeconds: test.source})
		if credits(quote) != test.credits || quote.Seconds != test.billed || !quote.Provisional || strings.Contains(quote.Formula, "at most") != test.atMost {
			t.Errorf("%s, %d s from %d s: %s credits, %d s, %q; want %s, %d s", test.id, test.seconds, test.source,
				credits(quote), quote.Seconds, quote.Formula, test.credits, test.billed)
		}
	}
}

// Ranges and counts as documented, in the form that schemas and the sandbox use.
func TestLimits(t *testing.T) {
	t.Parallel()
	c := mustDefault(t)
	for _, test := range []struct {
		dialect                        video.Dialect
		id                             string
		minimum, maximum, preset       int
		images, videos, audios, prompt int
		ratios                         int
		deadline                       time.Duration
	}{
		{video.Workflow, "seedance-20", 4, 15, 5, 9, 0, 0, 10_000, 5, 10 * time.Minute},
		{video.Workflow, "sora2", 4, 15, 5, 0, 0, 0, 10_000, 5, 15 * time.Minute},
		{video.Kinovi, "seedance-20", 4, 15, 5, 9, 3, 3, 10_000, 6, 10 * time.Minute},
		{video.Kinovi, "seedance2.0-mini", 4, 15, 5, 9, 3, 3, 10_000, 6, 10 * time.Minute},
		{video.Kinovi, "seedance2-5", 4, 30, 5, 30, 10, 10, 30_000, 6, 15 * time.Minute},
		{video.Kinovi, "seedance2-5-edit", 0, 0, 0, 30, 10, 10, 30_000, 6, 15 * time.Minute},
		{video.Kinovi, "seedance2-5-extend", 4, 30, 0, 30, 10, 10, 30_000, 6, 15 * time.Minute},
		{video.Kinovi, "wan3.0-text-to-video", 2, 30, 5, 0, 0, 0, 20_000, 6, 15 * time.Minute},
		{video.Kinovi, "wan3.0-prime-image-to-video", 2, 30, 5, 2, 0, 3, 20_000, 6, 15 * time.Minute},
	} {
		m, _ := c.Model(test.dialect, test.id)
		if m.MinSeconds != test.minimum || m.MaxSeconds != test.maximum || m.DefaultSeconds != test.preset ||
			m.MaxImages != test.images || m.MaxVideos != test.videos || m.MaxAudios != test.audios ||
			m.MaxPrompt != test.prompt || len(m.AspectRatios) != test.ratios || m.Deadline != test.deadline {
			t.Errorf("%s %s: %+v", test.dialect, test.id, m)
		}
	}
}

func TestPixelSizes(t *testing.T) {
	t.Parallel()
	c := mustDefault(t)
	for _, test := range []struct {
		dialect               video.Dialect
		id, ratio, resolution string
		width, height         int
	}{
		{video.Workflow, "seedance-20", "3:4", "720p", 720, 960},
		{video.Workflow, "grok-imagine-video", "1:1", "720p", 720, 720},
		{video.Kinovi, "seedance-20", "9:16", "4k", 2160, 3840},
		{video.Kinovi, "seedance2-fast", "21:9", "720p", 1470, 630},
		{video.Kinovi, "seedance2.0-mini", "4:3", "480p", 752, 560},
		{video.Kinovi, "seedance-20", "1:1", "4k", 0, 0},       // not documented
		{video.Kinovi, "seedance2-fast", "16:9", "4k", 0, 0},   // not offered
		{video.Kinovi, "seedance2-5", "16:9", "720p", 0, 0},    // not documented
		{video.Workflow, "seedance-20", "21:9", "720p", 0, 0},  // not offered
		{video.Workflow, "seedance-20", "16:9", "1080p", 0, 0}, // not offered
	} {
		m, _ := c.Model(test.dialect, test.id)
		w, h, ok := m.PixelSize(test.ratio, test.resolution)
		if w != test.width || h != test.height || ok != (test.width > 0) {
			t.Errorf("%s %s %s %s: %dx%d %t", test.dialect, test.id, test.ratio, test.resolution, w, h, ok)
		}
	}
}

func TestUsualTimes(t *testing.T) {
	t.Parallel()
	c := mustDefault(t)
	plain, _ := c.Model(video.Kinovi, "seedance-20")
	later, _ := c.Model(video.Kinovi, "seedance2-5")
	for _, test := range []struct {
		got, least, most time.Duration
	}{
		{plain.Usual("720p", false), time.Minute, 4 * time.Minute},
		{plain.Usual("4k", false), 8 * time.Minute, 8 * time.Minute},
		{plain.Usual("720p", true), 5 * time.Minute, 7 * time.Minute},
		{plain.Usual("4k", true), 8 * time.Minute, 8 * time.Minute},
		{later.Usual("720p", false), 3 * time.Minute, 11 * time.Minute},
	} {
		if test.got < test.least || test.got > test.most {
			t.Errorf("%s is not within %s to %s", test.got, test.least, test.most)
		}
	}
}

func TestDialects(t *testing.T) {
	t.Parallel()
	c := mustDefault(t)
	for _, test := range []struct {
		dialect             video.Dialect
		ratios, resolutions string
		preset              string
	}{
		{video.Workflow, "16:9 9:16 1:1 4:3 3:4", "720p", "seedance-20"},
		{video.Kinovi, "16:9 9:16 1:1 4:3 3:4 21:9", "480p 720p 1080p 4k", "seedance-20"},
		{"z", "", "", ""},
	} {
		ratios, resolutions := strings.Join(c.AspectRatios(test.dialect), " "), strings.Join(c.Resolutions(test.dialect), " ")
		if ratios != test.ratios || resolutions != test.resolutions || c.DefaultModel(test.dialect) != test.preset {
			t.Errorf("%s: %q, %q, %q", test.dialect, ratios, resolutions, c.DefaultModel(test.dialect))
		}
	}
	if models := c.Models("z"); models != nil {
		t.Errorf("an unknown dialect has models: %v", models)
	}
	if _, ok := c.Model(video.Kinovi, "Seedance 2.0"); ok {
		t.Error("Model takes exact ids only")
	}
}

// Each model can be described: what list_models and the documentation show.
func TestDescriptions(t *testing.T) {
	t.Parallel()
	c := mustDefault(t)
	for _, d := range []video.Dialect{video.Workflow, video.Kinovi} {
		for _, m := range c.Models(d) {
			if m.Title == "" || len(m.Summary) < 20 || len(m.Summary) > 250 || m.UsualTime <= 0 || m.Deadline < 10*time.Minute {
				t.Errorf("%s %s: %+v", d, m.ID, m)
			}
			if priced := len(m.Rates()) > 0; priced != m.Documented("price") || priced != (m.PricePublished != "") {
				t.Errorf("%s %s: rates %v, undocumented %v, published %q", d, m.ID, m.Rates(), m.Undocumented, m.PricePublished)
			}
			for _, rate := range m.Rates() {
				if rate.PerSecond <= 0 || rate.When == "" || !slices.Contains(m.Resolutions, rate.Resolution) {
					t.Errorf("%s %s: %+v", d, m.ID, rate)
				}
			}
		}
	}
}

func TestFromUpstream(t *testing.T) {
	t.Parallel()
	c := mustDefault(t)
	for _, d := range []video.Dialect{video.Workflow, video.Kinovi} {
		for name, want := range map[string]string{
			"seedance20-video-generation":         "seedance-20",
			"Seedance20-Video-Generation":         "seedance-20",
			"seedance-20":                         "seedance-20",
			"wan22-video-generation":              "wan22-video-generation", // which of its models is not said
			"veo3":                                "veo3",
			"":                                    "",
			"a\x00b\n" + strings.Repeat("c", 200): "ab " + strings.Repeat("c", 77) + "…",
		} {
			if got := c.FromUpstream(d, name); got != want {
				t.Errorf("%s: %q is %q, want %q", d, name, got, want)
			}
		}
	}
	if got := c.FromUpstream(video.Workflow, "sora2 pro"); got != "sora2 pro" {
		t.Errorf("sora2 pro is %q", got)
	}
	if got := c.FromUpstream("z", "seedance20-video-generation"); got != "seedance20-video-generation" {
		t.Errorf("an unknown dialect maps to %q", got)
	}
}

// BenchmarkDefault is what the catalogue adds to every start of the program.
func BenchmarkDefault(b *testing.B) {
	for b.Loop() {
		if _, err := catalog.Default(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPlan(b *testing.B) {
	c := mustDefault(b)
	for _, bench := range []struct {
		name    string
		dialect video.Dialect
		ask     catalog.Ask
	}{
		{"workflow", video.Workflow, catalog.Ask{
			Prompt: "a fox in the snow, @image1", Model: "Seedance 2.0", AspectRatio: "portrait", Duration: "6 seconds",
			ImageURLs: []string{fox},
		}},
		{"kinovi", video.Kinovi, catalog.Ask{
			Prompt: "a fox walks as in @video1", Model: "Seedance 2.5", Resolution: "1920x1080", VideoURLs: []string{walk}, Seed: "7",
		}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.Plan(bench.dialect, bench.ask); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("refused", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := c.Plan(video.Kinovi, catalog.Ask{Prompt: "a fox", Model: "seedanse 3"}); err == nil {
				b.Fatal("accepted")
			}
		}
	})
}

func BenchmarkPrice(b *testing.B) {
	m, _ := mustDefault(b).Model(video.Kinovi, "seedance2-5-edit")
	b.ReportAllocs()
	for b.Loop() {
		if q := m.Price(catalog.PriceInput{Resolution: "1080p", HasVideo: true}); q.Credits == nil {
			b.Fatal(q.Reason)
		}
	}
}
