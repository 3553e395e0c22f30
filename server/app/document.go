package app

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html"
	"net/http"
	"strings"
)

//go:embed page
var page embed.FS

// document is one self-contained HTML page with the hashes of what it runs.
type document struct {
	html   []byte
	script string // 'sha256-…'
	style  string
}

// assemble sets style, scripts and what they must know of the server into a
// shell. The scripts share one scope, so that nothing of the page is global.
func (o Options) assemble(shell string, scripts ...string) (document, error) {
	frame, err := page.ReadFile("page/" + shell)
	if err != nil {
		return document{}, fmt.Errorf("app: %w", err)
	}
	style, err := page.ReadFile("page/style.css")
	if err != nil {
		return document{}, fmt.Errorf("app: %w", err)
	}
	var script bytes.Buffer
	script.WriteString("(() => {\n\"use strict\";\n")
	for _, name := range scripts {
		text, err := page.ReadFile("page/" + name)
		if err != nil {
			return document{}, fmt.Errorf("app: %w", err)
		}
		script.Write(text)
	}
	script.WriteString("})();\n")
	clips := "no"
	if o.Clip != nil {
		clips = "yes"
	}
	frame = bytes.Replace(frame, []byte("MEDIA-ORIGINS"), []byte(html.EscapeString(strings.Join(o.MediaOrigins, " "))), 1)
	frame = bytes.Replace(frame, []byte("CLIPS"), []byte(clips), 1)
	frame = bytes.Replace(frame, []byte("/* STYLE */"), style, 1)
	frame = bytes.Replace(frame, []byte("/* SCRIPT */"), script.Bytes(), 1)
	return document{html: frame, script: hashSource(script.Bytes()), style: hashSource(style)}, nil
}

// hashSource is how a policy allows exactly this inline text.
func hashSource(text []byte) string {
	sum := sha256.Sum256(text)
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// Handler serves the gallery. The page holds no data, so it needs no key; its
// calls to ../mcp do. It must be mounted beside /mcp, as /ui.
func (a *App) Handler() http.Handler {
	policy := strings.Join([]string{
		"default-src 'none'",
		"script-src " + a.gallery.script,
		"style-src " + a.gallery.style,
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
		_, _ = w.Write(a.gallery.html) // the browser may be gone; net/http drops the body of a HEAD
	})
}
