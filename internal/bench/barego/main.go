// Command barego is mcp-go's own server with one tool that answers as
// get_task_status does, with nothing behind it: what the product is measured
// against. Its argument is "stdio", or the address to serve HTTP at. With the
// base URL of a jobs API behind that it makes videos there, see jobs.go.
package main

import (
	"context"
	"log"
	"os"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"seedance-mcp/internal/bench/bare"
)

func main() {
	s := server.NewMCPServer("bare", "1")
	if len(os.Args) > 2 {
		addJobs(s, os.Args[2])
	} else {
		addConstant(s)
	}
	var err error
	if os.Args[1] == "stdio" {
		err = server.ServeStdio(s)
	} else {
		err = server.NewStreamableHTTPServer(s, server.WithStateLess(true), server.WithDisableStreaming(true)).Start(os.Args[1])
	}
	if err != nil {
		log.Fatal(err)
	}
}

func addConstant(s *server.MCPServer) {
	s.AddTool(mcp.NewTool(bare.Tool, mcp.WithDescription(bare.Description), mcp.WithInputSchema[bare.Arguments](), mcp.WithOutputSchema[bare.Task]()),
		mcp.NewStructuredToolHandler(func(_ context.Context, _ mcp.CallToolRequest, a bare.Arguments) (bare.Task, error) {
			return bare.Answer(a), nil
		}))
}
