package tools

import (
	"context"
	"errors"
	"strings"

	"seedance-mcp/internal/video"
)

// maxErrorText keeps an error, which may quote the upstream, far below the
// 8,000 characters at which clients cut.
const maxErrorText = 2000

// explain says what failed, why, what to change and which tool comes next.
func explain(toolName string, err error) string {
	known, ok := errors.AsType[*video.Error](err)
	if !ok || known.Code == video.Internal {
		return internalText(toolName, err)
	}
	message := sentence(known.Message)
	if known.Argument != "" && !strings.Contains(message, known.Argument) {
		message = known.Argument + ": " + message
	}
	parts := []string{message}
	if len(known.Valid) > 0 && !mentionsAll(known.Message+known.Suggestion, known.Valid) {
		parts = append(parts, "Valid: "+strings.Join(known.Valid, ", ")+".")
	}
	suggestion := known.Suggestion
	if suggestion == "" {
		suggestion = usualAdvice(toolName, known.Code)
	}
	parts = append(parts, sentence(suggestion))
	text := strings.Join(parts, " ")
	if toolName == generateVideoName && (known.Code == video.Invalid || known.Code == video.BudgetExceeded) && !strings.Contains(text, "charged") {
		text += " Nothing was ordered or charged."
	}
	if known.Code == video.Invalid && !strings.Contains(text, toolName) {
		text += " Then call " + toolName + " again."
	}
	return video.Clip(text, maxErrorText)
}

// internalText tells a model nothing of our insides, only how to go on safely.
func internalText(toolName string, err error) string {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return "The call to " + toolName + " was cut off before it had an answer. " + lookFirst(toolName)
	}
	return "Something went wrong inside the video server; the details are in its log. " + lookFirst(toolName)
}

func lookFirst(toolName string) string {
	if toolName == generateVideoName {
		return "The video may have been ordered all the same: call get_task_status without arguments to see the latest task before calling generate_video again."
	}
	return "Call " + toolName + " again; if that does not help, tell the user."
}

// usualAdvice stands in where the place that found the error had none.
func usualAdvice(toolName string, code video.Code) string {
	switch code {
	case video.Invalid:
		return "Change the arguments and call " + toolName + " again."
	case video.NotFound:
		return "Call list_tasks to see the tasks there are."
	case video.Forbidden:
		return "Tell the user; calling " + toolName + " again does not help."
	case video.Unauthenticated:
		return "Tell the user: the API key has to be put right in SEEDANCE_API_KEY; `seedance-mcp doctor` shows what is wrong with it. Calling again does not help."
	case video.InsufficientCredits:
		return "Ask the user to add credits, or choose a shorter, smaller or cheaper video: estimate_cost gives the price, list_models the rates."
	case video.BudgetExceeded:
		return "Choose a shorter, smaller or cheaper video, or ask the user to raise the budget: get_usage shows what is left."
	case video.ConcurrencyLimit:
		return "Wait until a running task has ended (list_tasks shows them), then call " + toolName + " again."
	case video.Unavailable:
		return "Call " + toolName + " again in a minute."
	case video.OutcomeUnknown:
		return "It may have been charged. Do not call generate_video again; ask the user to look into the account first."
	default:
		return "Call get_task_status to see where the task stands."
	}
}

// sentence ends a text with a full stop.
func sentence(text string) string {
	text = strings.TrimSpace(text)
	if text == "" || strings.HasSuffix(text, ".") || strings.HasSuffix(text, "!") || strings.HasSuffix(text, "?") {
		return text
	}
	return text + "."
}

func mentionsAll(text string, words []string) bool {
	for _, word := range words {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}
