package media_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"seedance-mcp/internal/media"
	"seedance-mcp/internal/video"
)

func TestGet(t *testing.T) {
	data := clip("fox", 300_000)
	o := newOrigin(t, whole(data, ""))
	getter := media.NewGetter(nil, true)
	var got bytes.Buffer
	if err := getter.Get(t.Context(), o.link(), int64(len(data)), &got); err != nil || !bytes.Equal(got.Bytes(), data) {
		t.Errorf("%d bytes of %d, %v", got.Len(), len(data), err)
	}
	if asked := o.requests(); len(asked) != 1 {
		t.Errorf("asked %d times", len(asked))
	}
}

// TestGetFails: each refusal says what to do, without telling to save files.
func TestGetFails(t *testing.T) {
	data := clip("fox", 50_000)
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	unlimited := func(w http.ResponseWriter, _ *http.Request) {
		for range 100 {
			w.Write(data)
			w.(http.Flusher).Flush()
		}
	}
	for name, test := range map[string]struct {
		serve http.HandlerFunc
		code  video.Code
		words string
	}{
		"expired":        {status(http.StatusForbidden), video.NotFound, "fresh link"},
		"gone":           {status(http.StatusNotFound), video.NotFound, "fresh link"},
		"trouble":        {status(http.StatusBadGateway), video.Unavailable, "in a minute"},
		"odd":            {status(http.StatusTeapot), video.Invalid, "refused"},
		"half an answer": {func(w http.ResponseWriter, _ *http.Request) { breakOff(w, 1000, data) }, video.Unavailable, "broke off"},
		"too large":      {whole(clip("fox", 60_000), ""), video.Invalid, "larger than"},
		"without end":    {unlimited, video.Invalid, "larger than"},
		"packed": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "br")
			w.Write(data)
		}, video.Unavailable, "packed"},
		"to a private address": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://10.0.0.1/secret", http.StatusFound)
		}, video.Forbidden, "10.0.0.1"},
		"to a file": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		}, video.Forbidden, "http"},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOrigin(t, test.serve)
			var got bytes.Buffer
			err := media.NewGetter(nil, true).Get(t.Context(), o.link(), 55_000, &got)
			fails(t, err, test.code, test.words)
			if strings.Contains(err.Error(), "download_video") {
				t.Errorf("advises to save a file: %v", err)
			}
			if got.Len() > 55_001 {
				t.Errorf("%d bytes were written", got.Len())
			}
		})
	}
}

func TestGetIsForPublicAddressesOnly(t *testing.T) {
	o := newOrigin(t, whole(clip("fox", 1000), ""))
	for _, link := range []string{o.link(), "http://169.254.169.254/latest/meta-data", "http://[::1]/", "http://intranet/"} {
		fails(t, media.NewGetter(nil, false).Get(t.Context(), link, 1000, &bytes.Buffer{}), video.Forbidden, "public")
	}
	for _, link := range []string{"", "ftp://example.com/a", "file:///etc/passwd"} {
		fails(t, media.NewGetter(nil, false).Get(t.Context(), link, 1000, &bytes.Buffer{}), video.Invalid)
	}
	if asked := o.requests(); len(asked) != 0 {
		t.Errorf("%d requests were made", len(asked))
	}
}

// full is a disk without space.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

var errFull = errors.New("no space")

func TestGetTellsWritingFromReading(t *testing.T) {
	o := newOrigin(t, whole(clip("fox", 1000), ""))
	if err := media.NewGetter(nil, true).Get(t.Context(), o.link(), 10_000, full{}); !errors.Is(err, errFull) || video.CodeOf(err) != video.Internal {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := media.NewGetter(nil, true).Get(ctx, o.link(), 10_000, &bytes.Buffer{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
