package tools_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"seedance-mcp/internal/video"
	"seedance-mcp/tools"
)

// view is a TaskView over w as another process with the same store would make
// it: it has seen nothing of what went before.
func (w *world) view(t *testing.T) *tools.TaskView {
	t.Helper()
	return tools.NewTaskView(tools.Deps{
		Service: w.engine, Catalog: defaultCatalog(t), Dialect: video.Workflow, Sandbox: true, Downloads: true,
	}, w.engine)
}

// order is generate_video's result as the server sees it.
func (w *world) order(t *testing.T, ctx context.Context, prompt string) *mcp.CallToolResult {
	t.Helper()
	request := mcp.CallToolRequest{}
	request.Params.Name = "generate_video"
	request.Params.Arguments = map[string]any{"prompt": prompt}
	result, err := w.srv.GetTool("generate_video").Handler(ctx, request)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// followed is the task as soon as it is no longer at work.
func followed(t *testing.T, ctx context.Context, v *tools.TaskView, id string) (mcp.Task, *mcp.CallToolResult) {
	t.Helper()
	for {
		task, result, err := v.Task(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		if task.Status != mcp.TaskStatusWorking {
			return task, result
		}
		if result != nil || task.PollInterval == nil || *task.PollInterval < 3000 || *task.PollInterval > 5000 || task.TTL != nil {
			t.Fatalf("a task at work: %+v, result %+v", task, result)
		}
		if strings.Contains(task.StatusMessage, "can be cancelled") == strings.Contains(task.StatusMessage, "cannot be cancelled") {
			t.Errorf("%q does not say whether it can be cancelled", task.StatusMessage)
		}
		time.Sleep(time.Duration(*task.PollInterval) * time.Millisecond)
	}
}

func textOf(t *testing.T, result *mcp.CallToolResult) string {
	t.Helper()
	if result == nil || len(result.Content) != 1 {
		t.Fatalf("result %+v, want one text", result)
	}
	content, _ := mcp.AsTextContent(result.Content[0])
	return content.Text
}

// TestATaskEndsWithWhatItsCallWouldHaveSaid: the extension's view of each end.
func TestATaskEndsWithWhatItsCallWouldHaveSaid(t *testing.T) {
	for _, c := range []struct {
		prompt  string
		status  mcp.TaskStatus
		isError bool
		words   []string
	}{
		{"A fox in the snow", mcp.TaskStatusCompleted, false, []string{`"status":"success"`, `"url":`, `"path":`, "Saved as"}},
		{"A fox [sandbox:fail-text]", mcp.TaskStatusCompleted, true, []string{`"status":"fail"`, `"class":"moderation"`}},
		{"A fox [sandbox:create-lost]", mcp.TaskStatusCompleted, false, []string{`"status":"unconfirmed"`, "never sent again"}},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, setup{})
			defer w.close(t)
			v := w.view(t)
			id := v.TaskOf("generate_video", w.order(t, t.Context(), c.prompt))
			task, result := followed(t, t.Context(), v, id)
			if task.TaskId != id || task.Status != c.status || result.IsError != c.isError || task.CreatedAt == "" || task.LastUpdatedAt < task.CreatedAt {
				t.Errorf("%s: %+v, error %t", c.prompt, task, result.IsError)
			}
			for _, words := range c.words {
				if !strings.Contains(textOf(t, result), words) {
					t.Errorf("%s: %s does not say %q", c.prompt, textOf(t, result), words)
				}
			}
			if text, ok := result.StructuredContent.(json.RawMessage); c.isError == ok || (ok && string(text) != textOf(t, result)) {
				t.Errorf("%s: structured content %v", c.prompt, result.StructuredContent)
			}
			if _, _, err := v.Task(tools.WithPrincipal(t.Context(), "somebody"), id); video.CodeOf(err) != video.NotFound {
				t.Errorf("%s: somebody else sees it: %v", c.prompt, err)
			}
			note, err := v.Cancel(t.Context(), id)
			if err != nil || note == "" {
				t.Errorf("%s: cancelled at the end: %q, %v", c.prompt, note, err)
			}
		})
	}
}

// TestOnlyAnOrderIsATask: other answers, and questions, announce none.
func TestOnlyAnOrderIsATask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, setup{})
		defer w.close(t)
		v := w.view(t)
		ordered := w.order(t, t.Context(), "A fox in the snow")
		if id := v.TaskOf("generate_video", ordered); !strings.HasPrefix(id, "vid_") {
			t.Errorf("an order announces %q", id)
		}
		for tool, result := range map[string]*mcp.CallToolResult{
			"get_task_status": ordered,
			"generate_video":  mcp.NewToolResultText("no structured content"),
		} {
			if id := v.TaskOf(tool, result); id != "" {
				t.Errorf("%s announces %q", tool, id)
			}
		}
		question := &mcp.CallToolResult{StructuredContent: json.RawMessage(`{"status":"confirmation_required","next":"ask"}`)}
		if id := v.TaskOf("generate_video", question); id != "" {
			t.Errorf("a question about the price announces %q", id)
		}
	})
}

// TestOnlyAQueuedTaskIsCancelled: what was sent goes on, is paid once, and the
// answer says so.
func TestOnlyAQueuedTaskIsCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, setup{})
		defer w.close(t)
		v := w.view(t)
		sent := v.TaskOf("generate_video", w.order(t, t.Context(), "A fox in the snow"))
		stranger := tools.WithPrincipal(t.Context(), "somebody")
		for _, id := range []string{sent, "vid_00000000000000000000000000", "", "job-of-the-upstream"} {
			if _, err := v.Cancel(stranger, id); video.CodeOf(err) != video.NotFound {
				t.Errorf("somebody cancels %q: %v", id, err)
			}
			if err := v.Update(stranger, id, nil); video.CodeOf(err) != video.NotFound {
				t.Errorf("somebody updates %q: %v", id, err)
			}
		}
		note, err := v.Cancel(t.Context(), sent)
		if err != nil || !strings.Contains(note, "cannot cancel") {
			t.Errorf("cancelling what was sent: %q, %v", note, err)
		}
		if err := v.Update(t.Context(), sent, mcp.InputResponses{"nobody-asked": {}}); err != nil {
			t.Errorf("an update nobody asked for: %v", err)
		}

		queued := v.TaskOf("generate_video", w.order(t, t.Context(), "A crane [sandbox:create-429=1000]"))
		task, _, err := v.Task(t.Context(), queued)
		if err != nil || task.Status != mcp.TaskStatusWorking || *task.PollInterval != 5000 || !strings.Contains(task.StatusMessage, "can be cancelled") {
			t.Errorf("a queued task: %+v, %v", task, err)
		}
		for range 2 { // again: nothing changes
			if note, err := v.Cancel(t.Context(), queued); err != nil || note == "" {
				t.Errorf("cancelling what was not sent: %q, %v", note, err)
			}
			if task, result := followed(t, t.Context(), v, queued); task.Status != mcp.TaskStatusCancelled || result != nil {
				t.Errorf("a cancelled task: %+v, %+v", task, result)
			}
		}
		if task, _ := followed(t, t.Context(), v, sent); task.Status != mcp.TaskStatusCompleted {
			t.Errorf("the one that was sent: %+v", task)
		}
		if books := w.sandbox.Books(); books.Accepted != 1 {
			t.Errorf("%d were charged, want 1", books.Accepted)
		}
	})
}

// TestTheExtensionAdoptsNothing: an upstream's id is no task of the protocol.
func TestTheExtensionAdoptsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, setup{})
		defer w.close(t)
		v := w.view(t)
		v.TaskOf("generate_video", w.order(t, t.Context(), "A fox in the snow"))
		made, err := w.engine.Get(t.Context(), "local", "")
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range []string{"", " " + made.ID, made.UpstreamID, "unknown", fmt.Sprint("vid_", strings.Repeat("x", 500))} {
			if _, _, err := v.Task(t.Context(), id); video.CodeOf(err) != video.NotFound || len(err.Error()) > 400 {
				t.Errorf("%.60q: %v", id, err)
			}
		}
	})
}
