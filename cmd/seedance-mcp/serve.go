package main

import (
	"context"
	"errors"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// shutdownGrace is how long open requests may take to end.
const shutdownGrace = 10 * time.Second

// untilSignal is ctx, ended by Ctrl-C or SIGTERM.
func untilSignal(ctx context.Context) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
}

// serveUntilSignal runs serve until it fails or a signal comes, then stop.
func serveUntilSignal(ctx context.Context, serve func() error, stop func(context.Context) error) (int, error) {
	ctx, cancel := untilSignal(ctx)
	defer cancel()
	failed := make(chan error, 1)
	go func() { failed <- serve() }()
	select {
	case err := <-failed:
		return exitFailed, err
	case <-ctx.Done():
	}
	grace, done := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
	defer done()
	if err := stop(grace); err != nil {
		return exitFailed, err
	}
	if err := <-failed; err != nil && !errors.Is(err, http.ErrServerClosed) {
		return exitFailed, err
	}
	return exitOK, nil
}
