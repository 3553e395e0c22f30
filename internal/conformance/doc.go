// Package conformance runs what the makers of MCP wrote to test servers.
//
// The official conformance suite (npm: @modelcontextprotocol/conformance) runs
// against the transports of package server, as `seedance-mcp http` mounts them.
// It expects tools, resources and prompts of certain names that do what it
// says; they are the fixtures in the test files here. The Inspector's command
// line (npm: @modelcontextprotocol/inspector) runs against the real program.
// All of it is tests: nobody may import this package.
//
// ./run.sh runs it and prints a table; expected-failures.yaml holds what is
// known to fail, each with its reason, and may only shrink.
package conformance
