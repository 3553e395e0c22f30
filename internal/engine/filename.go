package engine

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"seedance-mcp/internal/video"
)

const (
	maxSlug = 40 // runes
	shortID = 6  // the random end of our ids
)

// fileName is the name, without ending, of a task's i-th video: as asked for,
// or from the prompt and the end of the id. An ending that was asked for must
// not end up in the middle.
func fileName(task video.Task, asked string, i int) string {
	name := asked
	if name == "" {
		name = slug(task.Request.Prompt) + "-" + task.ID[max(0, len(task.ID)-shortID):]
	}
	if i > 0 {
		name = fmt.Sprintf("%s-%d", withoutEnding(name), i+1)
	}
	return name
}

// withoutEnding cuts a video's ending off.
func withoutEnding(name string) string {
	dot := strings.LastIndexByte(name, '.')
	if dot < 0 {
		return name
	}
	switch strings.ToLower(strings.TrimSpace(name[dot+1:])) {
	case "mp4", "m4v", "mov", "qt", "webm", "mkv":
		return name[:dot]
	default:
		return name
	}
}

// slug is the beginning of a prompt as a file name: lower-case words of
// letters and digits of any script, joined by hyphens.
func slug(prompt string) string {
	words := strings.FieldsFunc(strings.ToLower(prompt), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	var out []rune
	for _, word := range words {
		next := []rune(word)
		if len(out) > 0 {
			next = append([]rune{'-'}, next...)
		}
		if len(out)+len(next) > maxSlug {
			if len(out) == 0 {
				out = next[:maxSlug]
			}
			break
		}
		out = append(out, next...)
	}
	if len(out) == 0 {
		return "video"
	}
	return string(out)
}

// sidecar is what is written beside a video, so that the file explains itself.
type sidecar struct {
	TaskID         string          `json:"task_id"`
	UpstreamTaskID string          `json:"upstream_task_id"`
	Prompt         string          `json:"prompt,omitempty"`
	Model          string          `json:"model"`
	AspectRatio    string          `json:"aspect_ratio,omitempty"`
	Resolution     string          `json:"resolution,omitempty"`
	Duration       int             `json:"duration_seconds,omitempty"`
	InputMode      video.InputMode `json:"input_mode,omitempty"`
	ImageURLs      []string        `json:"image_urls,omitempty"`
	VideoURLs      []string        `json:"video_urls,omitempty"`
	AudioURLs      []string        `json:"audio_urls,omitempty"`
	Seed           *int64          `json:"seed,omitempty"`
	Credits        video.Credits   `json:"credits"`
	Settled        bool            `json:"credits_settled"`
	Sandbox        bool            `json:"sandbox,omitempty"`
	CreatedAt      time.Time       `json:"created_at"`
	SubmittedAt    time.Time       `json:"submitted_at,omitzero"`
	CompletedAt    time.Time       `json:"completed_at,omitzero"`
}

func sidecarOf(task video.Task, v video.Video) sidecar {
	r := task.Request
	seed := v.Seed // the one that was used
	if seed == nil {
		seed = r.Seed
	}
	return sidecar{
		TaskID: task.ID, UpstreamTaskID: task.UpstreamID,
		Prompt: r.Prompt, Model: r.Model, AspectRatio: r.AspectRatio, Resolution: r.Resolution, Duration: r.Duration,
		InputMode: r.InputMode, ImageURLs: r.ImageURLs, VideoURLs: r.VideoURLs, AudioURLs: r.AudioURLs, Seed: seed,
		Credits: task.Charged, Settled: task.Settled, Sandbox: task.Sandbox,
		CreatedAt: task.CreatedAt, SubmittedAt: task.SubmittedAt, CompletedAt: task.CompletedAt,
	}
}
