package upstream

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"seedance-mcp/internal/video"
)

// Accepted is createTask's answer: the task is accepted, never done.
type Accepted struct {
	TaskID string
	// Credits is what the upstream says it deducted; nil when it does not.
	Credits *video.Credits
}

// Create sends the paid createTask at most once. payload is the JSON object to
// send; callbackURL, unless "", is added to it.
//
// Every error is a *video.Error. Invalid, Unauthenticated, Forbidden,
// InsufficientCredits and ConcurrencyLimit: the upstream refused, nothing was
// charged. Unavailable: certainly not accepted, mostly because no connection
// was made. OutcomeUnknown: the request left and no usable answer came back,
// so it may have been accepted and charged, and must not be sent again.
func (c *Client) Create(ctx context.Context, payload json.RawMessage, callbackURL string) (Accepted, error) {
	body, err := withCallback(payload, callbackURL)
	if err != nil {
		return Accepted{}, err
	}
	if err := ctx.Err(); err != nil {
		return Accepted{}, c.notSent(err)
	}
	ctx, cancel := context.WithTimeout(ctx, c.createTimeout)
	defer cancel()
	ctx, f := launch(ctx)
	req, err := c.request(ctx, "POST", c.base.JoinPath("jobs", "createTask"), body)
	if err != nil {
		return Accepted{}, c.notSent(err)
	}
	// Without GetBody net/http cannot send the body a second time by itself.
	req.GetBody = nil

	resp, err := c.creates.Do(req)
	if err != nil {
		if resp != nil {
			_ = resp.Body.Close()
		}
		if f.neverLeft(err) {
			return Accepted{}, c.notSent(err)
		}
		return Accepted{}, c.lost(0, reason(err), err)
	}
	got := readAnswer(resp)
	accepted, err := c.judgeCreate(got)
	if err != nil {
		c.logger.DebugContext(ctx, "createTask was not accepted", "status", got.status, "code", video.CodeOf(err))
	}
	return accepted, err
}

// judgeCreate turns an answer into the task id, a definite refusal or "unknown".
// An answer that names a task is believed before anything else in it but a
// definite refusal: followed for nothing, a task that was never made costs a
// few free looks; not followed, one that was made is lost with what it cost.
func (c *Client) judgeCreate(got answer) (Accepted, error) {
	answered := openEnvelope(got.object())
	if !definiteStatus(got.status) {
		if id := acceptedID(answered, got.body); id != "" {
			return Accepted{TaskID: id, Credits: answered.credits("creditsUsed")}, nil
		}
	}
	if got.status < 200 || got.status > 299 {
		return Accepted{}, c.createRefused(got)
	}
	if code, failed := answered.failed(); failed {
		got.status = code
		return Accepted{}, c.createRefused(got)
	}
	if got.broken != nil {
		return Accepted{}, c.lost(got.status, "the answer broke off: "+reason(got.broken), got.broken)
	}
	return Accepted{}, c.lost(got.status, "the answer names no task: "+c.describe(got), nil)
}

// withCallback adds callBackUrl to the payload and leaves its other bytes as
// they were quoted.
func withCallback(payload json.RawMessage, callbackURL string) ([]byte, error) {
	body := bytes.TrimSpace(payload)
	if len(body) == 0 || body[0] != '{' || !json.Valid(body) {
		return nil, video.Errorf(video.Internal, "The request to send is not a JSON object.")
	}
	if callbackURL == "" {
		return body, nil
	}
	value, err := json.Marshal(callbackURL)
	if err != nil {
		return nil, &video.Error{Code: video.Internal, Message: "The callback URL cannot be written as JSON.", Err: err}
	}
	body = bytes.TrimSpace(body[:len(body)-1])
	separator := ","
	if len(body) == 1 {
		separator = ""
	}
	return fmt.Appendf(bytes.Clone(body), "%s\"callBackUrl\":%s}", separator, value), nil
}

// notSent: nothing left this machine.
func (c *Client) notSent(err error) *video.Error {
	return &video.Error{
		Code:       video.Unavailable,
		Message:    c.clean("The video service could not be reached: "+reason(err)+".") + " Nothing was sent and nothing was charged.",
		Suggestion: "Try again in a moment; if it goes on, check the network, SEEDANCE_API_URL and the proxy.",
		Err:        cause(err),
	}
}

// lost: the request left, and what became of it is not known.
func (c *Client) lost(status int, why string, err error) *video.Error {
	lost := &video.Error{
		Code:    video.OutcomeUnknown,
		Message: "The request was sent but its answer was lost (" + c.clean(why) + "), so it may have been accepted and charged.",
		Suggestion: "Do not send it again unless the user agrees to perhaps pay twice; " +
			"the service's own task list shows whether it arrived.",
		Status: status,
	}
	if err != nil {
		lost.Err = cause(err)
	}
	return lost
}

// reason says in a few words why a request failed.
func reason(err error) string {
	err = cause(err)
	switch {
	case errors.Is(err, context.Canceled):
		return "it was cancelled"
	case errors.Is(err, context.DeadlineExceeded), isTimeout(err):
		return "no answer in time"
	default:
		return err.Error()
	}
}

func isTimeout(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.As(err, &timeout) && timeout.Timeout()
}
