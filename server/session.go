package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"
)

// session is what mcp-go's core sees of a client during one call. Every call
// has its own, so nothing can leak from one call into another; what a stdio
// client said at initialize is shared through peer.
type session struct {
	*peer
	*queue
	id        string
	principal string
	// ask sends a request to the client and waits; nil where the answer cannot
	// carry one.
	ask func(ctx context.Context, method mcp.MCPMethod, params any) (json.RawMessage, error)

	mu        sync.Mutex
	listening bool
	filter    mcp.SubscriptionFilter
	fault     error     // what the handler returned
	task      *mcp.Task // what the tool's answer stands for
}

var (
	_ mcpserver.SessionWithLogging               = (*session)(nil)
	_ mcpserver.SessionWithClientInfo            = (*session)(nil)
	_ mcpserver.SessionWithProtocolVersion       = (*session)(nil)
	_ mcpserver.SessionWithResourceSubscriptions = (*session)(nil)
	_ mcpserver.SessionWithSubscriptionFilter    = (*session)(nil)
	_ mcpserver.SessionWithElicitation           = (*session)(nil)
	_ mcpserver.SessionWithSampling              = (*session)(nil)
	_ mcpserver.SessionWithRoots                 = (*session)(nil)
)

func (s *Server) newSession(p *peer, q *queue) *session {
	return &session{peer: p, queue: q, id: strconv.FormatUint(s.sessions.Add(1), 10)}
}

// SessionID is unique in this process and known to nobody outside.
func (s *session) SessionID() string { return s.id }

var errCannotAsk = errors.New("this connection cannot carry requests to the client")

// RequestElicitation asks the user something, for clients before 2026-07-28.
func (s *session) RequestElicitation(ctx context.Context, request mcp.ElicitationRequest) (*mcp.ElicitationResult, error) {
	return askFor[mcp.ElicitationResult](ctx, s, mcp.MethodElicitationCreate, request.Params)
}

// RequestSampling asks the client's model, for clients before 2026-07-28.
func (s *session) RequestSampling(ctx context.Context, request mcp.CreateMessageRequest) (*mcp.CreateMessageResult, error) {
	result, err := askFor[mcp.CreateMessageResult](ctx, s, mcp.MethodSamplingCreateMessage, request.CreateMessageParams)
	if err != nil {
		return nil, err
	}
	result.Content, err = mcp.ParseSamplingContent(result.Content)
	if err != nil {
		return nil, fmt.Errorf("the client's %s result: %w", mcp.MethodSamplingCreateMessage, err)
	}
	return result, nil
}

// ListRoots asks for the client's folders, for clients before 2026-07-28.
func (s *session) ListRoots(ctx context.Context, _ mcp.ListRootsRequest) (*mcp.ListRootsResult, error) {
	return askFor[mcp.ListRootsResult](ctx, s, mcp.MethodListRoots, nil)
}

func askFor[T any](ctx context.Context, s *session, method mcp.MCPMethod, params any) (*T, error) {
	if s.ask == nil {
		return nil, errCannotAsk
	}
	raw, err := s.ask(ctx, method, params)
	if err != nil {
		return nil, err
	}
	result := new(T)
	if err := json.Unmarshal(raw, result); err != nil {
		return nil, fmt.Errorf("the client's %s result: %w", method, err)
	}
	return result, nil
}

// SetSubscriptionFilter records what a subscriptions/listen call asked for.
func (s *session) SetSubscriptionFilter(filter mcp.SubscriptionFilter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.filter = filter
}

// SubscriptionFilter is active for as long as the call listens, so that it gets
// nothing before its filter is known.
func (s *session) SubscriptionFilter() (mcp.SubscriptionFilter, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.filter, s.listening
}

// peer is what a client said about itself. Over HTTP it lives as long as one
// call, over stdio as long as the connection.
type peer struct {
	mu           sync.Mutex
	initialized  bool
	info         mcp.Implementation
	capabilities mcp.ClientCapabilities
	version      string
	level        mcp.LoggingLevel
	resources    []string
}

// newPeer makes a peer that speaks version ("" before initialize). Without a
// handshake a call counts as initialized: mcp-go sends nothing otherwise.
func newPeer(version string, initialized bool) *peer {
	return &peer{version: version, initialized: initialized, level: mcp.LoggingLevelError}
}

func (p *peer) Initialize() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.initialized = true
}

func (p *peer) Initialized() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.initialized
}

func (p *peer) GetClientInfo() mcp.Implementation {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.info
}

func (p *peer) SetClientInfo(info mcp.Implementation) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.info = info
}

func (p *peer) GetClientCapabilities() mcp.ClientCapabilities {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.capabilities
}

func (p *peer) SetClientCapabilities(capabilities mcp.ClientCapabilities) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.capabilities = capabilities
}

func (p *peer) ProtocolVersion() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.version
}

// SetProtocolVersion is called by mcp-go's initialize.
func (p *peer) SetProtocolVersion(version string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.version = version
}

func (p *peer) SetLogLevel(level mcp.LoggingLevel) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.level = level
}

func (p *peer) GetLogLevel() mcp.LoggingLevel {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.level
}

func (p *peer) SubscribeToResource(uri string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !slices.Contains(p.resources, uri) {
		p.resources = append(p.resources, uri)
	}
}

func (p *peer) UnsubscribeFromResource(uri string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.resources = slices.DeleteFunc(p.resources, func(have string) bool { return have == uri })
}

func (p *peer) SubscribedResources() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.resources)
}

func (p *peer) IsSubscribedToResource(uri string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Contains(p.resources, uri)
}
