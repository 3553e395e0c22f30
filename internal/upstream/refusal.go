package upstream

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"seedance-mcp/internal/video"
)

// problem is what an error answer tells, in any of its shapes.
type problem struct {
	message             string
	required, available *video.Credits
	limit, current      *int
	// argument is the tool argument that the first field error is about.
	argument string
}

// readProblem reads {"message"}, {"code","message","errors":[…]},
// {"error":"…"}, {"error":{"message"}} and the like; nil gives nothing.
func readProblem(top object) problem {
	answered := openEnvelope(top)
	found := problem{
		message:   answered.text("message", "msg"),
		required:  answered.credits("required"),
		available: answered.credits("available"),
		limit:     answered.count("limit"),
		current:   answered.count("current"),
	}
	if found.message == "" {
		found.message = answered.text("error", "detail")
	}
	if found.message == "" {
		found.message = top.child("error").text("message", "msg")
	}
	if found.limit == nil {
		found.limit = bracketed(found.message)
	}
	details, argument := fieldErrors(answered.raw("errors"))
	if details != "" {
		found.message = strings.TrimPrefix(found.message+": "+details, ": ")
	}
	found.argument = argument
	return found
}

func (e envelope) count(key string) *int {
	n, ok := e.data.integer(key)
	if !ok {
		n, ok = e.top.integer(key)
	}
	if !ok || n < 0 {
		return nil
	}
	return &n
}

// bracketed finds the limit in "Concurrency limit reached (3). …", where the
// answer has no field for it.
func bracketed(message string) *int {
	if !strings.Contains(strings.ToLower(message), "concurrency") {
		return nil
	}
	_, rest, _ := strings.Cut(message, "(")
	digits, _, closed := strings.Cut(rest, ")")
	n, err := strconv.Atoi(strings.TrimSpace(digits))
	if !closed || err != nil || n < 0 {
		return nil
	}
	return &n
}

// maxFieldErrors are told; more would not be read.
const maxFieldErrors = 3

// fieldErrors joins kinovi's errors[] into one text, "duration: Duration must
// be …; …", and names the tool argument of the first one.
func fieldErrors(raw json.RawMessage) (text, argument string) {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		return "", ""
	}
	var parts []string
	for _, item := range list {
		if len(parts) == maxFieldErrors {
			break
		}
		entry, _ := parseObject(item)
		message := entry.text("message", "msg")
		if message == "" {
			message = scalar(item)
		}
		if message == "" {
			continue
		}
		field := fieldName(entry.raw("path"))
		if argument == "" {
			argument = toolArguments[field]
		}
		if field != "" {
			message = field + ": " + message
		}
		parts = append(parts, message)
	}
	return strings.Join(parts, "; "), argument
}

// fieldName is the last name in a path such as ["inputs","imageUrls",0].
func fieldName(path json.RawMessage) string {
	if name := scalar(path); name != "" {
		return name[strings.LastIndexByte(name, '.')+1:]
	}
	var steps []any
	if json.Unmarshal(path, &steps) != nil {
		return ""
	}
	for _, step := range slices.Backward(steps) {
		if name, ok := step.(string); ok {
			return name
		}
	}
	return ""
}

// toolArguments maps the wire's input names to those that callers use.
//
//nolint:goconst // a table reads best in plain words
var toolArguments = map[string]string{
	"prompt": "prompt", "model": "model", "duration": "duration", "seed": "seed",
	"aspectRatio": "aspect_ratio", "outputResolution": "resolution", "resolution": "resolution",
	"mode": "input_mode", "videoInputMode": "input_mode", "generate_audio": "generate_audio", "audio": "generate_audio",
	"urls": "image_urls", "imageUrls": "image_urls", "videoUrls": "video_urls", "audioUrls": "audio_urls",
}

// createRefused judges a createTask answer that is no success.
//
// A refusal is definite when whoever answered must have refused before working
// on the request. The API's own 400, 401, 402, 403 and 429 are, and so are
// these and the other statuses of definiteStatus when a proxy, a firewall or a
// wrong address makes them: nothing forwards a paid request and then answers
// "authenticate first". Every other status is unknown: 408, 409, 425 and 499
// may come after the request was passed on, 3xx and 5xx say nothing about the
// task.
func (c *Client) createRefused(got answer) *video.Error {
	if !definiteStatus(got.status) {
		return c.lost(got.status, c.describe(got), got.broken)
	}
	refused := c.refusal(got, readProblem(got.object()))
	refused.Message += " Nothing was charged."
	return refused
}

func definiteStatus(status int) bool {
	switch status {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusPaymentRequired, http.StatusForbidden,
		http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotAcceptable, http.StatusProxyAuthRequired,
		http.StatusLengthRequired, http.StatusRequestEntityTooLarge, http.StatusRequestURITooLong,
		http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity, http.StatusUpgradeRequired,
		http.StatusTooManyRequests, http.StatusRequestHeaderFieldsTooLarge, http.StatusUnavailableForLegalReasons:
		return true
	default:
		return false
	}
}

// refusal words a definite 4xx of any endpoint. A status whose usual meaning
// needs the API's own word (401, 403, 404) means "something in between" when
// a web page carries it.
func (c *Client) refusal(got answer, found problem) *video.Error {
	said := c.clean(found.message)
	refused := &video.Error{Status: got.status}
	quoted := ": " + sentence(said)
	if said == "" {
		quoted = ": " + sentence(c.describe(got))
	}
	switch got.status {
	case http.StatusUnauthorized:
		refused.Code = video.Unauthenticated
		refused.Message = "The video service does not accept the API key" + quoted
		refused.Suggestion = "Set SEEDANCE_API_KEY to an active key of the account; `seedance-mcp doctor` shows what is wrong with it."
	case http.StatusPaymentRequired:
		refused.Code = video.InsufficientCredits
		refused.Required, refused.Available = found.required, found.available
		refused.Message = "The account has too few credits" + amounts(found) + quoted
		refused.Suggestion = "Ask the user to buy credits, or make it shorter or smaller; estimate_cost shows the price."
	case http.StatusForbidden:
		refused.Code = video.Forbidden
		refused.Message = "The video service does not allow this" + quoted
		refused.Suggestion = "Ask the user to enable API access for this account at the service."
		if said == "" {
			refused.Suggestion = "A firewall or proxy in between seems to refuse it; check the network."
		}
	case http.StatusTooManyRequests:
		refused.Code = video.ConcurrencyLimit
		refused.Limit, refused.Current = found.limit, found.current
		refused.Message = "The video service takes no further task at the moment" + quoted
		refused.Suggestion = "It can be sent again once a running task ends; list_tasks shows them."
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusProxyAuthRequired, http.StatusNotAcceptable,
		http.StatusUpgradeRequired, http.StatusUnavailableForLegalReasons:
		refused.Code = video.Unavailable
		refused.Message = "This address does not answer as the video service should" + quoted
		refused.Suggestion = "Check SEEDANCE_API_URL and the proxy settings (HTTPS_PROXY)."
	default:
		refused.Code = video.Invalid
		refused.Argument = found.argument
		refused.Message = "The video service refused the request" + quoted
		refused.Suggestion = "Change what it names and call generate_video again; list_models shows what each model takes."
		if lower := strings.ToLower(said); strings.Contains(lower, "workflow") || strings.Contains(lower, "unknown model") {
			refused.Suggestion = "If the video service refuses every model like this, SEEDANCE_DIALECT may be wrong (it is " + string(c.dialect) + "); `seedance-mcp doctor` tells. list_models shows what each model takes."
		}
	}
	return refused
}

func amounts(found problem) string {
	switch {
	case found.required != nil && found.available != nil:
		return fmt.Sprintf(" (%s needed, %s left)", found.required, found.available)
	case found.required != nil:
		return fmt.Sprintf(" (%s needed)", found.required)
	case found.available != nil:
		return fmt.Sprintf(" (%s left)", found.available)
	}
	return ""
}

// sentence ends a text that does not end itself.
func sentence(text string) string {
	if text == "" || strings.ContainsAny(text[len(text)-1:], ".!?") || strings.HasSuffix(text, "…") {
		return text
	}
	return text + "."
}
