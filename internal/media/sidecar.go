package media

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

const sidecarEnding = ".json"

// sidecar is what is written beside a video: the caller's JSON object, and
// "file" with what is known about the file.
type sidecar struct{ given []byte }

// fileNote is "file" in a sidecar.
type fileNote struct {
	Name      string `json:"name"`
	Bytes     int64  `json:"bytes"`
	SHA256    string `json:"sha256"`
	MediaType string `json:"media_type"`
	URL       string `json:"url"` // without query
	// Source tells a later fetch of the same video that it is here.
	Source string `json:"source"`
}

// newSidecar prepares a sidecar; nil for none. What is not an object, or has a
// "file" of its own, goes under "about".
func newSidecar(value any) (*sidecar, error) {
	if value == nil {
		return nil, nil
	}
	given, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("sidecar: %w", err)
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(given, &object) == nil && object != nil {
		if _, taken := object["file"]; !taken {
			return &sidecar{given: given}, nil
		}
	}
	if given, err = json.Marshal(map[string]json.RawMessage{"about": given}); err != nil {
		return nil, fmt.Errorf("sidecar: %w", err)
	}
	return &sidecar{given: given}, nil
}

// text is the sidecar's content.
func (s *sidecar) text(note fileNote) ([]byte, error) {
	tail, err := json.Marshal(struct {
		File fileNote `json:"file"`
	}{note})
	if err != nil {
		return nil, err
	}
	joined := bytes.TrimSuffix(s.given, []byte("}"))
	if len(joined) > 1 {
		joined = append(bytes.Clone(joined), ',')
	}
	joined = append(bytes.Clone(joined), tail[1:]...)
	var out bytes.Buffer
	if err := json.Indent(&out, joined, "", "  "); err != nil {
		return nil, err
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

// writeSidecar writes the sidecar of a saved video, all of it or nothing.
func (d *folder) writeSidecar(s *sidecar, saved savedFile, src source) error {
	if s == nil {
		return nil
	}
	text, err := s.text(fileNote{
		Name: saved.name, Bytes: saved.bytes, SHA256: saved.sha256, MediaType: saved.kind.mediaType,
		URL: src.shown(), Source: src.key,
	})
	if err != nil {
		return fmt.Errorf("sidecar: %w", err)
	}
	temporary := saved.name + sidecarEnding + "." + strings.ToLower(rand.Text()[:8]) + ".tmp"
	if err := d.writeNew(temporary, text); err != nil {
		_ = d.root.Remove(temporary)
		return diskError(err, d.path)
	}
	if err := d.root.Rename(temporary, saved.name+sidecarEnding); err != nil {
		_ = d.root.Remove(temporary)
		return diskError(err, d.path)
	}
	return nil
}

func (d *folder) writeNew(name string, text []byte) error {
	file, err := d.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	return errors.Join(err, file.Sync(), file.Close())
}

// readSidecar gives what a sidecar says about the video of that name; false:
// there is none, or it is no sidecar of ours.
func (d *folder) readSidecar(name string) (fileNote, bool) {
	file, err := d.root.Open(name + sidecarEnding)
	if err != nil {
		return fileNote{}, false
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, 4<<20))
	if err != nil {
		return fileNote{}, false
	}
	var found struct {
		File fileNote `json:"file"`
	}
	if json.Unmarshal(text, &found) != nil || found.File.Name != name || found.File.Source == "" {
		return fileNote{}, false
	}
	return found.File, true
}
