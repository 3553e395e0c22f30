package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"

	"seedance-mcp/server"
)

func runHTTP(ctx context.Context, t terminal, args []string) (int, error) {
	fs := flag.NewFlagSet("http", flag.ContinueOnError)
	addr := fs.String("addr", "127.0.0.1:8080", "`address` to listen on; loopback only, as long as there are no access keys")
	s, rest, err := parseSettings(t, fs, "http [flags]", args)
	if err != nil {
		return exitUsage, err
	}
	if len(rest) > 0 {
		return exitUsage, usageError("unexpected argument %q", rest[0])
	}
	if err := server.CheckAddr(*addr, false); err != nil {
		return exitUsage, usageError("%s", err)
	}
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		return exitFailed, fmt.Errorf("cannot listen on %s: %w; choose another with --addr", *addr, err)
	}
	defer func() { _ = listener.Close() }() // closed already by a server that served
	base := "http://" + listener.Addr().String()
	a, err := newApp(s, t, wiring{sandboxURL: base + "/sandbox", callbacks: true, resume: true})
	if err != nil {
		return exitFailed, err
	}
	options := a.serverOptions(false)
	options.Webhook = a.engine.Hint
	options.Ready = a.engine.Ready
	if a.sandbox != nil {
		options.Extra = map[string]http.Handler{"/sandbox/": http.StripPrefix("/sandbox", a.sandbox)}
	}
	mcp, err := server.New(options)
	if err != nil {
		return exitFailed, err
	}
	ctx, cancel := untilSignal(ctx)
	defer cancel()
	if err := a.engine.Start(context.WithoutCancel(ctx)); err != nil {
		return exitFailed, err
	}
	a.log.Info("serving MCP", "url", base+"/mcp", "upstream", a.accountName(), "dialect", s.dialect)
	err = mcp.ServeHTTP(ctx, listener)
	grace, done := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
	defer done()
	if closeErr := a.engine.Close(grace); closeErr != nil {
		a.log.Warn("closed with work under way; it is picked up at the next start", "err", closeErr)
	}
	if err != nil {
		return exitFailed, err
	}
	return exitOK, nil
}
