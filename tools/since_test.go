package tools

import (
	"strings"
	"testing"
	"time"

	"seedance-mcp/internal/video"
)

func TestReadSince(t *testing.T) {
	now := time.Date(2026, 11, 25, 6, 30, 0, 0, time.UTC)
	for given, want := range map[string]time.Time{
		"":                          {},
		"today":                     time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC),
		"Yesterday":                 time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC),
		"2026-11-20":                time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC),
		"2026-11-20T08:00:00Z":      time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC),
		"2026-11-20T08:00:00.5Z":    time.Date(2026, 11, 20, 8, 0, 0, 500_000_000, time.UTC),
		"2026-11-20t08:00:00+02:00": time.Date(2026, 11, 20, 6, 0, 0, 0, time.UTC),
		"2026-11-20 08:00":          time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC),
		"90m":                       now.Add(-90 * time.Minute),
		"24h":                       now.Add(-24 * time.Hour),
		"7d":                        now.Add(-7 * 24 * time.Hour),
		" 2w ":                      now.Add(-14 * 24 * time.Hour),
	} {
		got, err := readSince(given, now)
		if err != nil || !got.Equal(want) {
			t.Errorf("%q: got %v, %v; want %v", given, got, err, want)
		}
	}
	for _, given := range []string{"last week", "-5h", "d", "99999999999999d", "2026-13-01", "5", "７d", "1e3d"} {
		if got, err := readSince(given, now); video.CodeOf(err) != video.Invalid {
			t.Errorf("%q: got %v, %v; want a refusal", given, got, err)
		}
	}
}

// TestNearest: a suggestion is a slip of the pen away, never a guess.
func TestNearest(t *testing.T) {
	decoder := wishDecoder(t)
	for given, want := range map[string]string{
		"durration": "duration", "aspekt": "aspect_ratio", "image_uri": "image_urls", "DURATOIN!": "duration", "promt": "prompt", "secnds": "duration", "imge": "image_urls",
		"negative_prompt": "", "": "", "fps": "", "style": "", "cfg_scale": "", "n": "", "camera": "", "width": "", "watermark": "", strings.Repeat("x", 300): "",
	} {
		if got := decoder.nearest(given, decoder.shown()); got != want {
			t.Errorf("%q: got %q, want %q", given, got, want)
		}
		if text := decoder.unknown(given).Error(); want == "" && strings.Contains(text, "nearest") {
			t.Errorf("%q: %s", given, text)
		}
	}
}
