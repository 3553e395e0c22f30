package catalog

import (
	"bytes"
	"encoding/json"
	"fmt"

	"seedance-mcp/internal/video"
)

// The bodies of createTask. Structs keep the order of the fields, so equal
// requests are equal bytes.

// The names of generate_audio in the kinovi dialect's inputs.
const (
	soundGenerateAudio = "generate_audio"
	soundAudio         = "audio"
)

// workflowBody is the two-level dialect: the workflow outside, the model inside.
type workflowBody struct {
	Model  string         `json:"model"`
	Inputs workflowInputs `json:"inputs"`
}

type workflowInputs struct {
	Model      string          `json:"model"`
	Prompt     string          `json:"prompt"`
	Resolution string          `json:"resolution,omitempty"` // pixels, "1280x720"
	Duration   string          `json:"duration,omitempty"`   // "5s"
	URLs       []string        `json:"urls,omitempty"`
	InputMode  video.InputMode `json:"videoInputMode,omitempty"`
}

// kinoviBody is the one-level dialect. Its service ignores unknown inputs
// without a word, so a name misspelt here would be a wrong, paid video.
type kinoviBody struct {
	Model  string       `json:"model"`
	Inputs kinoviInputs `json:"inputs"`
}

type kinoviInputs struct {
	Prompt        string          `json:"prompt"`
	ImageURLs     []string        `json:"imageUrls,omitempty"`
	VideoURLs     []string        `json:"videoUrls,omitempty"`
	AudioURLs     []string        `json:"audioUrls,omitempty"`
	Mode          video.InputMode `json:"mode,omitempty"`
	Duration      int             `json:"duration,omitempty"` // whole seconds
	Resolution    string          `json:"outputResolution,omitempty"`
	AspectRatio   string          `json:"aspectRatio,omitempty"`
	GenerateAudio *bool           `json:"generate_audio,omitempty"`
	Audio         *bool           `json:"audio,omitempty"` // the wan models' generate_audio
	Seed          *int64          `json:"seed,omitempty"`
}

// payloadOf writes createTask's body without callBackUrl.
func payloadOf(m *Model, r video.Request) (json.RawMessage, error) {
	if m.Workflow != "" {
		return workflowPayload(m, r)
	}
	inputs := kinoviInputs{
		Prompt: r.Prompt, ImageURLs: r.ImageURLs, VideoURLs: r.VideoURLs, AudioURLs: r.AudioURLs, Mode: r.InputMode,
		Duration: r.Duration, Resolution: r.Resolution, AspectRatio: r.AspectRatio, Seed: r.Seed,
	}
	if m.SoundField == soundAudio {
		inputs.Audio = r.GenerateAudio
	} else {
		inputs.GenerateAudio = r.GenerateAudio
	}
	return marshal(kinoviBody{m.ID, inputs})
}

func workflowPayload(m *Model, r video.Request) (json.RawMessage, error) {
	inputs := workflowInputs{Model: m.ID, Prompt: r.Prompt, URLs: r.ImageURLs, InputMode: r.InputMode}
	width, height, ok := m.PixelSize(r.AspectRatio, r.Resolution)
	if !ok { // the catalogue is checked for this when it is loaded
		return nil, fmt.Errorf("%s has no size for %s at %s", m.ID, r.AspectRatio, r.Resolution)
	}
	inputs.Resolution = fmt.Sprintf("%dx%d", width, height)
	if r.Duration > 0 {
		inputs.Duration = fmt.Sprintf("%ds", r.Duration)
	}
	return marshal(workflowBody{m.Workflow, inputs})
}

// marshal leaves &, < and > as they are: people read the payload, and URLs
// are full of &.
func marshal(body any) (json.RawMessage, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(body); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(out.Bytes()), nil
}
