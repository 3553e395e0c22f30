package upstream

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"seedance-mcp/internal/video"
)

// Record is what the upstream knows about a task.
type Record struct {
	TaskID string
	// Model is mapped by Config.ModelName, and as it came in a webhook.
	Model string
	// State is Waiting, Generating, Success or Failed. Success may come
	// without Videos: it is not done yet, look again.
	State video.State
	// RawState is the upstream's own word, clipped; a word never seen before
	// means that the task is still running.
	RawState string
	Videos   []video.Video
	// CreditsUsed is nil when absent. On a failed task it is no proof of cost.
	CreditsUsed *video.Credits
	// Failure is set when State is Failed.
	Failure *video.Failure
	// CreatedAt and CompletedAt are UTC; zero when not told.
	CreatedAt, CompletedAt time.Time
}

// Record looks a task up. Trouble on the way is tried again within
// Config.RecordTimeout. Errors are *video.Error: NotFound and Forbidden only
// in the API's own words, Unauthenticated, and Unavailable for everything that
// says nothing about the task.
func (c *Client) Record(ctx context.Context, taskID string) (Record, error) {
	if !plausibleID(taskID) {
		return Record{}, &video.Error{
			Code: video.NotFound, Message: "This is no task id.", Given: video.Clip(taskID, 80),
			Suggestion: "list_tasks shows the ids.",
		}
	}
	target := c.base.JoinPath("jobs", "recordInfo")
	target.RawQuery = url.Values{"taskId": {taskID}}.Encode()
	got, err := c.read(ctx, "GET", target, nil)
	if err != nil {
		return Record{}, err
	}
	return c.judgeRecord(got, taskID)
}

// CheckKey says whether the key works, by looking up a task that cannot exist.
// It costs nothing. nil: the key is good; else Unauthenticated, Forbidden or
// Unavailable.
func (c *Client) CheckKey(ctx context.Context) error {
	_, err := c.Record(ctx, "task_"+strings.ToLower(rand.Text())[:24])
	var refused *video.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refused) && refused.Code == video.NotFound && refused.Status == http.StatusNotFound:
		return nil
	case errors.As(err, &refused) && (refused.Code == video.NotFound || refused.Code == video.Invalid):
		return &video.Error{
			Code: video.Unavailable, Status: refused.Status, Err: err,
			Message:    "The key could not be checked: the video service refused the task id before looking at the key.",
			Suggestion: "Make a small video to see whether the key works.",
		}
	default:
		return err
	}
}

// read sends a request that may be repeated, and gives the last answer. Its
// errors are Unavailable.
func (c *Client) read(ctx context.Context, method string, target *url.URL, body []byte) (answer, error) {
	ctx, _ = launch(ctx)
	req, err := c.request(ctx, method, target, body)
	if err != nil {
		return answer{}, c.unreachable(err)
	}
	var got answer
	var handled *http.Response
	// Reading inside the loop lets an answer that breaks off be fetched again.
	req.SetResponseHandler(func(resp *http.Response) error {
		got, handled = readAnswer(resp), resp
		return got.broken
	})
	resp, err := c.reads.Do(req)
	if err != nil {
		if resp != nil {
			_ = resp.Body.Close()
		}
		return answer{}, c.unreachable(err)
	}
	if resp != handled { // a status that was worth retrying to the end
		got = readAnswer(resp)
	}
	return got, nil
}

func (c *Client) judgeRecord(got answer, taskID string) (Record, error) {
	top := got.object()
	answered := openEnvelope(top)
	status := got.status
	if code, failed := answered.failed(); failed && status < 300 {
		status = code
	}
	if status < 200 || status > 299 {
		// A look-alike reports a failed task as an error code around a record.
		if got.status > 299 || answered.data.text("status", "state") == "" {
			got.status = status
			return Record{}, c.recordRefused(got)
		}
	}
	record, ok := decodeRecord(answered, c.dialect, c.show)
	if !ok {
		return Record{}, c.odd(got, "it has no state")
	}
	if record.TaskID != "" && record.TaskID != taskID {
		return Record{}, c.odd(got, "it is about another task")
	}
	record.TaskID = taskID
	record.Model = c.modelName(record.Model)
	return record, nil
}

// recordRefused judges a lookup that failed. A page, or a missing route, must
// never end a paid task: only the API's own words about a task do.
func (c *Client) recordRefused(got answer) *video.Error {
	found := readProblem(got.object())
	words := strings.ToLower(found.message)
	spoken := words != ""
	status := got.status
	switch {
	case (status == http.StatusNotFound || status == http.StatusBadRequest) && namesTask(words):
		return &video.Error{
			Code: video.NotFound, Status: status,
			Message:    "The video service does not know this task: " + sentence(c.clean(found.message)),
			Suggestion: "Check the task id; list_tasks shows the ids. Records are kept for about 60 days.",
		}
	case status == http.StatusForbidden && spoken, status == http.StatusUnauthorized && spoken:
		refused := c.refusal(got, found)
		if strings.Contains(words, "access denied") {
			refused.Message = "The task belongs to another account of the video service: " + sentence(c.clean(found.message))
			refused.Suggestion = "Use the API key that the task was made with."
		}
		return refused
	case status == http.StatusBadRequest && spoken:
		return c.refusal(got, found)
	case status == http.StatusTooManyRequests:
		return &video.Error{
			Code: video.Unavailable, Status: status,
			Message:    "The video service asks for fewer requests: " + sentence(c.describe(got)),
			Suggestion: "The task goes on; ask again in a few seconds.",
		}
	case status >= 400 && status < 500:
		refused := c.refusal(got, found)
		refused.Code = video.Unavailable
		return refused
	default:
		return &video.Error{
			Code: video.Unavailable, Status: status,
			Message:    "The video service has trouble: " + sentence(c.describe(got)),
			Suggestion: "The task is not affected; ask again in a moment.",
		}
	}
}

// namesTask tells "Task not found" and "Invalid taskId" from a web framework's
// own "not found", also from one that quotes the address: "Cannot GET
// /api/v1/jobs/recordInfo?taskId=x".
func namesTask(words string) bool {
	if strings.Contains(words, "/") || strings.Contains(words, "recordinfo") || strings.Contains(words, "route") {
		return false
	}
	return strings.Contains(words, "task") || strings.Contains(words, "record")
}

func (c *Client) odd(got answer, why string) *video.Error {
	return &video.Error{
		Code: video.Unavailable, Status: got.status,
		Message:    "The video service's answer makes no sense, " + why + ": " + sentence(c.describe(got)),
		Suggestion: "The task is not affected; ask again in a moment. If it stays so, check SEEDANCE_API_URL.",
	}
}

func (c *Client) unreachable(err error) *video.Error {
	return &video.Error{
		Code:       video.Unavailable,
		Message:    "The video service could not be reached: " + sentence(c.clean(reason(err))),
		Suggestion: "Tasks go on meanwhile; ask again in a moment; if it goes on, check the network and the proxy (`seedance-mcp doctor` does).",
		Err:        cause(err),
	}
}
