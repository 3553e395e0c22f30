package catalog

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"seedance-mcp/internal/video"
)

// blame finds the place at fault when fields of a model contradict each other.
type blame struct {
	override string
	model    *node // with the defaults merged in
	defaults *node // may be nil, or a null
}

// at is the first of the named fields that the override file wrote, else the
// part of it that changed the model, else the first field that is present.
func (b *blame) at(names ...string) *node {
	var places []*node
	for _, name := range names {
		if entry := b.model.entry(name); entry != nil { // a null took away what is missed
			places = append(places, entry)
		}
	}
	places = append(places, b.model)
	if b.defaults != nil {
		places = append(places, b.defaults)
	}
	for _, n := range places {
		if n.file == b.override {
			return n
		}
	}
	return places[0]
}

// checkModel refuses what decodes but cannot be meant.
func (d *decoder) checkModel(dialect *dialect, m *Model, b *blame) {
	d.checkSeconds(m, b)
	d.checkSizes(dialect, m, b)
	d.checkMedia(m, b)
	d.checkPrice(m, b)
	switch {
	case m.MaxPrompt == 0:
		d.failf(b.at("max_prompt"), "max_prompt must be a positive number of characters")
	case m.SoundField != "" && m.SoundField != soundGenerateAudio && m.SoundField != soundAudio:
		d.failf(b.at("sound_field"), "sound_field must be \"generate_audio\" or \"audio\"")
	case dialect.name == video.Workflow && (m.MaxVideos > 0 || m.MaxAudios > 0 || m.TakesSeed || m.SoundField != "" || len(m.OutputFormats)+len(m.Bitrates) > 0):
		d.failf(b.at("max_videos", "max_audios", "seed", "sound_field", "output_formats", "bitrate_modes"), "the workflow dialect has no fields for videos, audio, seeds, sound, formats or bitrates")
	case m.TakesSeed && m.MaxSeed <= m.MinSeed:
		d.failf(b.at("seed"), "seed must run from min to a larger max, not from %d to %d", m.MinSeed, m.MaxSeed)
	case m.UsualTime == 0:
		d.failf(b.at("usual_time"), "usual_time is missing")
	case m.Deadline < m.UsualTime:
		d.failf(b.at("deadline", "usual_time"), "deadline must be at least usual_time (%s)", m.UsualTime)
	}
	for resolution := range m.usualByResolution {
		if !slices.Contains(m.Resolutions, resolution) {
			d.failf(b.at("usual_time_by_resolution", "resolutions"), "%q is none of the model's resolutions", video.Clip(resolution, 60))
		}
	}
	for _, topic := range m.Undocumented {
		if !slices.Contains(topics, topic) {
			d.failf(b.at("undocumented"), "%q is no topic; there are %s", video.Clip(topic, 60), strings.Join(topics, ", "))
		}
	}
}

func (d *decoder) checkSeconds(m *Model, b *blame) {
	if b.model.member("seconds") == nil {
		return
	}
	at := b.at("seconds")
	if m.MinSeconds < 1 || m.MaxSeconds < m.MinSeconds {
		d.failf(at, "seconds must run from at least 1 to max, not from %d to %d", m.MinSeconds, m.MaxSeconds)
	}
	if m.DefaultSeconds != 0 && (m.DefaultSeconds < m.MinSeconds || m.DefaultSeconds > m.MaxSeconds) {
		d.failf(at, "the default of %d s is not within %d to %d s", m.DefaultSeconds, m.MinSeconds, m.MaxSeconds)
	}
}

func (d *decoder) checkSizes(dialect *dialect, m *Model, b *blame) {
	for _, ratio := range m.AspectRatios {
		if _, _, ok := splitRatio(ratio); !ok {
			d.failf(b.at("aspect_ratios"), "%q is no aspect ratio such as \"16:9\"", video.Clip(ratio, 60))
		}
	}
	for _, resolution := range m.Resolutions {
		if !d.known(resolution) {
			d.failf(b.at("resolutions"), "%q is no known resolution", video.Clip(resolution, 60))
		}
	}
	if !slices.Contains(m.Resolutions, m.DefaultResolution) {
		d.failf(b.at("default_resolution", "resolutions"), "default_resolution %q is none of the model's resolutions", video.Clip(m.DefaultResolution, 60))
	}
	if m.DefaultAspectRatio != "" && !slices.Contains(m.AspectRatios, m.DefaultAspectRatio) {
		d.failf(b.at("default_aspect_ratio", "aspect_ratios"), "default_aspect_ratio %q is none of the model's aspect ratios", video.Clip(m.DefaultAspectRatio, 60))
	}
	// The workflow dialect sends pixels, so each choice must have some. In
	// kinovi a table that knows nothing of a ratio is a slip too.
	workflow := dialect.name == video.Workflow
	if workflow && m.DefaultAspectRatio == "" {
		d.failf(b.at("default_aspect_ratio"), "the workflow dialect always sends a size: default_aspect_ratio is missing")
	}
	if m.sizes == nil && !workflow {
		return
	}
	for _, ratio := range m.AspectRatios {
		if len(m.sizes[ratio]) == 0 || workflow && len(m.sizes[ratio]) < len(m.Resolutions) {
			d.failf(b.at("sizes", "aspect_ratios", "resolutions"), "aspect ratio %s has no pixel size", ratio)
		}
	}
}

func (d *decoder) checkMedia(m *Model, b *blame) {
	for _, mode := range m.InputModes {
		if mode != video.Keyframe && mode != video.Reference {
			d.failf(b.at("input_modes"), "%q is no input mode; there are \"keyframe\" and \"reference\"", video.Clip(string(mode), 60))
		}
	}
	takesMedia := m.MaxImages+m.MaxVideos+m.MaxAudios > 0
	switch {
	case takesMedia && len(m.InputModes) == 0:
		d.failf(b.at("input_modes", "max_images", "max_videos", "max_audios"), "a model that takes media needs input_modes")
	case !takesMedia && len(m.InputModes) > 0:
		d.failf(b.at("input_modes", "max_images", "max_videos", "max_audios"), "a model without media has no input_modes")
	case m.TakesMode(video.Keyframe) && m.MaxKeyframes == 0:
		d.failf(b.at("keyframe_images", "input_modes"), "keyframe mode needs keyframe_images, the number of images it uses")
	case m.TakesMode(video.Keyframe) && m.MaxImages == 0:
		d.failf(b.at("max_images", "input_modes"), "keyframe mode needs images")
	case m.MaxVideos > 0 && !m.TakesMode(video.Reference):
		d.failf(b.at("max_videos", "input_modes"), "videos need the input mode \"reference\"")
	}
	switch m.Requires {
	case RequiresNothing:
	case RequiresImage, RequiresImageOrVideo:
		if m.MaxImages == 0 {
			d.failf(b.at("requires", "max_images"), "requires an image, but max_images is 0")
		}
	case RequiresVideo:
		if m.MaxVideos == 0 {
			d.failf(b.at("requires", "max_videos"), "requires a video, but max_videos is 0")
		}
	default:
		d.failf(b.at("requires"), "requires must be \"image\", \"video\" or \"image_or_video\"")
	}
	d.checkFormats(b.at("image_formats"), m.ImageFormats)
	d.checkFormats(b.at("video_formats"), m.VideoFormats)
}

func (d *decoder) checkFormats(at *node, formats []string) {
	for _, format := range formats {
		if len(format) < 2 || format[0] != '.' || format != strings.ToLower(format) {
			d.failf(at, "%q is no lower-case file name ending such as \".png\"", video.Clip(format, 60))
		}
	}
}

func (d *decoder) checkPrice(m *Model, b *blame) {
	at := b.at("price")
	p := &m.prices
	if p.base == nil && p.reference == nil && p.video == nil && p.bills == "" {
		return
	}
	// A rate that was laid over an unpriced model is documentation.
	m.Undocumented = slices.DeleteFunc(m.Undocumented, func(topic string) bool { return topic == topicPrice })
	if !isMonth(m.PricePublished) {
		d.failf(at, "a price needs published, the month of the price list, such as \"2026-09\"")
	}
	switch p.bills {
	case "":
		p.bills = billDuration
	case billDuration, billNothingExtra, billSourceAndDuration:
	case billTwiceSource:
		if m.MaxSeconds > 0 {
			d.failf(at, "video_bills \"twice_source\" is for models that take no duration")
		}
	default:
		d.failf(at, "video_bills must be \"duration\", \"source_and_duration\", \"twice_source\" or \"nothing_extra\"")
	}
	for _, table := range []string{"rates", "reference", "video"} {
		d.each(b.model.member("price"), table, func(resolution string, value *node) {
			// One of the embedded file's may be left over when an override
			// gives the model fewer resolutions; a new one is a slip.
			if value.file == d.override && !slices.Contains(m.Resolutions, resolution) {
				d.failf(value, "%s has a rate for %q, which is none of the model's resolutions", table, resolution)
			}
		})
	}
	if p.video != nil && m.MaxVideos == 0 {
		d.failf(b.at("price", "max_videos"), "a price with a video is for a model that takes none")
	}
}

// isMonth says whether text is a month such as "2026-09".
func isMonth(text string) bool {
	_, err := time.Parse("2006-01", text)
	return err == nil
}

// checkNames makes sure that the dialect's names lead to models.
func (d *decoder) checkNames(dialect *dialect, n *node) {
	if dialect.model(dialect.defaultModel) == nil {
		d.failNoModel(n, n.member("default_model"), dialect.defaultModel)
	}
	d.each(n, "tool_ids", func(name string, value *node) {
		id := d.scalar(value, "a tool id's model", kindText)
		key := NameKey(name)
		switch {
		case dialect.model(id) == nil:
			d.failNoModel(n, value, id)
		case dialect.toolIDs[key] != "" && dialect.toolIDs[key] != id:
			d.failf(value, "tool id %s is written in two ways with two meanings", strconv.Quote(video.Clip(name, 60)))
		case dialect.byKey[key] != nil:
			d.failf(value, "tool id %s is also a name of the model %s", strconv.Quote(video.Clip(name, 60)), dialect.byKey[key].ID)
		}
		dialect.toolIDs[key] = id
	})
}

// failNoModel reports a name without a model where it was taken away, if it
// was, else where it is used.
func (d *decoder) failNoModel(dialect, user *node, id string) {
	if models := dialect.member("models"); models != nil {
		if removed := models.entry(id); removed != nil && removed.kind == kindNull {
			d.failf(removed, "model %q cannot be removed: it is the default, or a tool id's model", id)
		}
	}
	if user == nil {
		user = dialect
	}
	d.failf(user, "%q is no model of this dialect", video.Clip(id, 60))
}
