package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
)

// maxStdioCalls is how many calls one stdio client may have open.
const maxStdioCalls = 256

// ServeStdio speaks newline-delimited JSON-RPC until in ends or ctx does, and
// writes nothing but protocol to out. Then it drains: open calls have under a
// second to answer. It returns nil after either end, else what broke the
// connection. When ctx ends it, the read under way stays blocked until in
// yields: a reader cannot be interrupted.
func (s *Server) ServeStdio(ctx context.Context, in io.Reader, out io.Writer) error {
	// Open calls outlive ctx until they are drained.
	calls, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	c := &connection{
		server: s, out: out,
		peer:     newPeer("", false),
		asks:     newAsks(),
		inflight: newInflight(maxStdioCalls),
		hands:    newHands(),
		broken:   make(chan error, 1),
	}
	stop, err := c.broadcasts(calls)
	if err != nil {
		return err
	}
	defer stop()

	ended := make(chan error, 1)
	go func() { ended <- c.read(calls, in) }()
	select {
	case err := <-ended:
		c.finish(cancel)
		if errors.Is(err, io.EOF) {
			return nil
		}
		return fmt.Errorf("reading stdin: %w", err)
	case err := <-c.broken:
		return fmt.Errorf("writing stdout: %w", err)
	case <-ctx.Done():
		c.finish(cancel)
		return nil
	}
}

// connection is one stdio client.
type connection struct {
	server   *Server
	peer     *peer
	asks     *asks
	inflight *inflight
	hands    *hands
	broken   chan error // the first failed write

	writing sync.Mutex // one message at a time
	out     io.Writer
}

// read handles in's messages until it or calls ends.
func (c *connection) read(calls context.Context, in io.Reader) error {
	lines := newLineReader(in, maxLine)
	for {
		l, err := lines.next()
		if err != nil {
			return err
		}
		if err := calls.Err(); err != nil {
			return err
		}
		c.handle(calls, l)
	}
}

// handle takes one message. Notifications, and initialize, on which what
// follows depends, are done before the next message is looked at.
func (c *connection) handle(calls context.Context, l line) {
	if l.tooLong {
		c.tell(failure(nil, mcp.PARSE_ERROR, fmt.Sprintf("The message is longer than %d MiB.", maxLine>>20)))
		return
	}
	m, refusal := parse(l.data)
	switch {
	case refusal != nil:
		c.tell(refusal)
	case m.isRequest():
		c.request(calls, m)
	case m.Method == string(mcp.MethodNotificationCancelled):
		c.inflight.cancel(m.Params)
	case m.isNotification():
		c.server.dispatch(calls, c.server.newSession(c.peer, newQueue(false)), m)
	default:
		c.asks.deliver("", m)
	}
}

// request starts a call, or says why not.
func (c *connection) request(calls context.Context, m incoming) {
	version := m.protocolVersion()
	if version != "" && !mcp.IsValidProtocolVersion(version) {
		c.tell(unsupportedVersion(m.ID, version))
		return
	}
	ctx, cancel := context.WithCancel(calls)
	call, verdict := c.inflight.begin(m.ID, cancel)
	if verdict != begun {
		cancel()
		c.tell(refuseCall(m.ID, verdict))
		return
	}
	serve := func() {
		defer c.inflight.done()
		defer cancel()
		c.serve(ctx, c.session(version), call, m)
	}
	if m.Method == string(mcp.MethodInitialize) {
		serve()
		return
	}
	c.hands.run(calls, serve)
}

func refuseCall(id json.RawMessage, why verdict) *mcp.JSONRPCError {
	switch why {
	case tooMany:
		return failure(id, codeBusy, fmt.Sprintf(
			"The server is busy: %d calls are open on this connection. Wait for one to end.", maxStdioCalls))
	case idInUse:
		return failure(id, mcp.INVALID_REQUEST, "A call with this id is still open.")
	}
	return failure(id, codeBusy, "The server is shutting down.")
}

// session is a call's view of the client. A modern call stands for itself: it
// must not know what another call said about the client.
func (c *connection) session(version string) *session {
	p := c.peer
	if mcp.IsModernProtocol(version) {
		p = newPeer(version, true)
	}
	from := c.server.newSession(p, newQueue(true))
	from.ask = func(ctx context.Context, method mcp.MCPMethod, params any) (json.RawMessage, error) {
		return c.asks.request(ctx, "", func(request mcp.JSONRPCRequest) error { return c.write(request) }, method, params)
	}
	return from
}

// serve runs one call: its notifications in order, then its answer, and
// nothing once it is cancelled.
func (c *connection) serve(ctx context.Context, from *session, call *flight, m incoming) {
	notify := func(n mcp.JSONRPCNotification) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if m.Method == string(mcp.MethodSubscriptionsListen) {
			n = tagged(n, m.ID)
		}
		return c.write(n)
	}
	from.pump = func(n mcp.JSONRPCNotification) { _ = notify(n) } // as in tell
	answer := c.server.dispatch(ctx, from, m)
	from.close()
	if !c.inflight.end(call) || ctx.Err() != nil {
		return
	}
	_ = from.rest(notify)
	text, err := encodeAnswer(answer, m.ID)
	if err != nil {
		c.server.log.ErrorContext(ctx, "answer could not be written", "error", err)
	}
	_ = c.writeLine(text)
}

// tell writes what nobody waits for: a failed write ends the connection by itself.
func (c *connection) tell(message any) { _ = c.write(message) }

func (c *connection) write(message any) error {
	text, err := encode(message)
	if err != nil {
		c.server.log.Error("message could not be written", "error", err)
		return err
	}
	return c.writeLine(text)
}

func (c *connection) writeLine(text []byte) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	_, err := c.out.Write(text)
	if err != nil {
		select {
		case c.broken <- err:
		default: // the first one counts
		}
	}
	return err
}

// broadcasts brings what the core tells all clients to one that initialized.
func (c *connection) broadcasts(calls context.Context) (stop func(), err error) {
	all := c.server.newSession(c.peer, newQueue(false))
	all.pump = func(n mcp.JSONRPCNotification) { c.tell(n) }
	if err := c.server.mcp.RegisterSession(calls, all); err != nil {
		return nil, fmt.Errorf("stdio session: %w", err)
	}
	return func() {
		c.server.mcp.UnregisterSession(calls, all.SessionID())
		all.close()
	}, nil
}

// finish lets open calls answer, then cancels what is left. It does not wait
// for handlers that ignore their context: the process is about to exit.
func (c *connection) finish(cancel context.CancelFunc) {
	c.server.Drain()
	idle := c.inflight.close()
	grace := time.NewTimer(c.server.timing.eof)
	defer grace.Stop()
	select {
	case <-idle:
		return
	case <-grace.C:
	}
	cancel()
	grace.Reset(100 * time.Millisecond)
	select {
	case <-idle:
	case <-grace.C:
		c.server.log.Warn("a call did not end in time")
	}
}
