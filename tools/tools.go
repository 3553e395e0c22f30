// Package tools is what a model sees: a few MCP tools over the engine's
// use-cases, one file each, behind one generic adapter that decodes arguments
// tolerantly, answers with text and structured content alike, and turns every
// error into a result that says what to do next.
//
// Beside them stand resources, prompts and completions (Register).
//
// It holds no state and no rule about money or models: enums, ranges and
// prices come from the catalogue, decisions from the engine. Package server and
// the commands may import it; it imports engine, catalog, preview, store and
// video, and mcp-go.
package tools

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/mark3labs/mcp-go/server"

	"seedance-mcp/internal/catalog"
	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

// Service is what the tools need of the engine; package engine documents each
// method. Errors are *video.Error where a caller can act on them.
type Service interface {
	Quote(ctx context.Context, principal string, wish engine.Wish) (engine.Quotation, error)
	Submit(ctx context.Context, principal string, wish engine.Wish) (engine.Submission, error)
	Get(ctx context.Context, principal, id string) (video.Task, error)
	Wait(ctx context.Context, principal string, ids []string, all bool, limit time.Duration, progress func([]video.Task)) ([]video.Task, error)
	ETA(ctx context.Context, task video.Task) time.Duration
	List(ctx context.Context, principal string, filter store.Filter) (store.Page, error)
	Usage(ctx context.Context, principal string, since, until time.Time) (engine.Usage, error)
	Download(ctx context.Context, principal, id, dir, name string) (video.Task, error)
	Withdraw(ctx context.Context, principal, id string) (video.Task, error)
}

// Deps are what the tools are built from.
type Deps struct {
	Service Service
	Catalog *catalog.Catalog
	// Dialect chooses the models, ratios and arguments that are shown.
	Dialect video.Dialect
	// Sandbox marks every answer that costs nothing.
	Sandbox bool
	// Downloads says that finished videos can be saved on this machine.
	Downloads bool
	// LocalFiles allows files of this machine as references: only where the
	// caller is the machine's own user, and only inside Folders.
	LocalFiles bool
	Folders    []string
	// Uploader takes local files and data URIs; nil where the dialect has no
	// uploads.
	Uploader Uploader
	// Preview makes pictures of finished videos; nil: preview_video is not
	// offered. Nor is it where Preview could not work.
	Preview Previewer
	// Link leads to the copy of that name for a while; nil: no copies are kept.
	Link func(name string) (url string, ends time.Time, err error)
	// PlayerURI is the resource that shows a task in clients that render apps;
	// "" where there is none.
	PlayerURI string
	// Observer hears of every call; nil: nobody.
	Observer Observer
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Logger gets internal errors in full; nil discards them.
	Logger *slog.Logger
}

// All is every tool, ready for an MCPServer.
func All(d Deps) []server.ServerTool {
	built := build(d)
	all := make([]server.ServerTool, len(built))
	for i, t := range built {
		all[i] = server.ServerTool{Tool: t.definition.describe(), Handler: t.handler}
	}
	return all
}

// build makes the tools in the order in which documents show them.
func build(d Deps) []tool {
	d = d.complete()
	built := []tool{
		generateVideo(d),
		getTaskStatus(d),
		estimateCost(d),
		listTasks(d),
		listModels(d),
		downloadVideo(d),
		cancelTask(d),
		getUsage(d),
	}
	if d.previews() {
		built = slices.Insert(built, len(built)-2, previewVideo(d))
	}
	return built
}

type principalKey struct{}

// localPrincipal owns the tasks of a caller who needs no key.
const localPrincipal = "local"

// WithPrincipal names the caller on whose behalf tools called with ctx act.
func WithPrincipal(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, principalKey{}, name)
}

// Principal is the caller that WithPrincipal named, "local" when nobody did.
func Principal(ctx context.Context) string {
	if name, ok := ctx.Value(principalKey{}).(string); ok && name != "" {
		return name
	}
	return localPrincipal
}
