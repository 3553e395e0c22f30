package server

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
)

// reply writes one HTTP answer: a JSON object, or an event stream once there
// is something to say before the answer. One goroutine at a time uses it.
type reply struct {
	w        http.ResponseWriter
	body     io.Writer // w
	control  *http.ResponseController
	patience time.Duration // a client that takes longer to read is gone
	accepts  bool          // the client takes text/event-stream
	only     bool          // and nothing else
	open     bool          // the stream has begun
}

func newReply(w http.ResponseWriter, r *http.Request, patience time.Duration) *reply {
	accept := strings.ToLower(strings.Join(r.Header.Values("Accept"), ","))
	stream := strings.Contains(accept, "text/event-stream")
	return &reply{
		w: w, body: w, control: http.NewResponseController(w), patience: patience,
		accepts: stream,
		only:    stream && !strings.Contains(accept, "json") && !strings.Contains(accept, "*/*"),
	}
}

// start sends the headers of an event stream at once: proxies and clients
// count the time until the first byte.
func (r *reply) start() error {
	if r.open {
		return nil
	}
	r.open = true
	h := r.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no") // nginx would hold the events back
	r.w.WriteHeader(http.StatusOK)
	return r.send(nil)
}

// event writes one message to the stream, beginning it if need be.
func (r *reply) event(message any) error {
	text, err := encode(message)
	if err != nil {
		return fmt.Errorf("event: %w", err)
	}
	return r.eventText(text)
}

// eventText is event for a message encoded as one line.
func (r *reply) eventText(text []byte) error {
	if err := r.start(); err != nil {
		return err
	}
	event := make([]byte, 0, len(text)+len("event: message\ndata: \n"))
	event = append(event, "event: message\ndata: "...)
	event = append(event, text...)
	return r.send(append(event, '\n'))
}

// comment keeps a silent stream from being cut by what lies between.
func (r *reply) comment() error { return r.send([]byte(": keep-alive\n\n")) }

// answer ends the reply: as an event if the stream has begun, else as JSON
// with status.
func (r *reply) answer(status int, text []byte) error {
	if r.open || (r.only && status == http.StatusOK) {
		return r.eventText(text)
	}
	h := r.w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(text)))
	r.w.WriteHeader(status)
	return r.send(text)
}

// refuse ends the reply before a call began.
func (r *reply) refuse(status int, refusal *mcp.JSONRPCError) {
	text, err := encode(refusal)
	if err != nil {
		text = nil
	}
	_ = r.answer(status, text) // the client may be gone
}

// send writes and flushes under a deadline that is lifted again, because the
// connection will serve other handlers.
func (r *reply) send(text []byte) error {
	_ = r.control.SetWriteDeadline(time.Now().Add(r.patience)) // as in readBody
	if len(text) > 0 {
		if _, err := r.body.Write(text); err != nil {
			return err
		}
	}
	if err := r.control.Flush(); err != nil {
		return err
	}
	_ = r.control.SetWriteDeadline(time.Time{})
	return nil
}
