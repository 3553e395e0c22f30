package video_test

import (
	"errors"
	"fmt"
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
