// Command mcp-go makes a video with the client of mcp-go:
// go run . stdio|http "PROMPT"
package main

import (
	"context"
	"errors"
	"os"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"

	"seedance-mcp/examples/workflow"
)

func main() { os.Exit(workflow.Main(connect)) }

func connect(ctx context.Context, transport string) (workflow.Session, error) {
	var (
		opened *client.Client
		err    error
	)
	if transport == "stdio" {
		opened, err = client.NewStdioMCPClient(workflow.Command(), os.Environ(), "stdio") // starts by itself
	} else if opened, err = client.NewStreamableHttpClient(workflow.URL()); err == nil {
		err = opened.Start(ctx)
	}
	if err != nil {
		return nil, err
	}
	hello := mcp.InitializeRequest{}
	hello.Params.ProtocolVersion = mcp.LATEST_PROTOCOL_VERSION
	hello.Params.ClientInfo = mcp.Implementation{Name: "video-example", Version: "1.0.0"}
	if _, err := opened.Initialize(ctx, hello); err != nil {
		return nil, errors.Join(err, opened.Close())
	}
	return session{opened}, nil
}

type session struct{ *client.Client }

func (s session) Call(ctx context.Context, tool string, arguments map[string]any) (string, error) {
	request := mcp.CallToolRequest{}
	request.Params.Name, request.Params.Arguments = tool, arguments
	result, err := s.CallTool(ctx, request)
	if err != nil {
		return "", err
	}
	if len(result.Content) == 0 {
		return "", errors.New(tool + " answered nothing")
	}
	text, ok := mcp.AsTextContent(result.Content[0])
	if !ok {
		return "", errors.New(tool + " answered no text")
	}
	if result.IsError {
		return "", errors.New(text.Text)
	}
	return text.Text, nil
}
