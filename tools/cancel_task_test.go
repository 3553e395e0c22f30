package tools_test

import (
	"testing"
	"testing/synctest"

	"seedance-mcp/internal/video"
	"seedance-mcp/tools"
)

// TestCancel: what is queued can be taken back, free; of what was sent the
// answer says that it goes on and what that costs.
func TestCancel(t *testing.T) {
	for _, dialect := range []video.Dialect{video.Workflow, video.Kinovi} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, setup{dialect: dialect})
			defer w.close(t)
			order := func(words string) string {
				return w.works(t, "generate_video", `{"prompt":"A fox `+words+`"}`).text("task_id")
			}
			w.fails(t, "cancel_task", `{}`, "needs task_id")
			w.fails(t, "cancel_task", `{"task_id":"vid_aaaaaaaaaaaaaaaaaaaaaaaaaa"}`, "list_tasks")
			sent := order("")
			w.golden(t, "error_cancel_sent", w.fails(t, "cancel_task", `{"task_id":"`+sent+`"}`, "the upstream cannot cancel", "costs nothing more", sent))
			lost := order("[sandbox:create-lost]")
			w.golden(t, "error_cancel_lost", w.fails(t, "cancel_task", `{"task_id":"`+lost+`"}`, "may have been sent"))
			w.works(t, "get_task_status", `{"task_id":"`+sent+`","wait_seconds":45}`)
			w.golden(t, "error_cancel_done", w.fails(t, "cancel_task", `{"task_id":"`+sent+`"}`, "ended already"))

			accepted := w.sandbox.Books().Accepted
			queued := order("[sandbox:create-429=3]")
			stranger := w.callAs(t, tools.WithPrincipal(t.Context(), "somebody"), "cancel_task", `{"task_id":"`+queued+`"}`)
			if !stranger.IsError {
				t.Errorf("another principal cancelled %s", stranger.Text)
			}
			w.golden(t, "cancel_task_"+string(dialect), w.works(t, "cancel_task", `{"id":"`+queued+`"}`))
			w.fails(t, "cancel_task", `{"task_id":"`+queued+`"}`, "ended already")
			w.works(t, "get_task_status", `{"task_id":"`+queued+`","wait_seconds":45}`)
			if now := w.sandbox.Books().Accepted; now != accepted {
				t.Errorf("%d orders were accepted after it was taken back", now-accepted)
			}
		})
	}
}
