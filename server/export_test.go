package server

import "time"

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
