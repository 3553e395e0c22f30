package tools

import (
	"log/slog"
	"time"

	"github.com/mark3labs/mcp-go/server"
)

// Register adds everything but the tools themselves: resources, templates,
// prompts and completions. It is for server.Options.Configure.
func Register(s *server.MCPServer, d Deps) {
	s.AddResources(Resources(d)...)
	s.AddResourceTemplates(ResourceTemplates(d)...)
	s.AddPrompts(Prompts(d)...)
	completer := Completions(d)
	server.WithPromptCompletionProvider(completer)(s)
	server.WithResourceCompletionProvider(completer)(s)
}

// complete fills in what may be left out.
func (d Deps) complete() Deps {
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	return d
}
