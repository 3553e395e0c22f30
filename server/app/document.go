package app

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html"
	"io"
	"net/http"
	"slices"
	"strings"
)

// The files of the page, as strings: nothing is copied before somebody looks.
var (
	//go:embed page/player.html
	playerShell string
	//go:embed page/gallery.html
	galleryShell string
	//go:embed page/style.css
	style string
	//go:embed page/message.js
	messageScript string
	//go:embed page/task.js
	taskScript string
	//go:embed page/follow.js
	followScript string
	//go:embed page/chat.js
	chatScript string
	//go:embed page/endpoint.js
	endpointScript string
	//go:embed page/gallery.js
	galleryScript string
)

// document is one self-contained HTML page, in pieces.
type document struct {
	html   []string
	script []string // of html
}

// size is the page's length in bytes.
func (d document) size() int {
	sum := 0
	for _, piece := range d.html {
		sum += len(piece)
	}
	return sum
}

func (d document) text() string { return strings.Join(d.html, "") }

// assemble sets style, scripts and what they must know of the server into a
// shell. The scripts share one scope, so that nothing of the page is global.
func (o Options) assemble(shell string, scripts ...string) document {
	clips := "no"
	if o.Clip != nil {
		clips = "yes"
	}
	script := slices.Concat([]string{"(() => {\n\"use strict\";\n"}, scripts, []string{"})();\n"})
	var pieces []string
	for _, set := range []struct {
		place string
		text  []string
	}{
		{"MEDIA-ORIGINS", []string{html.EscapeString(strings.Join(o.MediaOrigins, " "))}},
		{"CLIPS", []string{clips}},
		{"/* STYLE */", []string{style}},
		{"/* SCRIPT */", script},
	} {
		before, after, _ := strings.Cut(shell, set.place)
		pieces = append(append(pieces, before), set.text...)
		shell = after
	}
	return document{html: append(pieces, shell), script: script}
}

// hashSource is how a policy allows exactly this inline text.
func hashSource(pieces ...string) string {
	sum := sha256.New()
	for _, piece := range pieces {
		_, _ = io.WriteString(sum, piece) // a hash takes everything
	}
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum.Sum(nil)) + "'"
}

// Handler serves the gallery. The page holds no data, so it needs no key; its
// calls to ../mcp do. It must be mounted beside /mcp, as /ui.
func (a *App) Handler() http.Handler {
	whole := []byte(a.gallery.text())
	policy := strings.Join([]string{
		"default-src 'none'",
		"script-src " + hashSource(a.gallery.script...),
		"style-src " + hashSource(style),
		"connect-src 'self'",
		"img-src data:",
		// Where the upstream keeps its videos is only known from each answer.
		strings.TrimSpace("media-src 'self' https: " + strings.Join(a.options.MediaOrigins, " ")),
		"base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
	}, "; ")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "Only GET is served here.", http.StatusMethodNotAllowed)
			return
		}
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", policy)
		h.Set("Cache-Control", "no-store")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		_, _ = w.Write(whole) // the browser may be gone; net/http drops the body of a HEAD
	})
}
