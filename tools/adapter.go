package tools

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"seedance-mcp/internal/video"
)

// definition is everything about a tool but its behaviour. The schema, the
// decoder and the documents are all made from it.
type definition struct {
	name, title, description string
	arguments                []argument
	// output is what programs pick out of an answer, required what every answer
	// has. Both may be empty: a model reads the answer, not its schema.
	output   []output
	required []string
	// picture: the answer is text and a picture, without structured content.
	picture bool
	// offered says for documents when the tool is offered; "": always.
	offered string
	// writes is the opposite of read-only; destructive: it may undo something.
	writes, destructive bool
	// repeatable: the same call again changes nothing more.
	repeatable bool
	// strict refuses unknown arguments: an ignored wish would be a wrong
	// video paid for. Tools that only read ignore them.
	strict bool
	// page is the URI of the page that shows the answer; "" for none.
	page string
}

// tool is a definition and the handler made for it.
type tool struct {
	definition definition
	handler    server.ToolHandlerFunc
}

// call is one decoded tool call.
type call[In any] struct {
	Principal string
	In        In
	// Notes tell what was understood differently from what was written.
	Notes []string
	// Progress reports to the caller; nil when nobody asked.
	Progress *progress
	// Person is the user behind the client; nil when nobody can be asked.
	Person *person
}

// adapt makes a tool of a handler from decoded arguments to a value whose JSON
// is the answer. In is a struct whose JSON names are the definition's argument
// names. The resulting handler never returns an error: a protocol error hides
// the reason from most models.
func adapt[In any](d Deps, def definition, handle func(context.Context, call[In]) (any, error)) tool {
	decoder := sync.OnceValue(func() *decoder { return newDecoder(def) }) // most servers never see a call of most tools
	handler := func(ctx context.Context, request mcp.CallToolRequest) (result *mcp.CallToolResult, _ error) {
		var err error
		ctx, ended := d.observe(ctx, def.name, request)
		defer func() {
			if fault := recover(); fault != nil {
				d.Logger.ErrorContext(ctx, "tool panicked", slog.String("tool", def.name),
					slog.Any("panic", fault), slog.String("stack", string(debug.Stack())))
				err = fmt.Errorf("panic: %v", fault)
				result = failure(def.name, err)
			}
			ended(err)
		}()
		c := call[In]{Principal: Principal(ctx), Progress: newProgress(ctx, request), Person: newPerson(ctx, request)}
		var out any
		if c.Notes, err = decoder().decode(rawArguments(request), &c.In); err == nil {
			out, err = handle(ctx, c)
		}
		if err == nil {
			result, err = success(out)
		}
		if err != nil {
			logFault(ctx, d.Logger, def.name, err)
			return failure(def.name, err), nil
		}
		return result, nil
	}
	return tool{definition: def, handler: handler}
}

// rawArguments is the arguments' JSON as it came; callers inside the process
// may have given values instead.
func rawArguments(request mcp.CallToolRequest) json.RawMessage {
	switch given := request.GetRawArguments().(type) {
	case nil:
		return nil
	case json.RawMessage:
		return given
	default:
		raw, err := json.Marshal(given)
		if err != nil {
			return json.RawMessage("false") // no object: refused as such
		}
		return raw
	}
}

// success carries the whole answer twice, because half of the clients show the
// model only the text and the other half only the structured content. The text
// is not HTML-escaped: a model would copy a URL with \u0026 in it. A question
// to the user, which is no answer yet, passes as it is.
func success(out any) (*mcp.CallToolResult, error) {
	if question, ok := out.(*mcp.CallToolResult); ok {
		return question, nil
	}
	encoded, err := encodePlain(out)
	if err != nil {
		return nil, err
	}
	return &mcp.CallToolResult{
		Content:           []mcp.Content{mcp.TextContent{Type: mcp.ContentTypeText, Text: string(encoded)}},
		StructuredContent: encoded,
	}, nil
}

// encodePlain gives compact JSON with <, > and & as they are.
func encodePlain(value any) (json.RawMessage, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, fmt.Errorf("encoding an answer: %w", err)
	}
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), nil
}

// plainJSON is encodePlain as a text.
func plainJSON(value any) (string, error) {
	encoded, err := encodePlain(value)
	return string(encoded), err
}

// failure is an error result: one text and no structured content, since some
// clients check the latter against the output schema even then.
func failure(toolName string, err error) *mcp.CallToolResult {
	return &mcp.CallToolResult{
		Content: []mcp.Content{mcp.TextContent{Type: mcp.ContentTypeText, Text: explain(toolName, err)}},
		IsError: true,
	}
}

// logFault writes what the model is not told: errors of our own in full.
func logFault(ctx context.Context, logger *slog.Logger, toolName string, err error) {
	if video.CodeOf(err) == video.Internal && ctx.Err() == nil {
		logger.ErrorContext(ctx, "tool failed", slog.String("tool", toolName), slog.Any("error", err))
	}
}
