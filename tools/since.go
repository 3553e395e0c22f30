package tools

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"seedance-mcp/internal/video"
)

// readSince understands a moment in the past: RFC 3339, a date, today,
// yesterday, or an age such as 90m, 24h, 7d or 2w. "" is the zero time. Days
// are those of UTC.
func readSince(given string, now time.Time) (time.Time, error) {
	text := strings.ToLower(strings.TrimSpace(given))
	today := now.UTC().Truncate(24 * time.Hour)
	switch text {
	case "":
		return time.Time{}, nil
	case "today":
		return today, nil
	case "yesterday":
		return today.AddDate(0, 0, -1), nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly} {
		if moment, err := time.Parse(layout, strings.ToUpper(text)); err == nil {
			return moment.UTC(), nil
		}
	}
	if age, ok := readAge(text); ok {
		return now.Add(-age), nil
	}
	return time.Time{}, &video.Error{
		Code: video.Invalid, Argument: "since", Given: video.Clip(given, 40),
		Message:    fmt.Sprintf("since %q is no date, time or age.", video.Clip(given, 40)),
		Suggestion: "Write it like 2026-11-24, 2026-11-24T08:00:00Z, today, 24h or 7d, and call list_tasks again.",
	}
}

// readAge reads a Go duration, or whole days or weeks.
func readAge(text string) (time.Duration, bool) {
	if age, err := time.ParseDuration(text); err == nil {
		return age, age >= 0
	}
	if text == "" {
		return 0, false
	}
	const day = 24 * time.Hour
	unit := map[byte]time.Duration{'d': day, 'w': 7 * day}[text[len(text)-1]]
	count, err := strconv.Atoi(text[:len(text)-1])
	const most = 36500 // days: enough, and no overflow
	if unit == 0 || err != nil || count < 0 || count > most {
		return 0, false
	}
	return min(time.Duration(count)*unit, most*day), true
}
