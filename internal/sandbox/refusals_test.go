package sandbox_test

import (
	"net/http"
	"strings"
	"testing"

	"seedance-mcp/internal/sandbox"
	"seedance-mcp/internal/video"
)

func TestEveryKeyGetsItsAnswer(t *testing.T) {
	r := start(t, sandbox.Options{})
	create := func(header string) reply {
		return r.do(http.MethodPost, "/api/v1/jobs/createTask", "", workflowBody("a fox", ""), "Authorization", header)
	}
	for _, c := range []struct {
		name, header string
		status       int
		message      string
	}{
		{"none", "", 401, "Missing Authorization header"},
		{"unknown", "Bearer sk-test-not-a-real-key", 401, "Invalid API Key"},
		{"no scheme", sandbox.KeyMain, 401, "Invalid API Key"},
		{"other scheme", "Basic " + sandbox.KeyMain, 401, "Invalid API Key"},
		{"empty key", "Bearer ", 401, "Invalid API Key"},
		{"inactive", "Bearer " + sandbox.KeyInactive, 401, "API Key is inactive"},
		{"expired", "Bearer " + sandbox.KeyExpired, 401, "API Key has expired"},
		{"no API access", "Bearer " + sandbox.KeyNoAccess, 403, "API access not enabled"},
		{"read-only demo", "Bearer " + sandbox.KeyDemo, 403, "API access not enabled for this account"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := create(c.header)
			if got.Status != c.status {
				t.Errorf("status %d, want %d", got.Status, c.status)
			}
			sameJSON(t, got.Body, `{"message":`+quote(c.message)+`}`)
		})
	}
	for _, header := range []string{"Bearer " + sandbox.KeyMain, "bearer  " + sandbox.KeySecond} {
		if got := create(header); got.Status != 200 {
			t.Errorf("%q: %d %s", header, got.Status, got.Body)
		}
	}
	if books := r.Books(); books.Refused != 9 || books.Accepted != 2 || books.Charged != credits(400) {
		t.Errorf("books: %d refused, %d accepted, %s charged", books.Refused, books.Accepted, books.Charged)
	}
}

func TestWorkflowRefusals(t *testing.T) {
	r := start(t, sandbox.Options{})
	inputs := func(fields string) string {
		return `{"model":"wan22-video-generation","inputs":{"model":"seedance-20",` + fields + `}}`
	}
	const malformed, invalid = `{"message":"Invalid request parameters"}`, `{"message":"Invalid inputs for model"}`
	cases := map[string]struct{ body, want string }{
		"not JSON":               {`{"model":`, malformed},
		"empty":                  {``, malformed},
		"null":                   {`null`, malformed},
		"list":                   {`[]`, malformed},
		"two values":             {`{} {}`, malformed},
		"no model":               {`{"inputs":{"prompt":"a"}}`, malformed},
		"empty model":            {`{"model":"","inputs":{"prompt":"a"}}`, malformed},
		"model in capitals":      {`{"Model":"wan22-video-generation","inputs":{"prompt":"a"}}`, malformed},
		"model a number":         {`{"model":1,"inputs":{"prompt":"a"}}`, malformed},
		"no inputs":              {`{"model":"wan22-video-generation"}`, malformed},
		"inputs null":            {`{"model":"wan22-video-generation","inputs":null}`, malformed},
		"inputs a list":          {`{"model":"wan22-video-generation","inputs":[]}`, malformed},
		"singular input":         {`{"model":"wan22-video-generation","input":{"prompt":"a"}}`, malformed},
		"callBackUrl a number":   {`{"model":"wan22-video-generation","inputs":{"prompt":"a"},"callBackUrl":5}`, malformed},
		"callBackUrl no URL":     {`{"model":"wan22-video-generation","inputs":{"prompt":"a"},"callBackUrl":"nowhere"}`, malformed},
		"callBackUrl of a file":  {`{"model":"wan22-video-generation","inputs":{"prompt":"a"},"callBackUrl":"file:///tmp/x"}`, malformed},
		"too large":              {workflowBody(strings.Repeat("a", 1<<20), ""), malformed},
		"the tool id":            {`{"model":"seedance20-video-generation","inputs":{"prompt":"a"}}`, `{"message":"Unsupported NewAPI workflow: seedance20-video-generation"}`},
		"the sub-model on top":   {`{"model":"seedance-20","inputs":{"prompt":"a"}}`, `{"message":"Unsupported NewAPI workflow: seedance-20"}`},
		"another workflow":       {`{"model":"X","inputs":{}}`, `{"message":"Unsupported NewAPI workflow: X"}`},
		"unknown sub-model":      {`{"model":"wan22-video-generation","inputs":{"model":"seedance-2.0","prompt":"a"}}`, invalid},
		"sub-model a number":     {`{"model":"wan22-video-generation","inputs":{"model":20,"prompt":"a"}}`, invalid},
		"no prompt":              {inputs(`"duration":"5s"`), invalid},
		"blank prompt":           {inputs(`"prompt":"  "`), invalid},
		"prompt null":            {inputs(`"prompt":null`), invalid},
		"prompt a number":        {inputs(`"prompt":5`), invalid},
		"resolution 720p":        {inputs(`"prompt":"a","resolution":"720p"`), invalid},
		"resolution 1920x1080":   {inputs(`"prompt":"a","resolution":"1920x1080"`), invalid},
		"duration a number":      {inputs(`"prompt":"a","duration":5`), invalid},
		"duration without s":     {inputs(`"prompt":"a","duration":"5"`), invalid},
		"duration 3s":            {inputs(`"prompt":"a","duration":"3s"`), invalid},
		"duration 16s":           {inputs(`"prompt":"a","duration":"16s"`), invalid},
		"duration 5.5s":          {inputs(`"prompt":"a","duration":"5.5s"`), invalid},
		"duration +5s":           {inputs(`"prompt":"a","duration":"+5s"`), invalid},
		"urls a string":          {inputs(`"prompt":"a","urls":"https://example.com/a.png"`), invalid},
		"urls not public":        {inputs(`"prompt":"a","urls":["/home/a.png"]`), invalid},
		"urls data":              {inputs(`"prompt":"a","urls":["data:image/png;base64,AA=="]`), invalid},
		"three keyframes":        {inputs(`"prompt":"a","urls":["https://example.com/1","https://example.com/2","https://example.com/3"]`), invalid},
		"reference without urls": {inputs(`"prompt":"a","videoInputMode":"reference"`), invalid},
		"mode of another name":   {inputs(`"prompt":"a","videoInputMode":"first_frame"`), invalid},
		"an unknown magic word":  {workflowBody("[sandbox:slwo]", ""), `{"message":"unknown sandbox word \"slwo\""}`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := r.create(c.body)
			if got.Status != http.StatusBadRequest {
				t.Errorf("status %d, want 400", got.Status)
			}
			sameJSON(t, got.Body, c.want)
		})
	}
	if books := r.Books(); books.Accepted != 0 || books.Charged != 0 || books.Refused != len(cases) {
		t.Errorf("books: %d accepted, %d refused, %s charged; want 0, %d, 0", books.Accepted, books.Refused, books.Charged, len(cases))
	}
}

func TestWorkflowAccepts(t *testing.T) {
	r := start(t, sandbox.Options{Limit: 100})
	for name, c := range map[string]struct {
		body string
		want video.Credits
	}{
		"as documented":        {workflowBody("a fox", ""), credits(200)},
		"fifteen seconds":      {`{"model":"wan22-video-generation","inputs":{"model":"seedance-20","prompt":"a","duration":"15s"}}`, credits(600)},
		"first frame":          {workflowBody("a fox", `,"urls":["https://example.com/a.png"]`), credits(200)},
		"first and last frame": {workflowBody("a fox", `,"urls":["https://example.com/a.png","http://example.com/b"],"videoInputMode":"keyframe"`), credits(200)},
		"reference":            {workflowBody("a fox", `,"urls":["https://example.com/a.png"],"videoInputMode":"reference"`), credits(450)},
		"image without prompt": {`{"model":"wan22-video-generation","inputs":{"model":"seedance-20","urls":["https://example.com/a.png"]}}`, credits(200)},
		"nulls are absent":     {`{"model":"wan22-video-generation","inputs":{"model":"seedance-20","prompt":"a","urls":null,"duration":null},"callBackUrl":null}`, credits(200)},
		"unknown input":        {workflowBody("a fox", `,"imageUrls":["https://example.com/a.png"]`), credits(200)},
		"the default model":    {`{"model":"wan22-video-generation","inputs":{"prompt":"a"}}`, 0},
		"a name with a space":  {`{"model":"wan22-video-generation","inputs":{"model":"sora2 pro","prompt":"a"}}`, 0},
	} {
		t.Run(name, func(t *testing.T) {
			before := r.Books().Charged
			r.accepted(c.body)
			if got := r.Books().Charged - before; got != c.want {
				t.Errorf("charged %s, want %s", got, c.want)
			}
		})
	}
}

func TestKinoviRefusals(t *testing.T) {
	r := start(t, sandbox.Options{Dialect: video.Kinovi})
	long := func(n int) string { return strings.TrimSuffix(strings.Repeat(`"https://example.com/a.png",`, n), ",") }
	one := func(message, path string) string {
		return `{"message":"Invalid inputs for model","errors":[{"code":"custom","message":` + quote(message) + `,"path":` + path + `}]}`
	}
	const seconds = "Duration must be between 4 and 15 seconds"
	for name, c := range map[string]struct{ body, want string }{
		"unknown model":          {kinoviBody("seedance-2.0", "a", ""), `{"message":"Unknown model"}`},
		"the other dialect":      {workflowBody("a", ""), `{"message":"Unknown model"}`},
		"malformed":              {`{"model":"seedance-20","inputs":"a"}`, `{"message":"Invalid request parameters"}`},
		"no prompt":              {`{"model":"seedance-20","inputs":{}}`, one("Prompt is required", `["prompt"]`)},
		"long prompt":            {kinoviBody("seedance-20", strings.Repeat("é", 10_001), ""), one("Prompt must be at most 10000 characters", `["prompt"]`)},
		"duration 3":             {kinoviBody("seedance-20", "a", `,"duration":3`), one(seconds, `["duration"]`)},
		"duration 16":            {kinoviBody("seedance-20", "a", `,"duration":16`), one(seconds, `["duration"]`)},
		"duration fractional":    {kinoviBody("seedance-20", "a", `,"duration":5.5`), one(seconds, `["duration"]`)},
		"duration text":          {kinoviBody("seedance-20", "a", `,"duration":"5"`), one(seconds, `["duration"]`)},
		"duration huge":          {kinoviBody("seedance-20", "a", `,"duration":1e300`), one(seconds, `["duration"]`)},
		"ten images":             {kinoviBody("seedance-20", "a", `,"imageUrls":[`+long(10)+`]`), one("imageUrls takes at most 9 entries", `["imageUrls"]`)},
		"images a string":        {kinoviBody("seedance-20", "a", `,"imageUrls":"https://example.com/a.png"`), one("imageUrls must be an array of URLs", `["imageUrls"]`)},
		"second image no URL":    {kinoviBody("seedance-20", "a", `,"imageUrls":["https://example.com/a.png","a.png"]`), one("Invalid URL", `["imageUrls",1]`)},
		"audio alone":            {kinoviBody("seedance-20", "a", `,"audioUrls":["https://example.com/a.mp3"]`), one("Audio cannot be used alone", `["audioUrls"]`)},
		"mode":                   {kinoviBody("seedance-20", "a", `,"mode":"first"`), one("mode must be one of keyframe, reference", `["mode"]`)},
		"resolution of another":  {kinoviBody("seedance2-fast", "a", `,"outputResolution":"1080p"`), one("outputResolution must be one of 480p, 720p", `["outputResolution"]`)},
		"aspect ratio":           {kinoviBody("seedance-20", "a", `,"aspectRatio":"2:1"`), one("aspectRatio must be one of 16:9, 9:16, 1:1, 4:3, 3:4, 21:9", `["aspectRatio"]`)},
		"sound":                  {kinoviBody("seedance-20", "a", `,"generate_audio":"yes"`), one("generate_audio must be a boolean", `["generate_audio"]`)},
		"sound of wan":           {kinoviBody("wan3.0-text-to-video", "a", `,"audio":1`), one("audio must be a boolean", `["audio"]`)},
		"seed too large":         {kinoviBody("seedance-20", "a", `,"seed":4294967296`), one("Seed must be an integer between 0 and 4294967295, or -1", `["seed"]`)},
		"seed too small":         {kinoviBody("seedance-20", "a", `,"seed":-2`), one("Seed must be an integer between 0 and 4294967295, or -1", `["seed"]`)},
		"bitrate":                {kinoviBody("seedance-20", "a", `,"bitrate_mode":"low"`), one("bitrate_mode must be one of high", `["bitrate_mode"]`)},
		"format":                 {kinoviBody("seedance-20", "a", `,"output_format":"mov"`), one("output_format must be one of mp4", `["output_format"]`)},
		"edit without video":     {kinoviBody("seedance2-5-edit", "a", ``), one("A source video is required", `["videoUrls"]`)},
		"extend without seconds": {kinoviBody("seedance2-5-extend", "a", `,"videoUrls":["https://example.com/a.mp4"]`), one("Duration is required", `["duration"]`)},
		"wan i2v without image":  {kinoviBody("wan3.0-image-to-video", "a", ``), one("An image is required", `["imageUrls"]`)},
		"two mistakes": {
			kinoviBody("seedance-20", "a", `,"duration":1,"mode":"x"`),
			`{"message":"Invalid inputs for model","errors":[{"code":"custom","message":"mode must be one of keyframe, reference","path":["mode"]},{"code":"custom","message":"` + seconds + `","path":["duration"]}]}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := r.create(c.body)
			if got.Status != http.StatusBadRequest {
				t.Errorf("status %d, want 400", got.Status)
			}
			sameJSON(t, got.Body, c.want)
		})
	}
	if books := r.Books(); books.Accepted != 0 || books.Charged != 0 {
		t.Errorf("accepted %d, charged %s", books.Accepted, books.Charged)
	}
}

func TestKinoviAccepts(t *testing.T) {
	r := start(t, sandbox.Options{Dialect: video.Kinovi, Limit: 100})
	const image, clip = `"https://example.com/a.png"`, `"https://example.com/a.mp4"`
	for name, c := range map[string]struct{ model, extra, want string }{
		"defaults":                    {"seedance-20", ``, "200"},
		"480p, 4 s":                   {"seedance-20", `,"duration":4,"outputResolution":"480p"`, "60"},
		"4k, 15 s":                    {"seedance-20", `,"duration":15,"outputResolution":"4k"`, "3000"},
		"a half credit a second":      {"seedance2.0-mini", `,"duration":5,"outputResolution":"480p"`, "37.5"},
		"duration 5.0":                {"seedance-20", `,"duration":5.0`, "200"},
		"keyframe ignores the third":  {"seedance-20", `,"imageUrls":[` + image + `,` + image + `,` + image + `]`, "200"},
		"reference costs the same":    {"seedance-20", `,"mode":"reference","imageUrls":[` + image + `]`, "200"},
		"a video forces its rate":     {"seedance-20", `,"videoUrls":[` + clip + `]`, "240"},
		"misspelt field is text":      {"seedance-20", `,"image_urls":[` + image + `],"Duration":99`, "200"},
		"wan has no images for text":  {"wan3.0-text-to-video", `,"imageUrls":[` + image + `],"duration":2`, "57.02"},
		"wan references are free":     {"wan3.0-ref-to-video", `,"videoUrls":[` + clip + `],"duration":2,"outputResolution":"480p"`, "28.52"},
		"seed -1, high, mov":          {"seedance2-5", `,"seed":-1,"bitrate_mode":"high","output_format":"mov"`, "295"},
		"2.5 with a source, reserved": {"seedance2-5", `,"videoUrls":[` + clip + `],"outputResolution":"1080p"`, "2998.8"},
	} {
		t.Run(name, func(t *testing.T) {
			before := r.Books().Charged
			r.accepted(kinoviBody(c.model, "a", c.extra))
			if got := r.Books().Charged - before; got.String() != c.want {
				t.Errorf("charged %s, want %s", got, c.want)
			}
		})
	}
}
