package tools

import (
	"context"
	"errors"
	"fmt"
	"time"

	"seedance-mcp/internal/video"
)

// downloadTime keeps the call below the clients' time-out; a download goes on
// where it stopped when it is called again.
const downloadTime = maxWaitSeconds * time.Second

type downloadArguments struct {
	TaskID    string `json:"task_id"`
	Directory string `json:"directory"`
	FileName  string `json:"file_name"`
}

func downloadVideo(d Deps) tool {
	def := definition{
		name: "download_video", title: "Download video",
		description: "Save a finished video as a file on this server's machine and answer its path. Free. " +
			"Call it when get_task_status says success but shows no path: URLs expire. What is saved, or half saved, is not fetched twice.",
		arguments: []argument{
			latestTask(),
			{name: "directory", aliases: []string{"dir", "folder", "output_dir", "path"}, description: "An allowed folder"},
			{name: "file_name", aliases: []string{"name", "output_name"}, description: "Without extension"},
		},
		writes: true, repeatable: true,
	}
	return adapt(d, def, func(ctx context.Context, c call[downloadArguments]) (any, error) {
		task, err := d.Service.Get(ctx, c.Principal, c.In.TaskID)
		if err != nil {
			return nil, err
		}
		if err := downloadable(d, task); err != nil {
			return nil, err
		}
		bounded, cancel := context.WithTimeout(ctx, downloadTime)
		defer cancel()
		saved, err := d.Service.Download(bounded, c.Principal, task.ID, c.In.Directory, c.In.FileName)
		if err != nil && ctx.Err() == nil && errors.Is(bounded.Err(), context.DeadlineExceeded) {
			return nil, &video.Error{
				Code: video.Unavailable, Err: err,
				Message:    fmt.Sprintf("The video is not completely saved after %d s.", int(downloadTime.Seconds())),
				Suggestion: fmt.Sprintf("Call download_video with task_id=%s again: it goes on where it stopped.", task.ID),
			}
		}
		if err != nil {
			return nil, err
		}
		result := showTask(d, saved, 0)
		result.Notes = append(result.Notes, c.Notes...)
		return result, nil
	})
}

// downloadable says why a task has nothing to save, and what to do instead.
func downloadable(d Deps, task video.Task) error {
	if task.State != video.Success || len(task.Videos) == 0 {
		return &video.Error{
			Code:       video.Conflict,
			Message:    fmt.Sprintf("Task %s has no video to save: its status is %s.", task.ID, task.State),
			Suggestion: next(d, task),
		}
	}
	if !d.Downloads {
		return &video.Error{
			Code:       video.Forbidden,
			Message:    "Saving files is switched off on this server.",
			Suggestion: fmt.Sprintf("Give the user %s instead, in full.", d.linked(task).Videos[0].URL),
		}
	}
	return nil
}
