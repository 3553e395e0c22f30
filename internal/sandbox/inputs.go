package sandbox

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"seedance-mcp/internal/video"
)

// inputs reads createTask's "inputs" and collects what is wrong with them. A
// null is an absent field; fields that nobody asks for are ignored, as the
// service ignores them.
type inputs struct {
	values   map[string]json.RawMessage
	problems []problem
}

// wrong adds a problem. The code is the only one that is published.
func (in *inputs) wrong(message string, path ...any) {
	in.problems = append(in.problems, problem{Code: "custom", Message: message, Path: path})
}

// refusal is the answer to what was wrong; nil when nothing was. Only the
// kinovi dialect tells the details.
func (in *inputs) refusal(d video.Dialect) *refusal {
	if len(in.problems) == 0 {
		return nil
	}
	no := refuse(http.StatusBadRequest, "Invalid inputs for model")
	if d == video.Kinovi {
		no.Problems = in.problems
	}
	return no
}

// text reads a string field; fallback when absent.
func (in *inputs) text(name, fallback string) string {
	value := in.values[name]
	if absent(value) {
		return fallback
	}
	out, ok := text(value)
	if !ok {
		in.wrong(name+" must be a string", name)
		return fallback
	}
	return out
}

// choice reads a string field that must be one of valid.
func (in *inputs) choice(name, fallback string, valid []string) string {
	chosen := in.text(name, fallback)
	if chosen != fallback && !slices.Contains(valid, chosen) {
		in.wrong(fmt.Sprintf("%s must be one of %s", name, strings.Join(valid, ", ")), name)
		return fallback
	}
	return chosen
}

// prompt reads the prompt: at most limit runes (0: any number), and not blank
// where it is required.
func (in *inputs) prompt(required bool, limit int) string {
	prompt := in.text("prompt", "")
	switch {
	case required && strings.TrimSpace(prompt) == "":
		in.wrong("Prompt is required", "prompt")
	case limit > 0 && utf8.RuneCountInString(prompt) > limit:
		in.wrong(fmt.Sprintf("Prompt must be at most %d characters", limit), "prompt")
	}
	return prompt
}

// links reads a list of at most limit public http(s) URLs. A limit of 0 means
// that the model has no such field, which is then ignored like any other.
func (in *inputs) links(name string, limit int) []string {
	if limit == 0 || absent(in.values[name]) {
		return nil
	}
	var values []json.RawMessage
	if json.Unmarshal(in.values[name], &values) != nil {
		in.wrong(name+" must be an array of URLs", name)
		return nil
	}
	if len(values) > limit {
		in.wrong(fmt.Sprintf("%s takes at most %d entries", name, limit), name)
		return nil
	}
	links := make([]string, 0, len(values))
	for i, value := range values {
		link, isText := text(value)
		if !isText || !isWebURL(link) {
			in.wrong("Invalid URL", name, i)
			continue
		}
		links = append(links, link)
	}
	return links
}

// boolean checks a field's type; the sandbox has no use for its value.
func (in *inputs) boolean(name string) {
	var out bool
	if value := in.values[name]; !absent(value) && json.Unmarshal(value, &out) != nil {
		in.wrong(name+" must be a boolean", name)
	}
}

// integer reads a whole number, which may be written 5, 5.0 or 5e0: they are
// the same number in JavaScript. nil when absent or wrong.
func (in *inputs) integer(name, message string, low, high int64) *int64 {
	value := in.values[name]
	if absent(value) {
		return nil
	}
	number, err := strconv.ParseFloat(string(value), 64)
	if err != nil || number != math.Trunc(number) || number < float64(low) || number > float64(high) {
		in.wrong(message, name)
		return nil
	}
	whole := int64(number)
	return &whole
}
