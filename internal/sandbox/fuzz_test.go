package sandbox_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"seedance-mcp/internal/sandbox"
	"seedance-mcp/internal/video"
)

// FuzzDecodeCreate checks that whatever is taken is what JSON says, and that
// nothing takes the decoder down.
func FuzzDecodeCreate(f *testing.F) {
	for _, seed := range []string{
		workflowBody("a fox", ""), kinoviBody("seedance-20", "a", `,"duration":5.5`),
		`{"model":"m","inputs":{},"callBackUrl":"https://example.com/"}`, `{"Model":"m","inputs":{}}`, `null`, `{`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		model, inputs, callback, err := sandbox.DecodeCreate(data)
		if err != nil {
			return
		}
		var plain map[string]any
		if err := json.Unmarshal(data, &plain); err != nil {
			t.Fatalf("took what is not JSON: %q", data)
		}
		fields, isObject := plain["inputs"].(map[string]any)
		if plain["model"] != model || model == "" || !isObject || len(fields) != inputs {
			t.Errorf("read model %q and %d inputs of %q", model, inputs, data)
		}
		if callback != "" && plain["callBackUrl"] != callback {
			t.Errorf("read callback %q of %q", callback, data)
		}
	})
}

// FuzzCreateTask sends any body to both dialects: the answer is always JSON,
// and only a 200 is charged.
func FuzzCreateTask(f *testing.F) {
	workflow := start(f, sandbox.Options{Limit: 1 << 30, Credits: 1 << 60})
	kinovi := start(f, sandbox.Options{Limit: 1 << 30, Credits: 1 << 60, Dialect: video.Kinovi})
	f.Add(workflowBody("a fox", ""))
	f.Add(kinoviBody("seedance2-5-edit", "a", `,"videoUrls":["https://example.com/a.mp4"],"seed":-1`))
	f.Add(kinoviBody("wan3.0-image-to-video", "a", `,"imageUrls":["https://example.com/a.png"],"duration":30`))
	f.Fuzz(func(t *testing.T, body string) {
		if strings.Contains(body, "[sandbox:") || strings.Contains(body, `\u`) {
			return // magic words answer otherwise on purpose
		}
		for _, r := range []*rig{workflow, kinovi} {
			r = &rig{Server: r.Server, t: t, client: r.client}
			got := r.do(http.MethodPost, "/api/v1/jobs/createTask", sandbox.KeyMain, body)
			var answer struct{ TaskID, Message string }
			if err := json.Unmarshal([]byte(got.Body), &answer); err != nil {
				t.Fatalf("%d %q", got.Status, got.Body)
			}
			if (got.Status == 200) != (answer.TaskID != "") || (got.Status == 400) != (answer.Message != "") {
				t.Errorf("%d %s", got.Status, got.Body)
			}
		}
	})
}

func FuzzParseMagic(f *testing.F) {
	f.Add("a fox [sandbox:slow] [sandbox:create-429=3]")
	f.Add("[sandbox:")
	f.Fuzz(func(t *testing.T, prompt string) {
		words, err := sandbox.ParseMagic(prompt)
		if err != nil {
			return
		}
		for name, number := range words {
			if !strings.Contains(prompt, "[sandbox:"+name) || number < 0 {
				t.Errorf("found %s=%d in %q", name, number, prompt)
			}
		}
	})
}
