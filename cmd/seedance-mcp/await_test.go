package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

var errAway = &video.Error{Code: video.Unavailable, Message: "It does not answer.", Suggestion: "Start it.", Err: &net.OpError{Op: "dial", Err: errors.New("refused")}}

// A long wait is told now and then, tried every few seconds, and by nobody else.
func TestAwait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		var tries atomic.Int32
		longest, last := time.Duration(0), time.Now()
		back := time.Now().Add(10 * time.Minute)
		handle := &openStore{connect: func(context.Context) (*store.Store, error) {
			tries.Add(1)
			longest, last = max(longest, time.Since(last)), time.Now()
			if time.Now().Before(back) {
				return nil, errAway
			}
			return new(store.Store), nil
		}}
		away, started := 0, 0
		done := make(chan error)
		go func() {
			done <- handle.await(t.Context(), slog.New(slog.NewTextHandler(&log, nil)), func() { away++ }, func(context.Context) error {
				started++
				if started == 1 {
					return errAway // gone once more
				}
				return nil
			})
		}()
		synctest.Wait()
		before := tries.Load()
		_, err := handle.open(t.Context())
		if video.CodeOf(err) != video.Unavailable || !strings.Contains(err.Error(), "since 2000-01-01T00:00:00Z. It does not answer. Start it.") || tries.Load() != before {
			t.Errorf("another's try: %v", err)
		}
		if !strings.Contains(handle.waiting(), "since 2000-01-01T00:00:00Z") || strings.Contains(handle.waiting(), "It does not answer") {
			t.Errorf("callers are told %q", handle.waiting())
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if waited := time.Since(back); waited > 3*longestPause {
			t.Errorf("found %s after it was back", waited)
		}
		if _, err := handle.open(t.Context()); err != nil || handle.waiting() != "" {
			t.Errorf("after the wait: %v, %q", err, handle.waiting())
		}
		if tries.Load() < 100 || longest > longestPause*3/2 || away == 0 || started != 2 {
			t.Errorf("%d tries, at most %s apart; told away %d times, started %d times", tries.Load(), longest, away, started)
		}
		lines := strings.Count(log.String(), "\n")
		if lines < 10 || lines > 22 || strings.Count(log.String(), "the database answers") != 1 {
			t.Errorf("%d lines in ten minutes:\n%s", lines, log.String())
		}
	})
}

// What no waiting mends ends it, and so does whoever ends the program.
func TestAwaitEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wrong := &video.Error{Code: video.Unavailable, Message: "The password is wrong."}
		handle := &openStore{connect: func(context.Context) (*store.Store, error) { return nil, wrong }}
		nothing := func(context.Context) error { return nil }
		if err := handle.await(t.Context(), slog.New(slog.DiscardHandler), func() { t.Error("waits") }, nothing); !errors.Is(err, wrong) {
			t.Errorf("wrong password: %v", err)
		}
		handle.connect = func(context.Context) (*store.Store, error) { return nil, errAway }
		ctx, cancel := context.WithCancel(t.Context())
		if err := handle.await(ctx, slog.New(slog.DiscardHandler), cancel, nothing); !errors.Is(err, context.Canceled) {
			t.Errorf("ended: %v", err)
		}
	})
}
