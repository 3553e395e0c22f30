package server

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

const (
	// maxWebhook is the largest callback body in bytes.
	maxWebhook = 1 << 20
	// maxCallbacks is how many callbacks are read and processed at once; it
	// bounds what strangers can make the server hold.
	maxCallbacks = 64
)

// callbacks are the webhooks under way.
type callbacks struct {
	slots   chan struct{}
	running sync.WaitGroup
}

func newCallbacks() *callbacks { return &callbacks{slots: make(chan struct{}, maxCallbacks)} }

// webhook takes an upstream's callback. It answers before the callback is
// processed, and the same for every token and body, so that nobody can find
// out which tokens exist. A lost callback costs nothing: tasks are polled too.
func (s *Server) webhook(w http.ResponseWriter, r *http.Request) {
	select {
	case s.callbacks.slots <- struct{}{}:
	default:
		w.Header().Set("Retry-After", "5")
		http.Error(w, "busy", http.StatusServiceUnavailable)
		return
	}
	body, err := s.readBody(w, r, maxWebhook)
	if err != nil {
		<-s.callbacks.slots
		http.Error(w, err.Error(), bodyStatus(err))
		return
	}
	token, ctx := r.PathValue("token"), context.WithoutCancel(r.Context())
	s.callbacks.running.Go(func() {
		defer func() { <-s.callbacks.slots }()
		s.callback(ctx, token, body)
	})
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, "{\"code\":200}\n") // the sender may be gone
}

func (s *Server) callback(ctx context.Context, token string, body []byte) {
	if s.options.Webhook == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, s.timing.callback)
	defer cancel()
	defer func() {
		if cause := recover(); cause != nil {
			s.log.ErrorContext(ctx, "webhook panicked", "cause", cause)
		}
	}()
	start := time.Now()
	err := s.options.Webhook(ctx, token, body)
	s.log.DebugContext(ctx, "webhook", "bytes", len(body), "took", time.Since(start), "error", err)
}

// wait is for the callbacks under way, at most until ctx ends.
func (c *callbacks) wait(ctx context.Context) error {
	idle := make(chan struct{})
	go func() {
		c.running.Wait()
		close(idle)
	}()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("callbacks cut off at shutdown: %w", ctx.Err())
	}
}
