package upstream

import (
	"strings"

	"seedance-mcp/internal/video"
)

// advice is what follows from a class of failure.
type advice struct {
	retry      video.Retry
	suggestion string
	// ours says that the failure is the upstream's, which every dialect refunds.
	ours bool
}

var advices = map[video.FailureClass]advice{
	video.FailModeration: {video.RetryChanged,
		"Rewrite the prompt or choose other media so that nothing breaks the service's rules, then call generate_video again. The same request would fail again.", false},
	video.FailFace: {video.RetryChanged,
		"Use media without a recognisable real person, or describe the person in the prompt instead, then call generate_video again.", false},
	video.FailMedia: {video.RetryChanged,
		"Check that each input file is public, reachable without a login and of a supported type, or replace the one named, then call generate_video again.", false},
	video.FailOutputReview: {video.RetryChanged,
		"The finished video was held back. Tone the prompt down, then call generate_video again; the same prompt may fail again.", false},
	video.FailInput: {video.RetryChanged,
		"Change the prompt or the inputs; list_models shows what the model takes. Then call generate_video again.", false},
	video.FailTimeout: {video.RetrySame,
		"Call generate_video again with the same arguments; a shorter or smaller video is less likely to time out.", true},
	video.FailServer: {video.RetrySame,
		"The service had trouble of its own: call generate_video again with the same arguments in a few minutes.", true},
	video.FailUnknown: {video.RetrySame,
		"The service gives no usable reason. Call generate_video once more; if that fails too, change the prompt or the media.", false},
}

// phrases tell a class by the upstream's words, in lower case. The first that
// occurs wins, so what names the medium stands before what is general.
var phrases = []struct {
	words []string
	class video.FailureClass
}{
	{[]string{"face detected", "real person", "human face"}, video.FailFace},
	{[]string{"generated video did not pass", "output did not pass", "did not pass review"}, video.FailOutputReview},
	{[]string{"failed to download your", "failed to download", "failed review", "could not be downloaded"}, video.FailMedia},
	{[]string{"violates platform rules", "violate", "sensitive content", "moderation"}, video.FailModeration},
	{[]string{"timed out", "timeout"}, video.FailTimeout},
	{[]string{"temporarily unavailable", "server error", "generation failed", "try again later", "internal error", "overloaded", "capacity"}, video.FailServer},
	{[]string{"invalid prompt content"}, video.FailModeration},
	{[]string{"invalid", "must be", "unsupported", "not supported"}, video.FailInput},
}

// codes tell a class where the words do not. 500, 1001 and 4011 are missing on
// purpose: each stands for moderation as well as for lack of capacity.
var codes = map[string]video.FailureClass{
	"2038":                video.FailModeration,
	"asset_review_failed": video.FailMedia,
	"invalidparameter":    video.FailInput,
}

const maxCode = 60 // runes of a failure code kept

// classify explains a failed task. Words decide, a code only where the words
// say nothing. dialect "" means not known; code and message are fit to be
// shown.
func classify(dialect video.Dialect, code, message string) video.Failure {
	class := classOf(code, message)
	follow := advices[class]
	failure := video.Failure{
		Class:      class,
		Message:    message,
		Code:       code,
		Charged:    video.ChargedUnknown,
		Retry:      follow.retry,
		Suggestion: follow.suggestion,
	}
	if failure.Message == "" {
		failure.Message = "The video service gave no reason."
	}
	// kinovi refunds every failed task, the others promise it for their own
	// failures only.
	if dialect == video.Kinovi || follow.ours {
		failure.Charged = video.ChargedNo
	}
	return failure
}

func classOf(code, message string) video.FailureClass {
	words := strings.ToLower(message)
	for _, phrase := range phrases {
		for _, word := range phrase.words {
			if strings.Contains(words, word) {
				return phrase.class
			}
		}
	}
	if class, ok := codes[strings.ToLower(strings.TrimSpace(code))]; ok {
		return class
	}
	return video.FailUnknown
}
