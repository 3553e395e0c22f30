package catalog

import (
	"slices"
	"time"

	"seedance-mcp/internal/video"
)

// Requirement says without which media a model cannot work.
type Requirement string

// What a model may require.
const (
	RequiresNothing      Requirement = ""
	RequiresImage        Requirement = "image"
	RequiresVideo        Requirement = "video"
	RequiresImageOrVideo Requirement = "image_or_video"
)

// The topics of Model.Undocumented.
const (
	topicPrompt     = "prompt" // its length
	topicDuration   = "duration"
	topicImages     = "images" // whether there may be any
	topicImageCount = "image_count"
	topicPrice      = "price"
)

// Model is one model of one dialect: what it takes, makes and costs. It is a
// description to read; its lists are shared and must not be changed.
type Model struct {
	// ID is the exact id that goes to the upstream.
	ID, Title, Summary string
	Aliases            []string
	// Workflow is the two-level dialect's top-level model; "" in kinovi.
	Workflow string

	// MinSeconds and MaxSeconds bound the duration, in whole seconds; both 0
	// where the source video sets it and no duration is taken.
	// DefaultSeconds is 0 where a duration must be given.
	MinSeconds, MaxSeconds, DefaultSeconds int

	AspectRatios []string
	// DefaultAspectRatio is "" where the source video sets it.
	DefaultAspectRatio string
	Resolutions        []string
	DefaultResolution  string

	// InputModes is empty for models that take no media.
	InputModes                      []video.InputMode
	MaxImages, MaxVideos, MaxAudios int
	// MaxKeyframes is how many images keyframe mode uses.
	MaxKeyframes int
	// MaxVideoSeconds and MaxAudioSeconds bound all videos, or all audios, of
	// one request together; 0 where not documented.
	MaxVideoSeconds, MaxAudioSeconds int
	// ImageFormats and VideoFormats are file name endings with their dot;
	// empty where not documented.
	ImageFormats, VideoFormats []string
	// ImageWarning is told whenever images are sent; "" for nothing to tell.
	ImageWarning string
	Requires     Requirement

	// MaxPrompt is in characters (runes).
	MaxPrompt int
	// TakesSeed says that a seed from MinSeed to MaxSeed may be given; -1 asks
	// for any.
	TakesSeed        bool
	MinSeed, MaxSeed int64
	// SoundField is the payload's name of generate_audio; "" where the model
	// takes none.
	SoundField string
	// OutputFormats and Bitrates are what the payload's output_format (the
	// first is what the upstream makes unasked) and bitrate_mode may be. We
	// send neither.
	OutputFormats, Bitrates []string

	// Undocumented names what no source of the upstream says about this model:
	// "prompt" (its length), "duration", "images" (whether it takes any),
	// "image_count", "price".
	Undocumented []string
	// PricePublished is the month of the price list, "2026-09"; "" without one.
	PricePublished string
	// ReservedSeconds is what the upstream first charges where it settles by
	// the source's length, in seconds at the quoted rate; 0 where that is not
	// documented.
	ReservedSeconds int

	// UsualTime is from acceptance to success for a typical request; see
	// [Model.Usual] for a certain one. After Deadline a task counts as stalled.
	UsualTime, Deadline time.Duration

	prices            priceTable
	sizes             map[string]map[string]size // aspect ratio → resolution
	usualByResolution map[string]time.Duration
	usualWithVideo    time.Duration
}

// size is a frame in pixels.
type size struct{ width, height int }

// PixelSize is the documented frame size in pixels of an aspect ratio at a
// resolution. ok is false where none is documented.
func (m Model) PixelSize(ratio, resolution string) (w, h int, ok bool) {
	pixels, ok := m.sizes[ratio][resolution]
	return pixels.width, pixels.height, ok
}

// Usual is how long a request usually takes from acceptance to success.
func (m Model) Usual(resolution string, hasVideo bool) time.Duration {
	usual := m.UsualTime
	if hasVideo {
		usual = max(usual, m.usualWithVideo)
	}
	return max(usual, m.usualByResolution[resolution])
}

// TakesMode says whether media can be given in this mode.
func (m Model) TakesMode(mode video.InputMode) bool { return slices.Contains(m.InputModes, mode) }

// Documented says whether a source of the upstream tells about this topic of
// the model (see Undocumented).
func (m Model) Documented(topic string) bool { return !slices.Contains(m.Undocumented, topic) }
