package video

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unicode"
)

// Code classifies an Error for programs; the texts are for models and people.
type Code string

// The error taxonomy. Anything without a code is internal: logged in full,
// shown blandly.
const (
	// Invalid: the request cannot be meant; nothing was sent, nothing charged.
	Invalid Code = "invalid"
	// Unauthenticated: no key, or one that the upstream does not accept.
	Unauthenticated Code = "unauthenticated"
	// Forbidden: the key may not do this, or the task is another account's.
	Forbidden Code = "forbidden"
	// InsufficientCredits: Required and Available say how many, when known.
	InsufficientCredits Code = "insufficient_credits"
	// ConcurrencyLimit: the account runs Current of Limit tasks already.
	ConcurrencyLimit Code = "concurrency_limit"
	// NotFound: no such task for this caller.
	NotFound Code = "not_found"
	// Unavailable: did not reach the upstream, or it has trouble; for
	// createTask only when the request certainly was not accepted.
	Unavailable Code = "unavailable"
	// OutcomeUnknown: createTask left and its answer was lost.
	OutcomeUnknown Code = "outcome_unknown"
	// BudgetExceeded: a budget or max_credits refuses the request.
	BudgetExceeded Code = "budget_exceeded"
	// ConfirmationRequired: a person must agree to the price first.
	ConfirmationRequired Code = "confirmation_required"
	// Conflict: the thing changed meanwhile, or cannot be done in this state.
	Conflict Code = "conflict"
	// Internal: our own fault.
	Internal Code = "internal"
)

// Error is a failure that a caller can act on. Message says what failed and
// why; Suggestion says what to change and which tool to call next.
type Error struct {
	Code       Code
	Message    string
	Suggestion string
	// Argument, Given and Valid describe a refused argument: its name, the
	// value as given, the nearest valid values.
	Argument string
	Given    string
	Valid    []string
	// Status is the upstream's HTTP status; 0 when there was no answer.
	Status int
	// Required and Available are set with InsufficientCredits and
	// BudgetExceeded, when known.
	Required, Available *Credits
	// Limit and Current are set with ConcurrencyLimit, when known.
	Limit, Current *int
	// Err is the cause, for logs; never shown to a caller.
	Err error
}

// Error joins what failed and what to do.
func (e *Error) Error() string {
	if e.Suggestion == "" {
		return e.Message
	}
	return e.Message + " " + e.Suggestion
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Full is the error with what stands behind a fault of our own, for those who
// run the program: there is nothing else to find it by. The causes of all other
// errors stay out, because they may hold links.
func (e *Error) Full() string {
	if e.Code != Internal || e.Err == nil {
		return e.Error()
	}
	return e.Error() + " The cause: " + e.Err.Error()
}

// LogValue is what logs show.
func (e *Error) LogValue() slog.Value { return slog.StringValue(e.Full()) }

// CodeOf is the code of the first Error in err's chain, Internal for any other
// error, "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if coded, ok := errors.AsType[*Error](err); ok {
		return coded.Code
	}
	return Internal
}

// Errorf makes an Error with a formatted message and no suggestion.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// OverBudget refuses what costs more than a limit leaves. The limit's name is
// as a sentence has it ("your own daily budget"); a zero resets means never.
func OverBudget(limit string, required, left Credits, resets time.Time) *Error {
	refused := Errorf(BudgetExceeded, "This video costs %s credits; %s allows %s.", required, limit, left)
	refused.Suggestion = "Ask for a shorter video, a lower resolution or a cheaper model (estimate_cost shows prices), or have the limit raised."
	if !resets.IsZero() {
		refused.Message = fmt.Sprintf("This video costs %s credits; %s leaves %s until it starts anew at %s UTC.",
			required, limit, left, resets.UTC().Format("2006-01-02 15:04"))
		refused.Suggestion = "Wait for that, ask for a shorter video, a lower resolution or a cheaper model (estimate_cost shows prices), or have the budget raised; get_usage shows what is left."
	}
	refused.Required, refused.Available = &required, &left
	return refused
}

// Clip makes untrusted text fit to be shown: one line, no control or
// formatting characters, at most limit runes with an ellipsis when cut.
func Clip(text string, limit int) string {
	var out strings.Builder
	count, space := 0, false
	for _, r := range text {
		if unicode.IsSpace(r) {
			space = out.Len() > 0
			continue
		}
		if !unicode.IsPrint(r) {
			continue
		}
		if count >= limit {
			out.WriteString("…")
			break
		}
		if space {
			out.WriteByte(' ')
			count++
			space = false
		}
		out.WriteRune(r)
		count++
	}
	return out.String()
}
