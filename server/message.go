package server

import (
	"bytes"
	"encoding/json"

	"github.com/mark3labs/mcp-go/mcp"
)

// codeBusy is JSON-RPC's range for errors of the implementation.
const codeBusy = -32000

// incoming is what the transports need to know of a message. mcp-go reads the
// rest from raw.
type incoming struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"` // kept as written: a float64 would spoil large numbers
	Method  string          `json:"method"`
	Params  json.RawMessage `json:"params"`
	Result  json.RawMessage `json:"result"`
	Error   json.RawMessage `json:"error"`

	raw json.RawMessage
}

func (m incoming) isRequest() bool      { return m.Method != "" && m.ID != nil }
func (m incoming) isNotification() bool { return m.Method != "" && m.ID == nil }

// parse reads one message. It keeps data. The second result is the answer to
// give instead when data is no message.
func parse(data []byte) (incoming, *mcp.JSONRPCError) {
	var m incoming
	m.raw = data
	if trimmed := bytes.TrimLeft(data, " \t\r\n"); len(trimmed) > 0 && trimmed[0] == '[' {
		return m, failure(nil, mcp.INVALID_REQUEST,
			"Batches left MCP with version 2025-06-18 and are not supported: send every message on its own.")
	}
	err := json.Unmarshal(data, &m)
	if err != nil && !json.Valid(data) {
		return m, failure(nil, mcp.PARSE_ERROR, "The message is not valid JSON: "+err.Error())
	}
	if m.Method != "" && !validID(m.ID) { // an error about an unreadable message comes with id null
		return m, failure(nil, mcp.INVALID_REQUEST, "The id must be a string or a number.")
	}
	if err != nil {
		return m, failure(m.ID, mcp.INVALID_REQUEST, "The message is not a JSON-RPC object: "+err.Error())
	}
	if m.Version != mcp.JSONRPC_VERSION {
		return m, failure(m.ID, mcp.INVALID_REQUEST, `The message lacks "jsonrpc": "2.0".`)
	}
	if m.Method == "" && m.Result == nil && m.Error == nil {
		return m, failure(m.ID, mcp.INVALID_REQUEST, "The message has neither a method nor a result nor an error.")
	}
	return m, nil
}

// validID accepts an absent id, a string and a number.
func validID(id json.RawMessage) bool {
	return len(id) == 0 || id[0] == '"' || id[0] == '-' || (id[0] >= '0' && id[0] <= '9')
}

// protocolVersion is the version a 2026-07-28 client states in each message.
func (m incoming) protocolVersion() string {
	var params struct {
		Meta struct {
			Version string `json:"io.modelcontextprotocol/protocolVersion"`
		} `json:"_meta"`
	}
	if !bytes.Contains(m.Params, []byte("protocolVersion")) && !bytes.Contains(m.Params, []byte(`\u`)) {
		return "" // most messages: params may be large, and mcp-go will read them anyway
	}
	if json.Unmarshal(m.Params, &params) != nil {
		return "" // mcp-go refuses malformed params with a better message
	}
	return params.Meta.Version
}

// failure is an error answer; a nil id is written as null.
func failure(id json.RawMessage, code int, message string) *mcp.JSONRPCError {
	return &mcp.JSONRPCError{
		JSONRPC: mcp.JSONRPC_VERSION,
		ID:      requestID(id),
		Error:   mcp.NewJSONRPCErrorDetails(code, message, nil),
	}
}

// unsupportedVersion is the answer to a protocol version nobody here speaks.
func unsupportedVersion(id json.RawMessage, version string) *mcp.JSONRPCError {
	answer := mcp.UnsupportedProtocolVersionError{
		Version: version, Supported: mcp.ValidProtocolVersions,
	}.JSONRPCError()
	answer.ID = requestID(id)
	return &answer
}

func requestID(id json.RawMessage) mcp.RequestId {
	if len(id) == 0 {
		return mcp.NewRequestId(nil)
	}
	return mcp.NewRequestId(id)
}

// withID gives an answer the id exactly as the client wrote it.
func withID(answer mcp.JSONRPCMessage, id json.RawMessage) mcp.JSONRPCMessage {
	switch a := answer.(type) {
	case mcp.JSONRPCResponse:
		a.ID = requestID(id)
		return a
	case mcp.JSONRPCError:
		a.ID = requestID(id)
		return a
	}
	return answer
}

// encode writes message as one line that ends in a newline.
func encode(message any) ([]byte, error) {
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(message); err != nil {
		return nil, err
	}
	return line.Bytes(), nil
}

// encodeAnswer is encode for an answer; one that cannot be written becomes an
// internal error, because silence would leave the client waiting.
func encodeAnswer(answer mcp.JSONRPCMessage, id json.RawMessage) (line []byte, cause error) {
	if line, ok := plainLine(answer, id); ok {
		return line, nil
	}
	line, cause = encode(withID(flat(answer), id))
	if cause == nil {
		return line, nil
	}
	line, err := encode(failure(id, mcp.INTERNAL_ERROR, "The server could not write its answer."))
	if err != nil {
		return nil, err
	}
	return line, cause
}

// toolResult is a tool's result on the wire: mcp-go's members in its order.
type toolResult struct {
	Meta          *mcp.Meta         `json:"_meta,omitempty"`
	Content       []mcp.Content     `json:"content"`
	InputRequests mcp.InputRequests `json:"inputRequests,omitempty"`
	IsError       bool              `json:"isError,omitempty"`
	RequestState  string            `json:"requestState,omitempty"`
	ResultType    mcp.ResultType    `json:"resultType,omitempty"`
	Structured    any               `json:"structuredContent,omitempty"`
}

// flat has a tool's result written in one go. mcp-go encodes it by way of a
// map, and the whole again with the answer around it, which took a seventh of
// a short call's time.
func flat(answer mcp.JSONRPCMessage) mcp.JSONRPCMessage {
	response, ok := answer.(mcp.JSONRPCResponse)
	if !ok {
		return answer
	}
	r, ok := response.Result.(*mcp.CallToolResult)
	if !ok || r == nil {
		return answer
	}
	result := toolResult{
		Meta: r.Meta, Content: r.Content, InputRequests: r.InputRequests, IsError: r.IsError,
		RequestState: r.RequestState, ResultType: r.ResultType, Structured: r.StructuredContent,
	}
	if result.Content == nil {
		result.Content = []mcp.Content{}
	}
	if len(r.RawStructuredContent) > 0 {
		result.Structured = r.RawStructuredContent
	}
	response.Result = result
	return response
}

// plainLine is what nearly every call is answered with before 2026-07-28: one
// text, which is the structured content too. So our adapter has just encoded
// it, and it is put in as it is: package json would read it through once more.
func plainLine(answer mcp.JSONRPCMessage, id json.RawMessage) ([]byte, bool) {
	response, ok := answer.(mcp.JSONRPCResponse)
	if !ok {
		return nil, false
	}
	r, ok := response.Result.(*mcp.CallToolResult)
	if !ok || r == nil || len(id) == 0 || len(r.Content) != 1 || r.IsError || r.Meta != nil || r.ResultType != "" ||
		len(r.InputRequests) > 0 || r.RequestState != "" || len(r.RawStructuredContent) > 0 {
		return nil, false
	}
	text, isText := r.Content[0].(mcp.TextContent)
	structured, isRaw := r.StructuredContent.(json.RawMessage)
	if !isText || text.Meta != nil || text.Annotations != nil || !isRaw || text.Text != string(structured) ||
		!bytes.HasPrefix(structured, []byte("{")) || bytes.IndexByte(structured, '\n') >= 0 {
		return nil, false
	}
	var line bytes.Buffer
	line.Grow(len(id) + 5*len(structured)/2 + 128) // a text in a text has more backslashes
	line.WriteString(`{"jsonrpc":"2.0","id":`)
	line.Write(id)
	line.WriteString(`,"result":{"content":[{"type":"text","text":`)
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(text.Text); err != nil {
		return nil, false
	}
	line.Truncate(line.Len() - 1) // without the end of line
	line.WriteString(`}],"structuredContent":`)
	line.Write(structured)
	line.WriteString("}}\n")
	return line.Bytes(), true
}
