package conformance

import (
	"context"
	"fmt"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"
)

// askingTools send requests to the client while they run, as tools did before
// 2026-07-28.
func askingTools() []mcpserver.ServerTool {
	return []mcpserver.ServerTool{
		tool("test_sampling", "Asks the client's model", askModel, mcp.WithString("prompt", mcp.Required())),
		tool("test_elicitation", "Asks the user", func(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return askUser(ctx, r.GetString("message", ""), map[string]any{
				"username": map[string]any{"type": "string", "description": "User's response"},
				"email":    map[string]any{"type": "string", "description": "User's email address"},
			}, "username", "email")
		}, mcp.WithString("message", mcp.Required())),
		tool("test_elicitation_sep1034_defaults", "Asks the user, with defaults", func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return askUser(ctx, "Provide your information", map[string]any{
				"name":     map[string]any{"type": "string", "default": "John Doe"},
				"age":      map[string]any{"type": "integer", "default": 30},
				"score":    map[string]any{"type": "number", "default": 95.5},
				"status":   map[string]any{"type": "string", "enum": []string{"active", "inactive", "pending"}, "default": "active"},
				"verified": map[string]any{"type": "boolean", "default": true},
			})
		}),
		tool("test_elicitation_sep1330_enums", "Asks the user to choose", func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			plain := []string{"option1", "option2", "option3"}
			titled := []any{
				map[string]any{"const": "value1", "title": "First Option"},
				map[string]any{"const": "value2", "title": "Second Option"},
				map[string]any{"const": "value3", "title": "Third Option"},
			}
			return askUser(ctx, "Select options", map[string]any{
				"untitledSingle": map[string]any{"type": "string", "enum": plain},
				"titledSingle":   map[string]any{"type": "string", "oneOf": titled},
				"legacyEnum": map[string]any{
					"type": "string", "enum": []string{"opt1", "opt2", "opt3"},
					"enumNames": []string{"Option One", "Option Two", "Option Three"},
				},
				"untitledMulti": map[string]any{"type": "array", "items": map[string]any{"type": "string", "enum": plain}},
				"titledMulti":   map[string]any{"type": "array", "items": map[string]any{"anyOf": titled}},
			})
		}),
	}
}

func askModel(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	result, err := mcpserver.ServerFromContext(ctx).RequestSampling(ctx, mcp.CreateMessageRequest{ //nolint:staticcheck // SA1019: the older sets require it
		CreateMessageParams: question(r.GetString("prompt", "")),
	})
	if err != nil {
		return mcp.NewToolResultError(err.Error()), nil
	}
	text, ok := result.Content.(mcp.TextContent)
	if !ok {
		return mcp.NewToolResultError(fmt.Sprintf("the model's content is %T", result.Content)), nil
	}
	return mcp.NewToolResultText("LLM response: " + text.Text), nil
}

// question is a prompt for the client's model.
func question(prompt string) mcp.CreateMessageParams {
	return mcp.CreateMessageParams{
		Messages:  []mcp.SamplingMessage{{Role: mcp.RoleUser, Content: mcp.NewTextContent(prompt)}},
		MaxTokens: 100,
	}
}

func askUser(ctx context.Context, message string, properties map[string]any, required ...string) (*mcp.CallToolResult, error) {
	result, err := mcpserver.ServerFromContext(ctx).RequestElicitation(ctx, mcp.ElicitationRequest{
		Params: form(message, properties, required...),
	})
	if err != nil {
		return mcp.NewToolResultError(err.Error()), nil
	}
	return mcp.NewToolResultText(fmt.Sprintf("Elicitation completed: action=%s, content=%v", result.Action, result.Content)), nil
}

// form is a question to the user.
func form(message string, properties map[string]any, required ...string) mcp.ElicitationParams {
	schema := map[string]any{"type": "object", "properties": properties}
	if len(required) > 0 {
		schema["required"] = required
	}
	return mcp.ElicitationParams{Message: message, RequestedSchema: schema}
}
