package video

import "encoding/json"

// Dialect is a way to write createTask's body. One deployment speaks one.
type Dialect string

const (
	// Workflow is the two-level dialect: model is the workflow, inputs.model
	// the sub-model.
	Workflow Dialect = "workflow"
	// Kinovi is the one-level dialect: model is the sub-model.
	Kinovi Dialect = "kinovi"
)

// InputMode says how reference media steer a video.
type InputMode string

// The input modes.
const (
	// TextOnly: no media given.
	TextOnly InputMode = ""
	// Keyframe: one image is the first frame, two are first and last.
	Keyframe InputMode = "keyframe"
	// Reference: media show subjects and style, not frames.
	Reference InputMode = "reference"
)

// Request is a wish for one video, normalised: model ids, sizes and durations
// are the catalogue's own, defaults are filled in. Equal wishes are equal
// values, so a hash of its JSON finds duplicates.
type Request struct {
	Prompt string `json:"prompt"`
	// Model is the catalogue id, such as "seedance-20".
	Model string `json:"model"`
	// AspectRatio is "16:9" and the like; "" where the model takes none.
	AspectRatio string `json:"aspect_ratio,omitempty"`
	// Duration is in whole seconds; 0 where the source video sets it.
	Duration int `json:"duration,omitempty"`
	// Resolution is "480p", "720p", "1080p" or "4k".
	Resolution    string    `json:"resolution,omitempty"`
	ImageURLs     []string  `json:"image_urls,omitempty"`
	VideoURLs     []string  `json:"video_urls,omitempty"`
	AudioURLs     []string  `json:"audio_urls,omitempty"`
	InputMode     InputMode `json:"input_mode,omitempty"`
	Seed          *int64    `json:"seed,omitempty"`
	GenerateAudio *bool     `json:"generate_audio,omitempty"`
}

// Quote is what a request costs before it is sent.
type Quote struct {
	// Credits is nil where no rate is published; Reason then says why.
	Credits *Credits `json:"credits"`
	Reason  string   `json:"reason,omitempty"`
	// Rate is credits per billed second; nil where Credits is, or where the
	// price has more than one part (Formula tells).
	Rate *Credits `json:"rate,omitempty"`
	// Seconds are those billed: the duration, plus a source's where it counts.
	Seconds int `json:"seconds,omitempty"`
	// Formula is the computation in words, such as "5 s × 40 credits/s".
	Formula string `json:"formula,omitempty"`
	// Provisional says that the upstream settles the exact sum after success.
	Provisional bool `json:"provisional,omitempty"`
}

// Plan is a request made ready to send: what generate_video posts and
// estimate_cost shows.
type Plan struct {
	Request Request
	// Payload is createTask's body without callBackUrl.
	Payload json.RawMessage
	// Workflow is the two-level dialect's top-level model; "" in kinovi.
	Workflow string
	Quote    Quote
	// Notes tell what was understood differently from what was written.
	Notes []string
	// Warnings tell what the caller should know before paying.
	Warnings []string
}
