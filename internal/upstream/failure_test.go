package upstream_test

import (
	"encoding/json"
	"testing"

	"seedance-mcp/internal/video"
)

// Every message and code that has been seen, and what must be made of it.
func TestFailures(t *testing.T) {
	const no, unknown = video.ChargedNo, video.ChargedUnknown
	for _, c := range []struct {
		code, message string
		class         video.FailureClass
		retry         video.Retry
		workflow      video.Charged // kinovi refunds everything
	}{
		{"2038", "Your input text violates platform rules. Please modify and try again.", video.FailModeration, video.RetryChanged, unknown},
		{"500", "Your input text violates platform rules. Please modify and try again.", video.FailModeration, video.RetryChanged, unknown},
		{"1001", "Your uploaded image violates platform rules. Please replace it.", video.FailModeration, video.RetryChanged, unknown},
		{"", "Your uploaded image violates platform rules", video.FailModeration, video.RetryChanged, unknown},
		{"4011", "Face detected in uploaded media. Please use another image.", video.FailFace, video.RetryChanged, unknown},
		{"500", "The generated video did not pass review. Please modify the prompt.", video.FailOutputReview, video.RetryChanged, unknown},
		{"asset_review_failed", "Reference image 1 failed review. Please replace it.", video.FailMedia, video.RetryChanged, unknown},
		{"1001", "Failed to download your reference video. Server error, timed out.", video.FailMedia, video.RetryChanged, unknown},
		{"InvalidParameter", "The parameter x must be y", video.FailInput, video.RetryChanged, unknown},
		{"", "Invalid prompt content", video.FailModeration, video.RetryChanged, unknown},
		{"500", "Generation failed. Please try again.", video.FailServer, video.RetrySame, no},
		{"1001", "Service temporarily unavailable. Please try again later.", video.FailServer, video.RetrySame, no},
		{"2038", "Server error. Please try again later.", video.FailServer, video.RetrySame, no},
		{"500", "Generation timed out. Please try again.", video.FailTimeout, video.RetrySame, no},
		{"", "Task execution failed", video.FailUnknown, video.RetrySame, unknown},
		{"500", "", video.FailUnknown, video.RetrySame, unknown},
		{"1001", "", video.FailUnknown, video.RetrySame, unknown},
		{"4011", "", video.FailUnknown, video.RetrySame, unknown},
		{"2038", "", video.FailModeration, video.RetryChanged, unknown},
		{"asset_review_failed", "", video.FailMedia, video.RetryChanged, unknown},
		{"InvalidParameter", "", video.FailInput, video.RetryChanged, unknown},
		{"", "", video.FailUnknown, video.RetrySame, unknown},
		{"9999", "Something quite new", video.FailUnknown, video.RetrySame, unknown},
	} {
		body, err := json.Marshal(map[string]any{"status": "fail", "error": map[string]string{"code": c.code, "message": c.message}})
		if err != nil {
			t.Fatal(err)
		}
		for dialect, charged := range map[video.Dialect]video.Charged{video.Workflow: c.workflow, video.Kinovi: no} {
			record, err := client(t, base, dialect, saysJSON(200, string(body))).Record(t.Context(), "t1")
			if err != nil {
				t.Fatal(err)
			}
			got := record.Failure
			if got.Class != c.class || got.Retry != c.retry || got.Charged != charged || got.Code != c.code {
				t.Errorf("%s %q in %s: %+v", c.code, c.message, dialect, got)
			}
			if got.Message == "" || got.Suggestion == "" {
				t.Errorf("%s %q: nothing to say: %+v", c.code, c.message, got)
			}
		}
	}
}
