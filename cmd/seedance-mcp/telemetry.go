package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/telemetry"
	"seedance-mcp/server"
	"seedance-mcp/tools"
)

// auditToStderr is the name of the audit log that is no file.
const auditToStderr = "stderr"

// observe puts what an operator wants to see between the engine and its
// neighbours; nothing is in the way where nothing is wanted.
func (a *app) observe(o *engine.Options, stderr io.Writer, env func(string) string, figures bool) error {
	if figures {
		a.seen.Metrics = telemetry.NewMetrics(version())
	}
	if err := a.openAudit(stderr); err != nil {
		return err
	}
	if exporter := telemetry.NewOTLP(env, a.log); exporter != nil {
		a.seen.Traces = telemetry.NewTraces(context.Background(), version(), exporter)
	}
	if !a.seen.On() {
		return nil
	}
	open := o.OpenStore
	o.OpenStore = func(ctx context.Context) (engine.Store, error) {
		opened, err := open(ctx)
		if err != nil {
			return nil, err
		}
		return a.seen.Store(opened), nil
	}
	o.Account.Upstream = a.seen.Upstream(o.Account.Upstream)
	o.Observer = a.seen.Observer()
	return nil
}

func (a *app) openAudit(stderr io.Writer) error {
	failed := func() { a.seen.Metrics.AuditFailed() }
	switch a.settings.auditLog {
	case "":
	case auditToStderr:
		a.seen.Audit = telemetry.NewAudit(stderr, a.log, failed)
	default:
		// Appended to, a line a write: several processes may share it.
		file, err := os.OpenFile(a.settings.auditLog, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
		if err != nil {
			return usageError("SEEDANCE_AUDIT_LOG: %s; name a file that can be written, or stderr", err)
		}
		a.auditFile = file
		a.seen.Audit = telemetry.NewAudit(file, a.log, failed)
	}
	return nil
}

// closeTelemetry ends what observe began.
func (a *app) closeTelemetry(ctx context.Context) error {
	err := a.seen.Traces.Close(ctx)
	if a.auditFile != nil {
		err = errors.Join(err, a.auditFile.Close())
	}
	return err
}

// observeTools has the tools' calls observed.
func (a *app) observeTools(d *tools.Deps) {
	if a.seen.On() {
		d.Observer = a.seen
	}
	if a.seen.Traces != nil {
		d.Service = a.seen.Service(a.engine)
	}
}

// setMetricsAddr refuses what is no address; who may reach it is checked once
// the token is known.
func setMetricsAddr(s *settings, v string) error {
	if _, _, err := net.SplitHostPort(v); err != nil {
		return errors.New("must be host:port such as 127.0.0.1:9464")
	}
	s.metricsAddr = v
	return nil
}

// serveMetrics serves the figures on an address of their own: they name
// principals and what they spend, so that no principal's key may open them, and
// what scrapes them needs nothing of the rest.
func (a *app) serveMetrics() (stop func(), err error) {
	s := a.settings
	if s.metricsAddr == "" {
		return func() {}, nil
	}
	if server.CheckAddr(s.metricsAddr, s.metricsToken != "") != nil {
		return nil, usageError("other machines can reach %s, and /metrics names principals and what they spend: set SEEDANCE_METRICS_TOKEN, or use 127.0.0.1", s.metricsAddr)
	}
	listener, err := net.Listen("tcp", s.metricsAddr)
	if err != nil {
		return nil, fmt.Errorf("cannot serve metrics on %s: %w; choose another with --metrics-addr", s.metricsAddr, err)
	}
	web := &http.Server{
		Handler: a.seen.Metrics.Handler(telemetry.Sources{
			Standing: func(ctx context.Context) (telemetry.Standing, error) { return a.store.open(ctx) },
			Overdue:  a.engine.Overdue, Sandbox: a.sandbox != nil, Now: a.store.now, Logger: a.log, Token: s.metricsToken,
		}),
		ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 30 * time.Second, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelWarn),
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := web.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			a.log.Error("metrics are not served any more", "error", err)
		}
	}()
	a.log.Info("serving metrics", "url", "http://"+listener.Addr().String()+"/metrics")
	return func() {
		_ = web.Close() // a scrape that is cut off comes again
		<-done
	}, nil
}
