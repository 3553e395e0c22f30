package conformance

import (
	"context"
	"encoding/json"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"
)

// A red pixel and an empty sound.
const (
	png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
	wav = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA="
)

type handler = mcpserver.ToolHandlerFunc

// tool has no arguments but those that options add.
func tool(name, description string, run handler, options ...mcp.ToolOption) mcpserver.ServerTool {
	options = append([]mcp.ToolOption{mcp.WithDescription(description)}, options...)
	return mcpserver.ServerTool{Tool: mcp.NewTool(name, options...), Handler: run}
}

// always is a handler that gives the same content whatever it is asked.
func always(content ...mcp.Content) handler {
	return func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return &mcp.CallToolResult{Content: content}, nil
	}
}

func embedded(uri, kind, text string) mcp.Content {
	return mcp.NewEmbeddedResource(mcp.TextResourceContents{URI: uri, MIMEType: kind, Text: text})
}

// contentTools return each kind of content, and say things on the way.
func contentTools() []mcpserver.ServerTool {
	return []mcpserver.ServerTool{
		tool("test_simple_text", "Returns text",
			always(mcp.NewTextContent("This is a simple text response for testing."))),
		tool("test_image_content", "Returns an image",
			always(mcp.NewImageContent(png, "image/png"))),
		tool("test_audio_content", "Returns sound",
			always(mcp.NewAudioContent(wav, "audio/wav"))),
		tool("test_embedded_resource", "Returns an embedded resource",
			always(embedded("test://embedded-resource", "text/plain", "This is an embedded resource content."))),
		tool("test_multiple_content_types", "Returns text, an image and a resource", always(
			mcp.NewTextContent("Multiple content types test:"),
			mcp.NewImageContent(png, "image/png"),
			embedded("test://mixed-content-resource", "application/json", `{"test":"data","value":123}`))),
		tool("test_error_handling", "Returns an error", func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return mcp.NewToolResultError("This tool intentionally returns an error for testing"), nil
		}),
		tool("test_tool_with_logging", "Logs three times", logThrice),
		tool("test_logging_tool", "Logs once, to who asked for it", logOnce),
		tool("test_tool_with_progress", "Reports progress three times", reportProgress),
		tool("test_streaming_elicitation", "Reports progress, and asks the client nothing", reportProgress),
		tool("test_reconnection", "Answers; streams here cannot be resumed", always(mcp.NewTextContent("Reconnection test completed."))),
		jsonSchemaTool(),
		headerTool(),
	}
}

func logThrice(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	for _, text := range []string{"Tool execution started", "Tool processing data", "Tool execution completed"} {
		err := mcpserver.ServerFromContext(ctx).SendNotificationToClient(ctx, "notifications/message",
			map[string]any{"level": "info", "logger": "conformance", "data": text})
		if err != nil {
			return nil, err
		}
	}
	return mcp.NewToolResultText("Tool with logging executed successfully"), nil
}

func logOnce(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	err := mcpserver.ServerFromContext(ctx).SendLogMessageToClient(ctx,
		mcp.NewLoggingMessageNotification(mcp.LoggingLevelInfo, "conformance", "test_logging_tool executed"))
	if err != nil {
		return nil, err
	}
	return mcp.NewToolResultText("logged"), nil
}

// reportProgress sends everything at once, the last just before its result:
// that none is lost is the transport's work.
func reportProgress(ctx context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	if request.Params.Meta != nil && request.Params.Meta.ProgressToken != nil {
		for _, progress := range []int{0, 50, 100} {
			err := mcpserver.ServerFromContext(ctx).SendNotificationToClient(ctx, "notifications/progress",
				map[string]any{"progressToken": request.Params.Meta.ProgressToken, "progress": progress, "total": 100})
			if err != nil {
				return nil, err
			}
		}
	}
	return mcp.NewToolResultText("done"), nil
}

// jsonSchemaTool's schema must reach the client as it is written.
func jsonSchemaTool() mcpserver.ServerTool {
	return mcpserver.ServerTool{
		Tool: mcp.NewToolWithRawSchema("json_schema_2020_12_tool", "Has the keywords of JSON Schema 2020-12", json.RawMessage(`{
			"$schema": "https://json-schema.org/draft/2020-12/schema",
			"type": "object",
			"$defs": {"address": {"$anchor": "addressDef", "type": "object",
				"properties": {"street": {"type": "string"}, "city": {"type": "string"}}}},
			"properties": {
				"name": {"type": "string"},
				"address": {"$ref": "#/$defs/address"},
				"contactMethod": {"type": "string", "enum": ["phone", "email"]},
				"phone": {"type": "string"},
				"email": {"type": "string"}
			},
			"allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
			"if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
			"then": {"required": ["phone"]},
			"else": {"required": ["email"]},
			"additionalProperties": false
		}`)),
		Handler: always(mcp.NewTextContent("ok")),
	}
}

// headerTool has an argument that is repeated in an HTTP header.
func headerTool() mcpserver.ServerTool {
	return mcpserver.ServerTool{
		Tool: mcp.NewToolWithRawSchema("test_x_mcp_header", "Has an argument that travels in a header too", json.RawMessage(`{
			"type": "object",
			"properties": {
				"region": {"type": "string", "x-mcp-header": "Region"},
				"level": {"type": "integer"}
			}
		}`)),
		Handler: func(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return mcp.NewToolResultText("region=" + r.GetString("region", "")), nil
		},
	}
}
