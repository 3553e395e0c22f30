package catalog_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"seedance-mcp/internal/catalog"
	"seedance-mcp/internal/video"
)

// fuzzPlan holds what must be true of any ask: it is refused helpfully, or
// planned so that asking again changes nothing.
func fuzzPlan(t *testing.T, c *catalog.Catalog, ask catalog.Ask) {
	t.Helper()
	for _, d := range []video.Dialect{video.Workflow, video.Kinovi} {
		plan, err := c.Plan(d, ask)
		if err == nil {
			checkPlan(t, c, d, plan)
			continue
		}
		invalid, ok := errors.AsType[*video.Error](err)
		if !ok || invalid.Code != video.Invalid || invalid.Suggestion == "" {
			t.Fatalf("%s %+v: %#v", d, ask, err)
		}
		if text := invalid.Error(); !utf8.ValidString(text) || strings.ContainsAny(text, "\n\x00") || len(text) > 2000 {
			t.Fatalf("%s %+v: an unfit message: %q", d, ask, text)
		}
	}
}

func FuzzDuration(f *testing.F) {
	for _, seed := range []string{"5", "5s", "5.0 seconds", "4.5", "PT5S", "1e1", "-0", "inf", "5 min", "٥"} {
		f.Add(seed)
	}
	c := mustDefault(f)
	f.Fuzz(func(t *testing.T, text string) {
		fuzzPlan(t, c, catalog.Ask{Prompt: "fox", Duration: text, Seed: text})
		fuzzPlan(t, c, catalog.Ask{Prompt: "fox", Duration: text})
	})
}

func FuzzSize(f *testing.F) {
	for _, seed := range []string{"16:9", "1280 x 720px", "portrait 1080p", "full hd", "x", "p", "16 by", "0:0", "99999x99999", "：", "1/"} {
		f.Add(seed, "720p")
		f.Add("", seed)
	}
	c := mustDefault(f)
	f.Fuzz(func(t *testing.T, ratio, resolution string) {
		fuzzPlan(t, c, catalog.Ask{Prompt: "fox", AspectRatio: ratio, Resolution: resolution})
		fuzzPlan(t, c, catalog.Ask{Prompt: "fox", Model: "sora2", AspectRatio: resolution, Resolution: ratio})
	})
}

func FuzzModel(f *testing.F) {
	for _, seed := range []string{"Seedance 2.0", "sora-2-pro", "veo3", "wan22-video-generation", "", "...", "\xff", "ſeedance"} {
		f.Add(seed)
	}
	c := mustDefault(f)
	f.Fuzz(func(t *testing.T, text string) {
		fuzzPlan(t, c, catalog.Ask{Prompt: "fox", Model: text, InputMode: text})
		fuzzPlan(t, c, catalog.Ask{Prompt: "fox", Model: text})
		for _, d := range []video.Dialect{video.Workflow, video.Kinovi} {
			if name := c.FromUpstream(d, text); !utf8.ValidString(name) || utf8.RuneCountInString(name) > 81 {
				t.Fatalf("%q from upstream is %q", text, name)
			}
		}
	})
}

func FuzzMedia(f *testing.F) {
	for _, seed := range []string{fox, "http://127.0.0.1/", "https://[::ffff:7f00:1]/", "data:,x", "https://a@b/", "%", "https://xn--a.example/@image2"} {
		f.Add(seed, "@image1 and @video02")
	}
	c := mustDefault(f)
	f.Fuzz(func(t *testing.T, url, prompt string) {
		fuzzPlan(t, c, catalog.Ask{Prompt: prompt, ImageURLs: []string{url}})
		fuzzPlan(t, c, catalog.Ask{Prompt: prompt, Model: "seedance2-5", InputMode: "reference", VideoURLs: []string{url}, AudioURLs: []string{url}, AllowPrivateURLs: true})
	})
}

func oneOrNone(url string) []string {
	if url == "" {
		return nil
	}
	return []string{url}
}

// Everything at once, as a confused model might write it.
func FuzzPlan(f *testing.F) {
	f.Add("a fox", "Seedance 2.0", "portrait", "5 seconds", "720P", "i2v", "7", fox, "", "", true)
	f.Add("@image1", "seedance20-video-generation", "16/9", "5.0", "1280*720", "", "", "", "", "", false)
	f.Add("on", "seedance2-5-extend", "", "4", "", "reference", "-1", fox, walk, music, true)
	f.Add("", "sora 2 pro", "5:4", "4.5", "4k", "magic", "x", "file:///x", "data:,", "http://[::1]/", true)
	c := mustDefault(f)
	f.Fuzz(func(t *testing.T, prompt, model, ratio, duration, resolution, mode, seed, image, clip, sound string, loud bool) {
		fuzzPlan(t, c, catalog.Ask{
			Prompt: prompt, Model: model, AspectRatio: ratio, Duration: duration, Resolution: resolution, InputMode: mode,
			Seed: seed, ImageURLs: oneOrNone(image), VideoURLs: oneOrNone(clip), AudioURLs: oneOrNone(sound), GenerateAudio: &loud,
		})
	})
}

// A file either loads whole, and then plans, or is refused by name.
func FuzzLoad(f *testing.F) {
	for _, seed := range []string{
		`{}`, `[]`, ``, `{"dialects": {"kinovi": {"models": {"m": {"title": "T", "summary": "S", "seconds": null}}}}}`,
		`{"dialects": {"workflow": {"models": {"sora2": {"price": {"published": "2026-11", "rates": {"720p": "1.5"}}}}}}}`,
		`{"words": {"resolutions": {"hd": ["4k"]}}}`, `{"dialects": {"kinovi": {"defaults": {"seconds": {"max": 2}}}}}`, `{"a\u0062": 1}`, `{"dialects": null}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := catalog.Overlay("models.json", data)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "models.json") {
				t.Fatalf("the file is not named: %v", err)
			}
			return
		}
		for _, d := range []video.Dialect{video.Workflow, video.Kinovi} {
			for _, m := range c.Models(d) {
				ask := catalog.Ask{Prompt: "f", Model: m.ID}
				if plan, err := c.Plan(d, ask); err == nil {
					checkPlan(t, c, d, plan)
				} else if video.CodeOf(err) != video.Invalid {
					t.Fatalf("%s %s: %v", d, m.ID, err)
				}
			}
		}
	})
}
