package tools

import (
	"fmt"

	"seedance-mcp/internal/catalog"
	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/video"
)

// wishArguments are what generate_video and estimate_cost are asked. Values
// that the catalogue understands in many spellings stay text.
type wishArguments struct {
	Prompt         string         `json:"prompt"`
	Model          string         `json:"model"`
	AspectRatio    string         `json:"aspect_ratio"`
	Duration       string         `json:"duration"`
	Resolution     string         `json:"resolution"`
	ImageURLs      []string       `json:"image_urls"`
	VideoURLs      []string       `json:"video_urls"`
	AudioURLs      []string       `json:"audio_urls"`
	InputMode      string         `json:"input_mode"`
	Seed           string         `json:"seed"`
	GenerateAudio  *bool          `json:"generate_audio"`
	MaxCredits     *video.Credits `json:"max_credits"`
	IdempotencyKey string         `json:"idempotency_key"`
	ForceNew       bool           `json:"force_new"`
	ConfirmToken   string         `json:"confirm_token"`
}

func (a wishArguments) wish() engine.Wish {
	return engine.Wish{
		Ask: catalog.Ask{
			Prompt: a.Prompt, Model: a.Model, AspectRatio: a.AspectRatio, Duration: a.Duration,
			Resolution: a.Resolution, InputMode: a.InputMode, Seed: a.Seed,
			ImageURLs: a.ImageURLs, VideoURLs: a.VideoURLs, AudioURLs: a.AudioURLs,
			GenerateAudio: a.GenerateAudio,
		},
		MaxCredits: a.MaxCredits, IdempotencyKey: a.IdempotencyKey,
		ForceNew: a.ForceNew, ConfirmToken: a.ConfirmToken,
	}
}

// describedWish defines the arguments that shape a video and its price, with
// the enums and ranges of the dialect's models. What the dialect does not have
// stays understood, so that the catalogue can say so by name.
func describedWish(d Deps) []argument {
	ids, shortest, longest := modelRange(d)
	resolutions := d.Catalog.Resolutions(d.Dialect)
	kinoviOnly := d.Dialect != video.Kinovi
	ratios := d.Catalog.AspectRatios(d.Dialect)
	model := d.Catalog.DefaultModel(d.Dialect)
	images := "Public URLs"
	switch {
	case d.Uploader != nil && d.LocalFiles:
		images = "URLs, data URIs or local files"
	case d.Uploader != nil:
		images = "Public URLs or data URIs"
	}
	return []argument{
		{name: namePrompt, kind: promptKind, required: true, aliases: []string{"text", "description", "input"},
			description: "What the video shows"},
		{name: nameModel, values: ids, aliases: []string{"model_id", "model_name"},
			description: fmt.Sprintf("Default %s", model)},
		{name: nameAspectRatio, values: ratios, aliases: []string{"ratio", "aspect", "size", "orientation"},
			description: "Default 16:9"},
		{name: nameDuration, kind: wholeKind, minimum: &shortest, maximum: &longest,
			aliases:     []string{"duration_seconds", "seconds", "length", "lenght", "video_length", "time"}, //nolint:misspell // which is what models do
			description: fmt.Sprintf("Seconds, %d-%d by model, default 5", shortest, longest)},
		{name: nameResolution, kind: looseKind, values: resolutions, hidden: len(resolutions) < 2,
			aliases: []string{"quality", "output_resolution"}, description: "Default 720p"},
		{name: nameImageURLs, kind: listKind, aliases: []string{"images", familyImage, "img", "img_url", "urls", "first_frame", "first_frame_url", "reference_images", "start_image"},
			description: images + "; 1 = first frame, 2 = first and last"},
		{name: nameVideoURLs, kind: listKind, hidden: kinoviOnly, aliases: []string{nameVideos, "reference_videos"},
			description: "Reference videos"},
		{name: nameAudioURLs, kind: listKind, hidden: kinoviOnly, aliases: []string{"audios", "audio_files", "reference_audios"},
			description: "Reference audio"},
		{name: nameInputMode, values: []string{string(video.Keyframe), string(video.Reference)},
			aliases: []string{"mode", "video_input_mode", "image_mode"}, description: "Default keyframe; reference: images show subjects"},
		{name: "seed", kind: wholeKind, hidden: kinoviOnly, description: "0-4294967295"},
		{name: "generate_audio", kind: flagKind, hidden: kinoviOnly, aliases: []string{familyAudio, "sound", "with_audio"},
			description: "Default true"},
	}
}

// modelRange is the dialect's model ids and the widest range of seconds.
func modelRange(d Deps) (ids []string, shortest, longest int) {
	for _, model := range d.Catalog.Models(d.Dialect) {
		ids = append(ids, model.ID)
		if model.MaxSeconds == 0 {
			continue
		}
		if shortest == 0 || model.MinSeconds < shortest {
			shortest = model.MinSeconds
		}
		longest = max(longest, model.MaxSeconds)
	}
	return ids, shortest, longest
}
