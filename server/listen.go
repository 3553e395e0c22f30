package server

import (
	"context"
	"encoding/json"
	"maps"

	"github.com/mark3labs/mcp-go/mcp"
)

// listen prepares a subscriptions/listen call: broadcasts reach its session,
// and Drain ends it like any other call, with its result. stop undoes both.
func (s *Server) listen(ctx context.Context, from *session) (_ context.Context, stop func()) {
	from.startListening()
	ctx, cancel := context.WithCancel(ctx)
	unhook := context.AfterFunc(s.draining, cancel)
	if err := s.mcp.RegisterSession(ctx, from); err != nil {
		s.log.WarnContext(ctx, "subscription stream gets no broadcasts", "error", err)
	}
	return ctx, func() {
		s.mcp.UnregisterSession(ctx, from.SessionID())
		unhook()
		cancel()
	}
}

func (s *session) startListening() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listening = true
}

// tagged marks a notification of a subscription stream with the id of the
// request that opened it, in exactly the client's spelling: one client waits
// ten seconds for the right JSON type. The map is copied because a broadcast
// shares it with other streams.
func tagged(message mcp.JSONRPCNotification, id json.RawMessage) mcp.JSONRPCNotification {
	meta := make(map[string]any, len(message.Params.Meta)+1)
	maps.Copy(meta, message.Params.Meta)
	meta[mcp.MetaKeySubscriptionID] = id
	message.Params.Meta = meta
	return message
}
