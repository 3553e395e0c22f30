package upstream

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"seedance-mcp/internal/video"
)

// object is a JSON object whose fields are read one by one, so that one field
// of an unexpected type spoils nothing but itself.
type object map[string]json.RawMessage

// parseObject reads an object, or a JSON string that holds one (resultJson).
func parseObject(raw []byte) (object, bool) {
	raw = bytes.TrimPrefix(bytes.TrimSpace(raw), []byte("\ufeff"))
	if len(raw) > 0 && raw[0] == '"' {
		var text string
		if json.Unmarshal(raw, &text) != nil {
			return nil, false
		}
		raw = bytes.TrimSpace([]byte(text))
	}
	if len(raw) == 0 || raw[0] != '{' {
		return nil, false
	}
	var parsed object
	if json.Unmarshal(raw, &parsed) != nil {
		return nil, false
	}
	return parsed, true
}

// raw is the first of keys that is there and not null.
func (o object) raw(keys ...string) json.RawMessage {
	for _, key := range keys {
		if value, ok := o[key]; ok && !isNull(value) {
			return value
		}
	}
	return nil
}

// text is the first of keys that holds a string that is not blank, a number
// or a boolean; numbers keep the digits they were sent with.
func (o object) text(keys ...string) string {
	for _, key := range keys {
		if text := scalar(o[key]); text != "" {
			return text
		}
	}
	return ""
}

// child is the object under key, nil when it is none.
func (o object) child(key string) object {
	parsed, _ := parseObject(o[key])
	return parsed
}

func (o object) integer(keys ...string) (int, bool) {
	text := o.text(keys...)
	if n, err := strconv.Atoi(text); err == nil {
		return n, true
	}
	// "3.0" and "1.28e3" are what a float-minded encoder writes.
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || f != float64(int(f)) || f < -1e9 || f > 1e9 {
		return 0, false
	}
	return int(f), true
}

// credits is the amount under the first of keys, nil when there is none or it
// makes no sense.
func (o object) credits(keys ...string) *video.Credits {
	text := o.text(keys...)
	if text == "" {
		return nil
	}
	amount, err := video.ParseCredits(text)
	if err != nil || amount < 0 {
		return nil
	}
	return &amount
}

// time is the moment under the first of keys, in UTC to the millisecond; zero
// when there is none.
func (o object) time(keys ...string) time.Time {
	text := o.text(keys...)
	if text == "" {
		return time.Time{}
	}
	if number, err := strconv.ParseFloat(text, 64); err == nil {
		return fromNumber(number)
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateTime} {
		if at, err := time.Parse(layout, text); err == nil {
			return sane(at)
		}
	}
	return time.Time{}
}

// fromNumber tells seconds from milliseconds by size: as milliseconds, today's
// seconds would be January 1970.
func fromNumber(number float64) time.Time {
	const firstMilliseconds = 1e11 // as seconds: the year 5138
	if number < 0 || number > 1e15 {
		return time.Time{}
	}
	if number < firstMilliseconds {
		number *= 1000
	}
	return sane(time.UnixMilli(int64(number)))
}

// sane drops moments that cannot be a task's: a placeholder like 0 or 1 is no
// time.
func sane(at time.Time) time.Time {
	if at.Year() < 2001 || at.Year() > 9999 {
		return time.Time{}
	}
	return at.UTC().Truncate(time.Millisecond)
}

func isNull(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

func scalar(raw json.RawMessage) string {
	if isNull(raw) {
		return ""
	}
	switch raw[0] {
	case '{', '[':
		return ""
	case '"':
		var text string
		if json.Unmarshal(raw, &text) != nil {
			return ""
		}
		return strings.TrimSpace(text)
	default:
		return string(raw)
	}
}

// envelope parts an answer into what is about the call and what is about the
// task: {code, message, data} or everything flat.
type envelope struct {
	top  object
	data object // nil when flat
}

func openEnvelope(top object) envelope { return envelope{top: top, data: top.child("data")} }

// code is the envelope's own verdict, when it gives a numeric one. A flat
// record's "code", if ever there is one, is about the task instead.
func (e envelope) code() (int, bool) {
	if _, enveloped := e.top["data"]; !enveloped && e.text("taskId", "task_id") != "" {
		return 0, false
	}
	return e.top.integer("code")
}

// failed says that the verdict is an error. Vendors write 200 or 0 for success.
func (e envelope) failed() (int, bool) {
	code, ok := e.code()
	return code, ok && code != 0 && (code < 200 || code > 299)
}

// text, raw, time and credits look at the inner object first, so that an
// envelope's "status" never hides a task's "state".
func (e envelope) text(keys ...string) string {
	if text := e.data.text(keys...); text != "" {
		return text
	}
	return e.top.text(keys...)
}

func (e envelope) raw(key string) json.RawMessage {
	if raw := e.data.raw(key); raw != nil {
		return raw
	}
	return e.top.raw(key)
}

func (e envelope) credits(key string) *video.Credits {
	if amount := e.data.credits(key); amount != nil {
		return amount
	}
	return e.top.credits(key)
}

func (e envelope) time(keys ...string) time.Time {
	if at := e.data.time(keys...); !at.IsZero() {
		return at
	}
	return e.top.time(keys...)
}
