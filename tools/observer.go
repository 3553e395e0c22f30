package tools

import (
	"context"

	"github.com/mark3labs/mcp-go/mcp"
)

// Observer hears of every tool call.
type Observer interface {
	// Call begins one. The call goes on with the context that it gives, and the
	// function hears how the call ended, nil when well. meta is what the caller's
	// _meta holds besides the protocol's own, such as a traceparent.
	Call(ctx context.Context, tool string, meta map[string]any) (context.Context, func(error))
}

// observe tells the observer, if there is one.
func (d Deps) observe(ctx context.Context, tool string, request mcp.CallToolRequest) (context.Context, func(error)) {
	if d.Observer == nil {
		return ctx, func(error) {}
	}
	var meta map[string]any
	if request.Params.Meta != nil {
		meta = request.Params.Meta.AdditionalFields
	}
	return d.Observer.Call(ctx, tool, meta)
}
