// Command baresdk is the official Go SDK's server with one tool that answers as
// get_task_status does, with nothing behind it. Its argument is "stdio", or the
// address to serve HTTP at.
package main

import (
	"context"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"seedance-mcp/internal/bench/bare"
)

func main() {
	s := mcp.NewServer(&mcp.Implementation{Name: "bare", Version: "1"}, nil)
	mcp.AddTool(s, &mcp.Tool{Name: bare.Tool, Description: bare.Description},
		func(_ context.Context, _ *mcp.CallToolRequest, a bare.Arguments) (*mcp.CallToolResult, bare.Task, error) {
			return nil, bare.Answer(a), nil
		})
	var err error
	if os.Args[1] == "stdio" {
		err = s.Run(context.Background(), &mcp.StdioTransport{})
	} else {
		handler := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return s }, &mcp.StreamableHTTPOptions{Stateless: true, JSONResponse: true})
		web := &http.Server{Addr: os.Args[1], Handler: handler, ReadHeaderTimeout: time.Minute}
		err = web.ListenAndServe()
	}
	if err != nil {
		log.Fatal(err)
	}
}
