package tools

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"seedance-mcp/internal/video"
)

const jsonNull = "null"

// coerce makes value what the argument takes, or says what was given and what
// is valid. The note tells what was changed in it. A nil result means that
// nothing was given after all.
func (d *decoder) coerce(arg argument, value json.RawMessage) (read json.RawMessage, note string, err error) {
	ok := true
	switch arg.kind {
	case promptKind:
		read, note, ok = readPrompt(arg, value)
	case textKind:
		read, ok = readText(value)
	case looseKind, wholeKind:
		read, ok = readLoose(value)
	case integerKind, secondsKind:
		if read, ok = readInteger(value, arg.kind); ok {
			read, note = inRange(arg, read)
		}
	case amountKind:
		read, ok = readAmount(value)
	case flagKind:
		read, ok = readFlag(value)
	case listKind:
		read, ok = readList(value)
	}
	if !ok {
		return nil, "", d.wrongType(arg, value)
	}
	return read, note, nil
}

func (d *decoder) wrongType(arg argument, value json.RawMessage) error {
	if i, element := firstNoText(value); arg.kind == listKind && i >= 0 {
		return &video.Error{
			Code: video.Invalid, Argument: arg.name, Given: excerpt(element),
			Message: fmt.Sprintf("%s must be %s, but %s[%d] is %s: %s.",
				arg.name, arg.takes(), arg.name, i, kindOf(element), excerpt(element)),
			Suggestion: fmt.Sprintf("Give each element as a plain text, %s=[\"…\"], and call %s again.", arg.name, d.tool),
		}
	}
	return &video.Error{
		Code: video.Invalid, Argument: arg.name, Given: excerpt(value),
		Message: fmt.Sprintf("%s must be %s, but %s was given: %s.",
			arg.name, arg.takes(), kindOf(value), excerpt(value)),
		Suggestion: fmt.Sprintf("Correct %s or leave it out, and call %s again.", arg.name, d.tool),
	}
}

// takes is the argument's type in words.
func (arg argument) takes() string {
	switch arg.kind {
	case integerKind, secondsKind, wholeKind:
		if arg.minimum != nil && arg.maximum != nil {
			return fmt.Sprintf("a whole number from %d to %d", *arg.minimum, *arg.maximum)
		}
		return "a whole number"
	case amountKind:
		return "a number of credits, 0 or more"
	case flagKind:
		return "true or false"
	case listKind:
		return "a list of texts"
	default:
		if len(arg.values) > 0 {
			return "one of " + strings.Join(arg.values, ", ")
		}
		return "a text"
	}
}

// isAbsent says whether a value stands for none: nothing, null or blank text.
func isAbsent(value json.RawMessage) bool {
	if len(value) == 0 || string(value) == jsonNull {
		return true
	}
	return value[0] == '"' && len(bytes.TrimSpace(bytes.Trim(value, `"`))) == 0
}

func readText(value json.RawMessage) (json.RawMessage, bool) {
	text, ok := unquote(value)
	if !ok {
		return nil, false
	}
	trimmed := strings.TrimSpace(text)
	if trimmed == "" {
		return nil, true
	}
	if len(trimmed) == len(text) {
		return value, true
	}
	return json.RawMessage(quoted(trimmed)), true
}

// readPrompt leaves out control characters: no person writes them, and some
// upstreams cut a text at a NUL. Line breaks and tabs stay.
func readPrompt(arg argument, value json.RawMessage) (read json.RawMessage, note string, ok bool) {
	text, ok := unquote(value)
	if !ok {
		return nil, "", false
	}
	left := 0
	cleaned := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' {
			left++
			return -1
		}
		return r
	}, text)
	switch {
	case left == 0:
		return value, "", true
	case strings.TrimSpace(cleaned) == "":
		return nil, "", true
	case left == 1:
		return json.RawMessage(quoted(cleaned)), arg.name + ": a control character was left out.", true
	}
	return json.RawMessage(quoted(cleaned)), fmt.Sprintf("%s: %d control characters were left out.", arg.name, left), true
}

// readLoose takes a number by its own text, so that "5", 5 and 5.0 reach the
// catalogue as they were written.
func readLoose(value json.RawMessage) (json.RawMessage, bool) {
	if isNumber(value) {
		return json.RawMessage(`"` + string(value) + `"`), true
	}
	return readText(value)
}

func readInteger(value json.RawMessage, k kind) (json.RawMessage, bool) {
	text := string(value)
	if !isNumber(value) {
		var ok bool
		if text, ok = unquote(value); !ok {
			return nil, false
		}
		text = strings.ToLower(strings.TrimSpace(text))
		if k == secondsKind {
			text = withoutSeconds(text)
		}
	}
	number, err := strconv.ParseFloat(text, 64)
	if err != nil || number != math.Trunc(number) || math.IsInf(number, 0) {
		return nil, false
	}
	// Beyond this the number is clamped anyhow, and int must hold it.
	number = min(max(number, -math.MaxInt32), math.MaxInt32)
	return strconv.AppendInt(nil, int64(number), 10), true
}

// inRange takes the nearest number that the argument can be.
func inRange(arg argument, value json.RawMessage) (read json.RawMessage, note string) {
	number, err := strconv.Atoi(string(value))
	if err != nil || arg.minimum == nil || arg.maximum == nil {
		return value, ""
	}
	within, notes := clamp(arg.name, number, *arg.minimum, *arg.maximum, nil)
	return strconv.AppendInt(nil, int64(within), 10), strings.Join(notes, " ")
}

// clamp keeps a number in range; a note tells when it was not.
func clamp(name string, given, least, most int, notes []string) (int, []string) {
	if within := min(max(given, least), most); within != given {
		return within, append(notes, fmt.Sprintf("%s=%d was taken as %d: it goes from %d to %d.", name, given, within, least, most))
	}
	return given, notes
}

// withoutSeconds strips a unit of seconds: "30s", "30 sec", "30 seconds".
func withoutSeconds(text string) string {
	for _, unit := range []string{"seconds", "second", "secs", "sec", "s"} {
		if number, found := strings.CutSuffix(text, unit); found {
			return strings.TrimSpace(number)
		}
	}
	return text
}

func readAmount(value json.RawMessage) (json.RawMessage, bool) {
	text := string(value)
	if !isNumber(value) {
		var ok bool
		if text, ok = unquote(value); !ok {
			return nil, false
		}
		text = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(text), "credits"))
	}
	credits, err := video.ParseCredits(text)
	if err != nil || credits < 0 {
		return nil, false
	}
	return json.RawMessage(credits.String()), true
}

func readFlag(value json.RawMessage) (json.RawMessage, bool) {
	text := string(value)
	if inner, ok := unquote(value); ok {
		text = inner
	}
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "true", "yes", "on", "1":
		return json.RawMessage("true"), true
	case "false", "no", "off", "0":
		return json.RawMessage("false"), true
	}
	return nil, false
}

// readList takes a list of texts, one text, or a text that holds such a list.
// Empty elements stay, null as "": whoever uses the list says what they mean.
func readList(value json.RawMessage) (json.RawMessage, bool) {
	if text, ok := unquote(value); ok {
		text = strings.TrimSpace(text)
		if text == "" {
			return nil, true
		}
		if !strings.HasPrefix(text, "[") {
			return json.RawMessage("[" + quoted(text) + "]"), true
		}
		value = json.RawMessage(text)
	}
	var elements []json.RawMessage
	if json.Unmarshal(value, &elements) != nil {
		return nil, false
	}
	texts := make([]string, 0, len(elements))
	for _, element := range elements {
		if string(element) == jsonNull {
			texts = append(texts, "")
			continue
		}
		text, ok := unquote(element)
		if !ok {
			return nil, false
		}
		texts = append(texts, strings.TrimSpace(text))
	}
	if len(texts) == 0 {
		return nil, true
	}
	return json.RawMessage(quoted(texts)), true
}

// firstNoText is the first element of a list that is no text; -1 if none is.
func firstNoText(value json.RawMessage) (int, json.RawMessage) {
	if text, ok := unquote(value); ok {
		value = json.RawMessage(text)
	}
	var elements []json.RawMessage
	if json.Unmarshal(value, &elements) != nil {
		return -1, nil
	}
	at := slices.IndexFunc(elements, func(element json.RawMessage) bool {
		return string(element) != jsonNull && (len(element) == 0 || element[0] != '"')
	})
	if at < 0 {
		return -1, nil
	}
	return at, elements[at]
}

func unquote(value json.RawMessage) (text string, ok bool) {
	if len(value) == 0 || value[0] != '"' {
		return "", false
	}
	err := json.Unmarshal(value, &text)
	return text, err == nil
}

func isNumber(value json.RawMessage) bool {
	return len(value) > 0 && (value[0] == '-' || value[0] >= '0' && value[0] <= '9')
}

// kindOf names a JSON value's type for a person.
func kindOf(value json.RawMessage) string {
	switch {
	case len(value) == 0 || string(value) == jsonNull:
		return "nothing"
	case value[0] == '"':
		return "a text"
	case value[0] == '[':
		return "a list"
	case value[0] == '{':
		return "an object"
	case isNumber(value):
		return "a number"
	default:
		return "true or false"
	}
}

// excerpt is a value short enough to be quoted back.
func excerpt(value json.RawMessage) string {
	const long = 200 // bytes are enough for 60 runes
	return video.Clip(string(value[:min(len(value), long)]), 60)
}
