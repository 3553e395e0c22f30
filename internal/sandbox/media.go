package sandbox

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"seedance-mcp/internal/sandbox/render"
	"seedance-mcp/internal/video"
)

// How media names end, after the task id.
const (
	clipExt      = ".mp4"
	lastFrameExt = "-last.png"
)

// media answers GET and HEAD /media/{name}, without a key.
func (s *Server) media(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	id, isClip := strings.CutSuffix(name, clipExt)
	life := mediaLife
	if !isClip {
		id, life = strings.TrimSuffix(name, lastFrameExt), lastFrameLife
	}
	t, now := demoTask(id, ""), s.clock()
	isDemo := t != nil
	if !isDemo && id != name && validID(id) {
		t = s.shelf.task(id)
	}
	if t == nil || t.state(now) != video.Success || t.words.has("media-404") {
		s.answerRefusal(w, refuse(http.StatusNotFound, "Not found"))
		return
	}
	if t.words.has("media-expired") || (!isDemo && now.Sub(t.doneAt()) > life) {
		s.answer(w, http.StatusForbidden, "application/xml", []byte("<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"))
		return
	}
	draw, mediaType := s.clips.clip, "video/mp4"
	if !isClip {
		draw, mediaType = s.clips.lastFrame, "image/png"
	}
	data, err := draw(t.spec())
	if err != nil {
		s.logger.Error("sandbox: cannot render", "task", t.ID, "error", err)
		s.answerRefusal(w, refuse(http.StatusInternalServerError, "Internal server error"))
		return
	}
	s.serveMedia(w, r, t.words, file{data: data, mediaType: mediaType, made: t.doneAt(), tag: tagOf(t.spec(), mediaType)})
}

// spec is the picture of a task. Sizes are what a renderer can do.
func (t *task) spec() render.Spec {
	return render.Spec{
		Width: t.Width, Height: t.Height, Seconds: t.Seconds, Prompt: t.Prompt, Model: t.Model,
		Seed: uint64(t.Seed),
	}
}

// file is what is served under a name.
type file struct {
	data      []byte
	mediaType string
	made      time.Time
	tag       string // ETag, quoted
}

// tagOf is a strong ETag: equal specs give equal bytes.
func tagOf(spec render.Spec, mediaType string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%#v %s", spec, mediaType))
	return `"` + hex.EncodeToString(sum[:12]) + `"`
}

// serveMedia sends a file whole or in part, or fails as the words want.
func (s *Server) serveMedia(w http.ResponseWriter, r *http.Request, words magic, f file) {
	header := w.Header()
	header.Set("Content-Type", f.mediaType)
	header.Set("X-Content-Type-Options", "nosniff")
	switch {
	case words.has("media-html"):
		s.answer(w, http.StatusOK, "text/html; charset=utf-8", htmlError("Please wait"))
		return
	case words.has("media-wrong-type"):
		header.Set("Content-Type", "application/octet-stream")
	}
	if words.has("media-no-range") {
		header.Set("Content-Length", strconv.Itoa(len(f.data)))
		if r.Method != http.MethodHead {
			s.send(w, f.data)
		}
		return
	}
	header.Set("ETag", f.tag)
	if words.has("media-break") && r.Method == http.MethodGet && r.Header.Get("Range") == "" {
		header.Set("Accept-Ranges", "bytes")
		s.answerHalf(w, f.mediaType, f.data)
	}
	http.ServeContent(w, r, "", f.made, bytes.NewReader(f.data))
}

func (s *Server) send(w io.Writer, data []byte) {
	if _, err := w.Write(data); err != nil {
		s.logger.Debug("sandbox: the client went before the end of the file", "error", err)
	}
}
