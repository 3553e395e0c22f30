package tools

import (
	"fmt"
	"strings"

	"seedance-mcp/internal/video"
)

// maxWaitSeconds keeps a waiting call below the 60 s at which most clients give
// up, with room for proxies and start-up.
const maxWaitSeconds = 45

// notAgain stands in every answer about a video that is still coming: a model
// that is told to wait often orders a second one instead.
const notAgain = "Do not call generate_video again for this video."

// keyTaken: whatever else changes, the key of a failed attempt brings it back.
const keyTaken = "Its idempotency_key leads to this attempt for ever: a new one needs another key."

// next says what to do about a task: the tool, its arguments, and what not to.
func next(d Deps, task video.Task) string {
	otherKey := ""
	if task.IdempotencyKey != "" {
		otherKey = " and another idempotency_key"
	}
	look := fmt.Sprintf("Call get_task_status with task_id=%s and wait_seconds=%d", task.ID, maxWaitSeconds)
	switch task.State {
	case video.Success:
		return nextAfterSuccess(d, task)
	case video.Failed:
		return nextAfterFailure(task)
	case video.Queued:
		return "The account already runs as many videos as it may; this one is sent by itself when a slot frees, and nothing is charged until then: cancel_task takes it back. " + look + ". " + notAgain
	case video.Unconfirmed:
		return fmt.Sprintf("It may have been accepted and charged, and is never sent again by itself. Tell the user, who can look for it in the account's history and charges and then settle it on the server's machine: `seedance-mcp tasks resolve %[1]s --upstream-id ID` if it appears there, `seedance-mcp tasks resolve %[1]s --not-paid` if it does not. After that get_task_status with task_id=%[1]s shows what became of it. Only if the user is sure that it does not appear, and agrees, call generate_video with the same arguments and force_new=true%[2]s.", task.ID, otherKey)
	case video.Stalled:
		return fmt.Sprintf("It takes far longer than usual and is still looked at. Tell the user, and call get_task_status with task_id=%s later. %s", task.ID, notAgain)
	default:
		return look + " until status is success or fail. " + notAgain
	}
}

func nextAfterSuccess(d Deps, task video.Task) string {
	if len(task.Videos) == 0 {
		return fmt.Sprintf("Finished, but without a video. Tell the user; call get_task_status with task_id=%s to look again.", task.ID)
	}
	first := task.Videos[0]
	if first.Path != "" {
		return fmt.Sprintf("Saved as %s. Show or give the user that file; nothing more needs to be called.", first.Path)
	}
	text := "Give the user videos[0].url, in full"
	if !first.ExpiresAt.IsZero() {
		text += ", and say that it expires at " + stamp(first.ExpiresAt)
	}
	if d.Downloads {
		return text + fmt.Sprintf(". To save the file, call download_video with task_id=%s.", task.ID)
	}
	return text + ". Nothing more needs to be called."
}

func nextAfterFailure(task video.Task) string {
	failure := task.Failure
	if failure == nil {
		failure = &video.Failure{Charged: video.ChargedUnknown, Retry: video.RetrySame}
	}
	var parts []string
	switch failure.Charged {
	case video.ChargedNo:
		parts = append(parts, "Nothing was charged.")
	case video.ChargedYes:
		parts = append(parts, "It was charged all the same.")
	default:
		parts = append(parts, "Whether it was charged is not known.")
	}
	suggestion := sentence(video.Clip(failure.Suggestion, maxReason))
	if suggestion != "" {
		parts = append(parts, suggestion)
	}
	switch {
	case failure.Class == video.FailWithdrawn:
		parts = append(parts, "It was taken back on purpose: call generate_video again only if the user wants it after all.")
	case strings.Contains(suggestion, generateVideoName): // it says all of it
	case failure.Retry == video.RetrySame:
		parts = append(parts, "The same request may succeed: call generate_video again with the same arguments.")
	case failure.Retry == video.RetryChanged:
		parts = append(parts, "Change the request as said, then call generate_video; unchanged it will fail again.")
	default:
		parts = append(parts, "Calling generate_video again does not help; tell the user.")
	}
	if task.IdempotencyKey != "" {
		parts = append(parts, keyTaken)
	}
	return strings.Join(parts, " ")
}
