package server

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"
)

// explained adds to a failed answer what 2026-07-28 wants in it and mcp-go
// leaves out: the uri that was not found, and the capability that was missing.
func explained(from *session, m incoming, answer mcp.JSONRPCMessage) mcp.JSONRPCMessage {
	failed, ok := answer.(mcp.JSONRPCError)
	if !ok {
		return answer
	}
	switch mcp.MCPMethod(m.Method) {
	case mcp.MethodToolsCall:
		if capability := from.lacked(); capability != "" {
			failed.Error.Code = mcp.MISSING_REQUIRED_CLIENT_CAPABILITY
			failed.Error.Data = map[string]any{"requiredCapabilities": required(capability)}
		}
	case mcp.MethodResourcesRead:
		var params mcp.ReadResourceParams
		if failed.Error.Data == nil && json.Unmarshal(m.Params, &params) == nil && params.URI != "" {
			failed.Error.Data = map[string]any{"uri": params.URI}
		}
	}
	return failed
}

// noteLacking remembers a tool's refusal, which mcp-go would report as an
// internal error.
func noteLacking(ctx context.Context, err error) {
	var missing mcp.MissingRequiredClientCapabilityError
	if !errors.As(err, &missing) {
		return
	}
	if from, ok := mcpserver.ClientSessionFromContext(ctx).(*session); ok {
		from.mu.Lock()
		defer from.mu.Unlock()
		from.lacking = missing.Capability
	}
}

func (s *session) lacked() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lacking
}
