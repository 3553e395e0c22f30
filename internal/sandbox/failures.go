package sandbox

import (
	"maps"
	"slices"
)

// failure is why a task fails, in the service's words.
type failure struct {
	Code    string `json:"code,omitempty"`
	Message string `json:"message,omitempty"`
	// Server says that the service is to blame, which the workflow dialect
	// refunds; kinovi refunds every failure.
	Server bool `json:"server,omitempty"`
}

// failures are the ways to fail by magic word. The service uses 500 and 1001
// for moderation and for its own trouble alike, and so does this table.
func failures() map[string]failure {
	return map[string]failure{
		"fail-text":         {Code: "2038", Message: "Your input text violates platform rules. Please modify and try again."},
		"fail-prompt":       {Code: "500", Message: "Invalid prompt content"},
		"fail-image":        {Code: "1001", Message: "Your uploaded image violates platform rules. Please modify and try again."},
		"fail-face":         {Code: "4011", Message: "Face detected in uploaded media. Please modify and try again."},
		"fail-output":       {Code: "500", Message: "The generated video did not pass review. Please modify and try again."},
		"fail-asset-review": {Code: "asset_review_failed", Message: "Reference image 1 failed review. Please replace it."},
		"fail-media":        {Code: "InvalidParameter", Message: "Failed to download your reference video. Please check the link and try again."},
		"fail-generation":   {Code: "500", Message: "Generation failed. Please try again.", Server: true},
		"fail-timeout":      {Code: "1001", Message: "Generation timed out. Please try again.", Server: true},
		"fail-unavailable":  {Code: "1001", Message: "Service temporarily unavailable. Please try again later.", Server: true},
		"fail-server":       {Code: "500", Message: "Server error. Please try again later.", Server: true},
		"fail-execution":    {Code: "500", Message: "Task execution failed", Server: true},
		"fail-no-reason":    {Server: true},
	}
}

// failureOf is the failure that a prompt's magic words ask for; nil: none. A
// word about the error's shape alone asks for a server error.
func failureOf(m magic) *failure {
	all := failures()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if m.has(name) {
			f := all[name]
			return &f
		}
	}
	if m.any("error-string", "error-code-number") {
		f := all["fail-server"]
		return &f
	}
	return nil
}
