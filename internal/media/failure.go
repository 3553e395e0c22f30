package media

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"seedance-mcp/internal/video"
)

// errStalled is why a try was given up.
var errStalled = errors.New("the server sent nothing for too long")

// query is the part of a link that may be secret.
var query = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\?[^\s"']*`) })

// quiet is a cause that can be logged: no link in it has a query.
type quiet struct{ error }

// Error is the cause's text without the queries of links.
func (q quiet) Error() string { return query().ReplaceAllString(q.error.Error(), "?…") }

// Unwrap gives the cause.
func (q quiet) Unwrap() error { return q.error }

// broken says why a request or its stream failed; ctx is that of the try,
// parent the fetch's.
func broken(parent, ctx context.Context, err error, src source) error {
	if parent.Err() != nil {
		return parent.Err()
	}
	if known, ok := errors.AsType[*video.Error](err); ok {
		return known
	}
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err // without the link in its text
	}
	why := "the connection failed"
	dns, isDNS := errors.AsType[*net.DNSError](err)
	netErr, isNet := errors.AsType[net.Error](err)
	switch {
	case errors.Is(context.Cause(ctx), errStalled):
		why = "the server sent nothing for " + strconv.Itoa(int(patience.Seconds())) + " s"
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET):
		why = "the connection broke off"
	case isDNS && dns.IsNotFound:
		why = "there is no such host"
	case isDNS:
		why = "its name could not be resolved"
	case errors.Is(err, syscall.ECONNREFUSED):
		why = "the connection was refused"
	case isNet && netErr.Timeout():
		why = "the connection timed out"
	case strings.Contains(err.Error(), "tls: "), strings.Contains(err.Error(), "x509: "):
		why = "the encrypted connection failed (certificate or protocol)"
	}
	return &video.Error{
		Code:       video.Unavailable,
		Message:    "The video could not be fetched from " + src.host() + ": " + why + ".",
		Suggestion: "Call download_video again in a minute; it goes on where it stopped.",
		Err:        quiet{err},
	}
}

// refusal says what a status other than success means, and whether to ask
// again at once.
func refusal(status int, src source) (again bool, err error) {
	told := " (HTTP " + strconv.Itoa(status) + ")."
	switch {
	case status == http.StatusForbidden, status == http.StatusNotFound, status == http.StatusGone,
		status == http.StatusUnauthorized, status == http.StatusBadRequest: // a storage service's answer to an old token
		return false, &video.Error{
			Code: video.NotFound, Status: status,
			Message:    "The link to the video has expired, or " + src.host() + " no longer has the file" + told,
			Suggestion: "Call get_task_status for a fresh link, then download_video again. If that fails too the video is gone.",
		}
	case status >= http.StatusInternalServerError, status == http.StatusTooManyRequests,
		status == http.StatusRequestTimeout, status == http.StatusTooEarly:
		return true, &video.Error{
			Code: video.Unavailable, Status: status,
			Message:    src.host() + " has trouble and did not send the video" + told,
			Suggestion: "Call download_video again in a minute.",
		}
	case status < http.StatusBadRequest:
		return false, &video.Error{
			Code: video.Unavailable, Status: status,
			Message:    src.host() + " answered without the video" + told,
			Suggestion: "Call download_video again in a minute.",
		}
	default:
		return false, &video.Error{
			Code: video.Invalid, Status: status,
			Message:    src.host() + " refused to send the video" + told,
			Suggestion: "Call get_task_status to see whether the task has another link.",
		}
	}
}

func tooLarge(limit int64) error {
	return &video.Error{
		Code:       video.Invalid,
		Message:    "The video is larger than the " + strconv.FormatInt(limit, 10) + " bytes that this server saves.",
		Suggestion: "Give the user the URL instead.",
	}
}

// diskError says what is wrong with a folder or a file in it.
func diskError(err error, path string) error {
	out := &video.Error{
		Code: video.Unavailable, Err: err,
		Suggestion: "Tell the user, or call download_video with another directory.",
	}
	path = video.Clip(path, 300)
	_, isSystem := errors.AsType[syscall.Errno](err)
	switch {
	case diskFull(err):
		out.Message = "The video could not be saved: the disk of " + path + " is full."
		out.Suggestion = "Have the user free space, then call download_video again; it goes on where it stopped."
	case errors.Is(err, fs.ErrPermission), readOnly(err):
		out.Message = "The video could not be saved: " + path + " cannot be written to."
	case errors.Is(err, fs.ErrNotExist):
		out.Message = "The video could not be saved: there is no folder " + path + "."
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, fs.ErrExist):
		out.Code, out.Argument = video.Invalid, dirArgument
		out.Message = "The video could not be saved: " + path + " is not a folder."
		out.Suggestion = "Leave directory out, or name another one."
	case errors.Is(err, syscall.ENAMETOOLONG):
		out.Code, out.Argument = video.Invalid, dirArgument
		out.Message = "The video could not be saved: the path " + path + " is too long."
		out.Suggestion = "Use a shorter directory."
	case !isSystem && !errors.Is(err, fs.ErrClosed):
		// What os.Root refuses by itself, and not the system.
		out.Code, out.Argument = video.Forbidden, dirArgument
		out.Message = "The video could not be saved: " + path + " leads out of the allowed folder."
	default:
		out.Message = "The video could not be saved in " + path + "."
	}
	return out
}
