package upstream

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"seedance-mcp/internal/video"
)

const (
	// MaxUpload is the largest reference file sent, in bytes. The upstream
	// publishes no limit; this one guards against the wrong file.
	MaxUpload = 200 << 20
	// uploadTime is how long a signed URL lives.
	uploadTime = 15 * time.Minute
	// confirmTries and confirmPause wait for a stored file to show.
	confirmTries = 4
	confirmPause = 500 * time.Millisecond
)

// uploadTypes are the media that models take, by file extension.
var uploadTypes = map[string]string{
	".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".webp": "image/webp",
	".mp4": "video/mp4", ".mov": "video/quicktime", ".webm": "video/webm",
	".mp3": "audio/mpeg", ".wav": "audio/wav", ".m4a": "audio/mp4",
}

// UploadType is the content type for a file name's extension; ok is false for
// one that no model takes.
func UploadType(name string) (contentType string, ok bool) {
	contentType, ok = uploadTypes[strings.ToLower(path.Ext(name))]
	return contentType, ok
}

// kindOf is "image" for "image/png".
func kindOf(contentType string) string {
	kind, _, _ := strings.Cut(contentType, "/")
	return strings.ToLower(kind)
}

// ticket is the answer to POST /uploads.
type ticket struct {
	put, public, confirm *url.URL
	method, contentType  string
}

// Upload stores a reference file at the upstream for 24 hours and gives the
// public URL to name in a request. name needs one of the known extensions;
// contentType may be ""; size is exact, in bytes. body is read once, and must
// not be used until Upload has returned. Errors
// are *video.Error; nothing is ever charged.
func (c *Client) Upload(ctx context.Context, name, contentType string, size int64, body io.Reader) (string, error) {
	contentType, err := c.checkUpload(name, contentType, size)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, uploadTime)
	defer cancel()
	place, err := c.askUpload(ctx, path.Base(name), contentType)
	if err != nil {
		return "", err
	}
	if err := c.put(ctx, place, size, body); err != nil {
		return "", err
	}
	if err := c.confirm(ctx, place, size); err != nil {
		return "", err
	}
	return place.public.String(), nil
}

func (c *Client) checkUpload(name, contentType string, size int64) (string, error) {
	if c.dialect != video.Kinovi {
		return "", &video.Error{
			Code: video.Invalid, Message: "This service takes no uploads.",
			Suggestion: "Give a public http or https URL instead of a file.",
		}
	}
	byName, known := UploadType(name)
	if !known {
		return "", &video.Error{
			Code: video.Invalid, Message: "No model takes this type of file.", Given: video.Clip(path.Base(name), 80),
			Valid:      []string{".jpg", ".png", ".webp", ".mp4", ".mov", ".webm", ".mp3", ".wav", ".m4a"},
			Suggestion: "Convert it to one of the valid types.",
		}
	}
	if contentType == "" {
		contentType = byName
	}
	if kindOf(contentType) != kindOf(byName) {
		return "", &video.Error{
			Code: video.Invalid, Message: "The file's name and its content type do not go together: " + plain(path.Base(name), 80) + " and " + plain(contentType, 80) + ".",
			Suggestion: "Give the file the extension of what it holds.",
		}
	}
	if size <= 0 || size > MaxUpload {
		return "", &video.Error{
			Code: video.Invalid, Message: fmt.Sprintf("The file has %d bytes; 1 to %d can be uploaded.", size, int64(MaxUpload)),
			Suggestion: "Use a smaller file, or give a public URL.",
		}
	}
	return contentType, nil
}

// askUpload may ask twice for one file: an offer that nobody uses costs nothing
// and ends by itself.
func (c *Client) askUpload(ctx context.Context, name, contentType string) (ticket, error) {
	body, err := json.Marshal(map[string]string{"fileName": name, "contentType": contentType})
	if err != nil {
		return ticket{}, fmt.Errorf("encode upload request: %w", err)
	}
	got, err := c.read(ctx, http.MethodPost, c.base.JoinPath("uploads"), body)
	if err != nil {
		return ticket{}, err
	}
	answered := openEnvelope(got.object())
	if code, failed := answered.failed(); failed && got.status < 300 {
		got.status = code
	}
	if got.status < 200 || got.status > 299 {
		return ticket{}, c.uploadRefused(got)
	}
	place, ok := c.readTicket(answered, contentType)
	if !ok {
		return ticket{}, c.uploadFailed("The upload was answered without a usable address", nil)
	}
	return place, nil
}

func (c *Client) readTicket(answered envelope, contentType string) (ticket, bool) {
	place := ticket{method: http.MethodPut, contentType: contentType}
	put, public := answered.text("uploadUrl"), answered.text("url")
	if !webURL(put) || !webURL(public) {
		return ticket{}, false
	}
	place.put, place.public = mustParse(put), mustParse(public)
	// A file must not go over plain HTTP when everything else is encrypted.
	if c.base.Scheme == schemeHTTPS && place.put.Scheme != schemeHTTPS {
		return ticket{}, false
	}
	if method := strings.ToUpper(answered.text("method")); method == http.MethodPost {
		place.method = method
	}
	if signedType := answered.text("contentType"); signedType != "" && !strings.ContainsAny(signedType, "\r\n") {
		place.contentType = signedType
	}
	if reference, err := url.Parse(answered.text("confirmUrl")); err == nil && reference.String() != "" {
		// The key goes along, so it must be the API's own origin.
		if target := c.base.ResolveReference(reference); sameOrigin(target, c.base) {
			place.confirm = target
		}
	}
	return place, true
}

// mustParse is for text that webURL has accepted.
func mustParse(text string) *url.URL {
	parsed, err := url.Parse(text)
	if err != nil {
		return &url.URL{}
	}
	return parsed
}

// put sends the bytes to the signed URL, without the key.
func (c *Client) put(ctx context.Context, place ticket, size int64, body io.Reader) error {
	req, err := http.NewRequestWithContext(ctx, place.method, place.put.String(), io.LimitReader(body, size))
	if err != nil {
		return c.uploadFailed("The upload could not be made", cause(err))
	}
	req.ContentLength = size
	req.Header.Set("Content-Type", place.contentType)
	req.Header.Set("User-Agent", userAgent)
	resp, err := c.puts.Do(req) //nolint:bodyclose // readAnswer closes it
	if err != nil {
		return c.uploadFailed("The upload broke off: "+reason(err), cause(err))
	}
	if got := readAnswer(resp); got.status < 200 || got.status > 299 {
		return c.uploadFailed("The storage refused the upload: "+c.describe(got), nil)
	}
	if n, _ := io.ReadFull(body, make([]byte, 1)); n != 0 {
		return c.uploadFailed("The file grew while it was uploaded, so only a part of it arrived", nil)
	}
	return nil
}

// confirm waits until the stored file shows. Only a file that is certainly
// missing or of the wrong size is an error: confirming is optional.
func (c *Client) confirm(ctx context.Context, place ticket, size int64) error {
	if place.confirm == nil {
		return nil
	}
	for try := range confirmTries {
		if try > 0 {
			select {
			case <-ctx.Done():
				return c.uploadFailed("The upload was cancelled", ctx.Err())
			case <-time.After(confirmPause << (try - 1)):
			}
		}
		got, err := c.read(ctx, http.MethodGet, place.confirm, nil)
		if err != nil {
			c.logger.DebugContext(ctx, "upload not confirmed", "error", err)
			return nil
		}
		if got.status == http.StatusNotFound {
			continue
		}
		answered := openEnvelope(got.object())
		stored, told := answered.data.integer("size")
		if !told {
			stored, told = answered.top.integer("size")
		}
		if got.status < 300 && told && int64(stored) != size {
			return c.uploadFailed(fmt.Sprintf("The upload is incomplete: %d of %d bytes arrived", stored, size), nil)
		}
		return nil
	}
	return c.uploadFailed("The upload does not show at the service", nil)
}

func (c *Client) uploadRefused(got answer) *video.Error {
	if got.status >= 400 && got.status < 500 && got.status != http.StatusTooManyRequests {
		return c.refusal(got, readProblem(got.object()))
	}
	return c.uploadFailed("The upload was refused for now: "+c.describe(got), nil)
}

func (c *Client) uploadFailed(why string, err error) *video.Error {
	return &video.Error{
		Code:       video.Unavailable,
		Message:    sentence(c.clean(why)),
		Suggestion: "Try again in a moment, or give a public URL instead of a file. Nothing was charged.",
		Err:        err,
	}
}
