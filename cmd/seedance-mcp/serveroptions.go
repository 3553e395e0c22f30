package main

import (
	"net/http"

	mcpserver "github.com/mark3labs/mcp-go/server"

	"seedance-mcp/internal/media"
	"seedance-mcp/internal/preview"
	"seedance-mcp/internal/video"
	"seedance-mcp/server"
	player "seedance-mcp/server/app"
	"seedance-mcp/tools"
)

// transport is how a server is reached.
type transport int

const (
	stdioServer transport = iota
	httpServer
)

// serverOptions is what both transports serve; own is the HTTP server's base
// URL, "" over stdio.
func (a *app) serverOptions(over transport, own string) (server.Options, error) {
	pictures := preview.Options{Source: media.NewGetter(a.local, a.mediaOnLoopback()), Logger: a.log}
	if a.copies != nil {
		pictures.Copies = a.copies
	}
	deps := tools.Deps{
		Service: a.engine, Catalog: a.catalog, Dialect: a.settings.dialect, Sandbox: a.sandbox != nil,
		Downloads: a.downloads, PlayerURI: player.URI, Logger: a.log,
		Preview: preview.New(pictures),
	}
	if a.settings.dialect == video.Kinovi {
		deps.Uploader = a.seen.Uploader(payersUploads{a})
		// Only over stdio is the caller this machine's own user.
		deps.LocalFiles = over == stdioServer
		deps.Folders = a.settings.folders
	}
	if a.copies != nil {
		deps.Link = a.copies.Link
	}
	a.observeTools(&deps)
	page, err := a.page(own)
	if err != nil {
		return server.Options{}, err
	}
	options := server.Options{
		Version: version(), Tools: tools.All(deps), Tasks: tools.NewTaskView(deps, a.engine), Logger: a.log,
		OnDrain: a.engine.Drain, WithPrincipal: tools.WithPrincipal,
		Configure: func(s *mcpserver.MCPServer) {
			page.Register(s)
			tools.Register(s, deps)
		},
	}
	if over == httpServer {
		options.Webhook = a.engine.Hint
		options.Ready = a.ready
		options.Waiting = a.store.waiting
		if a.seen.Traces != nil {
			options.Around = a.seen.Traces.Around
		}
		options.Extra = map[string]http.Handler{"/ui": page.Handler()}
		if files, ok := a.copies.(http.Handler); ok {
			options.Extra["/files/"] = files
		}
		if a.sandbox != nil {
			options.Extra["/sandbox/"] = http.StripPrefix("/sandbox", a.sandbox)
		}
	}
	return options, nil
}
