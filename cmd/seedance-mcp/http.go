package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"slices"

	"seedance-mcp/server"
)

func runHTTP(ctx context.Context, t terminal, args []string) (int, error) {
	fs := flag.NewFlagSet("http", flag.ContinueOnError)
	s, rest, err := parseSettings(t, fs, "http [flags]", args, slices.Concat(servingSettings(), copyingSettings())...)
	if err != nil {
		return exitUsage, err
	}
	if len(rest) > 0 {
		return exitUsage, usageError("unexpected argument %q", rest[0])
	}
	if err := s.settle(); err != nil {
		return exitUsage, err
	}
	addr := s.serving.addr
	ownMachineOnly := server.CheckAddr(addr, false) == nil
	if err := s.copies.settle(s.publicURL, !ownMachineOnly, s.download); err != nil {
		return exitUsage, err
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return exitFailed, fmt.Errorf("cannot listen on %s: %w; choose another with --addr", addr, err)
	}
	defer func() { _ = listener.Close() }() // closed already by a server that served
	base := s.ownURL(listener.Addr())
	a, err := newApp(s, t, wiring{sandboxURL: base + "/sandbox", base: base, callbacks: true, resume: true, figures: s.metricsAddr != ""})
	if err != nil {
		return exitFailed, err
	}
	stopMetrics, err := a.serveMetrics()
	if err != nil {
		return exitFailed, err
	}
	defer stopMetrics()
	options, err := a.serverOptions(httpServer, base)
	if err != nil {
		return exitFailed, err
	}
	if err := a.admit(&options, base, ownMachineOnly); err != nil {
		return exitUsage, err
	}
	if err := s.serve(&options, a); err != nil {
		return exitUsage, usageError("%s", err)
	}
	mcp, err := server.New(options)
	if err != nil {
		return exitFailed, err
	}
	ctx, cancel := untilSignal(ctx)
	defer cancel()
	err = a.serveOnceStarted(ctx, base, func(ctx context.Context) error { return mcp.ServeHTTP(ctx, listener) })
	grace, done := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
	defer done()
	if closeErr := a.close(grace); closeErr != nil {
		a.log.Warn("closed with work under way; it is picked up at the next start", "err", closeErr)
	}
	if err != nil {
		return exitFailed, err
	}
	return exitOK, nil
}

// ownURL is where this server is reached: by everybody at its public URL, or
// else from this machine.
func (s *settings) ownURL(addr net.Addr) string {
	if s.publicURL != "" {
		return s.publicURL
	}
	scheme := "http://"
	if s.serving.tlsCert != "" {
		scheme = "https://"
	}
	at := addr.String()
	host, port, err := net.SplitHostPort(at)
	if ip := net.ParseIP(host); err == nil && ip != nil && ip.IsUnspecified() {
		at = net.JoinHostPort("127.0.0.1", port)
	}
	return scheme + at + s.serving.basePath
}
