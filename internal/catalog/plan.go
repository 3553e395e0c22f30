package catalog

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"seedance-mcp/internal/video"
)

// Ask is what a caller wrote, before it is understood. "" and nil mean absent.
// Values are text exactly as given; a number is its JSON text ("5", "5.0").
type Ask struct {
	Prompt      string
	Model       string
	AspectRatio string
	Duration    string
	Resolution  string
	InputMode   string
	Seed        string

	// The media are URLs by now: whoever accepts files or data URIs uploads
	// them first.
	ImageURLs, VideoURLs, AudioURLs []string
	GenerateAudio                   *bool

	// AllowPrivateURLs lets media live on this machine or its network, which
	// only helps when the upstream does too: the local sandbox.
	AllowPrivateURLs bool
}

// AskFor is the Ask that plans to exactly this request.
func AskFor(r video.Request) Ask {
	ask := Ask{
		Prompt: r.Prompt, Model: r.Model, AspectRatio: r.AspectRatio, Resolution: r.Resolution,
		InputMode: string(r.InputMode), ImageURLs: r.ImageURLs, VideoURLs: r.VideoURLs, AudioURLs: r.AudioURLs,
		GenerateAudio: r.GenerateAudio,
	}
	if r.Duration > 0 {
		ask.Duration = fmt.Sprint(r.Duration)
	}
	if r.Seed != nil {
		ask.Seed = fmt.Sprint(*r.Seed)
	}
	return ask
}

// Plan reads an Ask into the exact payload and its price. A refusal is a
// *video.Error with code Invalid that names the argument, what was given and
// the nearest valid values; nothing has been sent then.
func (c *Catalog) Plan(d video.Dialect, ask Ask) (video.Plan, error) {
	dialect := c.dialects[d]
	if dialect == nil {
		return video.Plan{}, video.Errorf(video.Internal, "there is no dialect %q", d)
	}
	p := &planner{catalog: c, dialect: dialect, ask: ask}
	for _, read := range []func() error{
		p.readModel, p.readPrompt, p.readMedia, p.readSize, p.readDuration, p.readSeed, p.readSound,
	} {
		if err := read(); err != nil {
			return video.Plan{}, err
		}
	}
	p.checkMentions()
	quote := p.quote()
	payload, err := payloadOf(p.model, p.request)
	if err != nil {
		return video.Plan{}, &video.Error{Code: video.Internal, Message: "The request could not be written as JSON.", Err: err}
	}
	return video.Plan{
		Request: p.request, Payload: payload, Workflow: p.model.Workflow, Quote: quote,
		Notes: p.notes, Warnings: p.warnings,
	}, nil
}

// planner reads one Ask, argument by argument, into request.
type planner struct {
	catalog  *Catalog
	dialect  *dialect
	ask      Ask
	model    *Model
	request  video.Request
	notes    []string
	warnings []string
}

// notef tells what was understood differently from what was written.
func (p *planner) notef(format string, args ...any) {
	p.notes = append(p.notes, fmt.Sprintf(format, args...))
}

// warnf tells what the caller should know before paying.
func (p *planner) warnf(format string, args ...any) {
	p.warnings = append(p.warnings, fmt.Sprintf(format, args...))
}

// clipGiven bounds a caller's value in messages.
const clipGiven = 120

// The arguments by the names that callers know them by.
const (
	argPrompt        = "prompt"
	argModel         = "model"
	argAspectRatio   = "aspect_ratio"
	argDuration      = "duration"
	argResolution    = "resolution"
	argInputMode     = "input_mode"
	argSeed          = "seed"
	argGenerateAudio = "generate_audio"
	argImageURLs     = "image_urls"
	argVideoURLs     = "video_urls"
	argAudioURLs     = "audio_urls"
)

// refusal is an argument that cannot be meant.
type refusal struct {
	argument, given     string
	valid               []string
	message, suggestion string
}

func (r refusal) error() error {
	return &video.Error{
		Code: video.Invalid, Argument: r.argument, Given: video.Clip(r.given, clipGiven), Valid: r.valid,
		Message: r.message, Suggestion: r.suggestion,
	}
}

// quoted is a caller's value as messages show it.
func quoted(given string) string { return `"` + video.Clip(given, clipGiven) + `"` }

// absent says whether an optional argument says nothing.
func absent(text string) bool { return strings.TrimSpace(text) == "" }

// othersThat names the dialect's other models that would do, those of the
// nearest name first: who asked for a wan model hears of wan models.
func (p *planner) othersThat(would func(*Model) bool) []string {
	var ids []string
	for _, model := range p.dialect.models {
		if model != p.model && would(model) {
			ids = append(ids, model.ID)
		}
	}
	key := NameKey(p.model.ID)
	return nearest(ids, len(ids), func(id string) float64 { return nameDistance(key, []string{NameKey(id)}) })
}

// orModel ends a suggestion with the models that would take the value as is.
// It follows what to do with this one: "Use duration 15", "Leave seed out".
func orModel(ids []string) string {
	if len(ids) == 0 {
		return "."
	}
	return ", or use a model that allows it: " + anyOf(ids[:min(len(ids), maxSuggested)]) + "."
}

// anyOf joins alternatives: "a, b or c".
func anyOf(values []string) string {
	if len(values) < 2 {
		return strings.Join(values, "")
	}
	last := len(values) - 1
	return strings.Join(values[:last], ", ") + " or " + values[last]
}

// nearest sorts values by distance, ties in their own order, and keeps at most
// limit of them.
func nearest(values []string, limit int, distance func(string) float64) []string {
	type candidate struct {
		value    string
		distance float64
	}
	candidates := make([]candidate, len(values))
	for i, value := range values {
		candidates[i] = candidate{value, distance(value)}
	}
	slices.SortStableFunc(candidates, func(a, b candidate) int { return cmp.Compare(a.distance, b.distance) })
	sorted := make([]string, min(limit, len(values)))
	for i := range sorted {
		sorted[i] = candidates[i].value
	}
	return sorted
}

// quote prices the request and warns about what the price does not say.
func (p *planner) quote() video.Quote {
	quote := p.model.Price(PriceInput{
		Resolution: p.request.Resolution, Seconds: p.request.Duration,
		Mode: p.request.InputMode, HasVideo: len(p.request.VideoURLs) > 0,
	})
	switch {
	case quote.Credits == nil:
		p.warnf("The cost is not known before paying: %s. The upstream charges credits all the same.", quote.Reason)
	case quote.Provisional:
		p.warnf("The cost depends on how long the source video is: at most %s credits are expected, and the upstream settles the exact sum after success.", quote.Credits)
	}
	return quote
}
