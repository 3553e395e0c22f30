package server

import (
	"crypto/tls"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
)

// SetTiming shortens waits that are seconds in production; zero keeps one.
func (s *Server) SetTiming(body, write, shutdown, eof time.Duration) {
	set := func(at *time.Duration, to time.Duration) {
		if to > 0 {
			*at = to
		}
	}
	set(&s.timing.body, body)
	set(&s.timing.write, write)
	set(&s.timing.shutdown, shutdown)
	set(&s.timing.eof, eof)
}

// SetHeaderTime shortens the wait for a request's headers.
func (s *Server) SetHeaderTime(d time.Duration) { s.timing.header = d }

// MaxStdioCalls and MaxLine are limits that tests reach.
const (
	MaxStdioCalls = maxStdioCalls
	MaxLine       = maxLine
	MaxWebhook    = maxWebhook
	MaxCallbacks  = maxCallbacks
)

// SetTLS serves TLS.
func (s *Server) SetTLS(config *tls.Config) { s.options.TLS = config }

// TLSFromFilesAlways looks at the files for every new connection.
func TLSFromFilesAlways(cert, key string, log *slog.Logger) (*tls.Config, error) {
	files := &certificateFiles{cert: cert, key: key, log: log}
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: files.current}, files.load()
}

// SetClock is the limiter's time.
func (s *Server) SetClock(now func() time.Time) { s.limiter.now = now }

// Remembered is how many callers the limiter knows.
func (s *Server) Remembered() int {
	s.limiter.mu.Lock()
	defer s.limiter.mu.Unlock()
	return len(s.limiter.callers)
}

// SetDrainDelay ends the delay by a channel instead of a clock.
func (s *Server) SetDrainDelay(over <-chan time.Time) {
	s.after = func(time.Duration) <-chan time.Time { return over }
}

// SetUnusedTime changes how long a new connection may take to its request
// after a drain.
func (s *Server) SetUnusedTime(d time.Duration) { s.timing.unused = d }

// EncodeAnswer is what a transport writes.
func EncodeAnswer(answer mcp.JSONRPCMessage, id json.RawMessage) ([]byte, error) {
	return encodeAnswer(answer, id)
}
