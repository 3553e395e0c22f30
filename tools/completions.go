package tools

import (
	"context"
	"log/slog"
	"slices"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"seedance-mcp/internal/catalog"
	"seedance-mcp/internal/store"
)

const (
	// maxCompleted is the protocol's limit for one answer.
	maxCompleted = 100
	// searchedTasks is how many of the newest tasks are looked at.
	searchedTasks = 500
)

// Completer completes the arguments of prompts and of resource templates.
type Completer struct{ deps Deps }

var (
	_ server.PromptCompletionProvider   = Completer{}
	_ server.ResourceCompletionProvider = Completer{}
)

// Completions needs the same d as Prompts and ResourceTemplates.
func Completions(d Deps) Completer { return Completer{d.complete()} }

// CompletePromptArgument offers models by any spelling, and of aspect ratios
// and resolutions those that the model chosen before has.
func (c Completer) CompletePromptArgument(_ context.Context, _ string, argument mcp.CompleteArgument, given mcp.CompleteContext) (*mcp.Completion, error) {
	d := c.deps
	chosen, _, err := d.Catalog.Lookup(d.Dialect, given.Arguments[nameModel])
	known := err == nil && given.Arguments[nameModel] != ""
	var values []string
	switch argument.Name {
	case nameModel:
		values, _, _ = modelRange(d)
	case nameAspectRatio:
		if values = d.Catalog.AspectRatios(d.Dialect); known {
			values = chosen.AspectRatios
		}
	case nameResolution:
		if values = d.Catalog.Resolutions(d.Dialect); known {
			values = chosen.Resolutions
		}
	}
	key := catalog.NameKey(argument.Value)
	return completion(slices.DeleteFunc(slices.Clone(values), func(value string) bool {
		return !strings.HasPrefix(catalog.NameKey(value), key)
	}), false), nil
}

// CompleteResourceArgument offers the caller's own tasks, newest first. That
// they cannot be read is no failure of the client's: nothing is offered then.
func (c Completer) CompleteResourceArgument(ctx context.Context, uri string, argument mcp.CompleteArgument, _ mcp.CompleteContext) (*mcp.Completion, error) {
	if !strings.HasPrefix(uri, tasksURI) || argument.Name != "id" {
		return completion(nil, false), nil
	}
	page, err := c.deps.Service.List(ctx, Principal(ctx), store.Filter{Limit: searchedTasks})
	if err != nil {
		c.deps.Logger.WarnContext(ctx, "no tasks to complete an id with", slog.Any("error", err))
		return completion(nil, false), nil
	}
	var ids []string
	for _, task := range page.Tasks {
		if strings.HasPrefix(task.ID, strings.TrimSpace(argument.Value)) {
			ids = append(ids, task.ID)
		}
	}
	return completion(ids, page.Next != ""), nil
}

// completion keeps to the protocol's limit; more says that not all was looked at.
func completion(values []string, more bool) *mcp.Completion {
	result := &mcp.Completion{Values: values[:min(len(values), maxCompleted)], HasMore: more || len(values) > maxCompleted}
	if !more {
		result.Total = len(values)
	}
	return result
}
