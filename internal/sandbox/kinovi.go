package sandbox

import (
	"net/http"

	"seedance-mcp/internal/catalog"
	"seedance-mcp/internal/video"
)

// maxSeed is the largest seed; -1 asks for any.
const maxSeed = 1<<32 - 1

// understandKinovi checks the one-level dialect.
func (s *Server) understandKinovi(body createBody) (order, *refusal) {
	model, known := s.catalog.Model(video.Kinovi, body.Model)
	if !known {
		return order{}, refuse(http.StatusBadRequest, "Unknown model")
	}
	in := &body.Inputs
	o := order{Model: model}
	o.Prompt = in.prompt(true, model.MaxPrompt)
	o.Images = in.links("imageUrls", model.MaxImages)
	o.Videos = in.links("videoUrls", model.MaxVideos)
	o.Audios = in.links("audioUrls", model.MaxAudios)
	in.required(model, o)
	o.Mode = in.mode(o)
	if o.Mode == video.Keyframe && len(o.Images) > model.MaxKeyframes {
		o.Images = o.Images[:model.MaxKeyframes]
	}
	o.Seconds = in.kinoviDuration(model)
	o.Resolution = in.choice("outputResolution", model.DefaultResolution, model.Resolutions)
	ratio := in.choice("aspectRatio", model.DefaultAspectRatio, model.AspectRatios)
	o.Width, o.Height = frameSize(model, ratio, o.Resolution)
	in.details(model)
	o.Seed = seedOf(in.integer("seed", "Seed must be an integer between 0 and 4294967295, or -1", -1, maxSeed))
	return o, in.refusal(video.Kinovi)
}

// required checks the media that a model, or another kind of media, needs.
func (in *inputs) required(m catalog.Model, o order) {
	switch m.Requires {
	case catalog.RequiresVideo:
		if len(o.Videos) == 0 {
			in.wrong("A source video is required", "videoUrls")
		}
	case catalog.RequiresImage:
		if len(o.Images) == 0 {
			in.wrong("An image is required", "imageUrls")
		}
	case catalog.RequiresImageOrVideo:
		if len(o.Images)+len(o.Videos) == 0 {
			in.wrong("A reference image or video is required", "imageUrls")
		}
	}
	if len(o.Audios) > 0 && len(o.Images)+len(o.Videos) == 0 {
		in.wrong("Audio cannot be used alone", "audioUrls")
	}
}

// mode reads the input mode; a video forces reference.
func (in *inputs) mode(o order) video.InputMode {
	given := video.InputMode(in.choice("mode", string(video.Keyframe), []string{string(video.Keyframe), string(video.Reference)}))
	switch {
	case len(o.Videos) > 0:
		return video.Reference
	case len(o.Images) == 0:
		return video.TextOnly
	}
	return given
}

// kinoviDuration reads whole seconds. A model without a default requires
// them; one without a range ignores them.
func (in *inputs) kinoviDuration(m catalog.Model) int {
	if m.MaxSeconds == 0 {
		return 0
	}
	seconds := in.integer("duration", durationMessage(m), int64(m.MinSeconds), int64(m.MaxSeconds))
	switch {
	case seconds != nil:
		return int(*seconds)
	case absent(in.values["duration"]) && m.DefaultSeconds == 0:
		in.wrong("Duration is required", "duration")
	}
	return m.DefaultSeconds
}

// details checks the fields that change nothing in the sandbox.
func (in *inputs) details(m catalog.Model) {
	if m.SoundField != "" {
		in.boolean(m.SoundField)
	}
	in.choice("bitrate_mode", "", m.Bitrates)
	in.choice("output_format", "", m.OutputFormats)
}
