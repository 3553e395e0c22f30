package tools

import (
	"context"
	"errors"

	"seedance-mcp/internal/video"
)

type cancelArguments struct {
	TaskID string `json:"task_id"`
}

// cancelTask takes no task by default: what ends one should be named.
func cancelTask(d Deps) tool {
	def := definition{
		name: "cancel_task", title: "Cancel task",
		description: "Take back a queued video before it is sent; nothing is charged then. Any other status cannot be cancelled, " +
			"since the video service has no way to: it is charged and made. To stop waiting needs no call and costs nothing.",
		arguments: []argument{
			{name: nameTaskID, required: true, aliases: []string{"id", "task", "video_id", "job_id"}, description: "A queued task"},
		},
		writes: true, destructive: true, repeatable: true,
	}
	return adapt(d, def, func(ctx context.Context, c call[cancelArguments]) (any, error) {
		task, err := d.Service.Withdraw(ctx, c.Principal, c.In.TaskID)
		if refused, ok := errors.AsType[*video.Error](err); ok && refused.Code == video.Conflict {
			return nil, d.notCancelled(ctx, c, refused)
		}
		if err != nil {
			return nil, err
		}
		result := showTask(d, task, 0)
		result.Notes = append(result.Notes, c.Notes...)
		return result, nil
	})
}

// notCancelled says what a task that goes on costs, which is what whoever wants
// it cancelled needs to know.
func (d Deps) notCancelled(ctx context.Context, c call[cancelArguments], refused *video.Error) error {
	task, err := d.Service.Get(ctx, c.Principal, c.In.TaskID)
	if err != nil || task.State.Settled() {
		return refused
	}
	told := *refused
	told.Suggestion = "Tell the user. Not to wait for it any longer costs nothing more and saves nothing: it is made all the same, and get_task_status with task_id=" + task.ID + " shows it at any time."
	return &told
}
