package catalog

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"seedance-mcp/internal/video"
)

// maxSuggested bounds the nearest values that a refusal lists.
const maxSuggested = 5

// NameKey folds the ways to spell one name, letters and digits alone being what
// survives: "Seedance 2.0", "seedance-2-0" and "SEEDANCE_20" are all
// "seedance20". Arguments, models and what people call values are compared by it.
func NameKey(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}

// Lookup finds a model of the dialect by any name that Plan understands. The
// notes tell what was read differently from what was written; the refusal of
// an unknown name lists valid ids.
func (c *Catalog) Lookup(d video.Dialect, name string) (Model, []string, error) {
	dialect := c.dialects[d]
	if dialect == nil {
		return Model{}, nil, video.Errorf(video.Internal, "there is no dialect %q", d)
	}
	p := &planner{catalog: c, dialect: dialect, ask: Ask{Model: name}}
	if err := p.readModel(); err != nil {
		return Model{}, nil, err
	}
	return *p.model, p.notes, nil
}

// FindModel is Lookup's id, and knows the other dialects' models too: a store
// may hold tasks of a server that ran another.
func (c *Catalog) FindModel(d video.Dialect, name string) (id string, err error) {
	model, _, err := c.Lookup(d, name)
	if err == nil || video.CodeOf(err) != video.Invalid {
		return model.ID, err
	}
	for _, other := range c.dialects {
		if found := other.byKey[NameKey(name)]; found != nil {
			return found.ID, nil
		}
	}
	return "", err
}

// readModel finds the model that is meant.
func (p *planner) readModel() error {
	given := strings.TrimSpace(p.ask.Model)
	if given == "" {
		given = p.dialect.defaultModel
	}
	key := NameKey(given)
	if p.model = p.dialect.byKey[key]; p.model != nil {
		if key != NameKey(p.model.ID) {
			p.notef("model %s read as %s (%s).", quoted(given), p.model.ID, p.model.Title)
		}
		p.request.Model = p.model.ID
		return nil
	}
	if id := p.dialect.toolIDs[key]; id != "" {
		p.model, p.request.Model = p.dialect.model(id), id
		p.notef("%s is the service's own tool id, which createTask does not accept as a model: the model %s is sent instead.", quoted(given), id)
		return nil
	}
	if p.readWorkflow(given, key) {
		return nil
	}
	return p.refuseModel(given, key)
}

// readWorkflow takes a workflow's name for its default model, and tells so. A
// dialect without workflows understands the name too: agents bring it along.
func (p *planner) readWorkflow(given, key string) bool {
	owner := p.catalog.dialects[video.Workflow]
	model := p.dialect.model(owner.defaultModel)
	if key != NameKey(owner.workflow) || model == nil {
		return false
	}
	p.model, p.request.Model = model, model.ID
	if p.dialect == owner {
		p.notef("%s is the workflow, which carries several models (%s): the default, %s, is sent inside it.",
			quoted(given), anyOf(p.dialect.ids()), model.ID)
	} else {
		p.notef("%s is a workflow of the dialect %s, not a model of this one: its default model, %s, is sent. list_models shows the others.",
			quoted(given), owner.name, model.ID)
	}
	return true
}

func (p *planner) refuseModel(given, key string) error {
	distance := func(id string) float64 { return nameDistance(key, p.dialect.keysOf(id)) }
	valid, which := nearest(p.dialect.ids(), maxSuggested, distance), "Nearest:"
	if distance(valid[0]) > 0.5 { // nothing is near: show the first ones
		distance = func(string) float64 { return 0 }
		valid, which = nearest(p.dialect.ids(), maxSuggested, distance), "There are, among others,"
		if len(valid) == len(p.dialect.models) {
			which = "There are"
		}
	}
	valid = slices.DeleteFunc(valid, func(id string) bool { return distance(id) > 0.5 })
	suggestion := "Use one of the valid ids; list_models shows all with their limits and prices."
	other := p.catalog.dialects[video.Kinovi]
	if other == p.dialect {
		other = p.catalog.dialects[video.Workflow]
	}
	if model := other.byKey[key]; model != nil {
		suggestion += fmt.Sprintf(" (%s exists in the dialect %s only, which is the server's setting, not an argument.)", model.ID, other.name)
	}
	return refusal{
		argument: argModel, given: given, valid: valid,
		message:    "There is no model " + quoted(given) + " here. " + which + " " + strings.Join(valid, ", ") + ".",
		suggestion: suggestion,
	}.error()
}

func (d *dialect) ids() []string {
	ids := make([]string, len(d.models))
	for i, model := range d.models {
		ids[i] = model.ID
	}
	return ids
}

// keysOf lists the keys of a model's id and aliases.
func (d *dialect) keysOf(id string) []string {
	keys := []string{NameKey(id)}
	for _, alias := range d.model(id).Aliases {
		keys = append(keys, NameKey(alias))
	}
	return keys
}

// nameDistance is how far a name is from the nearest of a model's names: 0 to
// 1, by edits; a common start counts as nearly the same ("wan", "seedance 3").
func nameDistance(key string, names []string) float64 {
	best := 1.0
	for _, name := range names {
		longer := max(len(key), len(name), 1)
		distance := float64(Edits(clipKey(key), clipKey(name))) / float64(longer)
		if shared := sharedStart(key, name); shared >= 3 {
			distance /= 4
		}
		best = min(best, distance)
	}
	return best
}

// clipKey bounds the work of edits on a caller's text.
func clipKey(key string) string { return key[:min(len(key), 64)] }

func sharedStart(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// Edits is how many bytes must be put in, left out or changed to make b of a
// (the Levenshtein distance).
func Edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
