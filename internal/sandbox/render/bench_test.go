package render_test

import (
	"io"
	"testing"

	"seedance-mcp/internal/sandbox/render"
)

// BenchmarkEncode renders five seconds; bytes/op of the clip itself are
// reported as clip-bytes.
func BenchmarkEncode(b *testing.B) {
	for _, c := range []struct {
		name          string
		width, height int
	}{{"480p", 864, 496}, {"720p", 1280, 720}, {"1080p", 1920, 1080}, {"4k", 3840, 2160}} {
		b.Run(c.name, func(b *testing.B) {
			s := render.Spec{Width: c.width, Height: c.height, Seconds: 5, Prompt: pandaPrompt, Model: "seedance-20", Seed: 7}
			var size counter
			b.ReportAllocs()
			for b.Loop() {
				size = 0
				if err := render.Encode(&size, s); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(size), "clip-bytes")
		})
	}
}

// BenchmarkFrame draws one preview picture.
func BenchmarkFrame(b *testing.B) {
	s := render.Spec{Width: 1280, Height: 720, Seconds: 5, Prompt: pandaPrompt, Model: "seedance-20", Seed: 7}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := render.Frame(s, 4.9); err != nil {
			b.Fatal(err)
		}
	}
}

// counter counts what is written to it.
type counter int

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

var _ io.Writer = (*counter)(nil)

const pandaPrompt = "A red panda surfing a neon wave at dusk, cinematic lighting, slow motion, 35mm film grain"
