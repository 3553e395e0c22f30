package sandbox

import (
	"math"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"seedance-mcp/internal/catalog"
	"seedance-mcp/internal/video"
)

// oddFraction is what the word "fractional-credits" adds to a price, in
// millionths of a credit: six decimals, which no binary float holds exactly.
const oddFraction video.Credits = 333_333

// order is what a valid createTask asks for, in either dialect.
type order struct {
	Model      catalog.Model
	Prompt     string
	Resolution string // of the catalogue, such as "720p"
	// Seconds is the duration; 0 where the source sets it.
	Seconds                int
	Width, Height          int
	Mode                   video.InputMode
	Images, Videos, Audios []string
	Seed                   int64
}

// links are all the media that the order refers to.
func (o order) links() []string { return slices.Concat(o.Images, o.Videos, o.Audios) }

// rendered is how many seconds of video the order gives.
func (o order) rendered() int {
	if o.Seconds == 0 {
		return assumedSource
	}
	return min(o.Seconds, maxRendered)
}

// price fills in what the order costs: the reservation at creation, and the
// exact sum after success where the source's length counts.
func (o order) price(t *task) {
	input := catalog.PriceInput{
		Resolution: o.Resolution, Seconds: o.Seconds, Mode: o.Mode, HasVideo: len(o.Videos) > 0,
	}
	quote := o.Model.Price(input)
	if quote.Credits == nil {
		return
	}
	t.Priced, t.Charged = true, *quote.Credits
	if quote.Provisional {
		input.SourceSeconds = assumedSource * len(o.Videos)
		t.Settled = o.Model.Price(input).Credits
		if o.Model.ReservedSeconds > 0 {
			t.Charged = quote.Rate.Times(int64(o.Model.ReservedSeconds))
		}
	}
	if t.words.has("fractional-credits") {
		t.Charged += oddFraction
		t.Settled = nil
	}
}

// seedOf is the seed to use for the one given; nil and -1 ask for any.
func seedOf(given *int64) int64 {
	if given == nil || *given < 0 {
		return int64(rand.Uint32()) //nolint:gosec // a picture's seed, no secret
	}
	return *given
}

// understandWorkflow checks the two-level dialect.
func (s *Server) understandWorkflow(body createBody) (order, *refusal) {
	models := s.catalog.Models(video.Workflow)
	if !slices.ContainsFunc(models, func(m catalog.Model) bool { return m.Workflow == body.Model }) {
		// The status is not documented; the message is.
		return order{}, refuse(http.StatusBadRequest, "Unsupported NewAPI workflow: "+video.Clip(body.Model, 100))
	}
	in := &body.Inputs
	model, known := s.catalog.Model(video.Workflow, in.text("model", "z video"))
	if !known {
		in.wrong("Unknown model", "model")
		return order{}, in.refusal(video.Workflow)
	}
	o := order{Model: model, Seed: seedOf(nil)}
	o.Images = in.links("urls", model.MaxImages)
	o.Prompt = in.prompt(len(o.Images) == 0, model.MaxPrompt)
	o.Seconds = in.workflowDuration(model)
	o.Resolution, o.Width, o.Height = in.pixelSize(model)
	o.Mode = video.InputMode(in.choice("videoInputMode", "", modeNames(model)))
	switch {
	case o.Mode == video.Reference && len(o.Images) == 0:
		in.wrong("reference needs urls", "urls")
	case o.Mode != video.Reference && len(o.Images) > model.MaxKeyframes:
		in.wrong("too many urls for keyframe", "urls")
	case len(o.Images) == 0:
		o.Mode = video.TextOnly
	case o.Mode == video.TextOnly:
		o.Mode = video.Keyframe
	}
	return o, in.refusal(video.Workflow)
}

func modeNames(m catalog.Model) []string {
	names := make([]string, len(m.InputModes))
	for i, mode := range m.InputModes {
		names[i] = string(mode)
	}
	return names
}

// workflowDuration reads a duration such as "5s".
func (in *inputs) workflowDuration(m catalog.Model) int {
	given := in.text("duration", strconv.Itoa(m.DefaultSeconds)+"s")
	digits, unit := strings.CutSuffix(given, "s")
	seconds, err := strconv.Atoi(digits)
	if err != nil || !unit || strconv.Itoa(seconds) != digits || seconds < m.MinSeconds || seconds > m.MaxSeconds {
		in.wrong(durationMessage(m), "duration")
		return m.DefaultSeconds
	}
	return seconds
}

func durationMessage(m catalog.Model) string {
	return "Duration must be between " + strconv.Itoa(m.MinSeconds) + " and " + strconv.Itoa(m.MaxSeconds) + " seconds"
}

// pixelSize reads a resolution such as "1280x720": one of the model's own.
func (in *inputs) pixelSize(m catalog.Model) (resolution string, width, height int) {
	sizes := make(map[string]string)
	var valid []string
	for _, resolution := range m.Resolutions {
		for _, ratio := range m.AspectRatios {
			if w, h, ok := m.PixelSize(ratio, resolution); ok {
				name := strconv.Itoa(w) + "x" + strconv.Itoa(h)
				sizes[name] = resolution
				valid = append(valid, name)
			}
		}
	}
	width, height = frameSize(m, m.DefaultAspectRatio, m.DefaultResolution)
	chosen := in.choice("resolution", strconv.Itoa(width)+"x"+strconv.Itoa(height), valid)
	w, h, _ := strings.Cut(chosen, "x")
	width, _ = strconv.Atoi(w)
	height, _ = strconv.Atoi(h)
	return sizes[chosen], width, height
}

// frameSize is the published size, or one worked out from the names where
// none is published: the shorter side is the resolution's number.
func frameSize(m catalog.Model, ratio, resolution string) (width, height int) {
	if w, h, ok := m.PixelSize(ratio, resolution); ok {
		return w, h
	}
	short := 720
	if number, err := strconv.Atoi(strings.TrimSuffix(resolution, "p")); err == nil {
		short = number
	} else if resolution == "4k" {
		short = 2160
	}
	across, down := 16.0, 9.0
	if a, d, ok := strings.Cut(ratio, ":"); ok {
		if x, err := strconv.ParseFloat(a, 64); err == nil && x > 0 {
			across = x
		}
		if y, err := strconv.ParseFloat(d, 64); err == nil && y > 0 {
			down = y
		}
	}
	even := func(side float64) int { return min(int(math.Round(side/2))*2, 3840) }
	if across >= down {
		return even(float64(short) * across / down), even(float64(short))
	}
	return even(float64(short)), even(float64(short) * down / across)
}
