package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"seedance-mcp/internal/video"
)

// try asks once for what is missing of the part; again says that asking once
// more is worth while.
func (f *Fetcher) try(ctx context.Context, p *part, src source) (again bool, err error) {
	tryCtx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	watching := newWatch(stop)
	defer watching.stop()
	request, err := http.NewRequestWithContext(tryCtx, http.MethodGet, src.url.String(), nil)
	if err != nil {
		return false, video.Errorf(video.Invalid, "The link to the video cannot be used.")
	}
	request.Header.Set("User-Agent", "seedance-mcp")
	request.Header.Set("Accept", "video/*, application/octet-stream;q=0.9, */*;q=0.1")
	request.Header.Set("Accept-Encoding", "identity")
	resuming := p.resumable()
	if resuming {
		request.Header.Set("Range", "bytes="+strconv.FormatInt(p.size, 10)+"-")
		request.Header.Set("If-Range", ifRange(p.state))
	}
	response, err := f.client.Do(request)
	watching.stop()
	if err != nil {
		err = broken(ctx, tryCtx, err, src)
		return video.CodeOf(err) == video.Unavailable, err
	}
	defer func() { _ = response.Body.Close() }()
	s := &stream{
		ctx: ctx, tryCtx: tryCtx, src: src, limit: f.maxBytes,
		response: response, watching: watching,
	}
	switch {
	case response.StatusCode == http.StatusOK:
		return s.begin(p)
	case response.StatusCode == http.StatusPartialContent && resuming:
		return s.goOn(p)
	case response.StatusCode == http.StatusRequestedRangeNotSatisfiable && resuming:
		return s.changed(p)
	default:
		return refusal(response.StatusCode, src)
	}
}

func ifRange(s state) string {
	if s.ETag != "" {
		return s.ETag
	}
	return s.LastModified
}

// stream is an answer that brings a video, or the rest of one.
type stream struct {
	ctx, tryCtx context.Context
	src         source
	limit       int64
	response    *http.Response
	watching    *watch
}

// Read reads from the answer; it fails when nothing comes for too long.
func (s *stream) Read(data []byte) (int, error) {
	s.watching.start()
	n, err := s.response.Body.Read(data)
	s.watching.stop()
	return n, err
}

// begin takes a whole video. What is on disk stays until it is clear that a
// video is coming.
func (s *stream) begin(p *part) (again bool, err error) {
	if err := s.encoded(); err != nil {
		return false, err
	}
	head, err := s.head()
	if err != nil {
		return s.cut(err)
	}
	if err := checkType(s.response.Header.Get("Content-Type"), head, s.src.host()); err != nil {
		return false, err
	}
	total := max(0, s.response.ContentLength)
	if total > s.limit {
		return false, tooLarge(s.limit)
	}
	if err := p.fresh(); err != nil {
		return false, err
	}
	next := state{Source: p.source, ETag: s.etag(), LastModified: s.response.Header.Get("Last-Modified"), Total: total}
	if err := p.remember(next); err != nil {
		return false, err
	}
	if err := p.write(head); err != nil {
		return false, err
	}
	return s.copy(p)
}

// head reads the first bytes; fewer only where there are no more.
func (s *stream) head() ([]byte, error) {
	head := make([]byte, headBytes)
	size := 0
	for size < len(head) {
		n, err := s.Read(head[size:])
		size += n
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	return head[:size], nil
}

// goOn takes the rest of a video, if it is one of the same video.
func (s *stream) goOn(p *part) (again bool, err error) {
	if err := s.encoded(); err != nil {
		return false, err
	}
	start, total, ok := contentRange(s.response.Header.Get("Content-Range"))
	header, known := s.response.Header, p.state
	switch {
	case !ok || start != p.size,
		known.Total > 0 && total > 0 && known.Total != total,
		known.ETag == "" && total == 0,
		known.ETag != "" && header.Get("ETag") != "" && header.Get("ETag") != known.ETag,
		known.LastModified != "" && header.Get("Last-Modified") != "" && header.Get("Last-Modified") != known.LastModified:
		return s.changed(p)
	case total > s.limit:
		return false, tooLarge(s.limit)
	}
	if known.Total == 0 && total > 0 {
		known.Total = total
		if err := p.remember(known); err != nil {
			return false, err
		}
	}
	return s.copy(p)
}

// changed begins anew: what is on disk does not fit what the server has.
func (s *stream) changed(p *part) (again bool, err error) {
	if err := p.fresh(); err != nil {
		return false, err
	}
	return true, video.Errorf(video.Unavailable, "The video at %s changed while it was fetched.", s.src.host())
}

// copy brings the stream to disk and judges its end.
func (s *stream) copy(p *part) (again bool, err error) {
	buffer := make([]byte, bufferBytes)
	for {
		n, readErr := s.Read(buffer)
		if p.size+int64(n) > s.limit {
			return false, tooLarge(s.limit)
		}
		if err := p.write(buffer[:n]); err != nil {
			return false, err
		}
		if errors.Is(readErr, io.EOF) {
			return s.end(p)
		}
		if readErr != nil {
			return s.cut(readErr)
		}
	}
}

// end judges a stream that ended as if it were complete.
func (s *stream) end(p *part) (again bool, err error) {
	total := p.state.Total
	if total > 0 && p.size > total {
		return s.changed(p)
	}
	ended := p.size == total
	if total == 0 {
		if ended, err = looksWhole(p); err != nil {
			return false, err
		}
	}
	if !ended {
		return s.cut(io.ErrUnexpectedEOF)
	}
	p.complete = true
	return false, nil
}

// looksWhole judges a video whose length no server told.
func looksWhole(p *part) (bool, error) {
	head := make([]byte, headBytes)
	n, err := p.data.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return false, diskError(err, p.dir.path)
	}
	if is, _ := kindOf(head[:n]); is != mp4 && is != mov {
		return true, nil
	}
	ok, err := whole(p.data, p.size)
	if err != nil {
		return false, diskError(err, p.dir.path)
	}
	return ok, nil
}

func (s *stream) cut(err error) (again bool, _ error) {
	err = broken(s.ctx, s.tryCtx, err, s.src)
	return video.CodeOf(err) == video.Unavailable, err
}

// encoded refuses a body that is packed although that was not asked for.
func (s *stream) encoded() error {
	switch packed := strings.ToLower(s.response.Header.Get("Content-Encoding")); packed {
	case "", "identity":
		return nil
	default:
		return video.Errorf(video.Unavailable, "%s sent the video packed as %s, which was not asked for.", s.src.host(), video.Clip(packed, 40))
	}
}

// etag is the answer's, if it is strong.
func (s *stream) etag() string {
	tag := s.response.Header.Get("ETag")
	if strings.HasPrefix(tag, `"`) {
		return tag
	}
	return ""
}

// contentRange reads "bytes 5-9/10"; total is 0 where it is "*".
func contentRange(text string) (start, total int64, ok bool) {
	var end int64
	rest, ok := strings.CutPrefix(text, "bytes ")
	if !ok {
		return 0, 0, false
	}
	span, whole, ok := strings.Cut(rest, "/")
	if !ok {
		return 0, 0, false
	}
	if _, err := fmt.Sscanf(span, "%d-%d", &start, &end); err != nil || start < 0 || end < start {
		return 0, 0, false
	}
	if whole == "*" {
		return start, 0, true
	}
	total, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || total <= end {
		return 0, 0, false
	}
	return start, total, true
}
