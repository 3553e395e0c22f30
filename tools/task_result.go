package tools

import (
	"fmt"
	"math"
	"slices"
	"time"

	"seedance-mcp/internal/video"
)

const (
	// listedText is what lists may take of the 8,000 characters after which
	// the first client cuts an answer; the rest is for their frame.
	listedText = 6500
	// shownPrompt is enough of a prompt, in runes, to tell tasks apart.
	shownPrompt = 120
	maxReason   = 400
)

// sandboxNote stands in every answer of the simulated upstream.
const sandboxNote = "sandbox, no credits spent"

// taskResult is one task as every tool shows it. Absent means not known yet.
type taskResult struct {
	TaskID         string         `json:"task_id,omitempty"`
	UpstreamTaskID string         `json:"upstream_task_id,omitempty"`
	Status         string         `json:"status"`
	Reason         string         `json:"reason,omitempty"`
	Model          string         `json:"model,omitempty"`
	Workflow       string         `json:"workflow,omitempty"`
	Prompt         string         `json:"prompt,omitempty"`
	Videos         []videoResult  `json:"videos,omitempty"`
	Credits        *creditsResult `json:"credits,omitempty"`
	Quote          string         `json:"quote,omitempty"`
	ConfirmToken   string         `json:"confirm_token,omitempty"`
	Error          *video.Failure `json:"error,omitempty"`
	CreatedAt      string         `json:"created_at,omitempty"`
	CompletedAt    string         `json:"completed_at,omitempty"`
	ETASeconds     int            `json:"eta_seconds,omitempty"`
	Sandbox        bool           `json:"sandbox,omitempty"`
	DuplicateOf    string         `json:"duplicate_of,omitempty"`
	Notes          []string       `json:"notes,omitempty"`
	Warnings       []string       `json:"warnings,omitempty"`
	Next           string         `json:"next"`
}

// videoResult is one clip; the saved file comes first, because its URL expires.
type videoResult struct {
	Path         string `json:"path,omitempty"`
	URL          string `json:"url"`
	Width        int    `json:"width,omitempty"`
	Height       int    `json:"height,omitempty"`
	ExpiresAt    string `json:"expires_at,omitempty"`
	LastFrameURL string `json:"last_frame_url,omitempty"`
	Seed         *int64 `json:"seed,omitempty"`
}

type creditsResult struct {
	Estimated *video.Credits `json:"estimated,omitempty"`
	Used      *video.Credits `json:"used,omitempty"`
	Settled   bool           `json:"settled"`
}

// showTask is the whole answer about one task; eta is zero when not known.
func showTask(d Deps, task video.Task, eta time.Duration) taskResult {
	task = d.linked(task)
	result := taskResult{
		TaskID:         task.ID,
		UpstreamTaskID: task.UpstreamID,
		Status:         string(task.State),
		Reason:         video.Clip(task.Reason, maxReason),
		Model:          task.Request.Model,
		Workflow:       task.Workflow,
		Prompt:         video.Clip(task.Request.Prompt, shownPrompt),
		Videos:         showVideos(task.Videos),
		Credits:        &creditsResult{Estimated: task.Quote.Credits, Used: task.Used, Settled: task.Settled},
		Error:          task.Failure,
		CreatedAt:      stamp(task.CreatedAt),
		CompletedAt:    stamp(task.CompletedAt),
		Sandbox:        task.Sandbox,
		Next:           next(d, task),
	}
	if task.Sandbox {
		result.Notes = []string{sandboxNote}
	}
	if d.Link != nil && slices.ContainsFunc(task.Videos, func(v video.Video) bool { return !v.Kept() }) {
		result.Notes = append(result.Notes, notCopiedNote)
	}
	if !task.State.Settled() && eta > 0 {
		result.ETASeconds = wholeSeconds(eta)
	}
	return result
}

// notCopiedNote stands where a link is not the one that it will be.
const notCopiedNote = "not copied yet: this is the video service's own link; ask again later for one of this server"

// linked is the task with links to the copies of its videos in the place of the
// upstream's.
func (d Deps) linked(task video.Task) video.Task {
	if d.Link == nil {
		return task
	}
	task.Videos = slices.Clone(task.Videos)
	for i, v := range task.Videos {
		if v.Copy == "" {
			continue
		}
		link, ends, err := d.Link(v.Copy)
		if err != nil { // the upstream's is better than none
			d.Logger.Error("a link to a copy cannot be made", "task", task.ID, "err", err)
			continue
		}
		task.Videos[i].URL, task.Videos[i].ExpiresAt = link, ends
	}
	return task
}

// maxVideos bounds an answer whatever the upstream sends; one is usual.
const maxVideos = 4

func showVideos(videos []video.Video) []videoResult {
	shown := make([]videoResult, 0, min(len(videos), maxVideos))
	for _, v := range videos[:min(len(videos), maxVideos)] {
		shown = append(shown, videoResult{
			Path: v.Path, URL: v.URL, Width: v.Width, Height: v.Height,
			ExpiresAt: stamp(v.ExpiresAt), LastFrameURL: v.LastFrameURL, Seed: v.Seed,
		})
	}
	return shown
}

// stamp is a time as every answer writes it; "" for none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// wholeSeconds rounds up, so that nobody looks too early.
func wholeSeconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }

// creditsText is "200 credits", or that no price is published.
func creditsText(credits *video.Credits) string {
	if credits == nil {
		return "an unpublished number of credits"
	}
	if *credits == video.WholeCredits(1) {
		return "1 credit"
	}
	return fmt.Sprintf("%s credits", credits)
}
