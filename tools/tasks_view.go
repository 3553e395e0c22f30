package tools

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"seedance-mcp/internal/video"
)

const (
	// How often a client should look at a task, in milliseconds: the engine
	// itself asks the upstream every few seconds, and less often when nothing
	// can have changed.
	lookOften, lookSeldom int64 = 3000, 5000
	// taskIDPrefix begins every id of ours; the upstream's are not tasks of the
	// protocol, and asking for one would adopt it.
	taskIDPrefix = "vid_"
)

// Withdrawer takes back an order that was not sent yet.
type Withdrawer interface {
	Withdraw(ctx context.Context, principal, id string) (video.Task, error)
}

// TaskView shows our tasks as those of MCP's tasks extension: same ids, nothing
// remembered, so any process that shares the store can answer.
type TaskView struct {
	deps      Deps
	withdrawn Withdrawer
}

// NewTaskView needs the same d as All.
func NewTaskView(d Deps, w Withdrawer) *TaskView {
	return &TaskView{deps: d, withdrawn: w}
}

// TaskOf is the task that an answer of generate_video announces. A question
// about the price announces none.
func (v *TaskView) TaskOf(tool string, result *mcp.CallToolResult) string {
	text, ok := result.StructuredContent.(json.RawMessage)
	if tool != generateVideoName || !ok {
		return ""
	}
	var answer struct {
		TaskID string `json:"task_id"`
	}
	if json.Unmarshal(text, &answer) != nil {
		return ""
	}
	return answer.TaskID
}

// Task shows one of the caller's tasks. One that is settled is completed, with
// what get_task_status says as its result: unconfirmed too, because waiting
// longer brings nothing and somebody must be told.
func (v *TaskView) Task(ctx context.Context, id string) (mcp.Task, *mcp.CallToolResult, error) {
	task, err := v.find(ctx, id)
	if err != nil {
		return mcp.Task{}, nil, err
	}
	eta := v.deps.Service.ETA(ctx, task)
	shown := mcp.Task{
		TaskId: task.ID, Status: mcp.TaskStatusWorking, StatusMessage: taskMessage(task, eta),
		CreatedAt: stamp(task.CreatedAt), LastUpdatedAt: stamp(lastChange(task)), PollInterval: lookInterval(task.State),
	}
	switch {
	case withdrawn(task):
		shown.Status = mcp.TaskStatusCancelled
	case task.State.Settled():
		shown.Status = mcp.TaskStatusCompleted
		result, err := success(showTask(v.deps, task, eta))
		if err == nil && task.State == video.Failed {
			result.IsError, result.StructuredContent = true, nil // as in failure
		}
		return shown, result, err
	}
	return shown, nil, nil
}

func withdrawn(task video.Task) bool {
	return task.State == video.Failed && task.Failure != nil && task.Failure.Class == video.FailWithdrawn
}

func lastChange(task video.Task) time.Time {
	if task.UpdatedAt.IsZero() {
		return task.CreatedAt
	}
	return task.UpdatedAt
}

func lookInterval(state video.State) *int64 {
	interval := lookOften
	if state == video.Queued || state == video.Stalled {
		interval = lookSeldom
	}
	return &interval
}

// taskMessage is what a client may show beside a task: where it stands, what it
// costs, whether it can still be taken back.
func taskMessage(task video.Task, eta time.Duration) string {
	price := creditsText(task.Quote.Credits)
	switch {
	case withdrawn(task):
		return "Taken back before it was sent; nothing was charged."
	case task.State == video.Queued:
		return fmt.Sprintf("Waits for a free slot of the account (%s). Nothing is charged until it is sent, and until then it can be cancelled.", price)
	case task.State == video.Unconfirmed:
		return "The order was sent but its answer was lost: it may have been charged. It is not sent again by itself."
	case task.State == video.Stalled:
		return "It takes far longer than usual and is still looked at. It cannot be cancelled any more."
	case task.State.Final():
		return "The video is " + map[bool]string{true: "finished.", false: "not made."}[task.State == video.Success]
	}
	text := string(task.State)
	if eta > 0 {
		text += fmt.Sprintf(": about %d s left", wholeSeconds(eta))
	}
	return fmt.Sprintf("%s (%s). The order was sent: it cannot be cancelled any more.", text, price)
}

// find is Get for an id of the extension.
func (v *TaskView) find(ctx context.Context, id string) (video.Task, error) {
	if !strings.HasPrefix(id, taskIDPrefix) {
		return video.Task{}, &video.Error{
			Code: video.NotFound, Argument: nameTaskID, Given: video.Clip(id, 80),
			Message:    "There is no task " + video.Clip(id, 80) + ".",
			Suggestion: "The taskId is the one that generate_video answered with; list_tasks shows the tasks there are.",
		}
	}
	return v.deps.Service.Get(ctx, Principal(ctx), id)
}

// Update ignores what it is given: none of our tasks ever asks for input, the
// price is agreed before there is one.
func (v *TaskView) Update(ctx context.Context, id string, _ mcp.InputResponses) error {
	_, err := v.find(ctx, id)
	return err
}

// Cancel takes back an order that waits for a slot. Any other goes on, because
// the upstream cannot cancel; note says so, and that is no error: the
// extension asks to acknowledge either way.
func (v *TaskView) Cancel(ctx context.Context, id string) (note string, err error) {
	if _, err := v.find(ctx, id); err != nil {
		return "", err
	}
	task, err := v.withdrawn.Withdraw(ctx, Principal(ctx), id)
	if video.CodeOf(err) == video.Conflict {
		return err.Error(), nil
	}
	if err != nil {
		return "", err
	}
	return taskMessage(task, 0), nil
}
