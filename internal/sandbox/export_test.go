package sandbox

import (
	"io"
	"time"

	"seedance-mcp/internal/sandbox/render"
)

// DrawWith replaces the renderer.
func (s *Server) DrawWith(draw func(io.Writer, render.Spec) error) { s.clips = newClips(draw) }

// ClipBytes is how many bytes of clips are kept.
func (s *Server) ClipBytes() int {
	s.clips.mu.Lock()
	defer s.clips.mu.Unlock()
	return s.clips.bytes
}

// Things that tests compare with.
const (
	MaxClipBytes = maxClipBytes
	MaxRefused   = maxRefused
	MaxRenders   = maxRenders
	MaxUpload    = maxUpload
)

// DecodeCreate runs the body decoder and tells the model and inputs read.
func DecodeCreate(data []byte) (model string, inputs int, callback string, err error) {
	body, err := decodeCreate(data)
	return body.Model, len(body.Inputs.values), body.CallBackURL, err
}

// ParseMagic reads magic words.
func ParseMagic(prompt string) (map[string]int, error) {
	words, err := parseMagic(prompt)
	return words, err
}

// Refuse books n refused requests at a time without going through HTTP.
func (s *Server) Refuse(n int, at time.Time) error {
	for range n {
		if err := s.shelf.add(newID("refused_"), &receipt{Time: at, Account: "main", Status: 429}); err != nil {
			return err
		}
	}
	return nil
}
