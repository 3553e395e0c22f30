package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"seedance-mcp/internal/catalog"
	"seedance-mcp/internal/media"
	"seedance-mcp/internal/preview"
	"seedance-mcp/internal/video"
)

// frameAge is how long an uploaded frame is used again: the same command keeps
// its picture and so is known as the same order. The service keeps uploads for
// 24 hours.
const frameAge = 20 * time.Hour

// continueFrom makes the wish one that begins where a finished task ended:
// its last frame is the first, and what the flags leave open stays as it was.
func (g *generation) continueFrom(ctx context.Context, id string, orders []wanted) error {
	task, err := g.app.engine.Get(ctx, localPrincipal, id)
	if err != nil {
		return err
	}
	if task.State != video.Success || len(task.Videos) == 0 {
		return &video.Error{
			Code: video.Conflict, Message: fmt.Sprintf("Task %s cannot be continued: it is %s.", task.ID, task.State),
			Suggestion: fmt.Sprintf("Follow it to its end first: seedance-mcp tasks %s --wait", task.ID),
		}
	}
	frame, err := g.lastFrame(ctx, task)
	if err != nil {
		return err
	}
	for i := range orders {
		ask := &orders[i].wish.Ask
		keep(ask, task.Request)
		ask.ImageURLs = append([]string{frame}, ask.ImageURLs...)
	}
	g.sayf("Continues %s: %s\n", task.ID, video.Clip(task.Request.Prompt, 60))
	return nil
}

// keep fills what the flags leave open from the video that is continued.
func keep(ask *catalog.Ask, before video.Request) {
	was := catalog.AskFor(before)
	for _, field := range []struct {
		to   *string
		from string
	}{
		{&ask.Model, was.Model}, {&ask.AspectRatio, was.AspectRatio}, {&ask.Duration, was.Duration}, {&ask.Resolution, was.Resolution},
	} {
		if *field.to == "" {
			*field.to = field.from
		}
	}
	if ask.InputMode == "" {
		ask.InputMode = string(video.Keyframe)
	}
	if ask.GenerateAudio == nil {
		ask.GenerateAudio = was.GenerateAudio
	}
}

// lastFrame is a URL of the task's last frame: the service's own, or that of
// the frame taken out of the clip and uploaded.
func (g *generation) lastFrame(ctx context.Context, task video.Task) (string, error) {
	clip := task.Videos[len(task.Videos)-1]
	fresh := clip.ExpiresAt.IsZero() || time.Now().Before(clip.ExpiresAt)
	if clip.LastFrameURL != "" && fresh {
		return clip.LastFrameURL, nil
	}
	dir := filepath.Join(g.app.settings.dataDir, "frames")
	if at, ok := uploadedFrame(dir, task.ID); ok {
		return at, nil
	}
	maker := preview.New(preview.Options{Source: media.NewGetter(g.app.local, g.app.mediaOnLoopback()), Logger: g.app.log})
	picture, err := maker.LastFrame(ctx, clip)
	if err != nil {
		return "", fmt.Errorf("%w\nContinue it with a picture of its last frame at a public address: seedance-mcp generate \"PROMPT\" --image URL", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("keep the last frame: %w", err)
	}
	path := filepath.Join(dir, task.ID+".jpg")
	if err := os.WriteFile(path, picture, 0o600); err != nil {
		return "", fmt.Errorf("keep the last frame: %w", err)
	}
	if g.app.settings.dialect != video.Kinovi {
		return "", &video.Error{
			Code:       video.Unavailable,
			Message:    "The service gave no picture of the last frame of " + task.ID + ", and the workflow dialect takes no uploads. The frame is saved as " + path + ".",
			Suggestion: `Put it at a public address, then: seedance-mcp generate "PROMPT" --image URL`,
		}
	}
	at, err := g.app.client.Upload(ctx, task.ID+".jpg", "image/jpeg", int64(len(picture)), bytes.NewReader(picture))
	if err != nil {
		return "", err
	}
	return keepUploaded(dir, task.ID, at)
}

// frameNote is where an uploaded frame is.
type frameNote struct {
	URL string    `json:"url"`
	At  time.Time `json:"uploaded_at"`
}

func uploadedFrame(dir, id string) (string, bool) {
	data, err := os.ReadFile(filepath.Join(dir, id+".json"))
	var note frameNote
	if err != nil || json.Unmarshal(data, &note) != nil || note.URL == "" || time.Since(note.At) > frameAge {
		return "", false
	}
	return note.URL, true
}

// keepUploaded notes where the frame is, for a repeated command. Of two at the
// same instant the first one's counts for both, so that they stay one order.
func keepUploaded(dir, id, at string) (string, error) {
	data, err := json.Marshal(frameNote{URL: at, At: time.Now().UTC()})
	if err != nil {
		return "", fmt.Errorf("note the last frame: %w", err)
	}
	temp, err := os.CreateTemp(dir, "*.tmp")
	if err != nil {
		return "", fmt.Errorf("note the last frame: %w", err)
	}
	defer func() { _ = os.Remove(temp.Name()) }() // gone already after a rename
	_, err = temp.Write(data)
	if err = errors.Join(err, temp.Close()); err != nil {
		return "", fmt.Errorf("note the last frame: %w", err)
	}
	path := filepath.Join(dir, id+".json")
	if err := os.Link(temp.Name(), path); err == nil {
		return at, nil
	}
	if before, ok := uploadedFrame(dir, id); ok {
		return before, nil
	}
	if err := os.Rename(temp.Name(), path); err != nil { // an old one, or no links here
		return "", fmt.Errorf("note the last frame: %w", err)
	}
	return at, nil
}
