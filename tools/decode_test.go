package tools

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"seedance-mcp/internal/catalog"
	"seedance-mcp/internal/preview"
	"seedance-mcp/internal/video"
)

func wishDecoder(t testing.TB) *decoder {
	t.Helper()
	models, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	def := generateVideo(Deps{Catalog: models, Dialect: video.Kinovi}).definition
	return newDecoder(def)
}

func statusDecoder(t testing.TB) *decoder {
	t.Helper()
	return newDecoder(getTaskStatus(Deps{}).definition)
}

func TestDecodeWish(t *testing.T) {
	yes, no, ten := true, false, video.WholeCredits(10)
	tests := map[string]struct {
		raw  string
		want wishArguments
		note string
	}{
		"plain":                  {`{"prompt":"a fox","duration":5}`, wishArguments{Prompt: "a fox", Duration: "5"}, ""},
		"number as text":         {`{"prompt":"a fox","duration":"5"}`, wishArguments{Prompt: "a fox", Duration: "5"}, ""},
		"fraction":               {`{"prompt":"a fox","duration":5.0}`, wishArguments{Prompt: "a fox", Duration: "5.0"}, ""},
		"unit":                   {`{"prompt":"a fox","duration":"5s"}`, wishArguments{Prompt: "a fox", Duration: "5s"}, ""},
		"unit in words":          {`{"prompt":"a fox","duration":"5 seconds"}`, wishArguments{Prompt: "a fox", Duration: "5 seconds"}, ""},
		"nulls":                  {`{"prompt":"a fox","model":null,"seed":null,"image_urls":null,"force_new":null,"max_credits":null}`, wishArguments{Prompt: "a fox"}, ""},
		"blanks":                 {`{"prompt":"a fox","model":"","seed":" ","image_urls":"","force_new":"","max_credits":""}`, wishArguments{Prompt: "a fox"}, ""},
		"empty lists":            {`{"prompt":"a fox","image_urls":[],"video_urls":"[]","audio_urls":null}`, wishArguments{Prompt: "a fox"}, ""},
		"blank lists":            {`{"prompt":"a fox","image_urls":"","video_urls":"\n","audio_urls":" "}`, wishArguments{Prompt: "a fox"}, ""},
		"empty elements stay":    {`{"prompt":"a fox","image_urls":["",null],"video_urls":"[null]"}`, wishArguments{Prompt: "a fox", ImageURLs: []string{"", ""}, VideoURLs: []string{""}}, ""},
		"prompt kept as written": {`{"prompt":"  a fox\n in snow "}`, wishArguments{Prompt: "  a fox\n in snow "}, ""},
		"control characters":     {`{"prompt":"a\u0000 fox\u001b[1m\n\tin snow\u009f"}`, wishArguments{Prompt: "a fox[1m\n\tin snow"}, "prompt: 3 control characters were left out."},
		"one control character":  {`{"prompt":"a\u0007 fox"}`, wishArguments{Prompt: "a fox"}, "prompt: a control character was left out."},
		"joined emoji stay":      {`{"prompt":"👩\u200d🚀 in \u2068snow\u2069"}`, wishArguments{Prompt: "👩\u200d🚀 in \u2068snow\u2069"}, ""},
		"other texts trimmed":    {`{"prompt":"a fox","model":" sora2 "}`, wishArguments{Prompt: "a fox", Model: "sora2"}, ""},
		"one URL":                {`{"prompt":"a fox","image_urls":"https://e.test/a.png"}`, wishArguments{Prompt: "a fox", ImageURLs: []string{"https://e.test/a.png"}}, ""},
		"list in a text":         {`{"prompt":"a fox","image_urls":"[\"https://e.test/a.png\"]"}`, wishArguments{Prompt: "a fox", ImageURLs: []string{"https://e.test/a.png"}}, ""},
		"aspectRatio":            {`{"prompt":"a fox","aspectRatio":"16:9"}`, wishArguments{Prompt: "a fox", AspectRatio: "16:9"}, "aspectRatio was read as aspect_ratio."},
		"Aspect-Ratio":           {`{"prompt":"a fox","Aspect-Ratio":"16:9"}`, wishArguments{Prompt: "a fox", AspectRatio: "16:9"}, "Aspect-Ratio was read as aspect_ratio."},
		"imageUrl":               {`{"prompt":"a fox","imageUrl":"https://e.test/a.png"}`, wishArguments{Prompt: "a fox", ImageURLs: []string{"https://e.test/a.png"}}, "imageUrl was read as image_urls."},
		"imageUrls":              {`{"prompt":"a fox","imageUrls":["https://e.test/a.png"]}`, wishArguments{Prompt: "a fox", ImageURLs: []string{"https://e.test/a.png"}}, "imageUrls was read as image_urls."},
		"image_url":              {`{"prompt":"a fox","image_url":"https://e.test/a.png"}`, wishArguments{Prompt: "a fox", ImageURLs: []string{"https://e.test/a.png"}}, "image_url was read as image_urls."},
		"image":                  {`{"prompt":"a fox","image":"https://e.test/a.png"}`, wishArguments{Prompt: "a fox", ImageURLs: []string{"https://e.test/a.png"}}, "image was read as image_urls."},
		"length":                 {`{"prompt":"a fox","length":5}`, wishArguments{Prompt: "a fox", Duration: "5"}, "length was read as duration."},
		"lenght":                 {`{"prompt":"a fox","lenght":5}`, wishArguments{Prompt: "a fox", Duration: "5"}, "lenght was read as duration."}, //nolint:misspell // meant
		"images":                 {`{"prompt":"a fox","images":["https://e.test/a.png"]}`, wishArguments{Prompt: "a fox", ImageURLs: []string{"https://e.test/a.png"}}, "images was read as image_urls."},
		"same value twice":       {`{"prompt":"a fox","image_url":"https://e.test/a.png","image_urls":"https://e.test/a.png"}`, wishArguments{Prompt: "a fox", ImageURLs: []string{"https://e.test/a.png"}}, ""},
		"near miss over null":    {`{"prompt":"a fox","image_urls":null,"image_url":"https://e.test/a.png"}`, wishArguments{Prompt: "a fox", ImageURLs: []string{"https://e.test/a.png"}}, "image_url was read as image_urls."},
		"client's own names":     {`{"prompt":"a fox","wait_for_previous":true,"_meta":{"a":1},"_x":[]}`, wishArguments{Prompt: "a fox"}, ""},
		"unknown but null":       {`{"prompt":"a fox","negative_prompt":null,"style":""}`, wishArguments{Prompt: "a fox"}, ""},
		"flag as text":           {`{"prompt":"a fox","generate_audio":"false","force_new":"true"}`, wishArguments{Prompt: "a fox", GenerateAudio: &no, ForceNew: true}, ""},
		"flag as number":         {`{"prompt":"a fox","generate_audio":1}`, wishArguments{Prompt: "a fox", GenerateAudio: &yes}, ""},
		"credits as text":        {`{"prompt":"a fox","max_credits":"10"}`, wishArguments{Prompt: "a fox", MaxCredits: &ten}, ""},
		"credits with their name": {`{"prompt":"a fox","max_credits":"10 credits"}`,
			wishArguments{Prompt: "a fox", MaxCredits: &ten}, ""},
		"large seed":          {`{"prompt":"a fox","seed":4294967295}`, wishArguments{Prompt: "a fox", Seed: "4294967295"}, ""},
		"object in a text":    {`"{\"prompt\":\"a fox\",\"duration\":5}"`, wishArguments{Prompt: "a fox", Duration: "5"}, ""},
		"escaped name":        {`{"\u0070rompt":"a fox"}`, wishArguments{Prompt: "a fox"}, ""},
		"resolution a number": {`{"prompt":"a fox","resolution":720}`, wishArguments{Prompt: "a fox", Resolution: "720"}, ""},
	}
	decoder := wishDecoder(t)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var got wishArguments
			notes, err := decoder.decode(json.RawMessage(test.raw), &got)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
			if joined := strings.Join(notes, " "); joined != test.note {
				t.Errorf("notes %q, want %q", joined, test.note)
			}
		})
	}
}

func TestDecodeStatus(t *testing.T) {
	tests := map[string]struct {
		raw  string
		want statusArguments
	}{
		"absent":           {``, statusArguments{}},
		"null":             {`null`, statusArguments{}},
		"blank":            {`""`, statusArguments{}},
		"empty":            {`{}`, statusArguments{}},
		"taskId":           {`{"taskId":"vid_a"}`, statusArguments{TaskID: "vid_a"}},
		"id":               {`{"id":"vid_a"}`, statusArguments{TaskID: "vid_a"}},
		"taskIds":          {`{"taskIds":["vid_a","vid_b"]}`, statusArguments{TaskIDs: []string{"vid_a", "vid_b"}}},
		"ids with blanks":  {`{"task_ids":["",null,"vid_a"]}`, statusArguments{TaskIDs: []string{"", "", "vid_a"}}},
		"ids":              {`{"ids":"vid_a"}`, statusArguments{TaskIDs: []string{"vid_a"}}},
		"wait as text":     {`{"wait_seconds":"30"}`, statusArguments{WaitSeconds: 30}},
		"wait with unit":   {`{"waitSeconds":"30s"}`, statusArguments{WaitSeconds: 30}},
		"wait in words":    {`{"wait_seconds":"30 seconds"}`, statusArguments{WaitSeconds: 30}},
		"wait as fraction": {`{"wait_seconds":30.0}`, statusArguments{WaitSeconds: 30}},
		"wait as 3e1":      {`{"wait_seconds":3e1}`, statusArguments{WaitSeconds: 30}},
		"wait far too big": {`{"wait_seconds":1e300}`, statusArguments{WaitSeconds: 45}},
		"unknown ignored":  {`{"task_id":"vid_a","verbose":true,"format":{"a":[1]}}`, statusArguments{TaskID: "vid_a"}},
	}
	decoder := statusDecoder(t)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var got statusArguments
			if _, err := decoder.decode(json.RawMessage(test.raw), &got); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

// TestDecodeRefuses holds that whatever cannot be meant is refused by name,
// with a text of bounded length whatever was given.
func TestDecodeRefuses(t *testing.T) {
	huge := strings.Repeat("x", 300_000)
	tests := map[string]struct {
		raw      string
		argument string
		mentions []string
	}{
		"no prompt":                {`{"duration":5}`, "prompt", []string{"prompt", "missing"}},
		"blank prompt":             {`{"prompt":""}`, "prompt", []string{"prompt", "missing"}},
		"nothing but controls":     {`{"prompt":"\u0000 \u0001"}`, "prompt", []string{"prompt", "missing"}},
		"nothing at all":           {``, "prompt", []string{"prompt"}},
		"prompt a number":          {`{"prompt":5}`, "prompt", []string{"a text", "a number", "5"}},
		"prompt an object":         {`{"prompt":{"text":"a fox"}}`, "prompt", []string{"a text", "an object", `{"text":"a fox"}`}},
		"prompt a list":            {`{"prompt":["a fox"]}`, "prompt", []string{"a text", "a list"}},
		"duration a list":          {`{"prompt":"a fox","duration":[5]}`, "duration", []string{"whole number from 2 to 30", "a list", "[5]"}},
		"duration a flag":          {`{"prompt":"a fox","duration":true}`, "duration", []string{"whole number", "true"}},
		"duration an object":       {`{"prompt":"a fox","duration":{"seconds":5}}`, "duration", []string{"an object"}},
		"model an object":          {`{"prompt":"a fox","model":{}}`, "model", []string{"one of seedance-20"}},
		"images of objects":        {`{"prompt":"a fox","image_urls":[{"url":"https://e.test/a.png"}]}`, "image_urls", []string{"a list of texts", "image_urls[0] is an object", "https://e.test/a.png", "plain text"}},
		"an object in a text":      {`{"prompt":"a fox","image_urls":"[\"https://e.test/a.png\",{}]"}`, "image_urls", []string{"image_urls[1] is an object"}},
		"images of numbers":        {`{"prompt":"a fox","image_urls":[1,2]}`, "image_urls", []string{"a list of texts"}},
		"images a number":          {`{"prompt":"a fox","image_urls":7}`, "image_urls", []string{"a list of texts", "a number"}},
		"images nested":            {`{"prompt":"a fox","image_urls":[["https://e.test/a.png"]]}`, "image_urls", []string{"a list of texts"}},
		"images a broken list":     {`{"prompt":"a fox","image_urls":"[\"https"}`, "image_urls", []string{"a list of texts"}},
		"negative credits":         {`{"prompt":"a fox","max_credits":-1}`, "max_credits", []string{"0 or more", "-1"}},
		"credits not a number":     {`{"prompt":"a fox","max_credits":"NaN"}`, "max_credits", []string{"number of credits", "NaN"}},
		"credits infinite":         {`{"prompt":"a fox","max_credits":"Infinity"}`, "max_credits", []string{"number of credits"}},
		"credits beyond all":       {`{"prompt":"a fox","max_credits":1e300}`, "max_credits", []string{"number of credits"}},
		"flag not one":             {`{"prompt":"a fox","force_new":"maybe"}`, "force_new", []string{"true or false", "maybe"}},
		"flag a list":              {`{"prompt":"a fox","force_new":[]}`, "force_new", []string{"true or false"}},
		"unknown":                  {`{"prompt":"a fox","negative_prompt":"dogs"}`, "negative_prompt", []string{"no argument", "negative_prompt", "It takes prompt, model", "nothing was done"}},
		"unknown, near":            {`{"prompt":"a fox","durration":5}`, "durration", []string{"nearest is duration"}},
		"unknown, hostile name":    {`{"prompt":"a fox","` + huge + `":1}`, "", []string{"no argument"}},
		"two different images":     {`{"prompt":"a fox","image_url":"https://e.test/a.png","image_urls":["https://e.test/b.png"]}`, "image_urls", []string{"same argument"}},
		"huge value":               {`{"prompt":"a fox","duration":["` + huge + `"]}`, "duration", []string{"whole number"}},
		"arguments a list":         {`[1]`, "", []string{"one JSON object", "a list"}},
		"arguments a number":       {`7`, "", []string{"one JSON object", "a number"}},
		"arguments a text":         {`"a fox"`, "", []string{"one JSON object", "a text"}},
		"control characters clean": {`{"prompt":"a fox","force_new":"\u0000\u001b[31mred"}`, "force_new", []string{"true or false"}},
	}
	decoder := wishDecoder(t)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var got wishArguments
			_, err := decoder.decode(json.RawMessage(test.raw), &got)
			refused, ok := errors.AsType[*video.Error](err)
			if !ok || refused.Code != video.Invalid {
				t.Fatalf("got %v, want a refusal", err)
			}
			if test.argument != "" && refused.Argument != test.argument {
				t.Errorf("argument %q, want %q", refused.Argument, test.argument)
			}
			text := explain("generate_video", err)
			for _, word := range test.mentions {
				if !strings.Contains(text, word) {
					t.Errorf("%q does not mention %q", text, word)
				}
			}
			if !strings.Contains(text, "generate_video") {
				t.Errorf("%q does not name the tool to call", text)
			}
			if len(text) > maxErrorText || strings.ContainsAny(text, "\x00\x1b\n") {
				t.Errorf("unfit to show (%d bytes): %.200q", len(text), text)
			}
		})
	}
}

// TestNumbersOutOfRange: the nearest is taken, and told; 0 is no "absent".
func TestNumbersOutOfRange(t *testing.T) {
	models, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	d := Deps{Catalog: models, Dialect: video.Kinovi}
	for _, test := range []struct {
		def       definition
		raw, note string
		got       func(any) int
		want      int
	}{
		{listTasks(d).definition, `{"limit":0}`, "limit=0 was taken as 1: it goes from 1 to 50.", func(in any) int { return in.(*listArguments).Limit }, 1},
		{listTasks(d).definition, `{"limit":"-3"}`, "limit=-3 was taken as 1: it goes from 1 to 50.", func(in any) int { return in.(*listArguments).Limit }, 1},
		{listTasks(d).definition, `{"limit":50}`, "", func(in any) int { return in.(*listArguments).Limit }, 50},
		{getUsage(d).definition, `{"days":0}`, "days=0 was taken as 1: it goes from 1 to 366.", func(in any) int { return in.(*usageArguments).Days }, 1},
		{getTaskStatus(d).definition, `{"wait_seconds":"90s"}`, "wait_seconds=90 was taken as 45: it goes from 0 to 45.", func(in any) int { return in.(*statusArguments).WaitSeconds }, 45},
		{getTaskStatus(d).definition, `{"wait_seconds":0}`, "", func(in any) int { return in.(*statusArguments).WaitSeconds }, 0},
	} {
		into := argumentTargets()[test.def.name]
		notes, err := newDecoder(test.def).decode(json.RawMessage(test.raw), into)
		if err != nil || strings.Join(notes, " ") != test.note || test.got(into) != test.want {
			t.Errorf("%s %s: %d, notes %q, %v", test.def.name, test.raw, test.got(into), notes, err)
		}
	}
}

func TestWrongNumbersOfReadOnlyTools(t *testing.T) {
	decoder := statusDecoder(t)
	for _, raw := range []string{
		`{"wait_seconds":1.5}`, `{"wait_seconds":"soon"}`, `{"wait_seconds":[30]}`, `{"wait_seconds":true}`,
		`{"wait_seconds":"NaN"}`, `{"wait_seconds":"Inf"}`, `{"wait_seconds":{}}`, `{"wait_seconds":"0x10s0"}`,
		`{"task_id":["a","b"]}`, `{"task_id":{"id":"a"}}`, `{"task_id":true}`, `{"task_ids":[1]}`,
	} {
		var got statusArguments
		_, err := decoder.decode(json.RawMessage(raw), &got)
		if video.CodeOf(err) != video.Invalid {
			t.Errorf("%s: got %v, want a refusal", raw, err)
		}
	}
}

// argumentTargets are what each tool's arguments are decoded into.
func argumentTargets() map[string]any {
	return map[string]any{
		"generate_video":  &wishArguments{},
		"estimate_cost":   &wishArguments{},
		"get_task_status": &statusArguments{},
		"list_tasks":      &listArguments{},
		"list_models":     &modelsArguments{},
		"download_video":  &downloadArguments{},
		"get_usage":       &usageArguments{},
		"cancel_task":     &cancelArguments{},
		"preview_video":   &previewArguments{},
	}
}

// TestEveryArgumentDecodes catches an argument whose name no field of the
// tool's struct has: its value would be lost silently.
func TestEveryArgumentDecodes(t *testing.T) {
	models, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	for _, built := range build(Deps{Catalog: models, Dialect: video.Kinovi, Preview: preview.New(preview.Options{})}) {
		def := built.definition
		decoder := newDecoder(def)
		for _, arg := range def.arguments {
			raw := map[kind]string{listKind: `["1"]`, flagKind: `true`}[arg.kind]
			if raw == "" {
				raw = `"1"`
			}
			decoder.arguments = []argument{arg} // alone, so that nothing else is required
			into, empty := argumentTargets()[def.name], argumentTargets()[def.name]
			if _, err := decoder.decode(json.RawMessage(`{"`+arg.name+`":`+raw+`}`), into); err != nil {
				t.Fatal(def.name, arg.name, err)
			}
			if reflect.DeepEqual(into, empty) {
				t.Errorf("%s: %s is decoded into nothing", def.name, arg.name)
			}
		}
	}
}

// FuzzDecode holds that no arguments crash the decoder, that what it refuses
// can be shown, and that what it accepts it accepts again.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		``, `null`, `{}`, `{"prompt":"a fox","duration":"5s"}`, `{"prompt":"a fox","imageUrl":["a",null]}`,
		`{"prompt":null}`, `"{\"prompt\":\"x\"}"`, `{"prompt":"a","max_credits":"1e5"}`, `[`, `{"_":1}`, `{"prompt":"\ud800"}`,
	} {
		f.Add(seed)
	}
	models, err := catalog.Default()
	if err != nil {
		f.Fatal(err)
	}
	all := map[string]*decoder{}
	for _, built := range build(Deps{Catalog: models, Dialect: video.Kinovi, Preview: preview.New(preview.Options{})}) {
		all[built.definition.name] = newDecoder(built.definition)
	}
	wish := wishDecoder(f)
	f.Fuzz(func(t *testing.T, raw string) {
		var first, second wishArguments
		_, err := wish.decode(json.RawMessage(raw), &first)
		if err != nil {
			refused, ok := errors.AsType[*video.Error](err)
			if !ok || refused.Code != video.Invalid {
				t.Fatalf("%q: %v is no refusal", raw, err)
			}
			if text := explain("generate_video", err); text == "" || strings.ContainsAny(text, "\n\x00") {
				t.Fatalf("%q: unfit to show: %q", raw, text)
			}
		} else {
			again, marshalErr := json.Marshal(first)
			if marshalErr != nil {
				t.Fatal(marshalErr)
			}
			if _, err := wish.decode(again, &second); err != nil || !reflect.DeepEqual(first, second) {
				t.Fatalf("%q read as %+v, that again as %+v (%v)", raw, first, second, err)
			}
		}
		for name, target := range argumentTargets() {
			if _, err := all[name].decode(json.RawMessage(raw), target); err != nil && video.CodeOf(err) != video.Invalid {
				t.Fatalf("%s %q: %v is no refusal", name, raw, err)
			}
		}
	})
}
