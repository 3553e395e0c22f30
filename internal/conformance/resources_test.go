package conformance

import (
	"context"
	"fmt"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"
)

// capabilities are all that the suite wants to see.
func capabilities(s *mcpserver.MCPServer) {
	for _, option := range []mcpserver.ServerOption{
		mcpserver.WithToolCapabilities(true),
		mcpserver.WithResourceCapabilities(true, true),
		mcpserver.WithPromptCapabilities(true),
		mcpserver.WithCompletions(),
		mcpserver.WithLogging(),
		mcpserver.WithElicitation(),
	} {
		option(s)
	}
	s.EnableSampling()
}

func addResources(s *mcpserver.MCPServer) {
	text := mcp.TextResourceContents{URI: "test://static-text", MIMEType: "text/plain", Text: "This is the content of the static text resource."}
	s.AddResource(mcp.NewResource(text.URI, "static-text", mcp.WithMIMEType(text.MIMEType)), reads(text))
	binary := mcp.BlobResourceContents{URI: "test://static-binary", MIMEType: "image/png", Blob: png}
	s.AddResource(mcp.NewResource(binary.URI, "static-binary", mcp.WithMIMEType(binary.MIMEType)), reads(binary))
	watched := mcp.TextResourceContents{URI: "test://watched-resource", MIMEType: "text/plain", Text: "This resource can be watched."}
	s.AddResource(mcp.NewResource(watched.URI, "watched-resource", mcp.WithMIMEType(watched.MIMEType)), reads(watched))

	s.AddResourceTemplate(mcp.NewResourceTemplate("test://template/{id}/data", "template", mcp.WithTemplateMIMEType("application/json")),
		func(_ context.Context, r mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
			id := strings.TrimSuffix(strings.TrimPrefix(r.Params.URI, "test://template/"), "/data")
			return []mcp.ResourceContents{mcp.TextResourceContents{
				URI: r.Params.URI, MIMEType: "application/json",
				Text: fmt.Sprintf(`{"id":%q,"templateTest":true,"data":"Data for ID: %s"}`, id, id),
			}}, nil
		})
}

func reads(contents mcp.ResourceContents) mcpserver.ResourceHandlerFunc {
	return func(context.Context, mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
		return []mcp.ResourceContents{contents}, nil
	}
}

func addPrompts(s *mcpserver.MCPServer) {
	s.AddPrompt(mcp.NewPrompt("test_simple_prompt", mcp.WithPromptDescription("Says something")), says(mcp.NewTextContent("This is a simple prompt for testing.")))
	s.AddPrompt(mcp.NewPrompt("test_prompt_with_image", mcp.WithPromptDescription("Shows an image")),
		says(mcp.NewImageContent(png, "image/png"), mcp.NewTextContent("Please analyze the image above.")))
	s.AddPrompt(mcp.NewPrompt("test_prompt_with_arguments", mcp.WithPromptDescription("Repeats its arguments"),
		mcp.WithArgument("arg1", mcp.RequiredArgument()), mcp.WithArgument("arg2", mcp.RequiredArgument())),
		func(ctx context.Context, r mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
			text := fmt.Sprintf("Prompt with arguments: arg1='%s', arg2='%s'", r.Params.Arguments["arg1"], r.Params.Arguments["arg2"])
			return says(mcp.NewTextContent(text))(ctx, r)
		})
	s.AddPrompt(mcp.NewPrompt("test_prompt_with_embedded_resource", mcp.WithPromptDescription("Embeds a resource"),
		mcp.WithArgument("resourceUri", mcp.RequiredArgument())),
		func(ctx context.Context, r mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
			return says(
				embedded(r.Params.Arguments["resourceUri"], "text/plain", "Embedded resource content for testing."),
				mcp.NewTextContent("Please process the embedded resource above."))(ctx, r)
		})
	s.AddPrompt(mcp.NewPrompt("test_input_required_result_prompt", mcp.WithPromptDescription("Needs context first")),
		func(ctx context.Context, r mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
			if text := accepted(r.Params.InputResponses, "user_context", "context"); text != "" {
				return says(mcp.NewTextContent("Context: "+text))(ctx, r)
			}
			ask := form("Please provide context", map[string]any{"context": map[string]any{"type": "string"}}, "context")
			return mcpserver.NewInputRequestBuilder("").Elicit("user_context", ask).PromptResult(), nil
		})
}

// says is a prompt with one message of the user's for each content.
func says(contents ...mcp.Content) mcpserver.PromptHandlerFunc {
	return func(context.Context, mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
		result := &mcp.GetPromptResult{}
		for _, content := range contents {
			result.Messages = append(result.Messages, mcp.PromptMessage{Role: mcp.RoleUser, Content: content})
		}
		return result, nil
	}
}

// changeTools change what the server offers while it runs.
func changeTools() []mcpserver.ServerTool {
	return []mcpserver.ServerTool{
		tool("test_trigger_tool_change", "Adds a tool", func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			mcpserver.ServerFromContext(ctx).AddTools(tool("added_tool", "Was not there before", always(mcp.NewTextContent("here"))))
			return mcp.NewToolResultText("added"), nil
		}),
		tool("test_trigger_prompt_change", "Adds a prompt", func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			mcpserver.ServerFromContext(ctx).AddPrompt(mcp.NewPrompt("added_prompt", mcp.WithPromptDescription("Was not there before")), says(mcp.NewTextContent("here")))
			return mcp.NewToolResultText("added"), nil
		}),
	}
}
