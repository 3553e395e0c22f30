// Command barego is mcp-go's own server with one tool that answers as
// get_task_status does, with nothing behind it: what the product is measured
// against. Its argument is "stdio", or the address to serve HTTP at.
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
	s.AddTool(mcp.NewTool(bare.Tool, mcp.WithDescription(bare.Description), mcp.WithInputSchema[bare.Arguments](), mcp.WithOutputSchema[bare.Task]()),
		mcp.NewStructuredToolHandler(func(_ context.Context, _ mcp.CallToolRequest, a bare.Arguments) (bare.Task, error) {
			return bare.Answer(a), nil
		}))
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
