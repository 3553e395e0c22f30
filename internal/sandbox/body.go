package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/url"
)

// maxBody is how many bytes of a JSON request body are read.
const maxBody = 1 << 20

// createBody is createTask's body before a dialect looks at it. Names are
// exact, as in JavaScript; encoding/json's structs would also take "Model" or
// "imageURLs", which the service ignores.
type createBody struct {
	Model       string
	Inputs      inputs
	CallBackURL string
}

var errBody = errors.New("not a createTask body")

// decodeCreate reads a body: an object with a non-empty string "model", an
// object "inputs" and, optionally, an http(s) "callBackUrl". Anything else is
// ignored.
func decodeCreate(data []byte) (createBody, error) {
	fields, err := object(data)
	if err != nil {
		return createBody{}, err
	}
	var body createBody
	model, isText := text(fields["model"])
	if !isText || model == "" {
		return createBody{}, errBody
	}
	body.Model = model
	values, err := object(fields["inputs"])
	if err != nil {
		return createBody{}, err
	}
	body.Inputs = inputs{values: values}
	if absent(fields["callBackUrl"]) {
		return body, nil
	}
	callback, isText := text(fields["callBackUrl"])
	if !isText || !isWebURL(callback) {
		return createBody{}, errBody
	}
	body.CallBackURL = callback
	return body, nil
}

// object reads a JSON object, and nothing after it.
func object(data []byte) (map[string]json.RawMessage, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return nil, errBody
	}
	if fields == nil { // the literal null
		return nil, errBody
	}
	return fields, nil
}

// absent says that a field is missing or null.
func absent(value json.RawMessage) bool {
	return len(value) == 0 || bytes.Equal(value, []byte("null"))
}

// text reads a JSON string; false for any other type.
func text(value json.RawMessage) (string, bool) {
	var out string
	if absent(value) || json.Unmarshal(value, &out) != nil {
		return "", false
	}
	return out, true
}

func isWebURL(address string) bool {
	parsed, err := url.Parse(address)
	return err == nil && (parsed.Scheme == "http" || parsed.Scheme == "https") && parsed.Hostname() != ""
}
