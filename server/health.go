package server

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"seedance-mcp/internal/video"
)

// readyLimit is how long a readiness check may take.
const readyLimit = 2 * time.Second

// maxReason is in characters: what is wrong, since when, and what to do.
const maxReason = 600

// healthz says that the process serves, whatever it depends on.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) {
	writeHealth(w, http.StatusOK, health{Status: "ok", Version: s.options.Version})
}

// readyz says whether new work would succeed, and if not, why.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	if reason := s.notReady(r.Context()); reason != "" {
		writeHealth(w, http.StatusServiceUnavailable, health{Status: "not ready", Reason: reason})
		return
	}
	writeHealth(w, http.StatusOK, health{Status: "ready"})
}

func (s *Server) notReady(ctx context.Context) string {
	if s.leaving.Load() || s.draining.Err() != nil {
		return "shutting down"
	}
	if s.options.Ready == nil {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, readyLimit)
	defer cancel()
	if err := s.options.Ready(ctx); err != nil {
		return video.Clip(err.Error(), maxReason)
	}
	return ""
}

// waiting is what keeps the server from taking calls yet.
func (s *Server) waiting() string {
	if s.options.Waiting == nil {
		return ""
	}
	return s.options.Waiting()
}

// health is what a probe is told.
type health struct {
	Status  string `json:"status"`
	Version string `json:"version,omitempty"`
	Reason  string `json:"reason,omitempty"`
}

func writeHealth(w http.ResponseWriter, status int, body health) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		return // the prober is gone
	}
}
