package server

import (
	"net/http"

	"github.com/mark3labs/mcp-go/mcp"

	"seedance-mcp/internal/video"
)

// maxQuoted is how much of what a client sent an error repeats, in characters.
const maxQuoted = 40

// checkEra finds the protocol version of an HTTP message and checks what that
// version asks of the headers. "" is a client before 2025-06-18 or one that
// does not say (some never send the header). Initialize states its version in
// its own way, so its headers do not count.
func (s *Server) checkEra(r *http.Request, m incoming) (version string, refusal *mcp.JSONRPCError) {
	header, stated := r.Header.Get(mcp.HeaderProtocolVersion), m.protocolVersion()
	if m.Method == string(mcp.MethodInitialize) && stated == "" {
		return "", nil
	}
	if header != "" && stated != "" && header != stated && m.isRequest() {
		return "", failure(m.ID, mcp.HEADER_MISMATCH, mcp.HeaderProtocolVersion+" "+
			video.Clip(header, maxQuoted)+" differs from "+mcp.MetaKeyProtocolVersion+" "+video.Clip(stated, maxQuoted)+".")
	}
	for _, version := range []string{stated, header} {
		if version != "" && !mcp.IsValidProtocolVersion(version) {
			return "", unsupportedVersion(m.ID, version)
		}
	}
	if !mcp.IsModernProtocol(header) && !mcp.IsModernProtocol(stated) {
		return header, nil
	}
	if !m.isRequest() {
		return mcp.ProtocolVersion20260728, nil // nothing depends on a notification's headers
	}
	return header, s.checkModern(r, m, header, stated)
}

func (s *Server) checkModern(r *http.Request, m incoming, header, stated string) *mcp.JSONRPCError {
	switch {
	case header == "":
		return failure(m.ID, mcp.HEADER_MISMATCH, mcp.HeaderProtocolVersion+" header is missing: it must repeat "+mcp.MetaKeyProtocolVersion+".")
	case stated == "":
		return failure(m.ID, mcp.INVALID_PARAMS, "params._meta lacks "+mcp.MetaKeyProtocolVersion+".")
	case r.Header.Get(mcp.HeaderLastEventID) != "":
		return failure(m.ID, mcp.HEADER_MISMATCH, "Streams cannot be resumed: send the request again with a new id, without Last-Event-ID.")
	}
	if err := mcp.ValidateStandardHeaders(r.Header.Get, stated, mcp.MCPMethod(m.Method), m.Params); err != nil {
		return failure(m.ID, mcp.HEADER_MISMATCH, err.Error())
	}
	if m.Method != string(mcp.MethodToolsCall) {
		return checkTaskName(r.Header.Get(mcp.HeaderName), m)
	}
	name, _ := mcp.ExtractHeaderName(mcp.MethodToolsCall, m.Params)
	tool := s.mcp.GetTool(name)
	if tool == nil {
		return nil // answered by the core
	}
	lookup := func(name string) (string, bool) {
		values := r.Header.Values(name)
		if len(values) == 0 {
			return "", false
		}
		return values[0], true
	}
	if err := mcp.ValidateParamHeadersLookup(lookup, &tool.Tool, m.Params); err != nil {
		return failure(m.ID, mcp.HEADER_MISMATCH, err.Error())
	}
	return nil
}

// statusOf is the HTTP status of an answer sent as plain JSON. Only 2026-07-28
// maps errors to statuses; older clients take anything but 200 for a broken
// connection.
func statusOf(answer mcp.JSONRPCMessage, version string) int {
	failed, ok := answer.(mcp.JSONRPCError)
	if !ok || !mcp.IsModernProtocol(version) {
		return http.StatusOK
	}
	switch failed.Error.Code {
	case mcp.METHOD_NOT_FOUND:
		return http.StatusNotFound
	case mcp.HEADER_MISMATCH, mcp.MISSING_REQUIRED_CLIENT_CAPABILITY, mcp.UNSUPPORTED_PROTOCOL_VERSION,
		mcp.INVALID_REQUEST, mcp.INVALID_PARAMS, mcp.PARSE_ERROR:
		return http.StatusBadRequest
	}
	return http.StatusOK
}
