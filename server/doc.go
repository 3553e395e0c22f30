// Package server makes an MCP server of a set of tools: it assembles mcp-go's
// core and carries its messages over stdio and over streamable HTTP.
//
// The transports are our own, on top of MCPServer.HandleMessage, because a
// video takes minutes and the stock ones lose what matters then: here every
// call has its own notification queue that is drained before its answer, no
// call can reach another caller's, nothing depends on a session, long answers
// are streamed with their headers at once, and a shutdown answers what waits.
//
// Only cmd may import this package; it knows tools, never the engine.
package server
