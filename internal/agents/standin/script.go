package standin

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Script is what the "model" does: its steps in order, then it says something.
type Script struct {
	Steps []Step
	// Say is the last word; $NAME in it is a field of an earlier result.
	Say string
}

// Step is one tool that is called, once or until a result says so.
type Step struct {
	// Tool is the server's own name; clients put prefixes before it.
	Tool string
	// Arguments; a string $NAME is the newest field NAME of the results so far.
	Arguments map[string]any
	// Until repeats the call while the result's field Field is not Value; an
	// error is no such value. The zero Until takes any result.
	Until Until
	// AtMost bounds the repetitions; 0: once with a zero Until, else 20.
	AtMost int
}

// Until is a field that a result must have.
type Until struct{ Field, Value string }

// Request is what a client asked its model, read from any protocol.
type Request struct {
	// Tools are the names that were offered to the model.
	Tools []Tool
	// Deferred are tools of which the model is told only the names, until it
	// asks for them by the tool of that purpose.
	Deferred []Tool
	// Results are those of all calls in the conversation, oldest first.
	Results []Result
	// Streams says that the answer is to be a stream.
	Streams bool
}

// Tool is a name under which a client offers a tool.
type Tool struct {
	Name string
	// Namespace is set where the protocol names tools in two parts.
	Namespace string
}

// Result is what the model was told of one call.
type Result struct {
	// Tool is the name that was called, as the client spells it.
	Tool string
	// Text is what the model reads: texts joined by newlines, anything else as
	// JSON.
	Text string
}

// Turn is what the model answers: a call, or else words.
type Turn struct {
	Call *Call
	Say  string
}

// Call is one call of a tool.
type Call struct {
	ID        string
	Tool      Tool
	Arguments map[string]any
}

// aside answers requests that are none of the script's: titles, summaries.
const aside = "ok"

// usualRepetitions bounds steps that wait for something.
const usualRepetitions = 20

// Next is the answer to a request.
func (s Script) Next(r Request) Turn {
	if !s.concerns(r) {
		return Turn{Say: aside}
	}
	at, tries := 0, 0
	for _, result := range r.Results {
		if at == len(s.Steps) {
			break
		}
		step := s.Steps[at]
		if !Names(result.Tool, step.Tool) {
			continue // the client called something by itself
		}
		if tries++; step.Until == (Until{}) || result.Field(step.Until.Field) == step.Until.Value {
			at, tries = at+1, 0
		} else if tries >= step.atMost() {
			return Turn{Say: fmt.Sprintf("I give up: %s was called %d times and %s is not %s.",
				step.Tool, tries, step.Until.Field, step.Until.Value)}
		}
	}
	if at == len(s.Steps) {
		return Turn{Say: filled(s.Say, r.Results)}
	}
	step := s.Steps[at]
	tool, found := offered(r.Tools, step.Tool)
	if !found {
		if tool, found = offered(r.Deferred, step.Tool); !found {
			return Turn{Say: "I give up: no tool " + step.Tool + " is offered."}
		}
		if !r.fetched(tool) {
			return Turn{Call: s.fetch(r)}
		}
	}
	arguments := maps.Clone(step.Arguments)
	for name, value := range arguments {
		if text, isText := value.(string); isText {
			arguments[name] = filled(text, r.Results)
		}
	}
	return Turn{Call: &Call{ID: callID(r), Tool: tool, Arguments: arguments}}
}

// concerns says that a request offers any of the script's tools; those with
// which clients name a conversation, for example, do not.
func (s Script) concerns(r Request) bool {
	for _, step := range s.Steps {
		if _, found := offered(r.Tools, step.Tool); found {
			return true
		}
		if _, found := offered(r.Deferred, step.Tool); found {
			return true
		}
	}
	return false
}

// search is the tool by which Claude Code's model asks for deferred tools.
const search = "ToolSearch"

// fetch asks for the script's deferred tools, all at once.
func (s Script) fetch(r Request) *Call {
	var wanted []string
	for _, step := range s.Steps {
		if tool, found := offered(r.Deferred, step.Tool); found && !slices.Contains(wanted, tool.Name) {
			wanted = append(wanted, tool.Name)
		}
	}
	return &Call{
		ID: callID(r), Tool: Tool{Name: search},
		Arguments: map[string]any{"query": "select:" + strings.Join(wanted, ",")},
	}
}

// fetched says that a deferred tool was asked for and found.
func (r Request) fetched(tool Tool) bool {
	for _, result := range r.Results {
		if result.Tool == search && result.Tells(tool.Name) {
			return true
		}
	}
	return false
}

// callID differs for each call of a conversation.
func callID(r Request) string { return fmt.Sprintf("call_%d", len(r.Results)+1) }

func (s Step) atMost() int {
	if s.AtMost > 0 {
		return s.AtMost
	}
	return usualRepetitions
}

// offered finds the server's tool among the client's names for it.
func offered(tools []Tool, name string) (Tool, bool) {
	for _, tool := range tools {
		if Names(tool.Name, name) {
			return tool, true
		}
	}
	return Tool{}, false
}

// Names says that a client's name is that of the server's tool, after a prefix.
func Names(spelt, tool string) bool {
	return strings.HasSuffix(spelt, tool)
}

// filled puts the newest fields of results in the place of $NAME.
func filled(text string, results []Result) string {
	before, name, found := strings.Cut(text, "$")
	if !found {
		return text
	}
	end := strings.IndexFunc(name, func(c rune) bool { return c != '_' && (c < 'a' || c > 'z') })
	if end < 0 {
		end = len(name)
	}
	for _, result := range slices.Backward(results) {
		if value := result.Field(name[:end]); value != "" {
			return before + value + filled(name[end:], results)
		}
	}
	return before + "$" + name[:end] + filled(name[end:], results)
}
