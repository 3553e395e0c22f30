package catalog_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"seedance-mcp/internal/catalog"
	"seedance-mcp/internal/video"
)

// overlay lays text over the embedded catalogue and must succeed.
func overlay(t *testing.T, text string) *catalog.Catalog {
	t.Helper()
	c, err := catalog.Overlay("models.json", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// model puts one model's fields where they belong.
func model(dialect, id, fields string) string {
	return `{"dialects": {"` + dialect + `": {"models": {"` + id + `": ` + fields + `}}}}`
}

func TestOverlayChangesOneRate(t *testing.T) {
	t.Parallel()
	c := overlay(t, model("kinovi", "seedance-20", `{"price": {"rates": {"720p": "41.123456"}}}`))
	m, _ := c.Model(video.Kinovi, "seedance-20")
	if got := credits(m.Price(catalog.PriceInput{Resolution: "720p", Seconds: 10})); got != "411.23456" {
		t.Errorf("changed rate: 10 s cost %s", got)
	}
	if got := credits(m.Price(catalog.PriceInput{Resolution: "480p", Seconds: 10})); got != "150" {
		t.Errorf("the other rates must stay: 10 s at 480p cost %s", got)
	}
	if m.Title != "Seedance 2.0" {
		t.Errorf("the title must stay, is %q", m.Title)
	}
	other, _ := c.Model(video.Workflow, "seedance-20")
	if got := credits(other.Price(catalog.PriceInput{Resolution: "720p", Seconds: 10})); got != "400" {
		t.Errorf("the other dialect must stay: 10 s cost %s", got)
	}
}

func TestOverlayAddsAndRemovesModels(t *testing.T) {
	t.Parallel()
	c := overlay(t, `{"dialects": {"workflow": {"models": {
		"sora2 pro": null,
		"sora3": {"title": "Sora 3", "summary": "New.", "aliases": ["Sora III"], "seconds": {"max": 20}}}}}}`)
	if _, ok := c.Model(video.Workflow, "sora2 pro"); ok {
		t.Error("sora2 pro is still there")
	}
	plan, err := c.Plan(video.Workflow, catalog.Ask{Prompt: "a fox", Model: "sora iii", Duration: "20"})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"model":"wan22-video-generation","inputs":{"model":"sora3","prompt":"a fox","resolution":"1280x720","duration":"20s"}}`
	if string(plan.Payload) != want {
		t.Errorf("payload\n got %s\nwant %s", plan.Payload, want)
	}
	if plan.Quote.Credits != nil || plan.Quote.Reason == "" {
		t.Errorf("a model without rates must have no price but a reason: %+v", plan.Quote)
	}
	before := len(mustDefault(t).Models(video.Workflow))
	if after := len(c.Models(video.Workflow)); after != before {
		t.Errorf("one out, one in: %d models became %d", before, after)
	}
}

func TestOverlayNullTakesAwayADefault(t *testing.T) {
	t.Parallel()
	c := overlay(t, model("kinovi", "seedance-20", `{"seed": null, "seconds": {"default": null}}`))
	m, _ := c.Model(video.Kinovi, "seedance-20")
	if m.TakesSeed || m.DefaultSeconds != 0 || m.MaxSeconds != 15 {
		t.Errorf("seed %t, seconds %d (default) to %d", m.TakesSeed, m.DefaultSeconds, m.MaxSeconds)
	}
}

func TestOverlayOfNothingIsTheDefault(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`{}`, "\uFEFF{}", `{"dialects": {}}`, `{"words": null}`} {
		if got := len(overlay(t, text).Models(video.Kinovi)); got != len(mustDefault(t).Models(video.Kinovi)) {
			t.Errorf("%s: %d models", text, got)
		}
	}
}

// Every mistake is reported at its line: each text is spread so that only the
// line at fault has the number.
func TestOverlayNamesTheLineAtFault(t *testing.T) {
	t.Parallel()
	inModel := func(field string) string {
		return "{\"dialects\": {\"kinovi\": {\"models\": {\n\"seedance-20\": {\n" + field + "\n}}}}}"
	}
	newModel := func(fields string) string {
		return "{\"dialects\": {\"kinovi\": {\"models\": {\n\"m9\": {\"title\": \"T\", \"summary\": \"S\",\n" + fields + "\n}}}}}"
	}
	for _, test := range []struct {
		name, text string
		line       string
		says       string
	}{
		{"not JSON", "{\n\"dialects\": {\n,}}", "3", "not JSON"},
		{"cut off", "{\n\"dialects\": {", "2", "not JSON"},
		{"two values", "{}\n{}", "2", "not JSON"},
		{"empty file", "", "1", "not JSON"},
		{"no object", "\n[]", "2", "must be an object"},
		{"unknown at the top", "{\n\n\"model\": {}}", "3", `unknown field "model"`},
		{"unknown dialect", "{\"dialects\": {\n\"veo\": {}}}", "2", `unknown dialect "veo"`},
		{"unknown in dialect", "{\"dialects\": {\"kinovi\": {\n\"url\": \"x\"}}}", "2", `unknown field "url"`},
		{"unknown in model", inModel(`"reslutions": []`), "3", `unknown field "reslutions"`},
		{"unknown in price", inModel(`"price": {` + "\n" + `"per_second": 4}`), "4", `unknown field "per_second"`},
		{"unknown in seconds", inModel(`"seconds": {"from": 4}`), "3", `unknown field "from"`},
		{"unknown in defaults", "{\"dialects\": {\"kinovi\": {\"defaults\": {\n\"x\": 1}}}}", "2", `unknown field "x"`},
		{"unknown in words", "{\"words\": {\n\"sizes\": {}}}", "2", `unknown field "sizes"`},
		{"written twice", inModel("\"seed\": true,\n\"seed\": false"), "4", "twice"},
		{"too deep", inModel(strings.Repeat("[", 20) + strings.Repeat("]", 20)), "3", ""},
		{"model is text", "{\"dialects\": {\"kinovi\": {\"models\": {\n\"m9\": \"new\"}}}}", "2", "must be an object"},
		{"no title", "{\"dialects\": {\"kinovi\": {\"models\": {\n\"m9\": {\"summary\": \"S\"}}}}}", "2", "title is missing"},
		{"blank title", inModel(`"title": " "`), "3", "title is missing"},
		{"title is a number", inModel(`"title": 5`), "3", "must be text"},
		{"aliases is text", inModel(`"aliases": "s"`), "3", "must be a list"},
		{"alias twice", inModel("\"aliases\": [\"a\",\n\"a\"]"), "4", "twice"},
		{"alias of another", inModel("\"aliases\": [\"x9\",\n\"WAN 3 t2v\"]"), "4", "means both"},
		{"alias is an id", inModel("\"aliases\": [\"x9\",\n\"seedance 2.5\"]"), "4", "means both"},
		{"alias of blanks", inModel("\"aliases\": [\n\" - \"]"), "4", "letters or digits"},
		{"id of another", "{\"dialects\": {\"kinovi\": {\"models\": {\n\"Seedance 2.0\": {\"title\": \"T\", \"summary\": \"S\"}}}}}", "2", "means both"},
		{"id is a tool id", "{\"dialects\": {\"kinovi\": {\"models\": {\n\"m9\": {\"title\": \"T\", \"summary\": \"S\", \"aliases\": [\"seedance20-video-generation\"]}}}}}", "", "also a name"},
		{"default model", "{\"dialects\": {\"kinovi\": {\n\"default_model\": \"veo3\"}}}", "2", "no model"},
		{"default removed", "{\"dialects\": {\"kinovi\": {\"models\": {\n\"seedance-20\": null}}}}", "2", "cannot be removed"},
		{"tool id", "{\"dialects\": {\"kinovi\": {\"tool_ids\": {\n\"t\": \"veo3\"}}}}", "2", "no model"},
		{"workflow in kinovi", "{\"dialects\": {\n\"kinovi\": {\"workflow\": \"w\"}}}", "2", "workflow"},
		{"rate is zero", inModel(`"price": {"rates": {"480p": 1,` + "\n" + `"720p": 0}}`), "4", "above 0"},
		{"rate is negative", inModel(`"price": {"rates": {"720p": "-4"}}`), "3", "above 0"},
		{"rate is a word", inModel(`"price": {"rates": {"720p": "free"}}`), "3", "above 0"},
		{"rate is a list", inModel(`"price": {"rates": {"720p": [4]}}`), "3", "must be a number"},
		{"rate is not exact", inModel(`"price": {"rates": {"720p": 4.1234567}}`), "3", "six decimals"},
		{"rate with exponent", inModel(`"price": {"rates": {"720p": 1e2}}`), "3", "six decimals"},
		{"rate is huge", inModel(`"price": {"rates": {"720p": 1000001}}`), "3", "at most"},
		{"rate of no resolution", inModel(`"price": {"rates": {"540p": 4}}`), "3", `"540p" is no known resolution`},
		{"price without month", newModel(`"price": {"rates": {"720p": 4}}`), "3", "published"},
		{"month", inModel(`"price": {"published": "May 2026"}`), "3", "published"},
		{"billing", inModel(`"price": {"video_bills": "half"}`), "3", "video_bills"},
		{"billing of the source with a duration", inModel(`"price": {"video_bills": "twice_source"}`), "3", "no duration"},
		{"video price without videos", inModel(`"max_videos": 0`), "3", "takes none"},
		{"seconds upside down", inModel(`"seconds": {"min": 9, "max": 4}`), "3", "seconds must run"},
		{"seconds from nothing", inModel(`"seconds": {"min": 0}`), "3", "seconds must run"},
		{"seconds fraction", inModel(`"seconds": {"max": 4.5}`), "3", "whole number"},
		{"seconds text", inModel(`"seconds": {"max": "15"}`), "3", "must be a number"},
		{"default seconds", inModel(`"seconds": {"default": 99}`), "3", "not within"},
		{"ratio", inModel(`"aspect_ratios": ["16:9", "wide"]`), "3", "no aspect ratio"},
		{"ratio without a size", inModel(`"aspect_ratios": ["16:9", "5:4"]`), "3", "no pixel size"},
		{"default ratio", inModel(`"aspect_ratios": ["9:16"]`), "3", "default_aspect_ratio"},
		{"resolution", inModel(`"resolutions": ["720p", "8k"]`), "3", "no known resolution"},
		{"default resolution", inModel(`"resolutions": ["480p"]`), "3", "default_resolution"},
		{"size table", inModel(`"sizes": "mine"`), "3", "size_tables"},
		{"size", "{\"dialects\": {\"kinovi\": {\"size_tables\": {\"seedance-2\": {\"16:9\": {\n\"720p\": \"big\"}}}}}}", "2", "pixels"},
		{"size's ratio", "{\"dialects\": {\"kinovi\": {\"size_tables\": {\"seedance-2\": {\n\"wide\": {}}}}}}", "2", "no aspect ratio"},
		{"size's resolution", "{\"dialects\": {\"kinovi\": {\"size_tables\": {\"seedance-2\": {\"16:9\": {\n\"8k\": \"1x1\"}}}}}}", "2", "no known resolution"},
		{"mode", inModel(`"input_modes": ["frames"]`), "3", "no input mode"},
		{"modes without media", inModel(`"max_images": 0, "max_videos": 0, "max_audios": 0, "price": {"video": null}`), "3", "without media"},
		{"media without modes", inModel(`"input_modes": []`), "3", "needs input_modes"},
		{"keyframes", inModel(`"keyframe_images": 0`), "3", "keyframe_images"},
		{"videos in keyframe mode", inModel(`"input_modes": ["keyframe"]`), "3", "videos need"},
		{"requires", inModel(`"requires": "music"`), "3", "requires must be"},
		{"requires what it does not take", inModel(`"requires": "video", "max_videos": 0, "price": {"video": null}`), "3", "requires a video"},
		{"images", inModel(`"max_images": -1`), "3", "whole number"},
		{"format", inModel(`"image_formats": ["PNG"]`), "3", "file name ending"},
		{"prompt", inModel(`"max_prompt": 0`), "3", "max_prompt"},
		{"seed", inModel(`"seed": "yes"`), "3", "must be an object"},
		{"seed upside down", inModel(`"seed": {"min": 5, "max": 4}`), "3", "larger max"},
		{"seed below any", inModel(`"seed": {"min": -2}`), "3", "whole number"},
		{"rate of another resolution", inModel(`"price": {"rates": {"720p": 1,` + "\n" + `"8k": 4}}`), "4", "no known resolution"},
		{"rate of a resolution not made", "{\"dialects\": {\"kinovi\": {\"models\": {\"seedance2-fast\": {\"price\": {\"rates\": {\n\"4k\": 4}}}}}}}", "2", "none of the model's resolutions"},
		{"trailing brace", "{}\n}", "2", "not JSON"},
		{"a BOM in the middle", "{\n\uFEFF}", "2", "not JSON"},
		{"only a BOM", "\uFEFF", "1", "not JSON"},
		{"UTF-16", "\xff\xfe{\x00}\x00", "1", "not JSON"},
		{"too many entries", inModel("\"aliases\": [\n" + strings.Repeat("\"a\",", 1001) + "\"b\"]"), "4", "1000 entries"},
		{"too many names", "{\n" + strings.Repeat("\"a\":1,", 1) + manyNames(1001) + "}", "2", "1000 entries"},
		{"word with two meanings", "{\"words\": {\"aspect_ratios\": {\n\"Portrait\": \"1:1\"}}}", "2", "means both"},
		{"mode with two meanings", "{\"words\": {\"input_modes\": {\n\"I2V\": \"reference\"}}}", "2", "means both"},
		{"resolution with two meanings", "{\"words\": {\"resolutions\": {\n\"H D\": [\"720p\"]}}}", "2", "means both"},
		{"no limits", "{\"dialects\": {\"kinovi\": {\n\"defaults\": null}}}", "2", ""},
		{"deadline missing", inModel(`"deadline": null`), "3", "deadline"},
		{"resolutions missing", inModel(`"resolutions": null`), "3", "default_resolution"},
		{"formats in the workflow", "{\"dialects\": {\"workflow\": {\"models\": {\"sora2\": {\n\"output_formats\": [\"mp4\"]}}}}}", "2", "workflow dialect has no"},
		{"sound", inModel(`"sound_field": "sound"`), "3", "sound_field"},
		{"usual time", inModel(`"usual_time": "soon"`), "3", "a time"},
		{"usual time missing", inModel(`"usual_time": null`), "3", "usual_time is missing"},
		{"usual time of no resolution", inModel(`"usual_time_by_resolution": {"8k": "1m"}`), "3", `"8k"`},
		{"deadline", inModel(`"deadline": "1m"`), "3", "deadline"},
		{"topic", inModel(`"undocumented": ["colour"]`), "3", "no topic"},
		{"seed in the workflow", "{\"dialects\": {\"workflow\": {\"models\": {\"sora2\": {\n\"seed\": {\"max\": 9}}}}}}", "2", "workflow dialect has no"},
		{"workflow without a size", "{\"dialects\": {\"workflow\": {\"models\": {\"sora2\": {\n\"resolutions\": [\"720p\", \"1080p\"]}}}}}", "2", "no pixel size"},
		{"defaults break a model", "{\"dialects\": {\"workflow\": {\"defaults\": {\n\"seconds\": {\"max\": 3}}}}}", "2", "seconds must run"},
		{"word's ratio", "{\"words\": {\"aspect_ratios\": {\n\"wide\": \"very\"}}}", "2", "no aspect ratio"},
		{"word's resolution", "{\"words\": {\"resolutions\": {\n\"hd\": [\"8k\"]}}}", "2", "no known resolution"},
		{"word's mode", "{\"words\": {\"input_modes\": {\n\"i2v\": \"i2v\"}}}", "2", "no input mode"},
		{"short side", "{\"resolutions\": {\n\"8k\": \"4320\"}}", "2", "must be a number"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := catalog.Overlay("models.json", []byte(test.text))
			if err == nil {
				t.Fatalf("accepted:\n%s", test.text)
			}
			if want := "models.json:" + test.line; test.line != "" && !strings.HasPrefix(err.Error(), want+": ") {
				t.Errorf("got %q, want it to begin with %q", err, want)
			}
			if !strings.Contains(err.Error(), "models.json") || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %q, want it to say %q and name the file", err, test.says)
			}
		})
	}
}

func manyNames(n int) string {
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf(`"n%d":1`, i))
	}
	return strings.Join(names, ",")
}

// A fault that only shows in the embedded file names both files.
func TestOverlayNamesBothFilesFromAfar(t *testing.T) {
	t.Parallel()
	_, err := catalog.Overlay("models.json", []byte(`{"resolutions": {"4k": null}}`))
	if err == nil || !strings.HasPrefix(err.Error(), "models.json does not fit") || !strings.Contains(err.Error(), "catalog.json:") {
		t.Errorf("got %v", err)
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "mine.json")
	if err := os.WriteFile(path, []byte("{\n\"models\": {}}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := catalog.Load(path); err == nil || !strings.HasPrefix(err.Error(), path+":2: ") {
		t.Errorf("want the path and line, got %v", err)
	}
	if err := os.WriteFile(path, []byte(model("workflow", "sora2", `{"price": {"published": "2026-11", "rates": {"720p": 10}}}`)), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := catalog.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	m, _ := c.Model(video.Workflow, "sora2")
	if got := credits(m.Price(catalog.PriceInput{Resolution: "720p", Seconds: 4})); got != "40" {
		t.Errorf("4 s of a sora2 priced by the file cost %s", got)
	}
	if _, err := catalog.Load(path + ".missing"); err == nil || !strings.Contains(err.Error(), "mine.json.missing") {
		t.Errorf("want an error that names the missing file, got %v", err)
	}
	if err := os.WriteFile(path, make([]byte, 1<<20+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := catalog.Load(path); err == nil || !strings.Contains(err.Error(), "larger") {
		t.Errorf("want a refusal of the size, got %v", err)
	}
}

// The example in the documentation must work, and the documentation must know
// every field that a mistake is told about.
func TestDocumentation(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile("../../docs/catalog.md")
	if err != nil {
		t.Fatal(err)
	}
	example := regexp.MustCompile("(?s)```json\n(.*?)```").FindSubmatch(document)
	if example == nil {
		t.Fatal("no example in docs/catalog.md")
	}
	c := overlay(t, string(example[1]))
	if _, ok := c.Model(video.Kinovi, "seedance3"); !ok {
		t.Error("the example adds no seedance3")
	}
	// The messages about unknown fields list all known ones of each object.
	for _, text := range []string{
		`{"?": 0}`, `{"words": {"?": 0}}`, `{"dialects": {"kinovi": {"?": 0}}}`, model("kinovi", "seedance-20", `{"?": 0}`),
		model("kinovi", "seedance-20", `{"price": {"?": 0}}`), model("kinovi", "seedance-20", `{"seconds": {"?": 0}}`),
	} {
		_, err := catalog.Overlay("models.json", []byte(text))
		_, fields, found := strings.Cut(err.Error(), "; it has ")
		if !found {
			t.Fatalf("no list of fields in %q", err)
		}
		for field := range strings.SplitSeq(fields, ", ") {
			if !strings.Contains(string(document), "`"+field+"`") && !strings.Contains(string(document), `"`+field+`"`) {
				t.Errorf("docs/catalog.md does not explain %q", field)
			}
		}
	}
}
