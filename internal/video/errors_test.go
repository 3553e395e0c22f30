package video_test

import (
	"errors"
	"fmt"
	"log/slog"
	"testing"

	"seedance-mcp/internal/video"
)

func TestCodeOf(t *testing.T) {
	refused := video.Errorf(video.Invalid, "no")
	tests := []struct {
		err  error
		want video.Code
	}{
		{nil, ""},
		{refused, video.Invalid},
		{fmt.Errorf("wrapped: %w", refused), video.Invalid},
		{errors.New("bare"), video.Internal},
	}
	for _, tt := range tests {
		if got := video.CodeOf(tt.err); got != tt.want {
			t.Errorf("CodeOf(%v) = %q, want %q", tt.err, got, tt.want)
		}
	}
}

func TestErrorSaysWhatToDo(t *testing.T) {
	err := &video.Error{Code: video.Invalid, Message: "duration is 3 s.", Suggestion: "Use 4 to 15.", Err: errors.New("cause")}
	if got := err.Error(); got != "duration is 3 s. Use 4 to 15." {
		t.Errorf("Error() = %q", got)
	}
	if !errors.Is(err, err.Err) {
		t.Error("the cause is lost")
	}
}

// The log has the cause of our own faults, and of nothing else: it may hold a
// signed link.
func TestLogsHaveTheCauseOfFaults(t *testing.T) {
	for code, want := range map[video.Code]string{
		video.Internal:    "It failed. Nothing was stored. The cause: secret",
		video.Unavailable: "It failed. Nothing was stored.",
	} {
		err := &video.Error{Code: code, Message: "It failed.", Suggestion: "Nothing was stored.", Err: errors.New("secret")}
		if got := slog.AnyValue(err).Resolve().String(); got != want {
			t.Errorf("%s is logged as %q, want %q", code, got, want)
		}
	}
	bare := &video.Error{Code: video.Internal, Message: "It failed."}
	if got := bare.Full(); got != "It failed." {
		t.Errorf("without a cause: %q", got)
	}
}

func TestClip(t *testing.T) {
	tests := []struct {
		text  string
		limit int
		want  string
	}{
		{"plain", 10, "plain"},
		{"  two\n\twords  ", 20, "two words"},
		{"bell\a and \x1b[31mred", 30, "bell and [31mred"},
		{"right\u202eto left", 30, "rightto left"},
		{"abcdef", 3, "abc…"},
		{"äöü", 2, "äö…"},
		{"", 5, ""},
	}
	for _, tt := range tests {
		if got := video.Clip(tt.text, tt.limit); got != tt.want {
			t.Errorf("Clip(%q, %d) = %q, want %q", tt.text, tt.limit, got, tt.want)
		}
	}
}

func TestStates(t *testing.T) {
	for _, state := range video.States() {
		if !state.Valid() {
			t.Errorf("%s is listed and not valid", state)
		}
		if state.Final() != (state == video.Success || state == video.Failed) {
			t.Errorf("Final(%s) is wrong", state)
		}
	}
	if video.State("queuing").Valid() {
		t.Error("an unknown word is valid")
	}
	if !video.Unconfirmed.Settled() || video.Stalled.Settled() {
		t.Error("only final and unconfirmed tasks are settled")
	}
}
