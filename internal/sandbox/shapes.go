package sandbox

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"seedance-mcp/internal/video"
)

// envelope is the wrapping of the oldest generation, and of most webhooks.
type envelope struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Data    any    `json:"data"`
}

// wrapped is data in a good envelope.
func wrapped(data any) envelope {
	return envelope{Code: http.StatusOK, Message: "success", Data: data}
}

// accepted is createTask's answer.
type accepted struct {
	TaskID      string         `json:"taskId"`
	OrderID     string         `json:"orderId,omitempty"`
	CreditsUsed *video.Credits `json:"creditsUsed,omitempty"`
}

// flatRecord is the record of every generation but Z. Status and State are
// the same thing under two names.
type flatRecord struct {
	TaskID       string         `json:"taskId"`
	OrderID      string         `json:"orderId,omitempty"`
	Model        string         `json:"model"`
	Status       string         `json:"status,omitempty"`
	State        string         `json:"state,omitempty"`
	CreditsUsed  *video.Credits `json:"creditsUsed,omitempty"`
	Output       []output       `json:"output"`
	Error        any            `json:"error"`
	CreateTime   *int64         `json:"createTime"`
	UpdateTime   *int64         `json:"updateTime,omitempty"`
	CompleteTime *int64         `json:"completeTime"`
}

// failedWorkflow is the short record of a task that failed in the workflow
// generation, as documented.
type failedWorkflow struct {
	TaskID string `json:"taskId"`
	Model  string `json:"model"`
	Status string `json:"status"`
	Error  any    `json:"error"`
}

// output is one finished video. The last three belong to kinovi.
type output struct {
	URL            string `json:"url"`
	Width          *int   `json:"width"`
	Height         *int   `json:"height"`
	MediaType      string `json:"mediaType,omitempty"`
	Seed           *int64 `json:"seed,omitempty"`
	LastFrameImage string `json:"lastFrameImage,omitempty"`
}

// recordError is error as an object. Code is a string, or a number on demand.
type recordError struct {
	Code    any    `json:"code,omitempty"`
	Message string `json:"message"`
}

// zRecord is the data of the oldest generation. Param and ResultJSON are JSON
// written into strings.
type zRecord struct {
	TaskID       string         `json:"taskId"`
	OrderID      string         `json:"orderId"`
	Model        string         `json:"model"`
	State        string         `json:"state"`
	CreditsUsed  *video.Credits `json:"creditsUsed,omitempty"`
	Param        string         `json:"param"`
	ResultJSON   string         `json:"resultJson"`
	FailCode     any            `json:"failCode,omitempty"`
	FailMsg      string         `json:"failMsg,omitempty"`
	CreateTime   *int64         `json:"createTime"`
	UpdateTime   *int64         `json:"updateTime"`
	CompleteTime *int64         `json:"completeTime"`
}

// record is recordInfo's body of a task in a generation.
func (s *Server) record(t *task, g Generation, now time.Time) any {
	switch g {
	case GenerationZ:
		return wrapped(s.zRecord(t, now))
	case GenerationWorkflow:
		if t.state(now) == video.Failed {
			return failedWorkflow{TaskID: t.ID, Model: s.toolID(t.Model), Status: stateWord(t, now), Error: errorText(t)}
		}
		flat := s.flat(t, now)
		flat.Model = s.toolID(t.Model)
		return flat
	case GenerationB, GenerationKinovi:
	}
	flat := s.flat(t, now)
	if t.state(now) == video.Failed && g == GenerationKinovi && t.Priced {
		none := video.Credits(0) // this generation shows a failed task as free, the others its reservation
		flat.CreditsUsed = &none
	}
	if g == GenerationKinovi {
		for i := range flat.Output {
			flat.Output[i].MediaType, flat.Output[i].Seed = "video", &t.Seed
			if now.Before(t.doneAt().Add(lastFrameLife)) {
				flat.Output[i].LastFrameImage = t.Origin + "/media/" + t.ID + lastFrameExt
			}
		}
	}
	flat.Error = errorObject(t, now)
	return flat
}

// webhook is the body of a webhook in a generation.
func (s *Server) webhook(t *task, g Generation, now time.Time) any {
	switch g {
	case GenerationKinovi:
		return wrapped(s.record(t, g, now))
	case GenerationB:
		flat, _ := s.record(t, g, now).(flatRecord)
		flat.OrderID, flat.State, flat.Status = t.OrderID, flat.Status, ""
		flat.UpdateTime = flat.CompleteTime
		return wrapped(flat)
	case GenerationZ, GenerationWorkflow:
	}
	return s.record(t, g, now)
}

// flat is the part that the flat generations have in common.
func (s *Server) flat(t *task, now time.Time) flatRecord {
	flat := flatRecord{TaskID: t.ID, Model: t.Model, Status: stateWord(t, now), CreditsUsed: creditsNow(t, now)}
	flat.CreateTime, flat.CompleteTime = times(t, now)
	if link := s.link(t, now); link != "" {
		made := output{URL: link, Width: &t.Width, Height: &t.Height}
		if t.words.has("null-size") {
			made.Width, made.Height = nil, nil
		}
		flat.Output = []output{made}
	}
	return flat
}

func (s *Server) zRecord(t *task, now time.Time) zRecord {
	z := zRecord{
		TaskID: t.ID, OrderID: t.OrderID, Model: t.Model, State: stateWord(t, now), CreditsUsed: creditsNow(t, now), Param: "{}",
	}
	z.CreateTime, z.CompleteTime = times(t, now)
	z.UpdateTime = z.CreateTime
	if z.CompleteTime != nil {
		z.UpdateTime = z.CompleteTime
	}
	if link := s.link(t, now); link != "" {
		z.ResultJSON = string(s.encode(map[string][]string{"resultUrls": {link}}))
	}
	if t.state(now) == video.Failed && t.Failure.Message != "" {
		z.FailCode, z.FailMsg = errorCode(t), t.Failure.Message
	}
	return z
}

// stateWord is the state as this task spells it.
func stateWord(t *task, now time.Time) string {
	word := string(t.state(now))
	if word == string(video.Generating) && t.words.has("odd-state") {
		word = "post_processing"
	}
	if t.words.has("upper-case") {
		word = strings.ToUpper(word)
	}
	return word
}

// link is the URL of a finished video; "" when there is none (yet).
func (s *Server) link(t *task, now time.Time) string {
	if t.state(now) != video.Success || t.words.has("success-never-url") ||
		t.during("success-no-url", now.Sub(t.doneAt())) {
		return ""
	}
	return t.Origin + "/media/" + t.ID + clipExt
}

// creditsNow is what the service shows as used; nil: nothing.
func creditsNow(t *task, now time.Time) *video.Credits {
	if !t.Priced || t.words.has("no-credits") {
		return nil
	}
	used := t.charged(now)
	return &used
}

// times are the creation and completion in Unix milliseconds.
func times(t *task, now time.Time) (created, completed *int64) {
	if t.words.has("no-times") {
		return nil, nil
	}
	begin, end := t.CreatedAt.UnixMilli(), t.doneAt().UnixMilli()
	if !t.state(now).Final() {
		return &begin, nil
	}
	return &begin, &end
}

// errorText is the workflow generation's error: a string, or null.
func errorText(t *task) any {
	switch {
	case t.words.has("error-code-number"):
		return recordError{Code: errorCode(t), Message: t.Failure.Message}
	case t.Failure.Message == "":
		return nil
	}
	return t.Failure.Message
}

// errorObject is the newer generations' error: an object, or null.
func errorObject(t *task, now time.Time) any {
	switch {
	case t.state(now) != video.Failed || t.Failure.Message == "":
		return nil
	case t.words.has("error-string"):
		return t.Failure.Message
	}
	return recordError{Code: errorCode(t), Message: t.Failure.Message}
}

// errorCode is the failure's code: a string, or a number on demand.
func errorCode(t *task) any {
	if t.words.has("error-code-number") {
		if _, err := strconv.Atoi(t.Failure.Code); err == nil {
			return json.Number(t.Failure.Code)
		}
	}
	return t.Failure.Code
}

// toolID is the name under which the workflow generation answers a model.
func (s *Server) toolID(model string) string {
	if model == "seedance-20" {
		return "seedance20-video-generation"
	}
	return model // no other is documented
}
