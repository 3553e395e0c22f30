package tools_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
	"seedance-mcp/tools"
)

func TestListTasks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, setup{})
		defer w.close(t)
		w.golden(t, "list_tasks_empty", w.works(t, "list_tasks", ``))
		id := w.works(t, "generate_video", fox).text("task_id")
		w.works(t, "get_task_status", `{"wait_seconds":45}`)
		time.Sleep(time.Hour)
		w.works(t, "generate_video", `{"prompt":"A crane [sandbox:stuck]"}`)
		w.golden(t, "list_tasks", w.works(t, "list_tasks", ``))
		for arguments, total := range map[string]float64{
			`{}`: 2, `{"state":"success"}`: 1, `{"status":"done"}`: 1, `{"state":"running"}`: 1, `{"state":"FAILED"}`: 0, `{"text":"fox"}`: 1, `{"query":"CRANE"}`: 1,
			`{"since":"30m"}`: 1, `{"since":"2h"}`: 2, `{"since":"2000-01-01"}`: 2, `{"since":"2000-01-01T00:30:00Z"}`: 1, `{"since":"today"}`: 2, `{"since":"7d"}`: 2,
			`{"model":"seedance-20"}`: 2, `{"model":"sora2"}`: 0, `{"model":"Seedance 2.0"}`: 2, `{"model":"SEEDANCE-2-0"}`: 2, `{"model":"seedance2-5"}`: 0, `{"limit":1}`: 2, `{"limit":1000}`: 2, `{"nonsense":true}`: 2,
		} {
			if got := w.works(t, "list_tasks", arguments); got.Fields["total"] != total {
				t.Errorf("%s: total %v, want %v", arguments, got.Fields["total"], total)
			}
		}
		w.fails(t, "list_tasks", `{"model":"veo-3"}`, "model", "veo-3", "seedance-20", "sora2")
		if got := w.works(t, "list_tasks", `{"model":"Seedance 2.0"}`); !strings.Contains(got.Text, "was read as seedance-20") {
			t.Errorf("an alias is not told: %s", got.Text)
		}
		w.fails(t, "list_tasks", `{"state":"lost"}`, "state", "success")
		w.golden(t, "error_since", w.fails(t, "list_tasks", `{"since":"last full moon"}`, "since", "24h"))
		w.fails(t, "list_tasks", `{"cursor":"nonsense"}`, "cursor")
		other := w.callAs(t, tools.WithPrincipal(t.Context(), "somebody"), "list_tasks", ``)
		if other.Fields["total"] != 0.0 {
			t.Errorf("another principal sees %s", other.Text)
		}
		if got := w.callAs(t, tools.WithPrincipal(t.Context(), "somebody"), "get_task_status", `{"task_id":"`+id+`"}`); !got.IsError {
			t.Errorf("another principal reads %s", got.Text)
		}
	})
}

// TestLongListsAreHonest: a page that is too long is cut, says so, and the
// cursor leads to every task once.
func TestLongListsAreHonest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, setup{})
		defer w.close(t)
		const many = 70
		var ids []string
		for i := range many {
			now := time.Now()
			task := video.Task{
				ID: store.NewID(now), Principal: "local", State: video.Success, Upstream: "0123456789abcdef", UpstreamID: fmt.Sprint("task_", i),
				Request: video.Request{Prompt: strings.Repeat("snow ", 50), Model: "seedance-20"}, CreatedAt: now,
				Videos: []video.Video{{URL: "https://e.test/v.mp4?" + strings.Repeat("x", 700) + "&end"}},
			}
			if _, _, err := w.store.Insert(t.Context(), task); err != nil {
				t.Fatal(err)
			}
			ids = append(ids, task.ID)
			time.Sleep(time.Second)
		}
		seen := map[string]int{}
		cursor, pages := "", 0
		for ; pages < many; pages++ {
			page := w.works(t, "list_tasks", `{"limit":50,"cursor":"`+cursor+`"}`)
			tasks, _ := page.Fields["tasks"].([]any)
			for _, raw := range tasks {
				task, _ := raw.(map[string]any)
				seen[fmt.Sprint(task["task_id"])]++
				if address := fmt.Sprint(task["video"]); !strings.HasSuffix(address, "&end") {
					t.Fatalf("a URL was cut: %s", address)
				}
			}
			if pages == 0 && !strings.Contains(page.Text, "to keep this answer short") {
				t.Errorf("a cut page does not say so: %s", page.Text)
			}
			if cursor = page.text("cursor"); cursor == "" {
				break
			}
		}
		if len(seen) != many || pages < 2 {
			t.Errorf("%d of %d tasks on %d pages", len(seen), many, pages+1)
		}
		for id, times := range seen {
			if times != 1 {
				t.Errorf("%s was shown %d times", id, times)
			}
		}
		several := w.works(t, "get_task_status", `{"task_ids":["`+strings.Join(ids[:20], `","`)+`"]}`)
		if tasks, _ := several.Fields["tasks"].([]any); len(tasks) != 20 || !strings.Contains(several.Text, "shown in brief") {
			t.Errorf("twenty tasks: %d", len(tasks))
		}
	})
}

func TestListModels(t *testing.T) {
	for _, dialect := range []video.Dialect{video.Workflow, video.Kinovi} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, setup{dialect: dialect})
			defer w.close(t)
			all := w.works(t, "list_models", ``)
			w.golden(t, "list_models_"+string(dialect), all)
			for _, model := range defaultCatalog(t).Models(dialect) {
				if !strings.Contains(all.Text, `"id":"`+model.ID+`"`) {
					t.Errorf("%s: %s is missing", dialect, model.ID)
				}
			}
			one := w.works(t, "list_models", `{"model":"Seedance 2.0"}`)
			w.golden(t, "list_models_one_"+string(dialect), one)
			if !strings.Contains(one.Text, "1280x720") || strings.Contains(one.Text, "wan3.0") {
				t.Errorf("%s: one model: %s", dialect, one.Text)
			}
			w.fails(t, "list_models", `{"model":"veo"}`, "veo", "There is no model", "list_models")
		})
	}
}

func TestDownload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, setup{})
		defer w.close(t)
		w.fails(t, "download_video", ``, "generate_video")
		w.works(t, "generate_video", fox)
		w.golden(t, "error_download_running", w.fails(t, "download_video", ``, "get_task_status", "Do not call generate_video again"))
		w.works(t, "get_task_status", `{"wait_seconds":45}`)
		saved := w.works(t, "download_video", `{"file_name":"my fox"}`)
		w.golden(t, "download_video", saved)
		w.golden(t, "error_download_outside", w.fails(t, "download_video", `{"directory":"/etc"}`, "/etc"))
		w.fails(t, "download_video", `{"directory":"../../.."}`)
	})
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, setup{
			engine: func(o *engine.Options) { o.Media = nil },
			tools:  func(d *tools.Deps) { d.Downloads = false },
		})
		defer w.close(t)
		w.works(t, "generate_video", fox)
		done := w.works(t, "get_task_status", `{"wait_seconds":45}`)
		w.golden(t, "get_task_status_success_url", done)
		if strings.Contains(done.Text, "download_video") {
			t.Errorf("next names a tool that would refuse: %s", done.Text)
		}
		w.golden(t, "error_download_off", w.fails(t, "download_video", ``, "switched off", "http://"))
	})
}

func TestUsage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		day := video.WholeCredits(1000)
		w := newWorld(t, setup{engine: func(o *engine.Options) { o.Budgets.PerDay = &day }})
		defer w.close(t)
		w.golden(t, "get_usage_empty", w.works(t, "get_usage", ``))
		w.works(t, "generate_video", fox)
		w.works(t, "get_task_status", `{"wait_seconds":45}`)
		w.works(t, "generate_video", `{"prompt":"A crane [sandbox:stuck]"}`)
		usage := w.works(t, "get_usage", `{"days":"7"}`)
		w.golden(t, "get_usage", usage)
		if usage.Fields["charged"] != 200.0 || usage.Fields["reserved"] != 200.0 {
			t.Errorf("usage: %s", usage.Text)
		}
	})
}

// TestURLsStayWhole: the text that half of the clients show is not escaped
// for HTML, or a model would copy a broken address.
func TestURLsStayWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, setup{})
		defer w.close(t)
		const address = "https://e.test/v.mp4?a=1&b=<2>"
		task := video.Task{
			ID: store.NewID(time.Now()), Principal: "local", State: video.Success, Upstream: "0123456789abcdef", UpstreamID: "task_1",
			Request: video.Request{Prompt: "x", Model: "seedance-20"}, CreatedAt: time.Now(), Videos: []video.Video{{URL: address}},
		}
		if _, _, err := w.store.Insert(t.Context(), task); err != nil {
			t.Fatal(err)
		}
		if got := w.works(t, "get_task_status", ``); !strings.Contains(got.Text, address) {
			t.Errorf("%s is not in %s", address, got.Text)
		}
	})
}
