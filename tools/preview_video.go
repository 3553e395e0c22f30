package tools

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"seedance-mcp/internal/preview"
	"seedance-mcp/internal/video"
)

// Previewer makes pictures of finished videos; package preview has it.
type Previewer interface {
	// SeesClips says that clips can be looked into, not last frames only.
	SeesClips() bool
	// Preview gives a JPEG of at most preview.MaxBytes.
	Preview(ctx context.Context, v video.Video) (preview.Picture, error)
}

// previews says whether preview_video can work: with ffmpeg, or where the
// dialect's answers have last frames.
func (d Deps) previews() bool {
	return d.Preview != nil && (d.Preview.SeesClips() || d.Dialect == video.Kinovi)
}

// previewTime keeps the call below the clients' time-out.
const previewTime = maxWaitSeconds * time.Second

type previewArguments struct {
	TaskID string `json:"task_id"`
}

// previewVideo has no output schema: with one, several clients would show the
// model its text and drop the picture.
func previewVideo(d Deps) tool {
	def := definition{
		name: "preview_video", title: "Preview video",
		description: "See a finished video: a picture of nine frames with their times, or of its last frame. Free. " +
			"Call it after get_task_status says success, to check or describe what was made; the user gets the video, not this.",
		arguments: []argument{
			latestTask(),
		},
		repeatable: true, picture: true,
		offered: "Offered where ffmpeg is installed, or the video service gives last frames.",
	}
	return adapt(d, def, func(ctx context.Context, c call[previewArguments]) (any, error) {
		task, err := d.Service.Get(ctx, c.Principal, c.In.TaskID)
		if err != nil {
			return nil, err
		}
		if task.State != video.Success || len(task.Videos) == 0 {
			return nil, &video.Error{
				Code:       video.Conflict,
				Message:    fmt.Sprintf("Task %s has no video to look at: its status is %s.", task.ID, task.State),
				Suggestion: next(d, task),
			}
		}
		bounded, cancel := context.WithTimeout(ctx, previewTime)
		defer cancel()
		picture, err := d.Preview.Preview(bounded, task.Videos[0])
		if err != nil && ctx.Err() == nil {
			return nil, noPreview(task, err, bounded.Err() != nil)
		}
		if err != nil {
			return nil, err
		}
		return &mcp.CallToolResult{Content: []mcp.Content{
			mcp.TextContent{Type: mcp.ContentTypeText, Text: strings.Join(slices.Concat([]string{previewText(task, picture)}, c.Notes), " ")},
			mcp.ImageContent{Type: mcp.ContentTypeImage, Data: base64.StdEncoding.EncodeToString(picture.JPEG), MIMEType: typeJPEG},
		}}, nil
	})
}

// noPreview: the video is there all the same, and the user can be given it.
func noPreview(task video.Task, err error, late bool) error {
	known, ok := errors.AsType[*video.Error](err)
	switch {
	case ok && known.Code == video.Internal, !ok && !late:
		return err
	case !ok:
		known = &video.Error{Code: video.Unavailable, Message: fmt.Sprintf("No picture was made within %d s.", int(previewTime.Seconds())), Err: err}
	}
	told := *known
	told.Message = fmt.Sprintf("Task %s cannot be previewed. %s", task.ID, sentence(known.Message))
	told.Suggestion = fmt.Sprintf("The video itself is not affected: get_task_status with task_id=%s shows where it is. Give the user that, and say that you have not seen it.", task.ID)
	return &told
}

// previewText says what the picture shows, for those who see no picture too.
func previewText(task video.Task, p preview.Picture) string {
	var text strings.Builder
	fmt.Fprintf(&text, "Task %s, prompt %q. ", task.ID, video.Clip(task.Request.Prompt, shownPrompt))
	if len(p.Times) == 0 {
		text.WriteString("The picture is the video's last frame.")
	} else {
		times := make([]string, len(p.Times))
		for i, at := range p.Times {
			times[i] = fmt.Sprintf("%.1f", at.Seconds())
		}
		fmt.Fprintf(&text, "The picture shows %d of its frames, row by row, %d in a row, at %s s.", len(times), p.Columns, strings.Join(times, ", "))
	}
	if task.Sandbox {
		text.WriteString(" It is the sandbox's drawing, not a real generation: " + sandboxNote + ".")
	}
	return text.String()
}
