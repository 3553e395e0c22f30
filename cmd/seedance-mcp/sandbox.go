package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"seedance-mcp/internal/catalog"
	"seedance-mcp/internal/sandbox"
)

func runSandbox(ctx context.Context, t terminal, args []string) (int, error) {
	fs := flag.NewFlagSet("sandbox", flag.ContinueOnError)
	addr := fs.String("addr", "127.0.0.1:8090", "`address` to listen on")
	speed := fs.String("speed", "", "time `factor`, the same as --sandbox-speed")
	persist := fs.Bool("persist", false, "keep its tasks in the data folder")
	s, rest, err := parseSettings(t, fs, "sandbox [flags]", args)
	if err != nil {
		return exitUsage, err
	}
	if len(rest) > 0 {
		return exitUsage, usageError("unexpected argument %q", rest[0])
	}
	if *speed != "" {
		if err := setSpeed(&s, *speed); err != nil {
			return exitUsage, usageError("--speed %s", err)
		}
	}
	models, err := catalog.Default()
	if s.catalogPath != "" {
		models, err = catalog.Load(s.catalogPath)
	}
	if err != nil {
		return exitFailed, err
	}
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		return exitFailed, fmt.Errorf("cannot listen on %s: %w; choose another with --addr", *addr, err)
	}
	base := new(settings).ownURL(listener.Addr())
	everywhere := base != "http://"+listener.Addr().String()
	options := sandbox.Options{
		Catalog: models, Dialect: s.dialect, Speed: s.sandboxSpeed, BaseURL: base, Logger: s.logger(t.err, slog.LevelInfo),
		Webhooks: &http.Client{Timeout: 10 * time.Second},
	}
	if everywhere {
		options.BaseURL = "" // links lead to where each caller came from
	}
	if *persist {
		options.Dir = s.dataDir + "/sandbox"
	}
	box, err := sandbox.New(options)
	if err != nil {
		_ = listener.Close() // the first error counts
		return exitFailed, err
	}
	defer func() { _ = box.Close() }() // nothing is written any more
	fmt.Fprintf(t.out, "The simulated upstream (%s dialect) answers at %s/api/v1 with the key %s\n\n", s.dialect, base, box.Key())
	fmt.Fprintf(t.out, "  export SEEDANCE_API_URL=%s/api/v1 SEEDANCE_API_KEY=%s SEEDANCE_DIALECT=%s\n", base, box.Key(), s.dialect)
	if everywhere {
		fmt.Fprintf(t.out, "\nIt listens on every address of this machine, and its keys are no secret: other machines use this one's name for 127.0.0.1.\n")
	}
	server := &http.Server{Handler: box, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
	return serveUntilSignal(ctx, func() error { return server.Serve(listener) }, func(ctx context.Context) error { return server.Shutdown(ctx) })
}
