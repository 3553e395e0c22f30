package standin

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Field is the first scalar of that name in a result, wherever it stands: a
// client may wrap the server's JSON in its own, as an object or as text.
func (r Result) Field(name string) string {
	value, _ := find(decoded(r.Text), name)
	return value
}

// Tells says that the model reads these words, whether or not the client put
// them into JSON once more.
func (r Result) Tells(words string) bool {
	return strings.Contains(r.Text, words) || holds(decoded(r.Text), words)
}

// decoded is the first JSON object in a text; nil for none.
func decoded(text string) any {
	start := strings.Index(text, "{")
	if start < 0 {
		return nil
	}
	var value any
	if json.NewDecoder(strings.NewReader(text[start:])).Decode(&value) != nil {
		return nil
	}
	return value
}

func find(value any, name string) (string, bool) {
	switch value := value.(type) {
	case map[string]any:
		if text, ok := scalar(value[name]); ok {
			return text, true
		}
		for _, key := range slices.Sorted(maps.Keys(value)) {
			if text, ok := find(value[key], name); ok {
				return text, true
			}
		}
	case []any:
		for _, inner := range value {
			if text, ok := find(inner, name); ok {
				return text, true
			}
		}
	case string:
		return find(decoded(value), name)
	}
	return "", false
}

func scalar(value any) (string, bool) {
	switch value := value.(type) {
	case string:
		return value, true
	case float64:
		return strconv.FormatFloat(value, 'f', -1, 64), true
	case bool:
		return strconv.FormatBool(value), true
	default:
		return "", false
	}
}

func holds(value any, words string) bool {
	switch value := value.(type) {
	case map[string]any:
		for _, inner := range value {
			if holds(inner, words) {
				return true
			}
		}
	case []any:
		for _, inner := range value {
			if holds(inner, words) {
				return true
			}
		}
	case string:
		return strings.Contains(value, words) || holds(decoded(value), words)
	}
	return false
}

// plain is what a model reads of a content that may be a text, a list of
// blocks or anything else.
func plain(content json.RawMessage) string {
	var text string
	if json.Unmarshal(content, &text) == nil {
		return text
	}
	var blocks []json.RawMessage
	if json.Unmarshal(content, &blocks) != nil {
		return string(content)
	}
	lines := make([]string, 0, len(blocks))
	for _, block := range blocks {
		var written struct {
			Text *string `json:"text"`
		}
		if json.Unmarshal(block, &written) == nil && written.Text != nil {
			lines = append(lines, *written.Text)
		} else {
			lines = append(lines, string(block))
		}
	}
	return strings.Join(lines, "\n")
}
