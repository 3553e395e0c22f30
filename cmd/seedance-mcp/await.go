package main

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
	"seedance-mcp/server"
)

// Containers and machines start in any order, and a database may be away for
// minutes: an HTTP server that ended then would be started again and again. It
// waits instead, says so to whoever asks, and goes on by itself.

const (
	// startGrace is how long callers wait for their first answer rather than be
	// sent away, while it is not known yet how the start goes.
	startGrace = 3 * time.Second

	firstPause   = 250 * time.Millisecond
	longestPause = 3 * time.Second
	// tellEvery is how often the log is told that the wait goes on.
	tellEvery = 30 * time.Second
)

// delay is the time in which the store is not open yet.
type delay struct {
	since time.Time
	why   error // nil: the first try is under way
}

// err is for whoever needs the store meanwhile.
func (d *delay) err() error {
	since := d.since.UTC().Format(time.RFC3339)
	told := &video.Error{
		Code:       video.Unavailable,
		Message:    "Opening the database since " + since + ".",
		Suggestion: "It is connected to, or its schema is brought up to date; try again in a few seconds.",
	}
	if d.why != nil {
		told.Message, told.Suggestion, told.Err = "Waiting for the database since "+since+". "+d.why.Error(), "", d.why
	}
	return told
}

// waiting is what callers are told while the store is not open yet, else "".
func (o *openStore) waiting() string {
	delay := o.delay.Load()
	if delay == nil {
		return ""
	}
	return "This server waits for its database, since " + delay.since.UTC().Format(time.RFC3339) +
		", and takes no calls until that answers. Nothing was ordered or charged. Try again in a few seconds."
}

// await opens the store and starts what needs it, again and again for as long as
// waiting may help. away is called when it does not help at once. Only ctx ends
// it before, or an error that waiting does not mend.
func (o *openStore) await(ctx context.Context, log *slog.Logger, away func(), start func(context.Context) error) error {
	begun := time.Now()
	o.delay.Store(&delay{since: begun})
	var told time.Time // zero: the log knows of no wait
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		_, err := o.openNow(ctx)
		if err == nil {
			err = start(ctx)
		}
		if err == nil {
			break
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !store.MayPass(err) {
			return err
		}
		o.delay.Store(&delay{since: begun, why: err})
		away()
		if told.IsZero() || time.Since(told) >= tellEvery {
			log.Warn("waiting for the database; until it answers, /readyz and calls get 503", "since", begun, "error", err)
			told = time.Now()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause/2 + rand.N(pause)): //nolint:gosec // no secret: replicas shall not come all at once
		}
	}
	o.delay.Store(nil)
	if !told.IsZero() {
		log.Info("the database answers", "waited", time.Since(begun).Round(time.Millisecond))
	}
	return nil
}

// serveOnceStarted serves as soon as everything has started, or the database is
// waited for: then what is served says so. base is where callers reach it. An
// end of ctx is no error.
func (a *app) serveOnceStarted(ctx context.Context, base string, serve func(context.Context) error) error {
	serving, cancel := context.WithCancel(ctx)
	defer cancel()
	known := make(chan struct{}) // closed once it is known how the start goes
	know := sync.OnceFunc(func() { close(known) })
	started := make(chan error, 1)
	go func() {
		defer know()
		err := a.start(serving, know)
		if err != nil {
			cancel()
		} else {
			a.log.Info("serving MCP", "url", base+"/mcp", "page", base+"/ui", "upstream", a.accountName(), "dialect", a.settings.dialect)
		}
		started <- err
	}()
	select {
	case <-known:
	case <-time.After(startGrace):
	}
	var served error
	if serving.Err() == nil {
		served = serve(serving)
	}
	cancel()
	if err := <-started; err != nil && !errors.Is(err, context.Canceled) {
		return errors.Join(err, served)
	}
	return served
}

// start looks whether anybody can call, and follows what is unfinished. Only a
// database is waited for: a file that cannot be opened needs somebody's hand.
func (a *app) start(ctx context.Context, away func()) error {
	begin := func(ctx context.Context) error {
		if err := a.checkAddr(ctx); err != nil {
			return err
		}
		return a.engine.Start(ctx)
	}
	if a.settings.databaseURL == "" {
		return begin(ctx)
	}
	return a.store.await(ctx, a.log, away, begin)
}

// ready says what keeps new work from succeeding.
func (a *app) ready(ctx context.Context) error {
	if delay := a.store.delay.Load(); delay != nil {
		return delay.err()
	}
	return a.engine.Ready(ctx)
}

// checkAddr refuses an address that others reach while nobody of them can be
// let in.
func (a *app) checkAddr(ctx context.Context) error {
	addr := a.settings.serving.addr
	if server.CheckAddr(addr, false) == nil {
		return nil
	}
	exist, err := a.keysExist(ctx)
	if err != nil {
		return err
	}
	if err := server.CheckAddr(addr, exist || a.settings.oauth.issuer != ""); err != nil {
		return usageError("%s", err)
	}
	return nil
}
