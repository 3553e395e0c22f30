package sandbox

import (
	"bytes"
	"container/list"
	"fmt"
	"image/png"
	"io"
	"sync"

	"golang.org/x/sync/singleflight"

	"seedance-mcp/internal/sandbox/render"
)

// maxClipBytes bounds the rendered clips that are kept, together.
const maxClipBytes = 16 << 20

// maxRenders is how many clips or pictures are drawn at the same time: one of
// 4k takes some 50 MB meanwhile.
const maxRenders = 2

// clips renders videos and keeps the latest. Each is rendered once, however
// many ask for it at the same time.
type clips struct {
	render func(io.Writer, render.Spec) error
	flight singleflight.Group
	slots  chan struct{}

	mu     sync.Mutex
	byAge  *list.List // of *clip, latest used first
	bySpec map[render.Spec]*list.Element
	bytes  int
}

type clip struct {
	spec render.Spec
	data []byte
}

func newClips(draw func(io.Writer, render.Spec) error) *clips {
	return &clips{
		render: draw, slots: make(chan struct{}, maxRenders),
		byAge: list.New(), bySpec: make(map[render.Spec]*list.Element),
	}
}

// clip is the video of a spec; the bytes must not be changed.
func (c *clips) clip(spec render.Spec) ([]byte, error) {
	if data := c.find(spec); data != nil {
		return data, nil
	}
	made, err, _ := c.flight.Do(fmt.Sprintf("%#v", spec), func() (any, error) {
		if data := c.find(spec); data != nil {
			return data, nil
		}
		defer c.slot()()
		var out bytes.Buffer
		if err := c.render(&out, spec); err != nil {
			return nil, fmt.Errorf("render: %w", err)
		}
		c.keep(spec, out.Bytes())
		return out.Bytes(), nil
	})
	if err != nil {
		return nil, err
	}
	data, _ := made.([]byte)
	return data, nil
}

// lastFrame is the last picture of a clip as PNG. It is not kept: few ask.
func (c *clips) lastFrame(spec render.Spec) ([]byte, error) {
	defer c.slot()()
	picture, err := render.Frame(spec, float64(spec.Seconds))
	if err != nil {
		return nil, fmt.Errorf("draw the last frame: %w", err)
	}
	var out bytes.Buffer
	if err := png.Encode(&out, picture); err != nil {
		return nil, fmt.Errorf("code the last frame: %w", err)
	}
	return out.Bytes(), nil
}

// slot waits for leave to draw; the result gives it back.
func (c *clips) slot() (release func()) {
	c.slots <- struct{}{}
	return func() { <-c.slots }
}

func (c *clips) find(spec render.Spec) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := c.bySpec[spec]
	if at == nil {
		return nil
	}
	c.byAge.MoveToFront(at)
	return valueOf(at).data
}

// keep remembers a clip and forgets the least used until all fit.
func (c *clips) keep(spec render.Spec, data []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bySpec[spec] = c.byAge.PushFront(&clip{spec, data})
	c.bytes += len(data)
	for c.bytes > maxClipBytes {
		oldest := c.byAge.Back()
		gone := valueOf(oldest)
		c.byAge.Remove(oldest)
		delete(c.bySpec, gone.spec)
		c.bytes -= len(gone.data)
	}
}

func valueOf(e *list.Element) *clip {
	held, _ := e.Value.(*clip) // nothing else is ever put in
	return held
}
