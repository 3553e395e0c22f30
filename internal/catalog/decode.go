package catalog

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"seedance-mcp/internal/video"
)

// fieldResolutions is a field of three objects.
const fieldResolutions = "resolutions"

// The fields of each object of the schema; docs/catalog.md explains them.
var (
	rootFields    = []string{fieldResolutions, "words", "dialects"}
	wordFields    = []string{"aspect_ratios", fieldResolutions, "input_modes", "filler"}
	dialectFields = []string{"default_model", "workflow", "tool_ids", "size_tables", "defaults", "models"}
	modelFields   = []string{
		"title", "summary", "aliases", "seconds", "aspect_ratios", "default_aspect_ratio", fieldResolutions,
		"default_resolution", "sizes", "input_modes", "keyframe_images", "max_images", "max_videos", "max_audios",
		"max_video_seconds", "max_audio_seconds", "image_formats", "video_formats", "image_warning", "requires",
		"max_prompt", "seed", "sound_field", "output_formats", "bitrate_modes", "price", "usual_time", "usual_time_by_resolution",
		"usual_time_with_video", "deadline", "undocumented",
	}
	secondsFields = []string{"min", "max", "default"}
	seedFields    = []string{"min", "max"}
	priceFields   = []string{"published", "rates", "reference", "video", "video_bills", "reserved_seconds"}
	topics        = []string{topicPrompt, topicDuration, topicImages, topicImageCount, topicPrice}
)

// Bounds that only keep a slip of the pen out: no model comes near them.
const (
	maxSeconds = 3600
	maxMedia   = 1000
	maxPrompt  = 1_000_000
	maxPixels  = 16384
	maxSeed    = 1 << 53 // exact in every JSON reader
)

// decoder reads a merged tree into a Catalog.
type decoder struct {
	reader
	catalog *Catalog
}

// decode checks and reads the whole catalogue. override is the name of the
// file that was laid over the embedded one, "" without.
func decode(root *node, override string) (*Catalog, error) {
	d := &decoder{reader{override: override}, &Catalog{dialects: map[video.Dialect]*dialect{}}}
	if d.object(root, "the catalogue", rootFields) {
		d.tiers(root)
		d.words(root)
		d.each(root, "dialects", d.dialect)
		for _, name := range []video.Dialect{video.Workflow, video.Kinovi} {
			if d.catalog.dialects[name] == nil {
				d.failf(root, "dialect %q is missing", name)
			}
		}
	}
	if d.err != nil {
		return nil, d.err
	}
	return d.catalog, nil
}

func (d *decoder) tiers(root *node) {
	d.each(root, fieldResolutions, func(name string, value *node) {
		short, err := strconv.Atoi(d.scalar(value, "the short side of "+name, kindNumber))
		if err != nil || short <= 0 || short > maxPixels {
			d.failf(value, "the short side of %q must be a whole number of pixels", name)
			return
		}
		d.catalog.tiers = append(d.catalog.tiers, tier{name, short})
	})
	slices.SortStableFunc(d.catalog.tiers, func(a, b tier) int { return a.short - b.short })
	if len(d.catalog.tiers) == 0 {
		d.failf(root, "resolutions is missing")
	}
}

// known says whether a resolution is one of the catalogue's.
func (d *decoder) known(resolution string) bool {
	return slices.ContainsFunc(d.catalog.tiers, func(t tier) bool { return t.name == resolution })
}

func (d *decoder) words(root *node) {
	w := words{map[string]string{}, map[string][]string{}, map[string]video.InputMode{}, map[string]bool{}}
	d.catalog.words = w
	n := root.member("words")
	if n == nil || !d.object(n, "words", wordFields) {
		return
	}
	d.each(n, "aspect_ratios", func(word string, value *node) {
		ratio := d.scalar(value, "an aspect ratio", kindText)
		if _, _, ok := splitRatio(ratio); !ok {
			d.failf(value, "%q is no aspect ratio such as \"16:9\"", ratio)
		}
		if other := w.ratios[NameKey(word)]; other != "" && other != ratio {
			d.failf(value, "%q means both %s and %s", video.Clip(word, 60), other, ratio)
		}
		w.ratios[NameKey(word)] = ratio
	})
	d.each(n, fieldResolutions, func(word string, value *node) {
		meanings := d.list(n.member(fieldResolutions), word)
		for _, meaning := range meanings {
			if !d.known(meaning) {
				d.failf(value, "%q is no known resolution", meaning)
			}
		}
		if other := w.resolutions[NameKey(word)]; other != nil && !slices.Equal(other, meanings) {
			d.failf(value, "%q means both %s and %s", video.Clip(word, 60), anyOf(other), anyOf(meanings))
		}
		w.resolutions[NameKey(word)] = meanings
	})
	d.each(n, "input_modes", func(word string, value *node) {
		mode := video.InputMode(d.scalar(value, "an input mode", kindText))
		if mode != video.TextOnly && mode != video.Keyframe && mode != video.Reference {
			d.failf(value, "%q is no input mode; there are \"keyframe\", \"reference\" and \"\" for text only", mode)
		}
		if other, known := w.modes[NameKey(word)]; known && other != mode {
			d.failf(value, "%q means both %q and %q", video.Clip(word, 60), other, mode)
		}
		w.modes[NameKey(word)] = mode
	})
	for _, word := range d.list(n, "filler") {
		w.filler[NameKey(word)] = true
	}
}

func (d *decoder) dialect(name string, n *node) {
	dialectName := video.Dialect(name)
	if dialectName != video.Workflow && dialectName != video.Kinovi {
		d.failf(n, "unknown dialect %q; there are %q and %q", video.Clip(name, 60), video.Workflow, video.Kinovi)
		return
	}
	if !d.object(n, "dialect "+name, dialectFields) {
		return
	}
	dialect := &dialect{
		name: dialectName, defaultModel: d.required(n, "default_model"), workflow: d.text(n, "workflow"),
		toolIDs: map[string]string{}, byKey: map[string]*Model{},
	}
	if (dialect.workflow != "") != (dialectName == video.Workflow) {
		d.failf(n, "only the dialect %q has a workflow, and needs one", video.Workflow)
	}
	d.catalog.dialects[dialectName] = dialect
	defaults := n.member("defaults")
	if defaults != nil {
		d.object(defaults, "defaults", modelFields)
	}
	tables := d.sizeTables(n)
	places := map[string]place{}
	d.each(n, "models", func(id string, value *node) {
		if value.kind != kindObject {
			d.failf(value, "model %q must be an object, not %s", video.Clip(id, 60), value.kind)
			return
		}
		whole := merge(defaults, value)
		model := d.model(id, whole, tables)
		model.Workflow = dialect.workflow
		if d.err == nil {
			d.checkModel(dialect, model, &blame{d.override, whole, n.entry("defaults")})
		}
		dialect.models = append(dialect.models, model)
		d.name(dialect, places, id, model, value.place)
		for i, alias := range model.Aliases {
			d.name(dialect, places, alias, model, whole.member("aliases").items[i].place)
		}
	})
	d.checkNames(dialect, n)
}

// name lets a model be asked for by an id or alias.
func (d *decoder) name(dialect *dialect, places map[string]place, name string, model *Model, at place) {
	key := NameKey(name)
	other := dialect.byKey[key]
	switch {
	case d.err != nil:
	case key == "":
		d.err = at.faultf("a model's name must have letters or digits")
	case other != nil && other != model:
		if at.file != d.override && places[key].file == d.override {
			at = places[key]
		}
		d.err = at.faultf("%q means both %s and %s", video.Clip(name, 60), other.ID, model.ID)
	default:
		dialect.byKey[key], places[key] = model, at
	}
}

// sizeTables reads the named tables: aspect ratio → resolution → pixels.
func (d *decoder) sizeTables(n *node) map[string]map[string]map[string]size {
	tables := map[string]map[string]map[string]size{}
	d.each(n, "size_tables", func(name string, value *node) {
		table := map[string]map[string]size{}
		tables[name] = table
		d.each(n.member("size_tables"), name, func(ratio string, row *node) {
			if _, _, ok := splitRatio(ratio); !ok {
				d.failf(row, "%q is no aspect ratio such as \"16:9\"", video.Clip(ratio, 60))
			}
			table[ratio] = map[string]size{}
			d.each(value, ratio, func(resolution string, cell *node) {
				if !d.known(resolution) {
					d.failf(cell, "%q is no known resolution", video.Clip(resolution, 60))
				}
				width, height, ok := splitPair(d.scalar(cell, "a size", kindText), "x")
				if !ok || width > maxPixels || height > maxPixels {
					d.failf(cell, "a size must be pixels such as \"1280x720\"")
				}
				table[ratio][resolution] = size{width, height}
			})
		})
	})
	return tables
}

func (d *decoder) model(id string, n *node, tables map[string]map[string]map[string]size) *Model {
	m := &Model{ID: id}
	if !d.object(n, "model "+strconv.Quote(video.Clip(id, 60)), modelFields) {
		return m
	}
	m.Title, m.Summary = d.required(n, "title"), d.required(n, "summary")
	m.Aliases = d.list(n, "aliases")
	if seconds := n.member("seconds"); seconds != nil && d.object(seconds, "seconds", secondsFields) {
		m.MinSeconds = d.count(seconds, "min", maxSeconds)
		m.MaxSeconds = d.count(seconds, "max", maxSeconds)
		m.DefaultSeconds = d.count(seconds, "default", maxSeconds)
	}
	m.AspectRatios, m.DefaultAspectRatio = d.list(n, "aspect_ratios"), d.text(n, "default_aspect_ratio")
	m.Resolutions, m.DefaultResolution = d.list(n, fieldResolutions), d.text(n, "default_resolution")
	if table := d.text(n, "sizes"); table != "" {
		if tables[table] == nil {
			d.failf(n.member("sizes"), "%q is none of this dialect's size_tables", video.Clip(table, 60))
		}
		m.sizes = sizesOf(tables[table], m.AspectRatios, m.Resolutions)
	}
	for _, mode := range d.list(n, "input_modes") {
		m.InputModes = append(m.InputModes, video.InputMode(mode))
	}
	m.MaxKeyframes = d.count(n, "keyframe_images", maxMedia)
	m.MaxImages = d.count(n, "max_images", maxMedia)
	m.MaxVideos = d.count(n, "max_videos", maxMedia)
	m.MaxAudios = d.count(n, "max_audios", maxMedia)
	m.MaxVideoSeconds = d.count(n, "max_video_seconds", maxSeconds)
	m.MaxAudioSeconds = d.count(n, "max_audio_seconds", maxSeconds)
	m.ImageFormats, m.VideoFormats = d.list(n, "image_formats"), d.list(n, "video_formats")
	m.ImageWarning = d.text(n, "image_warning")
	m.Requires = Requirement(d.text(n, "requires"))
	m.MaxPrompt = d.count(n, "max_prompt", maxPrompt)
	if seed := n.member("seed"); seed != nil && d.object(seed, "seed", seedFields) {
		m.TakesSeed = true
		m.MinSeed, m.MaxSeed = d.whole(seed, "min", -1, maxSeed), d.whole(seed, "max", 0, maxSeed)
	}
	m.SoundField = d.text(n, "sound_field")
	m.OutputFormats, m.Bitrates = d.list(n, "output_formats"), d.list(n, "bitrate_modes")
	m.Undocumented = d.list(n, "undocumented")
	m.UsualTime, m.Deadline = d.span(n, "usual_time"), d.span(n, "deadline")
	m.usualWithVideo = d.span(n, "usual_time_with_video")
	m.usualByResolution = map[string]time.Duration{}
	d.each(n, "usual_time_by_resolution", func(resolution string, value *node) {
		m.usualByResolution[resolution] = d.spanOf(value, "usual_time_by_resolution")
	})
	if price := n.member("price"); price != nil && d.object(price, "price", priceFields) {
		m.PricePublished = d.text(price, "published")
		m.prices = priceTable{
			base: d.rates(price, "rates"), reference: d.rates(price, "reference"), video: d.rates(price, "video"),
			bills: billing(d.text(price, "video_bills")),
		}
		m.ReservedSeconds = d.count(price, "reserved_seconds", maxSeconds)
	}
	return m
}

// rates reads credits per second by resolution; nil when there are none.
func (d *decoder) rates(price *node, name string) map[string]video.Credits {
	var rates map[string]video.Credits
	d.each(price, name, func(resolution string, value *node) {
		if !d.known(resolution) {
			d.failf(value, "%q is no known resolution", video.Clip(resolution, 60))
		}
		if rates == nil {
			rates = map[string]video.Credits{}
		}
		rates[resolution] = d.rateOf(value, resolution)
	})
	return rates
}

// sizesOf keeps of a table what a model offers.
func sizesOf(table map[string]map[string]size, ratios, resolutions []string) map[string]map[string]size {
	sizes := map[string]map[string]size{}
	for _, ratio := range ratios {
		for _, resolution := range resolutions {
			pixels, ok := table[ratio][resolution]
			if !ok {
				continue
			}
			if sizes[ratio] == nil {
				sizes[ratio] = map[string]size{}
			}
			sizes[ratio][resolution] = pixels
		}
	}
	return sizes
}

// splitRatio reads "16:9".
func splitRatio(text string) (width, height int, ok bool) { return splitPair(text, ":") }

// splitPair reads two positive whole numbers around a separator.
func splitPair(text, separator string) (first, second int, ok bool) {
	left, right, found := strings.Cut(text, separator)
	first, second = digits(left), digits(right)
	return first, second, found && first > 0 && second > 0
}

// digits is the number that text spells in at most five decimal digits, else -1.
func digits(text string) int {
	if len(text) > 5 || strings.Trim(text, "0123456789") != "" {
		return -1
	}
	number, err := strconv.Atoi(text)
	if err != nil {
		return -1
	}
	return number
}
