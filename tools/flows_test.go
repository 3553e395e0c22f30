package tools_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/video"
)

const fox = `{"prompt":"A fox in the snow"}`

// TestOrderAndWait is the usual way: order, wait, get a file.
func TestOrderAndWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, setup{})
		defer w.close(t)
		begin := time.Now()
		ordered := w.works(t, "generate_video", fox)
		if took := time.Since(begin); took > 2*time.Second {
			t.Errorf("generate_video took %v, want at most 2 s", took)
		}
		w.golden(t, "generate_video", ordered)
		id := ordered.text("task_id")
		for _, words := range []string{"get_task_status", "task_id=" + id, "Do not call generate_video again"} {
			if !strings.Contains(ordered.text("next"), words) {
				t.Errorf("next %q does not say %q", ordered.text("next"), words)
			}
		}

		running := w.works(t, "get_task_status", `{"task_id":"`+id+`"}`)
		w.golden(t, "get_task_status_running", running)
		if !strings.Contains(running.text("next"), "Do not call generate_video again") {
			t.Errorf("next of a running task: %q", running.text("next"))
		}

		done := w.works(t, "get_task_status", `{"task_id":"`+id+`","wait_seconds":45}`)
		w.golden(t, "get_task_status_success", done)
		if took := time.Since(begin); took > 30*time.Second {
			t.Errorf("a clip of 5 s took %v", took)
		}
		videos, _ := done.Fields["videos"].([]any)
		if len(videos) != 1 {
			t.Fatalf("videos: %v", videos)
		}
		clip, _ := videos[0].(map[string]any)
		path, _ := clip["path"].(string)
		if info, err := os.Stat(path); err != nil || info.Size() == 0 {
			t.Errorf("saved file: %v", err)
		}
		if !strings.Contains(done.Text, `"videos":[{"path":`) || !strings.Contains(done.text("next"), path) {
			t.Errorf("the saved file does not come first, or not in next: %s", done.Text)
		}
		byUpstream := w.works(t, "get_task_status", `{"id":"`+done.text("upstream_task_id")+`"}`)
		latest := w.works(t, "get_task_status", ``)
		if byUpstream.text("task_id") != id || latest.text("task_id") != id {
			t.Errorf("by the upstream's id %q, latest %q, want %q", byUpstream.text("task_id"), latest.text("task_id"), id)
		}
	})
}

// TestSameOrder: however the same wish is written, it is one task and one
// charge.
func TestSameOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, setup{})
		defer w.close(t)
		first := w.works(t, "generate_video", fox)
		id := first.text("task_id")
		if first.text("duplicate_of") != "" {
			t.Errorf("the first order is a duplicate: %s", first.Text)
		}
		for _, arguments := range []string{
			`"duration":5`, `"duration":"5"`, `"duration":5.0`, `"duration":"5s"`, `"duration":"5 seconds"`, `"duration":5e0`,
			`"aspect_ratio":"16:9"`, `"aspect_ratio":"1280x720"`, `"aspect_ratio":"16x9"`, `"aspect_ratio":"landscape"`, `"aspectRatio":"16:9"`,
			`"resolution":"720p"`, `"resolution":"1280x720"`,
			`"model":"seedance-20"`, `"model":"Seedance 2.0"`, `"model":null,"duration":null,"image_urls":null`,
			`"model":"","image_urls":[],"idempotency_key":""`, `"wait_for_previous":true`, `"_client":{"a":1}`,
		} {
			again := w.works(t, "generate_video", `{"prompt":"A fox in the snow",`+arguments+`}`)
			if again.text("task_id") != id || again.text("duplicate_of") != id {
				t.Errorf("%s became task %q, duplicate of %q; want %q", arguments, again.text("task_id"), again.text("duplicate_of"), id)
			}
		}
		w.golden(t, "generate_video_duplicate", w.works(t, "generate_video", fox))
		if books := w.sandbox.Books(); books.Accepted != 1 {
			t.Errorf("%d were charged, want 1", books.Accepted)
		}
		another := w.works(t, "generate_video", `{"prompt":"A fox in the snow","force_new":"true"}`)
		if another.text("task_id") == id || w.sandbox.Books().Accepted != 2 {
			t.Errorf("force_new gave %s, %d charged", another.Text, w.sandbox.Books().Accepted)
		}
		keyed := `{"prompt":"A crane","idempotency_key":"k1"}`
		one, two := w.works(t, "generate_video", keyed), w.works(t, "generate_video", keyed)
		if one.text("task_id") != two.text("task_id") {
			t.Error("one key, two tasks")
		}
		w.fails(t, "generate_video", `{"prompt":"A heron","idempotency_key":"k1"}`, "idempotency_key")
		forced := w.works(t, "generate_video", `{"prompt":"A crane","idempotency_key":"k1","force_new":true}`)
		if forced.text("task_id") != one.text("task_id") || !strings.Contains(forced.Text, "force_new does nothing beside an idempotency_key that is taken") {
			t.Errorf("a taken key and force_new: %s", forced.Text)
		}
		anew := w.works(t, "generate_video", `{"prompt":"A crane","idempotency_key":"k2","force_new":true}`)
		if anew.text("task_id") == one.text("task_id") {
			t.Errorf("what the note advises orders nothing: %s", anew.Text)
		}
	})
}

// TestRefusedOrders: what cannot be meant is refused by name, in this very
// answer, and nothing is sent.
func TestRefusedOrders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, setup{})
		defer w.close(t)
		w.golden(t, "error_unknown_argument", w.fails(t, "generate_video", `{"prompt":"A fox","negative_prompt":"dogs"}`, "negative_prompt", "prompt"))
		w.golden(t, "error_unknown_model", w.fails(t, "generate_video", `{"prompt":"A fox","model":"veo-3"}`, "veo-3", "seedance-20"))
		w.golden(t, "error_duration", w.fails(t, "generate_video", `{"prompt":"A fox","duration":60}`, "60", "15"))
		w.golden(t, "error_wrong_type", w.fails(t, "generate_video", `{"prompt":"A fox","duration":[5]}`, "duration", "[5]"))
		w.golden(t, "error_no_prompt", w.fails(t, "generate_video", `{}`, "prompt"))
		w.golden(t, "error_local_file", w.fails(t, "generate_video", `{"prompt":"A fox","image_urls":["/home/me/cat.png"]}`, "cat.png", "public http(s) URL"))
		w.golden(t, "error_other_dialect", w.fails(t, "generate_video", `{"prompt":"A fox","seed":7}`, "seed"))
		w.fails(t, "generate_video", `{"prompt":"A fox","resolution":"1080p"}`, "resolution", "720p")
		w.fails(t, "generate_video", `{"prompt":"A fox","generate_audio":false}`, "generate_audio")
		w.fails(t, "generate_video", `{"prompt":"A fox","video_urls":["https://e.test/a.mp4"]}`, "video_urls")
		w.fails(t, "generate_video", `{"prompt":"A fox","audio_urls":["https://e.test/a.mp3"]}`, "audio_urls")
		w.fails(t, "estimate_cost", `{"prompt":"A fox","negative_prompt":"dogs"}`, "negative_prompt", "estimate_cost")
		w.golden(t, "error_max_credits", w.fails(t, "generate_video", `{"prompt":"A fox","max_credits":199}`, "200", "199"))
		w.fails(t, "generate_video", `{"prompt":"A fox","model":"sora2","max_credits":1000}`, "No price is published", "list_models")
		if books := w.sandbox.Books(); len(books.Entries) != 0 {
			t.Errorf("%d orders were sent", len(books.Entries))
		}
		w.fails(t, "get_task_status", `{"task_id":"vid_aaaaaaaaaaaaaaaaaaaaaaaaaa"}`, "list_tasks")
		w.golden(t, "error_unknown_task", w.fails(t, "get_task_status", `{"task_id":"task_nosuchtask"}`, "list_tasks"))
	})
}

// TestOutcomes: what each end, and each way of not ending, tells, in both
// dialects.
func TestOutcomes(t *testing.T) {
	for _, dialect := range []video.Dialect{video.Workflow, video.Kinovi} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, setup{dialect: dialect})
			defer w.close(t)
			order := func(words string) answer {
				return w.works(t, "generate_video", `{"prompt":"A fox `+words+`"}`)
			}
			failed := order("[sandbox:fail-text]").text("task_id")
			got := w.works(t, "get_task_status", `{"task_id":"`+failed+`","wait_seconds":45}`)
			w.golden(t, "moderation_"+string(dialect), got)
			failure, _ := got.Fields["error"].(map[string]any)
			// Only the kinovi dialect's answer says what a failed task cost.
			charged := map[video.Dialect]string{video.Workflow: "unknown", video.Kinovi: "no"}[dialect]
			if failure["charged"] != charged || failure["class"] != "moderation" || failure["retry"] != "changed" {
				t.Errorf("error: %v", failure)
			}
			if strings.Count(got.text("next"), "generate_video") != 1 {
				t.Errorf("next says it more than once: %q", got.text("next"))
			}

			lost := order("[sandbox:create-lost]")
			w.golden(t, "lost_"+string(dialect), lost)
			for _, words := range []string{"may have been accepted and charged", "Tell the user", "force_new=true"} {
				if !strings.Contains(lost.text("next"), words) {
					t.Errorf("unconfirmed: next %q does not say %q", lost.text("next"), words)
				}
			}
			again := order("[sandbox:create-lost]")
			if again.text("duplicate_of") != lost.text("task_id") {
				t.Errorf("an unconfirmed order was repeated: %s", again.Text)
			}
			w.golden(t, "lost_again_"+string(dialect), again)

			begin := time.Now()
			slow := order("[sandbox:create-slow=5]")
			if took := time.Since(begin); took != 2*time.Second || slow.text("status") != "submitting" {
				t.Errorf("a slow service: %s after %v, want submitting after 2 s", slow.text("status"), took)
			}
			w.golden(t, "slow_"+string(dialect), slow)

			queued := order("[sandbox:create-429=3]")
			w.golden(t, "queued_"+string(dialect), queued)
			if queued.text("status") != "queued" {
				t.Errorf("status %q", queued.text("status"))
			}
			sent := w.works(t, "get_task_status", `{"task_id":"`+queued.text("task_id")+`","wait_seconds":45}`)
			if sent.text("upstream_task_id") == "" {
				t.Errorf("a queued order was not sent within 45 s: %s", sent.Text)
			}

			keyed := `{"prompt":"A fox [sandbox:create-402]","idempotency_key":"k"}`
			for _, text := range []string{w.fails(t, "generate_video", keyed).Text, w.works(t, "generate_video", keyed).Text} {
				if strings.Count(text, "another key") != 1 || strings.Count(text, "idempotency_key") != 1 {
					t.Errorf("a failed attempt whose key is taken is told: %s", text)
				}
			}

			w.golden(t, "error_402_"+string(dialect), w.fails(t, "generate_video", `{"prompt":"A fox [sandbox:create-402]"}`, "credits", "vid_"))
		})
	}
}

// TestWaitIsBounded: a wait ends in time, with the present state and no error.
func TestWaitIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, setup{})
		defer w.close(t)
		id := w.works(t, "generate_video", `{"prompt":"A fox [sandbox:stuck]"}`).text("task_id")
		begin := time.Now()
		got := w.works(t, "get_task_status", `{"task_id":"`+id+`","wait_seconds":600}`)
		if took := time.Since(begin); took < 45*time.Second || took > 46*time.Second {
			t.Errorf("waited %v, want 45 s", took)
		}
		w.golden(t, "get_task_status_wait_over", got)
		if !strings.Contains(got.Text, "taken as 45") {
			t.Errorf("no note of the clamped wait: %s", got.Text)
		}
	})
}

func TestSeveralTasks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, setup{})
		defer w.close(t)
		quick := w.works(t, "generate_video", fox).text("task_id")
		stuck := w.works(t, "generate_video", `{"prompt":"A crane [sandbox:stuck]"}`).text("task_id")
		ids := `"task_ids":["` + quick + `","` + stuck + `"]`
		begin := time.Now()
		anyOf := w.works(t, "get_task_status", `{`+ids+`,"wait_for":"any","wait_seconds":45}`)
		if took := time.Since(begin); took > 30*time.Second {
			t.Errorf("any took %v", took)
		}
		if !strings.Contains(anyOf.text("next"), "task_ids=["+stuck+"]") {
			t.Errorf("next does not name the running one alone: %q", anyOf.text("next"))
		}
		begin = time.Now()
		w.works(t, "get_task_status", `{`+ids+`,"wait_seconds":10}`)
		if took := time.Since(begin); took != 10*time.Second {
			t.Errorf("all took %v, want the whole 10 s", took)
		}
		w.golden(t, "get_task_status_several", anyOf)
		same := w.works(t, "get_task_status", `{"task_ids":["`+quick+`","`+anyOf.upstreamID(0)+`"]}`)
		if same.text("task_id") != quick {
			t.Errorf("one task by both its ids: %s", same.Text)
		}
		w.fails(t, "get_task_status", `{`+ids+`,"wait_for":"some"}`, "any", "all")
		w.fails(t, "get_task_status", `{"task_ids":["`+strings.Repeat(`x","`, 21)+`y"]}`)
	})
}

// upstreamID is that of the task at index i of several.
func (a answer) upstreamID(i int) string {
	tasks, _ := a.Fields["tasks"].([]any)
	if i >= len(tasks) {
		return ""
	}
	task, _ := tasks[i].(map[string]any)
	id, _ := task["upstream_task_id"].(string)
	return id
}

// TestEstimate: the payload shown is the payload sent, its arguments order
// exactly that, and the price told is the price charged.
func TestEstimate(t *testing.T) {
	for _, test := range []struct {
		dialect   video.Dialect
		arguments string
		credits   float64
	}{
		{video.Workflow, `{"prompt":"A fox","duration":"6s","aspect_ratio":"portrait"}`, 240},
		{video.Workflow, `{"prompt":"A fox","image_url":"https://e.test/a.png?x=1&y=2","input_mode":"reference"}`, 450},
		{video.Kinovi, `{"prompt":"A fox","resolution":"1080p","seed":7,"generate_audio":false,"image_urls":["https://e.test/a.png"]}`, 450},
		{video.Kinovi, `{"prompt":"A fox","model":"seedance2-5","duration":30,"resolution":"1080p"}`, 4302},
	} {
		synctest.Test(t, func(t *testing.T) {
			// Without downloads: the longest of these clips would cost minutes to draw.
			w := newWorld(t, setup{dialect: test.dialect, engine: func(o *engine.Options) { o.Media = nil }})
			defer w.close(t)
			quote := w.works(t, "estimate_cost", test.arguments)
			if quote.Fields["credits"] != test.credits {
				t.Errorf("%s: %v credits, want %v", test.arguments, quote.Fields["credits"], test.credits)
			}
			if len(w.sandbox.Books().Entries) != 0 {
				t.Error("an estimate ordered something")
			}
			arguments, err := json.Marshal(quote.Fields["arguments"])
			if err != nil {
				t.Fatal(err)
			}
			ordered := w.works(t, "generate_video", string(arguments))
			task, err := w.store.Get(t.Context(), ordered.text("task_id"))
			if err != nil {
				t.Fatal(err)
			}
			var sent any
			if err := json.Unmarshal(task.Payload, &sent); err != nil {
				t.Fatal(err)
			}
			if fmt.Sprint(sent) != fmt.Sprint(quote.Fields["payload"]) {
				t.Errorf("payload sent %s, shown %v", task.Payload, quote.Fields["payload"])
			}
			if original := w.works(t, "generate_video", test.arguments); original.text("duplicate_of") != task.ID {
				t.Errorf("the arguments as first written order something else: %s", original.Text)
			}
			done := w.works(t, "get_task_status", `{"wait_seconds":45}`)
			for done.text("status") != "success" && time.Since(task.CreatedAt) < 10*time.Minute {
				done = w.works(t, "get_task_status", `{"wait_seconds":45}`)
			}
			credits, _ := done.Fields["credits"].(map[string]any)
			if credits["used"] != test.credits || credits["settled"] != true || float64(w.sandbox.Books().Net) != test.credits*1e6 {
				t.Errorf("charged %v, %v by the books; quoted %v", credits, w.sandbox.Books().Net, test.credits)
			}
		})
	}
}

func TestEstimateTexts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		day := video.WholeCredits(300)
		w := newWorld(t, setup{engine: func(o *engine.Options) { o.Budgets.PerDay = &day }})
		defer w.close(t)
		w.golden(t, "estimate_cost", w.works(t, "estimate_cost", `{"prompt":"A fox","duration":6}`))
		over := w.works(t, "estimate_cost", `{"prompt":"A fox","duration":15}`)
		if !strings.Contains(over.text("next"), "would refuse") {
			t.Errorf("next invites an order over the budget: %q", over.text("next"))
		}
		w.fails(t, "generate_video", `{"prompt":"A fox","duration":15}`, "600", "300")
		long := strings.Repeat("snow & ice ", 900)
		w.works(t, "estimate_cost", `{"prompt":"`+long+`"}`)
		w.works(t, "generate_video", `{"prompt":"`+long+`"}`)
	})
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, setup{})
		defer w.close(t)
		unpriced := w.works(t, "estimate_cost", `{"prompt":"A fox","model":"sora-2-pro"}`)
		w.golden(t, "estimate_cost_unpriced", unpriced)
		if credits, there := unpriced.Fields["credits"]; credits != nil || !there || unpriced.text("reason") == "" {
			t.Errorf("unpriced: %s", unpriced.Text)
		}
	})
}

// TestEmptyMediaAreRefused: dropped, an empty reference would have a video from
// the text alone made and charged for. No list at all is no reference.
func TestEmptyMediaAreRefused(t *testing.T) {
	for _, dialect := range []video.Dialect{video.Workflow, video.Kinovi} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, setup{dialect: dialect})
			defer w.close(t)
			for list, named := range map[string]string{
				`[""]`: "image_urls[0] is empty", `[null]`: "image_urls[0] is empty", `["",null]`: "image_urls[0] is empty", `[" "]`: "image_urls[0] is empty",
				`["","https://img.example.com/fox.png"]`: "image_urls[0] is empty", `["https://img.example.com/fox.png",null]`: "image_urls[1] is empty",
				`"[\"\"]"`: "image_urls[0] is empty",
			} {
				w.fails(t, "generate_video", `{"prompt":"A fox","image_urls":`+list+`}`, named, "Nothing was ordered")
				w.fails(t, "estimate_cost", `{"prompt":"A fox","image_urls":`+list+`}`, named)
			}
			if books := w.sandbox.Books(); books.Accepted != 0 {
				t.Errorf("%s: %d were charged, want none", dialect, books.Accepted)
			}
			for _, list := range []string{`null`, `""`, `[]`, `"[]"`} {
				w.works(t, "estimate_cost", `{"prompt":"A fox","image_urls":`+list+`}`)
			}
		})
	}
}

// TestRefusedEstimates: a refusal stands alone and names one tool to call, once.
func TestRefusedEstimates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, setup{dialect: video.Kinovi})
		defer w.close(t)
		for arguments, words := range map[string]string{
			`{}`: "What the video shows",
			`{"prompt":"A fox","image_urls":["cat.png"]}`:                                 "Give a public http(s) URL instead",
			`{"prompt":"A fox","image_urls":[{"url":"https://img.example.com/fox.png"}]}`: "image_urls[0] is an object",
		} {
			got := w.fails(t, "estimate_cost", arguments, words, "estimate_cost").Text
			if strings.Contains(got, "Same") || strings.Contains(got, "generate_video") || strings.Count(got, " again") > 1 {
				t.Errorf("%s: %s", arguments, got)
			}
		}
	})
}
