package catalog_test

import (
	"slices"
	"strings"
	"testing"

	"seedance-mcp/internal/catalog"
	"seedance-mcp/internal/video"
)

const (
	fox   = "https://img.example.com/fox.png?w=9&h=16"
	den   = "https://img.example.com/den.jpg"
	walk  = "https://img.example.com/walk.mp4"
	music = "https://img.example.com/music.mp3"
)

func no() *bool { value := false; return &value }

// What is posted, to the byte: the paid call.
func TestPayloads(t *testing.T) {
	t.Parallel()
	c := mustDefault(t)
	for _, test := range []struct {
		name    string
		dialect video.Dialect
		ask     catalog.Ask
		payload string
		credits string
		formula string
	}{
		{
			"workflow, a prompt only", video.Workflow, catalog.Ask{Prompt: "A fox & its den <snow>"},
			`{"model":"wan22-video-generation","inputs":{"model":"seedance-20","prompt":"A fox & its den <snow>","resolution":"1280x720","duration":"5s"}}`,
			"200", "5 s × 40 credits/s",
		},
		{
			"workflow, first frame", video.Workflow, catalog.Ask{Prompt: "fox", AspectRatio: "9:16", Duration: "15", ImageURLs: []string{fox}},
			`{"model":"wan22-video-generation","inputs":{"model":"seedance-20","prompt":"fox","resolution":"720x1280","duration":"15s","urls":["https://img.example.com/fox.png?w=9&h=16"],"videoInputMode":"keyframe"}}`,
			"600", "15 s × 40 credits/s",
		},
		{
			"workflow, references", video.Workflow, catalog.Ask{Prompt: "fox", AspectRatio: "4:3", Duration: "4", InputMode: "reference", ImageURLs: []string{fox, den, den}},
			`{"model":"wan22-video-generation","inputs":{"model":"seedance-20","prompt":"fox","resolution":"960x720","duration":"4s","urls":["https://img.example.com/fox.png?w=9&h=16","https://img.example.com/den.jpg","https://img.example.com/den.jpg"],"videoInputMode":"reference"}}`,
			"360", "4 s × 90 credits/s",
		},
		{
			"workflow, a model with a blank in its id", video.Workflow, catalog.Ask{Prompt: "fox", Model: "sora-2-pro", AspectRatio: "3:4"},
			`{"model":"wan22-video-generation","inputs":{"model":"sora2 pro","prompt":"fox","resolution":"720x960","duration":"5s"}}`,
			"null", "",
		},
		{
			"kinovi, a prompt only", video.Kinovi, catalog.Ask{Prompt: "fox"},
			`{"model":"seedance-20","inputs":{"prompt":"fox","duration":5,"outputResolution":"720p","aspectRatio":"16:9","generate_audio":true}}`,
			"200", "5 s × 40 credits/s",
		},
		{
			"kinovi, everything", video.Kinovi,
			catalog.Ask{
				Prompt: "@image1 walks as in @video1", Model: "seedance-20", AspectRatio: "21:9", Duration: "7", Resolution: "1080p", InputMode: "reference",
				Seed: "4294967295", ImageURLs: []string{fox}, VideoURLs: []string{walk}, AudioURLs: []string{music}, GenerateAudio: no(),
			},
			`{"model":"seedance-20","inputs":{"prompt":"@image1 walks as in @video1","imageUrls":["https://img.example.com/fox.png?w=9&h=16"],"videoUrls":["https://img.example.com/walk.mp4"],"audioUrls":["https://img.example.com/music.mp3"],"mode":"reference","duration":7,"outputResolution":"1080p","aspectRatio":"21:9","generate_audio":false,"seed":4294967295}}`,
			"756", "7 s × 108 credits/s",
		},
		{
			"kinovi, wan's own name of sound", video.Kinovi, catalog.Ask{Prompt: "fox", Model: "wan3.0-prime-image-to-video", Duration: "2", Resolution: "480p", ImageURLs: []string{fox, den}, GenerateAudio: no(), AspectRatio: "1:1"},
			`{"model":"wan3.0-prime-image-to-video","inputs":{"prompt":"fox","imageUrls":["https://img.example.com/fox.png?w=9&h=16","https://img.example.com/den.jpg"],"mode":"keyframe","duration":2,"outputResolution":"480p","aspectRatio":"1:1","audio":false}}`,
			"37.72", "2 s × 18.86 credits/s",
		},
		{
			"kinovi, wan's references are free", video.Kinovi, catalog.Ask{Prompt: "fox", Model: "wan3.0-ref-to-video", Duration: "30", Resolution: "1080p", VideoURLs: []string{walk}},
			`{"model":"wan3.0-ref-to-video","inputs":{"prompt":"fox","videoUrls":["https://img.example.com/walk.mp4"],"mode":"reference","duration":30,"outputResolution":"1080p","aspectRatio":"16:9","audio":true}}`,
			"1710.3", "30 s × 57.01 credits/s",
		},
		{
			"kinovi, 2.5 with a video bills its seconds", video.Kinovi, catalog.Ask{Prompt: "fox", Model: "seedance2-5", Resolution: "1080p", VideoURLs: []string{walk}, Seed: "0"},
			`{"model":"seedance2-5","inputs":{"prompt":"fox","videoUrls":["https://img.example.com/walk.mp4"],"mode":"reference","duration":5,"outputResolution":"1080p","aspectRatio":"16:9","generate_audio":true,"seed":0}}`,
			"2998.8", "at most (30 s of source + 5 s) × 85.68 credits/s, settled after success",
		},
		{
			"kinovi, edit takes no duration", video.Kinovi, catalog.Ask{Prompt: "at night", Model: "seedance2-5-edit", VideoURLs: []string{walk}, Seed: "-1"},
			`{"model":"seedance2-5-edit","inputs":{"prompt":"at night","videoUrls":["https://img.example.com/walk.mp4"],"mode":"reference","outputResolution":"720p","generate_audio":true,"seed":-1}}`,
			"2100", "at most 2 × 30 s of source × 35 credits/s, settled after success (the upstream first reserves 15 s × 35 = 525)",
		},
		{
			"kinovi, extend", video.Kinovi, catalog.Ask{Prompt: "on", Model: "seedance2-5-extend", Duration: "10", Resolution: "480p", VideoURLs: []string{walk}},
			`{"model":"seedance2-5-extend","inputs":{"prompt":"on","videoUrls":["https://img.example.com/walk.mp4"],"mode":"reference","duration":10,"outputResolution":"480p","generate_audio":true}}`,
			"640", "at most (30 s of source + 10 s) × 16 credits/s, settled after success",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			plan, err := c.Plan(test.dialect, test.ask)
			if err != nil {
				t.Fatal(err)
			}
			if string(plan.Payload) != test.payload {
				t.Errorf("payload\n got %s\nwant %s", plan.Payload, test.payload)
			}
			if got := credits(plan.Quote); got != test.credits || plan.Quote.Formula != test.formula {
				t.Errorf("quote %s (%s), want %s (%s)", got, plan.Quote.Formula, test.credits, test.formula)
			}
			if q := plan.Quote; q.Credits != nil && *q.Credits != q.Rate.Times(int64(q.Seconds)) {
				t.Errorf("%s credits are not %d s × %s", q.Credits, q.Seconds, q.Rate)
			}
			if plan.Quote.Provisional != strings.Contains(test.formula, "at most") {
				t.Errorf("provisional is %t for %q", plan.Quote.Provisional, test.formula)
			}
			if (plan.Quote.Credits == nil || plan.Quote.Provisional) && len(plan.Warnings) == 0 {
				t.Error("an uncertain price must be warned about")
			}
			if wantWorkflow := test.dialect == video.Workflow; (plan.Workflow == "wan22-video-generation") != wantWorkflow {
				t.Errorf("workflow %q in %s", plan.Workflow, test.dialect)
			}
			if strings.Contains(string(plan.Payload), "seedance20-video-generation") {
				t.Error("a tool id went out")
			}
		})
	}
}

// Defaults are filled in, so that a short and a long way to say the same are
// the same request.
func TestEqualWishesAreEqual(t *testing.T) {
	t.Parallel()
	c := mustDefault(t)
	yes := true
	for _, test := range []struct {
		dialect     video.Dialect
		short, long catalog.Ask
	}{
		{
			video.Workflow, catalog.Ask{Prompt: " a fox\n"},
			catalog.Ask{Prompt: "a fox", Model: "Seedance 2.0", AspectRatio: "1280x720", Duration: "5s", Resolution: "720p"},
		},
		{
			video.Kinovi, catalog.Ask{Prompt: "a fox", ImageURLs: []string{" " + fox + " "}, VideoURLs: []string{}},
			catalog.Ask{
				Prompt: "a fox", Model: "seedance20-video-generation", AspectRatio: "widescreen", Duration: "5.0", Resolution: "1280×720",
				InputMode: "first frame", ImageURLs: []string{fox}, GenerateAudio: &yes,
			},
		},
	} {
		short, err := c.Plan(test.dialect, test.short)
		if err != nil {
			t.Fatal(err)
		}
		long, err := c.Plan(test.dialect, test.long)
		if err != nil {
			t.Fatal(err)
		}
		if !equalRequests(short.Request, long.Request) || string(short.Payload) != string(long.Payload) {
			t.Errorf("%s:\n%+v\n%+v\n%s\n%s", test.dialect, short.Request, long.Request, short.Payload, long.Payload)
		}
	}
}

func equalRequests(a, b video.Request) bool {
	samePointer := func(x, y *int64) bool { return (x == nil) == (y == nil) && (x == nil || *x == *y) }
	sameSound := func(x, y *bool) bool { return (x == nil) == (y == nil) && (x == nil || *x == *y) }
	return a.Prompt == b.Prompt && a.Model == b.Model && a.AspectRatio == b.AspectRatio && a.Duration == b.Duration &&
		a.Resolution == b.Resolution && a.InputMode == b.InputMode && slices.Equal(a.ImageURLs, b.ImageURLs) &&
		slices.Equal(a.VideoURLs, b.VideoURLs) && slices.Equal(a.AudioURLs, b.AudioURLs) &&
		samePointer(a.Seed, b.Seed) && sameSound(a.GenerateAudio, b.GenerateAudio)
}
