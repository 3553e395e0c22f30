package server

import (
	"errors"
	"io"
	"net/http"
	"os"
	"time"
)

var errSlowBody = errors.New("the body did not arrive in time")

// readBody reads all of r's body, at most limit bytes, within the time a body
// may take: a deadline for this request alone, because the connection may
// later carry an answer for minutes.
func (s *Server) readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	control := http.NewResponseController(w)
	// Not every ResponseWriter has deadlines (tests, wrappers); those have no slow clients either.
	_ = control.SetReadDeadline(time.Now().Add(s.timing.body))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if err != nil {
		// The deadline stays: net/http reads what is left before it closes.
		w.Header().Set("Connection", "close")
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return nil, errSlowBody
		}
		return nil, err
	}
	_ = control.SetReadDeadline(time.Time{})
	return body, nil
}

// bodyStatus is the HTTP status of readBody's error.
func bodyStatus(err error) int {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return http.StatusRequestEntityTooLarge
	case errors.Is(err, errSlowBody):
		return http.StatusRequestTimeout
	}
	return http.StatusBadRequest
}
