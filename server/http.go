package server

import (
	"context"
	"encoding/json"
	"errors"
	"mime"
	"net/http"

	"github.com/mark3labs/mcp-go/mcp"

	"seedance-mcp/internal/video"
)

// endpoint is streamable HTTP without sessions: every POST stands for itself,
// in the era its own headers and body tell, so any replica can serve it. There
// is no stream to GET and no session to DELETE; of a session id that comes
// along only the note in it counts (see askable).
func (s *Server) endpoint(w http.ResponseWriter, r *http.Request) {
	out := newReply(w, r, s.timing.write)
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		out.refuse(http.StatusMethodNotAllowed, failure(nil, mcp.INVALID_REQUEST,
			"Only POST is served here: there are no sessions and no standalone stream."))
		return
	}
	if why := s.waiting(); why != "" {
		w.Header().Set("Retry-After", "5")
		out.refuse(http.StatusServiceUnavailable, failure(nil, codeBusy, why))
		return
	}
	principal, ok := s.authenticate(out, r)
	if !ok {
		return
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		out.refuse(http.StatusUnsupportedMediaType, failure(nil, mcp.INVALID_REQUEST, "The Content-Type must be application/json."))
		return
	}
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	default:
		w.Header().Set("Retry-After", "1")
		out.refuse(http.StatusServiceUnavailable, failure(nil, codeBusy, "The server is busy. Try again in a second."))
		return
	}
	body, err := s.readBody(w, r, s.options.MaxBody)
	if err != nil {
		out.refuse(bodyStatus(err), failure(nil, mcp.INVALID_REQUEST, "The body cannot be read: "+err.Error()))
		return
	}
	m, refusal := parse(body)
	if refusal != nil {
		out.refuse(http.StatusBadRequest, refusal)
		return
	}
	version, refusal := s.checkEra(r, m)
	if refusal != nil {
		out.refuse(http.StatusBadRequest, refusal)
		return
	}
	if m.Method != "" { // an answer to a question of ours must get through
		leave, refused := s.limiter.enter(principal, s.limitsOf(r.Context(), principal), m.isRequest())
		if refused != nil {
			if refused.first {
				s.log.WarnContext(r.Context(), "caller is over its limit", "principal", principal, "why", refused.why)
			}
			s.refuseTooMuch(out, m, refused)
			return
		}
		defer leave()
	}
	client := newPeer(version, true)
	readAskable(r.Header, client)
	from := s.newSession(client, newQueue(true))
	from.principal = principal
	ctx := r.Context()
	if principal != "" && s.options.WithPrincipal != nil {
		ctx = s.options.WithPrincipal(ctx, principal)
	}
	switch {
	case m.isRequest():
		s.call(ctx, out, from, m, version)
		return
	case m.Method == string(mcp.MethodNotificationCancelled):
		// Without sessions an id does not tell whose call it is. Whoever wants
		// to cancel closes the stream.
	case m.isNotification():
		from.close()
		s.dispatch(ctx, from, m)
	default:
		s.asks.deliver(principal, m)
	}
	w.WriteHeader(http.StatusAccepted)
}

// challenger is a refusal that knows what the caller should send instead.
type challenger interface {
	error
	Challenge() string // a WWW-Authenticate value
}

// authenticate names the caller; when it is not ok, the refusal is written.
func (s *Server) authenticate(out *reply, r *http.Request) (principal string, ok bool) {
	if s.options.Authenticate == nil {
		return "", true
	}
	principal, err := s.options.Authenticate(r)
	if err == nil {
		return principal, true
	}
	s.log.WarnContext(r.Context(), "caller refused", "code", video.CodeOf(err), "from", r.RemoteAddr, "reason", err, "cause", causeOf(err))
	challenge, why := s.options.Challenge, "A valid access key is required, in the header \"Authorization: Bearer KEY\"."
	said, challenged := errors.AsType[challenger](err)
	if challenged {
		challenge, why = said.Challenge(), err.Error()
	}
	switch video.CodeOf(err) {
	case video.Forbidden:
		if !challenged {
			why = "This access key may not be used here."
		} else {
			out.w.Header().Set("WWW-Authenticate", challenge)
		}
		out.refuse(http.StatusForbidden, failure(nil, mcp.INVALID_REQUEST, why))
	case video.Unavailable:
		out.w.Header().Set("Retry-After", "5")
		out.refuse(http.StatusServiceUnavailable, failure(nil, codeBusy, "Access keys cannot be checked right now. Try again in a few seconds."))
	default:
		out.w.Header().Set("WWW-Authenticate", challenge)
		out.refuse(http.StatusUnauthorized, failure(nil, mcp.INVALID_REQUEST, why))
	}
	return "", false
}

// causeOf is what stands behind an error that callers may see.
func causeOf(err error) error {
	if coded, ok := errors.AsType[*video.Error](err); ok {
		return coded.Err
	}
	return nil
}

// call runs one request. What takes longer than StreamAfter, or has something
// to say before it answers, becomes an event stream that is kept alive; the
// rest is plain JSON. A client that goes away cancels its own call.
func (s *Server) call(ctx context.Context, out *reply, from *session, m incoming, version string) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	live := &liveReply{reply: out, gone: cancel}
	notify := func(n mcp.JSONRPCNotification) error {
		if m.Method == string(mcp.MethodSubscriptionsListen) {
			n = tagged(n, m.ID)
		}
		return live.event(n)
	}
	if out.accepts {
		from.ask = func(ctx context.Context, method mcp.MCPMethod, params any) (json.RawMessage, error) {
			// Whoever answers may take longer than a shutdown: then the tool goes on
			// without, as with a user who says nothing.
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			defer context.AfterFunc(s.draining, cancel)()
			send := func(request mcp.JSONRPCRequest) error { return live.event(request) }
			return s.asks.request(ctx, from.principal, send, method, params)
		}
		if m.Method != string(mcp.MethodInitialize) { // its answer has headers of its own
			live.keep(s.options.StreamAfter, s.options.KeepAlive)
		}
	}
	from.pump = func(n mcp.JSONRPCNotification) { _ = notify(n) } // a client that is gone cancels the call
	// Here and not beside: this goroutine's stack has grown to the size a call
	// needs with the connection's earlier ones.
	answer := s.dispatch(ctx, from, m)
	if err := from.rest(notify); err != nil || ctx.Err() != nil {
		live.end(nil)
		return
	}
	text, err := encodeAnswer(answer, m.ID)
	if err != nil {
		s.log.ErrorContext(ctx, "answer could not be written", "error", err)
	}
	live.end(func() error {
		noteAskable(out.w.Header(), m, from)
		return out.answer(statusOf(answer, version), text)
	})
}
