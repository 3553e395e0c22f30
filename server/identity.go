package server

import (
	_ "embed" // the icons
	"encoding/base64"
	"maps"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"
)

const (
	// appsExtension is that of MCP Apps: pages that a client shows beside an
	// answer.
	appsExtension = "io.modelcontextprotocol/ui"
	// AppMIMEType marks a resource as such a page.
	AppMIMEType = "text/html;profile=mcp-app"
)

//go:embed icon.svg
var iconSVG []byte

//go:embed icon.png
var iconPNG []byte

// icons are for clients' lists of servers. Every client that shows icons takes
// PNG; the other is sharp at any size.
func icons() []mcp.Icon {
	return []mcp.Icon{
		{Src: "data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString(iconSVG), MIMEType: "image/svg+xml", Sizes: []string{"any"}},
		{Src: "data:image/png;base64," + base64.StdEncoding.EncodeToString(iconPNG), MIMEType: "image/png", Sizes: []string{"48x48"}},
	}
}

// implementation is what every result says about the server. The icons are not
// in it: they would be repeated in each.
func (s *Server) implementation() mcp.Implementation {
	return mcp.Implementation{Name: Name, Version: s.options.Version, Title: title}
}

// extensions are those that this server has something for.
func (s *Server) extensions() map[string]any {
	found := map[string]any{}
	if s.options.Tasks != nil {
		found[TasksExtension] = struct{}{}
	}
	for _, resource := range s.mcp.ListResources() {
		if resource.Resource.MIMEType == AppMIMEType {
			found[appsExtension] = map[string]any{"mimeTypes": []string{AppMIMEType}}
		}
	}
	return found
}

func (s *Server) declareExtensions() {
	if found := s.extensions(); len(found) > 0 {
		mcpserver.WithExtensions(found)(s.mcp)
	}
}

// introduced adds the icons where a client asks who this is, and keeps the
// tasks extension from clients of the era that has none.
func (s *Server) introduced(result any) any {
	switch hello := result.(type) {
	case mcp.InitializeResult:
		hello.ServerInfo.Icons = icons()
		if hello.Capabilities.Extensions[TasksExtension] != nil {
			hello.Capabilities.Extensions = maps.Clone(hello.Capabilities.Extensions)
			delete(hello.Capabilities.Extensions, TasksExtension)
		}
		return hello
	case mcp.DiscoverResult:
		who := s.implementation()
		who.Icons = icons()
		meta := mcp.Meta{}
		if hello.Meta != nil {
			meta = *hello.Meta
			meta.AdditionalFields = maps.Clone(hello.Meta.AdditionalFields)
		}
		meta.SetServerInfo(who)
		hello.Meta = &meta
		return hello
	}
	return result
}
