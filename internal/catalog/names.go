package catalog

import (
	"fmt"
	"slices"
	"strings"

	"seedance-mcp/internal/video"
)

// maxSuggested bounds the nearest values that a refusal lists.
const maxSuggested = 5

// readModel finds the model that is meant.
func (p *planner) readModel() error {
	given := strings.TrimSpace(p.ask.Model)
	if given == "" {
		given = p.dialect.defaultModel
	}
	key := nameKey(given)
	if p.model = p.dialect.byKey[key]; p.model != nil {
		if key != nameKey(p.model.ID) {
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
	if key != nameKey(owner.workflow) || model == nil {
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
	keys := []string{nameKey(id)}
	for _, alias := range d.model(id).Aliases {
		keys = append(keys, nameKey(alias))
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
