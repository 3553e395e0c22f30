package tools_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
	"seedance-mcp/tools"
)

// insert stores a task as if it had come so far. Nothing follows it.
func (w *world) insert(t *testing.T, task video.Task) video.Task {
	t.Helper()
	now := time.Now()
	task.ID, task.Principal, task.Sandbox = store.NewID(now), "local", true
	if task.Upstream == "" {
		task.Upstream = "0123456789abcdef"
	}
	task.CreatedAt = now
	if task.Request.Prompt == "" {
		task.Request = video.Request{Prompt: "A fox in the snow", Model: "seedance-20", Duration: 5, Resolution: "720p"}
	}
	quote := video.WholeCredits(200)
	task.Quote = video.Quote{Credits: &quote}
	stored, _, err := w.store.Insert(t.Context(), task)
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

// TestEveryState: each state has an answer of its own that carries the id, and
// no answer about a video that may still come invites a second order.
func TestEveryState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, setup{})
		defer w.close(t)
		for _, state := range video.States() {
			task := video.Task{State: state}
			switch state {
			case video.Success:
				task.Videos = []video.Video{{URL: "https://e.test/v.mp4?a=1&b=2", Width: 1280, Height: 720, ExpiresAt: time.Now().Add(24 * time.Hour)}}
			case video.Failed:
				task.Failure = &video.Failure{Class: video.FailServer, Message: "The service had trouble.", Charged: video.ChargedUnknown, Retry: video.RetrySame}
			case video.Queued, video.Unconfirmed, video.Stalled:
				task.Reason = "Because of " + strings.Repeat("this ", 200)
			}
			if state != video.Queued && state != video.Submitting && state != video.Unconfirmed {
				task.UpstreamID = "task_" + string(state)
			}
			if state == video.Queued {
				task.Upstream = "fedcba9876543210" // another account's, or it may be sent before it is shown
			}
			stored := w.insert(t, task)
			got := w.works(t, "get_task_status", `{"task_id":"`+stored.ID+`"}`)
			w.golden(t, "state_"+string(state), got)
			if got.text("status") != string(state) || got.text("task_id") != stored.ID || got.Fields["credits"] == nil {
				t.Errorf("%s: %s", state, got.Text)
			}
			next := got.text("next")
			switch {
			case state.Final():
			case state == video.Unconfirmed:
				for _, words := range []string{
					"Only if the user is sure", "get_task_status with task_id=" + stored.ID,
					"tasks resolve " + stored.ID + " --upstream-id ID", "tasks resolve " + stored.ID + " --not-paid",
				} {
					if !strings.Contains(next, words) {
						t.Errorf("%s: next %q does not say %q", state, next, words)
					}
				}
				if strings.Contains(next, "task_id set to its upstream id") {
					t.Errorf("%s: next %q would book it twice", state, next)
				}
			default:
				for _, words := range []string{"get_task_status", "task_id=" + stored.ID, "Do not call generate_video again"} {
					if !strings.Contains(next, words) {
						t.Errorf("%s: next %q does not say %q", state, next, words)
					}
				}
			}
		}
	})
}

// TestEveryFailure: what each class of failure advises does not contradict
// itself.
func TestEveryFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, setup{})
		defer w.close(t)
		for _, test := range []struct {
			failure video.Failure
			want    string
		}{
			{video.Failure{Class: video.FailServer, Charged: video.ChargedNo, Retry: video.RetrySame}, "Nothing was charged. The same request may succeed: call generate_video again with the same arguments."},
			{video.Failure{Class: video.FailTimeout, Charged: video.ChargedYes, Retry: video.RetrySame}, "It was charged all the same. The same request"},
			{video.Failure{Class: video.FailModeration, Charged: video.ChargedNo, Retry: video.RetryChanged}, "Change the request as said"},
			{video.Failure{Class: video.FailMedia, Charged: video.ChargedNo, Retry: video.RetryChanged, Suggestion: "Use another image"}, "Use another image. Change the request"},
			{video.Failure{Class: video.FailForgotten, Charged: video.ChargedUnknown, Retry: video.RetryNo}, "Whether it was charged is not known. Calling generate_video again does not help"},
			{video.Failure{Class: video.FailWithdrawn, Charged: video.ChargedNo, Retry: video.RetrySame}, "only if the user wants it after all"},
		} {
			stored := w.insert(t, video.Task{State: video.Failed, Failure: &test.failure})
			if next := w.works(t, "get_task_status", `{"task_id":"`+stored.ID+`"}`).text("next"); !strings.Contains(next, test.want) {
				t.Errorf("%s: next %q, want %q", test.failure.Class, next, test.want)
			}
		}
	})
}

// TestAdoption: a task made elsewhere with the same account is shown, followed
// and kept.
func TestAdoption(t *testing.T) {
	for _, dialect := range []video.Dialect{video.Workflow, video.Kinovi} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, setup{dialect: dialect})
			defer w.close(t)
			quote := w.works(t, "estimate_cost", fox)
			payload, err := json.Marshal(quote.Fields["payload"])
			if err != nil {
				t.Fatal(err)
			}
			made, err := w.client.Create(t.Context(), payload, "")
			if err != nil {
				t.Fatal(err)
			}
			adopted := w.works(t, "get_task_status", `{"task_id":"`+made.TaskID+`"}`)
			w.golden(t, "adopted_"+string(dialect), adopted)
			if adopted.text("upstream_task_id") != made.TaskID || !strings.HasPrefix(adopted.text("task_id"), "vid_") {
				t.Fatalf("adopted: %s", adopted.Text)
			}
			done := w.works(t, "get_task_status", `{"upstream_task_id":"`+made.TaskID+`","wait_seconds":"45s"}`)
			if done.text("status") != "success" || done.text("task_id") != adopted.text("task_id") {
				t.Errorf("followed: %s", done.Text)
			}
			stranger := w.callAs(t, tools.WithPrincipal(t.Context(), "somebody"), "get_task_status", `{"task_id":"`+made.TaskID+`"}`)
			if !stranger.IsError {
				t.Errorf("another caller took it over: %s", stranger.Text)
			}
		})
	}
}

// TestReadOnlyToolsIgnoreTheUnknown: a question with a word too many is still
// answered; null and blank count as absent.
func TestReadOnlyToolsIgnoreTheUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, setup{})
		defer w.close(t)
		w.works(t, "generate_video", fox)
		for _, tool := range []string{"get_task_status", "list_tasks", "list_models", "get_usage"} {
			plain := w.works(t, tool, `{}`)
			for _, arguments := range []string{
				`null`, `""`, `{"wait_for_previous":false}`, `{"_meta":{},"_reason":"why"}`, `{"verbose":true,"format":{"a":[1]}}`,
				`{"task_id":null,"task_ids":null,"wait_for":"","wait_seconds":null,"state":"","limit":null,"cursor":"","since":"","text":null,"model":"","days":null}`,
			} {
				if got := w.works(t, tool, arguments); got.Text != plain.Text {
					t.Errorf("%s %s: %s, want as without arguments: %s", tool, arguments, got.Text, plain.Text)
				}
			}
		}
	})
}

// TestWaitSeconds: however the seconds are written, the wait is as long as
// asked, and between 0 and 45 s.
func TestWaitSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, setup{})
		defer w.close(t)
		w.works(t, "generate_video", `{"prompt":"A fox [sandbox:stuck]"}`)
		for given, want := range map[string]time.Duration{
			`0`: 0, `null`: 0, `""`: 0, `-7`: 0, `7`: 7 * time.Second, `"30"`: 30 * time.Second, `30.0`: 30 * time.Second, `"30s"`: 30 * time.Second,
			`45`: 45 * time.Second, `46`: 45 * time.Second, `500`: 45 * time.Second, `1e12`: 45 * time.Second,
		} {
			begin := time.Now()
			got := w.works(t, "get_task_status", `{"wait_seconds":`+given+`}`)
			if took := time.Since(begin); took != want {
				t.Errorf("%s: waited %v, want %v", given, took, want)
			}
			if clamped := strings.Contains(got.Text, "was taken as"); clamped != slices.Contains([]string{`-7`, `46`, `500`, `1e12`}, given) {
				t.Errorf("%s: a note of the change: %v", given, clamped)
			}
		}
		for _, given := range []string{`"soon"`, `1.5`, `[30]`, `{}`, `true`} {
			w.fails(t, "get_task_status", `{"wait_seconds":`+given+`}`, "wait_seconds", "whole number from 0 to 45")
		}
	})
}

// TestLatest: without an id the newest task of this caller is told, the running
// and the finished alike.
func TestLatest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, setup{})
		defer w.close(t)
		w.golden(t, "error_no_task_yet", w.fails(t, "get_task_status", ``, "generate_video"))
		for i := range 3 {
			id := w.works(t, "generate_video", fmt.Sprintf(`{"prompt":"Fox %d"}`, i)).text("task_id")
			w.callAs(t, tools.WithPrincipal(t.Context(), "somebody"), "generate_video", fmt.Sprintf(`{"prompt":"Crane %d"}`, i))
			if got := w.works(t, "get_task_status", ``).text("task_id"); got != id {
				t.Errorf("latest %q, want %q", got, id)
			}
			time.Sleep(20 * time.Second)
		}
	})
}
