package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"
)

// Handler serves /mcp, /healthz, /readyz, /webhooks/{token} and Options.Extra,
// at the root and below Options.BasePath.
func (s *Server) Handler() http.Handler { return s.handler }

func (s *Server) routes() (http.Handler, error) {
	mux := http.NewServeMux()
	mux.Handle("/mcp", s.hosts.guard(http.HandlerFunc(s.endpoint)))
	// Probes and upstreams come by whatever name they were given, send no
	// Origin and learn nothing, so Host is not checked for them.
	mux.HandleFunc("GET /healthz", s.healthz)
	mux.HandleFunc("GET /readyz", s.readyz)
	mux.HandleFunc("POST /webhooks/{token}", s.webhook)
	for pattern, extra := range s.options.Extra {
		if !strings.HasPrefix(pattern, "/") || extra == nil || reserved(pattern) {
			return nil, fmt.Errorf("server: extra handler %q: a path of its own is needed", pattern)
		}
		mux.Handle(pattern, s.hosts.guard(extra))
	}
	return mounted(s.options.BasePath, s.secured(mux)), nil
}

func reserved(pattern string) bool {
	switch strings.Split(pattern, "/")[1] {
	case "", "mcp", "healthz", "readyz", "webhooks":
		return true
	}
	return false
}

// secured sets what every answer carries. Nothing here is a page, and answers
// hold one caller's data; Extra handlers may say otherwise for theirs.
func (s *Server) secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "frame-ancestors 'none'")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		if s.leaving.Load() {
			// A proxy that keeps connections must not send the next call on one
			// that is about to be closed.
			h.Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

// ServeHTTP serves listener until ctx ends. Then /readyz says no; after
// Options.DrainDelay it drains, lets open answers and callbacks end for ten
// seconds, and returns nil, or an error if some had to be cut off.
func (s *Server) ServeHTTP(ctx context.Context, listener net.Listener) error {
	web := &http.Server{
		Handler:           s.handler,
		TLSConfig:         s.options.TLS,
		ReadHeaderTimeout: s.timing.header,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
		BaseContext:       func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
		ConnState:         s.unused.note,
		// No ReadTimeout and no WriteTimeout: they count from the request's
		// first byte and would cut a stream that rightly lasts minutes. Bodies
		// and writes have deadlines of their own instead.
	}
	failed := make(chan error, 1)
	go func() {
		if s.options.TLS != nil {
			failed <- web.ServeTLS(listener, "", "")
			return
		}
		failed <- web.Serve(listener)
	}()
	select {
	case err := <-failed:
		return fmt.Errorf("serving HTTP: %w", err)
	case <-ctx.Done():
	}
	s.leaving.Store(true)
	delay := s.options.DrainDelay
	if s.waiting() != "" {
		delay = 0
	}
	select {
	case err := <-failed:
		return fmt.Errorf("serving HTTP: %w", err)
	case <-s.after(delay):
	}
	return s.shutdown(ctx, web, listener, failed)
}

// shutdown answers what is open and closes the rest, in the time it has. The
// listener goes first: what was accepted before that is served.
func (s *Server) shutdown(ctx context.Context, web *http.Server, listener net.Listener, failed <-chan error) error {
	_ = listener.Close() // Serve tells
	stopped := <-failed
	s.Drain()
	s.unused.end(s.timing.unused)
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.timing.shutdown)
	defer cancel()
	err := web.Shutdown(grace)
	if err != nil {
		err = fmt.Errorf("answers cut off at shutdown: %w", errors.Join(err, web.Close()))
	}
	if !errors.Is(stopped, net.ErrClosed) {
		err = errors.Join(err, stopped)
	}
	return errors.Join(err, s.callbacks.wait(grace))
}
