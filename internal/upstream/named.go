package upstream

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"unicode"
)

const (
	// maxTaskID is the longest task id taken for one, in bytes; real ones have 29.
	maxTaskID = 512
	// taskPrefix begins every id seen so far. Ids are opaque, so it is asked
	// for only where the name beside it does not say that it is a task's.
	taskPrefix = "task_"
)

// plausibleID refuses what could not be asked for again, and what an encoder
// writes for "none".
func plausibleID(id string) bool {
	if slices.Contains([]string{"", "0", "null", "undefined", "none", "nil", "NaN"}, id) {
		return false
	}
	return len(id) <= maxTaskID && !strings.ContainsFunc(id, func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsPrint(r)
	})
}

// taskID is the id under one of its usual names, as a string or a number.
func (e envelope) taskID() string {
	for _, part := range []object{e.data, e.top} {
		for _, key := range []string{"taskId", "task_id"} {
			raw := part[key]
			if isNull(raw) || raw[0] == 't' || raw[0] == 'f' {
				continue
			}
			if id := scalar(raw); plausibleID(id) {
				return id
			}
		}
	}
	return ""
}

// acceptedID is the task id that createTask's answer names.
func acceptedID(answered envelope, body []byte) string {
	if id := answered.taskID(); id != "" {
		return id
	}
	return namedTask(body)
}

// namedTask finds a task id in JSON of an unexpected shape: deeper or in a
// list, under a similar name, broken off, or with something behind it. A
// string that has its closing quote is complete, whatever follows.
func namedTask(body []byte) string {
	body = bytes.TrimPrefix(bytes.TrimSpace(body), []byte("\ufeff"))
	words := json.NewDecoder(bytes.NewReader(body))
	words.UseNumber()
	var open []json.Delim
	inObject := func() bool { return len(open) > 0 && open[len(open)-1] == '{' }
	key, keyNext := "", false
	for {
		token, err := words.Token()
		if err != nil {
			return ""
		}
		text := ""
		switch token := token.(type) {
		case json.Delim:
			if token == '{' || token == '[' {
				open = append(open, token)
				keyNext = token == '{'
				continue
			}
			open = open[:len(open)-1]
			if len(open) == 0 {
				return "" // what follows the first value is not part of it
			}
		case string:
			if keyNext {
				key, keyNext = token, false
				continue
			}
			text = strings.TrimSpace(token)
		case json.Number:
			// The last digits may be missing where everything after is.
			if words.InputOffset() < int64(len(body)) {
				text = token.String()
			}
		}
		if namesIt(key, text) {
			return text
		}
		keyNext = inObject()
	}
}

// namesIt says that the value under key is a task's id.
func namesIt(key, value string) bool {
	if !plausibleID(value) {
		return false
	}
	switch strings.ToLower(strings.ReplaceAll(key, "_", "")) {
	case "taskid":
		return true
	case "id", "jobid", "recordid", "data", "task", "job", "result":
		return strings.HasPrefix(value, taskPrefix)
	default:
		return false
	}
}
