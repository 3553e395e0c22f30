package sandbox_test

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"seedance-mcp/internal/catalog"
	"seedance-mcp/internal/sandbox"
	"seedance-mcp/internal/video"
)

func TestStateIsAFunctionOfTheClock(t *testing.T) {
	for _, c := range []struct {
		name       string
		prompt     string
		speed      float64
		generating time.Duration // when it begins
		done       time.Duration
	}{
		{"speed 1", "a fox", 1, 1600 * time.Millisecond, 8 * time.Second},
		{"speed 0 is 1", "a fox", 0, 1600 * time.Millisecond, 8 * time.Second},
		{"speed 10", "a fox", 10, 160 * time.Millisecond, 800 * time.Millisecond},
		{"slow", "a fox [sandbox:slow]", 1, 6400 * time.Millisecond, 32 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			now := newClock()
			r := start(t, sandbox.Options{Now: now.Now, Speed: c.speed})
			id := r.accepted(workflowBody(c.prompt, ""))
			var age time.Duration
			for _, at := range []struct {
				age  time.Duration
				want string
			}{
				{0, "waiting"},
				{c.generating - time.Millisecond, "waiting"},
				{c.generating, "generating"},
				{c.done - time.Millisecond, "generating"},
				{c.done, "success"},
				{59 * 24 * time.Hour, "success"},
			} {
				now.Advance(at.age - age)
				age = at.age
				if got := r.state(id); got != at.want {
					t.Errorf("after %s: %s, want %s", at.age, got, at.want)
				}
			}
			now.Advance(2 * 24 * time.Hour)
			if got := r.record(id); got.Status != 404 || got.Body != `{"message":"Task not found"}` {
				t.Errorf("after 61 days: %d %s", got.Status, got.Body)
			}
		})
	}
}

func TestUsualTimeIsWhatATaskTakes(t *testing.T) {
	now := newClock()
	r := start(t, sandbox.Options{Now: now.Now})
	id := r.accepted(workflowBody("a fox", ""))
	now.Advance(sandbox.UsualTime(5) - time.Millisecond)
	if got := r.state(id); got != "generating" {
		t.Errorf("just before: %s", got)
	}
	now.Advance(time.Millisecond)
	if got := r.state(id); got != "success" {
		t.Errorf("at that time: %s", got)
	}
}

func TestStuckNeverEnds(t *testing.T) {
	now := newClock()
	r := start(t, sandbox.Options{Now: now.Now})
	id := r.accepted(workflowBody("[sandbox:stuck]", ""))
	now.Advance(30 * 24 * time.Hour)
	if got := r.state(id); got != "generating" {
		t.Errorf("after 30 days: %s", got)
	}
}

func TestRecordInfoRefusals(t *testing.T) {
	r := start(t, sandbox.Options{})
	id := r.accepted(workflowBody("a fox", ""))
	for _, c := range []struct {
		name, query, key string
		status           int
		message          string
	}{
		{"no parameter", "", sandbox.KeyMain, 400, "Missing taskId parameter"},
		{"empty", "?taskId=", sandbox.KeyMain, 400, "Missing taskId parameter"},
		{"a path", "?taskId=../" + id, sandbox.KeyMain, 400, "Invalid taskId"},
		{"too long", "?taskId=" + strings.Repeat("a", 101), sandbox.KeyMain, 400, "Invalid taskId"},
		{"unknown", "?taskId=task_000000000000000000000000", sandbox.KeyMain, 404, "Task not found"},
		{"no key", "?taskId=" + id, "", 401, "Missing Authorization header"},
		{"bad key", "?taskId=" + id, "sk-test-not-a-real-key", 401, "Invalid API Key"},
		{"another account", "?taskId=" + id, sandbox.KeySecond, 403, "Access denied"},
		{"the demo key", "?taskId=" + id, sandbox.KeyDemo, 403, "Access denied"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := r.do("GET", "/api/v1/jobs/recordInfo"+c.query, c.key, "")
			if got.Status != c.status {
				t.Errorf("status %d, want %d", got.Status, c.status)
			}
			sameJSON(t, got.Body, `{"message":`+quote(c.message)+`}`)
		})
	}
}

func TestDemoTasksAreForEveryKey(t *testing.T) {
	r := start(t, sandbox.Options{})
	for id, want := range map[string]string{
		"demo_task_t2v_success":          "success",
		"demo_task_i2v_success":          "success",
		"demo_task_fail_text_moderation": "Your input text violates platform rules. Please modify and try again.",
		"demo_task_fail_face_detected":   "Face detected in uploaded media. Please modify and try again.",
		"demo_task_fail_server_error":    "Server error. Please try again later.",
	} {
		for _, key := range []string{sandbox.KeyDemo, sandbox.KeyMain, sandbox.KeySecond} {
			got := r.do("GET", "/api/v1/jobs/recordInfo?taskId="+id, key, "")
			var flat struct {
				TaskID, Model, Status string
				Error                 *string
				Output                []struct{ URL string }
			}
			if err := json.Unmarshal([]byte(got.Body), &flat); err != nil || flat.TaskID != id || flat.Model != "seedance20-video-generation" {
				t.Fatalf("%s: %d %s", id, got.Status, got.Body)
			}
			if want == "success" {
				if flat.Status != "success" || len(flat.Output) != 1 {
					t.Fatalf("%s: %s", id, got.Body)
				}
				if clip := r.do("GET", flat.Output[0].URL, "", ""); clip.Status != 200 {
					t.Errorf("%s: media answers %d", id, clip.Status)
				}
			} else if flat.Status != "fail" || flat.Error == nil || *flat.Error != want {
				t.Errorf("%s: %s", id, got.Body)
			}
		}
	}
}

func TestToolIDIsTheCatalogues(t *testing.T) {
	c, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	if got := c.FromUpstream(video.Workflow, "seedance20-video-generation"); got != "seedance-20" {
		t.Errorf("the catalogue maps the tool id to %q", got)
	}
}

// TestRealTimeOfADay runs a whole life under the runtime's own fake clock.
func TestRealTimeOfADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, sandbox.Options{})
		id := r.accepted(workflowBody("a fox", ""))
		for range 7 {
			time.Sleep(time.Second)
		}
		if got := r.state(id); got != "generating" {
			t.Errorf("after 7 s: %s", got)
		}
		time.Sleep(time.Second)
		if got := r.state(id); got != "success" {
			t.Errorf("after 8 s: %s", got)
		}
	})
}
