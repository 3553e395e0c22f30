package tools

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"seedance-mcp/internal/video"
)

const (
	catalogURI      = "seedance://catalog"
	catalogTextURI  = "seedance://catalog.md"
	tasksURI        = "seedance://tasks/"
	videoURIEnding  = "/video"
	typeJSON        = "application/json"
	typeMarkdown    = "text/markdown"
	typeURIList     = "text/uri-list"
	taskURITemplate = tasksURI + "{id}"
)

// Resources are what a client can read without a tool call, the same for every
// caller: the catalogue, for programs and for people.
func Resources(d Deps) []server.ServerResource {
	d = d.complete()
	return []server.ServerResource{
		{
			Resource: mcp.NewResource(catalogURI, "catalog",
				mcp.WithResourceTitle("Video models (JSON)"), mcp.WithMIMEType(typeJSON),
				mcp.WithResourceDescription("Every model in full: seconds, aspect ratios, resolutions with pixel sizes, credits per second, references, usual time, names that are understood.")),
			Handler: reading(catalogURI, typeJSON, func(context.Context) (string, error) { return plainJSON(wholeCatalog(d)) }),
		},
		{
			Resource: mcp.NewResource(catalogTextURI, "catalog.md",
				mcp.WithResourceTitle("Video models"), mcp.WithMIMEType(typeMarkdown),
				mcp.WithResourceDescription("The models as a table to read: seconds, aspect ratios, resolutions, credits per second, references, usual time.")),
			Handler: reading(catalogTextURI, typeMarkdown, func(context.Context) (string, error) { return catalogTable(d), nil }),
		},
	}
}

// reading is a handler of one text.
func reading(uri, mediaType string, text func(context.Context) (string, error)) server.ResourceHandlerFunc {
	return func(ctx context.Context, _ mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
		content, err := text(ctx)
		if err != nil {
			return nil, err
		}
		return []mcp.ResourceContents{mcp.TextResourceContents{URI: uri, MIMEType: mediaType, Text: content}}, nil
	}
}

// wholeCatalog is list_models' answer with every model in full.
func wholeCatalog(d Deps) modelsResult {
	result := modelsResult{
		Default: d.Catalog.DefaultModel(d.Dialect), Sandbox: d.Sandbox,
		Next: "Call estimate_cost with a model and a duration for the exact price, then generate_video.",
	}
	for _, model := range d.Catalog.Models(d.Dialect) {
		result.Models = append(result.Models, modelInFull(model))
	}
	if d.Sandbox {
		result.Notes = []string{sandboxNote}
	}
	return result
}

// catalogTable is the same as a table.
func catalogTable(d Deps) string {
	var table strings.Builder
	table.WriteString("# Video models\n\n")
	if d.Sandbox {
		table.WriteString("The prices are the sandbox's: nothing real is spent.\n\n")
	}
	table.WriteString("| model | seconds | aspect ratios | resolutions | credits per second | references | usual time |\n| --- | --- | --- | --- | --- | --- | --- |\n")
	for _, model := range d.Catalog.Models(d.Dialect) {
		shown := modelInBrief(model)
		name := "`" + shown.ID + "`"
		if shown.ID == d.Catalog.DefaultModel(d.Dialect) {
			name += " (default)"
		}
		rates := strings.Join(shown.Rates, "<br>")
		if rates == "" {
			rates = "not published"
		}
		seconds := shown.Seconds
		if seconds == "" {
			seconds = "the source video's"
		}
		references := shown.References
		if shown.Requires != "" {
			references = strings.TrimPrefix(references+"; needs "+shown.Requires, "; ")
		}
		cells := []string{
			name + "<br>" + shown.Summary, seconds, strings.Join(shown.AspectRatios, ", "), strings.Join(shown.Resolutions, ", "),
			rates, references, shown.UsualTime,
		}
		for _, cell := range cells {
			table.WriteString("| " + strings.ReplaceAll(cell, "|", `\|`) + " ")
		}
		table.WriteString("|\n")
	}
	return table.String()
}

// ResourceTemplates are the caller's tasks, one at a time, and their videos as
// links: the bytes of a video would end up in a model's context.
func ResourceTemplates(d Deps) []server.ServerResourceTemplate {
	d = d.complete()
	return []server.ServerResourceTemplate{
		{
			Template: mcp.NewResourceTemplate(taskURITemplate, "task",
				mcp.WithTemplateTitle("Video task"), mcp.WithTemplateMIMEType(typeJSON),
				mcp.WithTemplateDescription("One of your tasks as get_task_status shows it, with the whole prompt. The id is a task_id; list_tasks shows them.")),
			Handler: d.readTask,
		},
		{
			Template: mcp.NewResourceTemplate(taskURITemplate+videoURIEnding, "task_video",
				mcp.WithTemplateTitle("Link to a task's video"), mcp.WithTemplateMIMEType(typeURIList),
				mcp.WithTemplateDescription("The URLs of a finished task's videos, one a line. They expire; a saved file's path stands in the task.")),
			Handler: d.readVideoLink,
		},
	}
}

// readTask is get_task_status's object; the prompt, which a tool's answer cuts
// short, is whole.
func (d Deps) readTask(ctx context.Context, request mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
	task, err := d.namedTask(ctx, request.Params.URI, "")
	if err != nil {
		return nil, err
	}
	shown := showTask(d, task, d.Service.ETA(ctx, task))
	shown.Prompt = task.Request.Prompt
	text, err := plainJSON(shown)
	if err != nil {
		return nil, err
	}
	return []mcp.ResourceContents{mcp.TextResourceContents{URI: request.Params.URI, MIMEType: typeJSON, Text: text}}, nil
}

func (d Deps) readVideoLink(ctx context.Context, request mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
	task, err := d.namedTask(ctx, request.Params.URI, videoURIEnding)
	if err != nil {
		return nil, err
	}
	if task.State != video.Success || len(task.Videos) == 0 {
		return nil, &video.Error{
			Code:       video.NotFound,
			Message:    fmt.Sprintf("Task %s has no video: its status is %s.", task.ID, task.State),
			Suggestion: next(d, task),
		}
	}
	var lines strings.Builder
	for _, v := range showVideos(d.linked(task).Videos) {
		if v.ExpiresAt != "" {
			lines.WriteString("# until " + v.ExpiresAt + "\r\n") // a comment, as text/uri-list has them
		}
		lines.WriteString(v.URL + "\r\n")
	}
	return []mcp.ResourceContents{mcp.TextResourceContents{URI: request.Params.URI, MIMEType: typeURIList, Text: lines.String()}}, nil
}

// namedTask is the caller's task that a URI names. Without an id there is none:
// "the latest" is no thing to have a name.
func (d Deps) namedTask(ctx context.Context, uri, ending string) (video.Task, error) {
	id, err := url.PathUnescape(strings.TrimSuffix(strings.TrimPrefix(uri, tasksURI), ending))
	if id = strings.TrimSpace(id); err != nil || id == "" {
		return video.Task{}, &video.Error{
			Code:       video.NotFound,
			Message:    "The URI names no task.",
			Suggestion: "Write " + tasksURI + "TASK_ID; list_tasks shows the ids.",
		}
	}
	return d.Service.Get(ctx, Principal(ctx), id)
}
