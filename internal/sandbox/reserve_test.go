package sandbox_test

import (
	"testing"
	"time"

	"seedance-mcp/internal/sandbox"
	"seedance-mcp/internal/video"
)

// An edit is charged 15 s at its rate when it is made, and twice the source's
// seconds (5 s here) once it has succeeded.
func TestEditsReserveFirst(t *testing.T) {
	now := newClock()
	r := start(t, sandbox.Options{Now: now.Now, Dialect: video.Kinovi})
	got := r.create(kinoviBody("seedance2-5-edit", "make it night", `,"outputResolution":"720p","videoUrls":["https://example.com/a.mp4"]`))
	if got.Status != 200 {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	if books := r.Books(); books.Charged != credits(15*35) {
		t.Errorf("at once: %s", books.Charged)
	}
	now.Advance(time.Hour)
	if books := r.Books(); books.Charged != credits(10*35) || books.Net != books.Charged {
		t.Errorf("in the end: %s, net %s", books.Charged, books.Net)
	}
}
