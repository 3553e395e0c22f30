package server

import (
	"context"
	"errors"
	"strconv"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"seedance-mcp/internal/video"
)

// explained turns a failed answer into one that a client can act on. The core
// makes an internal error of whatever a handler returns, text included, and
// leaves out what 2026-07-28 wants in it: the uri that was not found, and the
// capability that was missing.
func (s *Server) explained(ctx context.Context, from *session, m incoming, answer mcp.JSONRPCMessage) mcp.JSONRPCMessage {
	failed, ok := answer.(mcp.JSONRPCError)
	if !ok {
		return answer
	}
	if fault := from.failedWith(); fault != nil {
		s.explainFault(ctx, m, fault, &failed.Error)
	} else {
		s.explainAbsence(m, &failed.Error)
	}
	if m.Method == string(mcp.MethodResourcesRead) && failed.Error.Data == nil {
		if uri := nameIn(m); uri != "" {
			failed.Error.Data = map[string]any{"uri": uri}
		}
	}
	return failed
}

// explainFault is about what a handler returned. Errors of our own are logged
// in full and shown blandly; a panic's are not here.
func (s *Server) explainFault(ctx context.Context, m incoming, fault error, shown *mcp.JSONRPCErrorDetails) {
	if missing, ok := errors.AsType[mcp.MissingRequiredClientCapabilityError](fault); ok {
		shown.Code = mcp.MISSING_REQUIRED_CLIENT_CAPABILITY
		shown.Data = map[string]any{"requiredCapabilities": required(missing.Capability)}
		return
	}
	coded, ok := errors.AsType[*video.Error](fault)
	switch {
	case !ok && m.Method == string(mcp.MethodToolsCall):
		return // the adapter of our tools returns none; what others say is theirs
	case !ok || coded.Code == video.Internal:
		s.log.ErrorContext(ctx, "request failed", "method", m.Method, "error", fault)
		shown.Message = "The server failed while handling this request."
		return
	case coded.Code == video.NotFound && m.Method == string(mcp.MethodResourcesRead) && !mcp.IsModernProtocol(m.protocolVersion()):
		shown.Code = mcp.RESOURCE_NOT_FOUND
	case coded.Code == video.NotFound, coded.Code == video.Invalid:
		shown.Code = mcp.INVALID_PARAMS
	}
	shown.Message = coded.Error()
}

// explainAbsence says where to look for what is there, when a name is unknown.
func (s *Server) explainAbsence(m incoming, shown *mcp.JSONRPCErrorDetails) {
	if shown.Code != mcp.INVALID_PARAMS && shown.Code != mcp.RESOURCE_NOT_FOUND {
		return
	}
	name := nameIn(m)
	quoted := strconv.Quote(video.Clip(name, 4*maxQuoted))
	switch mcp.MCPMethod(m.Method) {
	case mcp.MethodToolsCall:
		if s.mcp.GetTool(name) == nil {
			shown.Message = "There is no tool " + quoted + "; tools/list names those there are."
		}
	case mcp.MethodPromptsGet:
		if s.mcp.ListPrompts()[name] == nil {
			shown.Message = "There is no prompt " + quoted + "; prompts/list names those there are."
		}
	case mcp.MethodResourcesRead:
		shown.Message = "There is no resource " + quoted + "; resources/list and resources/templates/list name those there are."
	default:
	}
}

// nameIn is the name or uri that m is about.
func nameIn(m incoming) string {
	name, _ := mcp.ExtractHeaderName(mcp.MCPMethod(m.Method), m.Params)
	return name
}

// noteFault remembers what a handler returned, for explained.
func noteFault(ctx context.Context, err error) {
	if from, ok := mcpserver.ClientSessionFromContext(ctx).(*session); ok && err != nil {
		from.mu.Lock()
		defer from.mu.Unlock()
		from.fault = err
	}
}

func (s *session) failedWith() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fault
}

// noteResourceFault and notePromptFault are noteFault around handlers.
func noteResourceFault(next mcpserver.ResourceHandlerFunc) mcpserver.ResourceHandlerFunc {
	return func(ctx context.Context, request mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
		contents, err := next(ctx, request)
		noteFault(ctx, err)
		return contents, err
	}
}

func notePromptFault(next mcpserver.PromptHandlerFunc) mcpserver.PromptHandlerFunc {
	return func(ctx context.Context, request mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
		result, err := next(ctx, request)
		noteFault(ctx, err)
		return result, err
	}
}
