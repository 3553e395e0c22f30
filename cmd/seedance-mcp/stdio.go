package main

import (
	"context"
	"flag"
	"time"

	"seedance-mcp/internal/video"
	"seedance-mcp/server"
	"seedance-mcp/tools"
)

func runStdio(ctx context.Context, t terminal, args []string) (int, error) {
	fs := flag.NewFlagSet("stdio", flag.ContinueOnError)
	s, rest, err := parseSettings(t, fs, "stdio [flags]", args)
	if err != nil {
		return exitUsage, err
	}
	if len(rest) > 0 {
		return exitUsage, usageError("unexpected argument %q", rest[0])
	}
	a, err := newApp(s, t, wiring{downloads: true, resume: true})
	if err != nil {
		return exitFailed, err
	}
	ctx, cancel := untilSignal(ctx)
	defer cancel()
	if err := a.engine.Start(context.WithoutCancel(ctx)); err != nil {
		return exitFailed, err
	}
	mcp, err := server.New(a.serverOptions(true))
	if err != nil {
		return exitFailed, err
	}
	err = mcp.ServeStdio(ctx, t.in, t.out)
	// Clients expect the process gone within a second of closing stdin; a POST
	// under way keeps its intent row and is settled by whoever starts next.
	grace, done := context.WithTimeout(context.WithoutCancel(ctx), 700*time.Millisecond)
	defer done()
	if closeErr := a.close(grace); closeErr != nil {
		a.log.Warn("closed with work under way; it is picked up at the next start", "err", closeErr)
	}
	if err != nil {
		return exitFailed, err
	}
	return exitOK, nil
}

// serverOptions is what both transports serve.
func (a *app) serverOptions(stdio bool) server.Options {
	deps := tools.Deps{
		Service: a.engine, Catalog: a.catalog, Dialect: a.settings.dialect, Sandbox: a.sandbox != nil,
		Downloads: a.downloads, Logger: a.log,
	}
	if a.settings.dialect == video.Kinovi {
		deps.Uploader = a.client
		deps.LocalFiles = stdio
		deps.Folders = a.settings.folders
	}
	return server.Options{
		Version: version(), Tools: tools.All(deps), Logger: a.log,
		OnDrain: a.engine.Drain, WithPrincipal: tools.WithPrincipal,
	}
}
