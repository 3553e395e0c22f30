package media

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"

	"seedance-mcp/internal/video"
)

// Getter reads what a link leads to without keeping it, with the same checks
// of addresses as a Fetcher. It may be used by several goroutines at once.
type Getter struct{ client *http.Client }

// NewGetter makes a Getter; local and allowLoopback are as in Options. The
// proxy settings are those of the environment as it is now.
func NewGetter(local map[string]http.RoundTripper, allowLoopback bool) *Getter {
	router := newRouter(local, allowLoopback)
	return &Getter{client: &http.Client{Transport: router, CheckRedirect: router.redirect}}
}

// Get copies to w what the link leads to: all of it, at most limit bytes. It
// asks once. After an error some of it may have been written. Errors are as
// those of Fetcher.Fetch.
func (g *Getter) Get(ctx context.Context, link string, limit int64, w io.Writer) error {
	err := g.get(ctx, link, limit, w)
	known, ok := errors.AsType[*video.Error](err)
	if !ok {
		return err
	}
	told := *known // what a Fetcher advises is for those who save files
	switch told.Code {
	case video.NotFound:
		told.Suggestion = "Call get_task_status for a fresh link, then try again."
	case video.Unavailable:
		told.Suggestion = "Try again in a minute."
	default:
	}
	return &told
}

func (g *Getter) get(ctx context.Context, link string, limit int64, w io.Writer) error {
	src, err := parseSource(link)
	if err != nil {
		return err
	}
	tryCtx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	watching := newWatch(stop)
	defer watching.stop()
	request, err := http.NewRequestWithContext(tryCtx, http.MethodGet, src.url.String(), nil)
	if err != nil {
		return video.Errorf(video.Invalid, "The link cannot be used.")
	}
	request.Header.Set("User-Agent", "seedance-mcp")
	request.Header.Set("Accept-Encoding", "identity")
	response, err := g.client.Do(request)
	watching.stop()
	if err != nil {
		return broken(ctx, tryCtx, err, src)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		_, err := refusal(response.StatusCode, src)
		return err
	}
	s := &stream{ctx: ctx, tryCtx: tryCtx, src: src, response: response, watching: watching}
	if err := s.encoded(); err != nil {
		return err
	}
	if response.ContentLength > limit {
		return tooMuch(limit)
	}
	n, err := io.CopyBuffer(into{w}, io.LimitReader(s, limit+1), make([]byte, bufferBytes))
	writing, isWriting := errors.AsType[*writeError](err)
	switch {
	case isWriting:
		return writing.error
	case err != nil:
		return broken(ctx, tryCtx, err, src)
	case n > limit:
		return tooMuch(limit)
	default:
		return nil
	}
}

func tooMuch(limit int64) error {
	return &video.Error{
		Code:       video.Invalid,
		Message:    "What the link leads to is larger than the " + strconv.FormatInt(limit, 10) + " bytes that are read here.",
		Suggestion: "Give the user the URL instead.",
	}
}

// into marks what goes wrong on the writing side, which is no fault of the
// network's.
type into struct{ io.Writer }

// Write writes, or says that it was the writing that failed.
func (t into) Write(data []byte) (int, error) {
	n, err := t.Writer.Write(data)
	if err != nil {
		return n, &writeError{err}
	}
	return n, nil
}

type writeError struct{ error }

// Unwrap gives the cause.
func (w *writeError) Unwrap() error { return w.error }
