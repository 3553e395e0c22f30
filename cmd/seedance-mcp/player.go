package main

import (
	"context"
	"fmt"
	"net/url"
	"os"

	"seedance-mcp/internal/video"
	player "seedance-mcp/server/app"
	"seedance-mcp/tools"
)

// maxClip is the largest file that is put into a message; players that need
// more open the link.
const maxClip = 12 << 20

// page follows a task and plays its video: inside chats, and at /ui. own is
// where this server is reached, "" over stdio.
func (a *app) page(own string) (*player.App, error) {
	options := player.Options{MediaOrigins: a.mediaOrigins(own)}
	if a.downloads {
		options.Clip = a.clip
	}
	return player.New(options)
}

// mediaOrigins are where finished videos lie: this server, for the sandbox's,
// or the upstream's own hosts.
func (a *app) mediaOrigins(own string) []string {
	var origins []string
	if a.copies != nil {
		origins = append(origins, a.copies.Origin())
	}
	if a.sandbox == nil {
		if u, err := url.Parse(a.settings.apiURL); err == nil && u.Scheme == "https" {
			origins = append(origins, "https://"+u.Host, "https://*."+u.Host)
		}
		return origins
	}
	for _, base := range []string{own, a.settings.publicURL} {
		if u, err := url.Parse(base); err == nil && u.Host != "" {
			origins = append(origins, u.Scheme+"://"+u.Host)
		}
	}
	return origins
}

// clip is a saved video's bytes, for players that cannot reach its URL.
func (a *app) clip(ctx context.Context, taskID string) ([]byte, string, error) {
	task, err := a.engine.Get(ctx, tools.Principal(ctx), taskID)
	if err != nil {
		return nil, "", err
	}
	if len(task.Videos) == 0 || task.Videos[0].Path == "" {
		return nil, "", &video.Error{
			Code:       video.NotFound,
			Message:    "The task has no saved video.",
			Suggestion: "get_task_status tells its state and its URL; download_video saves it.",
		}
	}
	path := task.Videos[0].Path
	info, err := os.Stat(path)
	if err != nil {
		return nil, "", &video.Error{
			Code: video.NotFound, Err: err,
			Message:    "The saved video is not there any more.",
			Suggestion: "download_video saves it again.",
		}
	}
	if info.Size() > maxClip {
		return nil, "", &video.Error{
			Code:       video.Invalid,
			Message:    fmt.Sprintf("The video has %d MiB; at most %d MiB fit into a message.", info.Size()>>20, maxClip>>20),
			Suggestion: "Open its URL, or its file.",
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, "", err
	}
	mediaType := task.Videos[0].MediaType
	if mediaType == "" {
		mediaType = "video/mp4"
	}
	return data, mediaType, nil
}
