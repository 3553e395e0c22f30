package main

import (
	"context"
	"flag"
	"time"

	"seedance-mcp/server"
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
	options, err := a.serverOptions(stdioServer, "")
	if err != nil {
		return exitFailed, err
	}
	mcp, err := server.New(options)
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
