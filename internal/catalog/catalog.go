package catalog

import (
	_ "embed"
	"slices"

	"seedance-mcp/internal/video"
)

// Catalog is every model of both dialects. It does not change once made and
// may be used by any number of goroutines.
type Catalog struct {
	dialects map[video.Dialect]*dialect
	words    words
	// tiers are the known resolutions, smallest first.
	tiers []tier
}

// tier is a resolution and its short side in pixels.
type tier struct {
	name  string
	short int
}

// words are what people say instead of the catalogue's own values, by NameKey.
type words struct {
	ratios      map[string]string          // "landscape" → "16:9"
	resolutions map[string][]string        // "hd" → what it may mean
	modes       map[string]video.InputMode // "firstframe" → keyframe
	filler      map[string]bool            // words that say nothing: "resolution"
}

// dialect is one way to write createTask and the models it reaches.
type dialect struct {
	name         video.Dialect
	defaultModel string
	workflow     string // top-level model of the two-level dialect
	// toolIDs are the names under which the upstream answers, by NameKey.
	toolIDs map[string]string
	models  []*Model
	byKey   map[string]*Model // NameKey of ids and aliases
}

//go:embed catalog.json
var embedded []byte

// Default is the embedded catalogue.
func Default() (*Catalog, error) {
	root, err := parseTree("catalog.json", embedded)
	if err != nil {
		return nil, err
	}
	return decode(root, "")
}

// Models lists a dialect's models in the catalogue's order.
func (c *Catalog) Models(d video.Dialect) []Model {
	dialect := c.dialects[d]
	if dialect == nil {
		return nil
	}
	models := make([]Model, len(dialect.models))
	for i, model := range dialect.models {
		models[i] = *model
	}
	return models
}

// Model finds a model by its exact id.
func (c *Catalog) Model(d video.Dialect, id string) (Model, bool) {
	if dialect := c.dialects[d]; dialect != nil {
		if model := dialect.model(id); model != nil {
			return *model, true
		}
	}
	return Model{}, false
}

// DefaultModel is the id that is used when none is asked for.
func (c *Catalog) DefaultModel(d video.Dialect) string {
	if dialect := c.dialects[d]; dialect != nil {
		return dialect.defaultModel
	}
	return ""
}

// AspectRatios lists what any model of the dialect takes, default model first.
func (c *Catalog) AspectRatios(d video.Dialect) []string {
	var ratios []string
	if dialect := c.dialects[d]; dialect != nil {
		ratios = slices.Clone(dialect.model(dialect.defaultModel).AspectRatios)
		for _, model := range dialect.models {
			for _, ratio := range model.AspectRatios {
				if !slices.Contains(ratios, ratio) {
					ratios = append(ratios, ratio)
				}
			}
		}
	}
	return ratios
}

// Resolutions lists what any model of the dialect makes, smallest first.
func (c *Catalog) Resolutions(d video.Dialect) []string {
	var names []string
	if dialect := c.dialects[d]; dialect != nil {
		for _, tier := range c.tiers {
			if slices.ContainsFunc(dialect.models, func(m *Model) bool { return slices.Contains(m.Resolutions, tier.name) }) {
				names = append(names, tier.name)
			}
		}
	}
	return names
}

// clipName bounds names that come from the upstream or from a caller.
const clipName = 80

// FromUpstream maps the model that the upstream answers with to the
// catalogue's id: recordInfo names the tool, "seedance20-video-generation",
// where createTask was sent "seedance-20". An unknown name is clipped, not
// guessed at.
func (c *Catalog) FromUpstream(d video.Dialect, name string) string {
	if dialect := c.dialects[d]; dialect != nil {
		if dialect.model(name) != nil {
			return name
		}
		if id := dialect.toolIDs[NameKey(name)]; id != "" {
			return id
		}
	}
	return video.Clip(name, clipName)
}

func (d *dialect) model(id string) *Model {
	for _, model := range d.models {
		if model.ID == id {
			return model
		}
	}
	return nil
}
