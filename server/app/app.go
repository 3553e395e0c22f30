// Package app is what a person sees of a video in a browser: one small page,
// without outside scripts, styles or fonts, in two frames. As an MCP App
// (ui://seedance/player) a client shows it inside the chat, where it follows a
// task and then plays the video. Served over HTTP it is a gallery of the
// caller's tasks that opens the same player.
//
// It has no data and no API of its own. In the chat the page asks the client to
// call the server's tools; in the gallery it calls /mcp itself, with the key
// that the person typed. So whoever may not see a task there does not see it
// here. Text that comes from outside enters the page as text, never as markup.
//
// The commands may import it and give it to package server; it imports mcp-go
// and nothing of this module.
package app

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"
)

const (
	// URI is the player's resource: tools whose result it shows name it in
	// _meta.ui.resourceUri.
	URI = "ui://seedance/player"
	// MIMEType tells clients that the resource is an MCP App.
	MIMEType = "text/html;profile=mcp-app"

	// clipPrefix and a task id name a finished video's bytes.
	clipPrefix = "ui://seedance/clip/"
)

// Options is what an App depends on; all of it may be left out.
type Options struct {
	// MediaOrigins are where finished videos lie: "https://cdn.example.com" or
	// "https://*.example.com". In a chat only these may be loaded; a video from
	// elsewhere is played from Clip, or offered as a link.
	MediaOrigins []string
	// Clip gives a finished video's bytes, for players that cannot reach its
	// URL: the caller is in ctx, as for tools. It refuses what is too large for
	// a message. nil: only URLs are played.
	Clip func(ctx context.Context, taskID string) (data []byte, mediaType string, err error)
}

// App is the page in both of its frames.
type App struct {
	options Options
	player  document
	gallery document
}

// New puts the page together. It fails on origins that a policy cannot hold.
func New(options Options) (*App, error) {
	for _, origin := range options.MediaOrigins {
		if !isOrigin(origin) {
			return nil, fmt.Errorf("app: media origin %q: it must be a scheme and a host, such as https://cdn.example.com", origin)
		}
	}
	return &App{
		options: options,
		player:  options.assemble(playerShell, messageScript, taskScript, followScript, chatScript),
		gallery: options.assemble(galleryShell, messageScript, taskScript, followScript, endpointScript, galleryScript),
	}, nil
}

// isOrigin keeps out whatever could end a policy's directive or widen it.
func isOrigin(text string) bool {
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Hostname() == "" || u.Hostname() == "*" {
		return false
	}
	return text == u.Scheme+"://"+u.Host && !strings.ContainsAny(u.Host, " ;,'\"\\<>")
}

// Register adds the player, and the clips if there are any, to a server.
func (a *App) Register(s *mcpserver.MCPServer) {
	resource := mcp.NewResource(URI, "player",
		mcp.WithResourceTitle("Video player"),
		mcp.WithResourceDescription("Follows a video task and plays the finished video, inside the chat."),
		mcp.WithMIMEType(MIMEType),
		mcp.WithResourceSize(int64(a.player.size())))
	resource.Meta = mcp.NewMetaFromMap(a.meta())
	s.AddResource(resource, a.read)
	if a.options.Clip == nil {
		return
	}
	s.AddResourceTemplate(mcp.NewResourceTemplate(clipPrefix+"{task_id}", "clip",
		mcp.WithTemplateTitle("Video file for the player"),
		mcp.WithTemplateDescription("The bytes of a finished video, for the player only. Models use the URL in get_task_status.")),
		a.readClip)
}

// meta declares what the page needs: no connections at all, media from the
// videos' own origins, and the clipboard for its copy buttons.
func (a *App) meta() map[string]any {
	domains := a.options.MediaOrigins
	if domains == nil {
		domains = []string{}
	}
	return map[string]any{"ui": map[string]any{
		"csp":           map[string]any{"connectDomains": []string{}, "resourceDomains": domains},
		"permissions":   map[string]any{"clipboardWrite": map[string]any{}},
		"prefersBorder": true,
	}}
}

func (a *App) read(context.Context, mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
	return []mcp.ResourceContents{mcp.TextResourceContents{
		URI: URI, MIMEType: MIMEType, Text: a.player.text(), Meta: a.meta(),
	}}, nil
}

var errNoClip = errors.New("this names no video; it must be " + clipPrefix + " and a task id")

func (a *App) readClip(ctx context.Context, request mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
	id, ok := strings.CutPrefix(request.Params.URI, clipPrefix)
	if !ok || id == "" {
		return nil, errNoClip
	}
	data, mediaType, err := a.options.Clip(ctx, id)
	if err != nil {
		return nil, err
	}
	return []mcp.ResourceContents{mcp.BlobResourceContents{
		URI: request.Params.URI, MIMEType: mediaType, Blob: base64.StdEncoding.EncodeToString(data),
	}}, nil
}
