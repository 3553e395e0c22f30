// Command go-sdk makes a video with the official Go SDK:
// go run . stdio|http "PROMPT"
package main

import (
	"context"
	"errors"
	"os"
	"os/exec"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"seedance-mcp/examples/workflow"
)

func main() { os.Exit(workflow.Main(connect)) }

func connect(ctx context.Context, transport string) (workflow.Session, error) {
	client := mcp.NewClient(&mcp.Implementation{Name: "video-example", Version: "1.0.0"}, nil)
	var door mcp.Transport = &mcp.StreamableClientTransport{Endpoint: workflow.URL()}
	if transport == "stdio" {
		door = &mcp.CommandTransport{Command: exec.CommandContext(ctx, workflow.Command(), "stdio")} //nolint:gosec // the reader's own setting
	}
	opened, err := client.Connect(ctx, door, nil)
	if err != nil {
		return nil, err
	}
	return session{opened}, nil
}

type session struct{ *mcp.ClientSession }

func (s session) Call(ctx context.Context, tool string, arguments map[string]any) (string, error) {
	result, err := s.CallTool(ctx, &mcp.CallToolParams{Name: tool, Arguments: arguments})
	if err != nil {
		return "", err
	}
	if len(result.Content) == 0 {
		return "", errors.New(tool + " answered nothing")
	}
	text, ok := result.Content[0].(*mcp.TextContent)
	if !ok {
		return "", errors.New(tool + " answered no text")
	}
	if result.IsError {
		return "", errors.New(text.Text)
	}
	return text.Text, nil
}
