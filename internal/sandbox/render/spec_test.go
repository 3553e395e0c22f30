package render_test

import (
	"bytes"
	"errors"
	"image"
	"strings"
	"testing"

	"seedance-mcp/internal/sandbox/render"
	"seedance-mcp/internal/video"
)

func TestSpecOutOfRangeIsRefused(t *testing.T) {
	good := render.Spec{Width: 320, Height: 180, Seconds: 1}
	for _, c := range []struct {
		name     string
		argument string
		change   func(*render.Spec)
	}{
		{"no width", "width", func(s *render.Spec) { s.Width = 0 }},
		{"negative height", "height", func(s *render.Spec) { s.Height = -2 }},
		{"odd width", "width", func(s *render.Spec) { s.Width = 321 }},
		{"odd height", "height", func(s *render.Spec) { s.Height = 181 }},
		{"too wide", "width", func(s *render.Spec) { s.Width = 3842 }},
		{"too many pixels", "height", func(s *render.Spec) { s.Width, s.Height = 3840, 2162 }},
		{"no length", "seconds", func(s *render.Spec) { s.Seconds = 0 }},
		{"too long", "seconds", func(s *render.Spec) { s.Seconds = 61 }},
		{"negative rate", "fps", func(s *render.Spec) { s.FPS = -1 }},
		{"too fast", "fps", func(s *render.Spec) { s.FPS = 61 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := good
			c.change(&s)
			var out bytes.Buffer
			err := render.Encode(&out, s)
			var refused *video.Error
			if !errors.As(err, &refused) || refused.Code != video.Invalid || refused.Argument != c.argument || out.Len() > 0 {
				t.Errorf("Encode: %v after %d bytes", err, out.Len())
			}
			if _, err := render.Frame(s, 0); video.CodeOf(err) != video.Invalid {
				t.Errorf("Frame: %v", err)
			}
		})
	}
}

func TestEncodeIsDeterministic(t *testing.T) {
	s := render.Spec{Width: 320, Height: 182, Seconds: 2, Prompt: pandaPrompt, Model: "seedance-20", Seed: 9}
	first := clip(t, s)
	if !bytes.Equal(first, clip(t, s)) {
		t.Error("the same spec gave two clips")
	}
	for name, change := range map[string]func(*render.Spec){
		"seed":   func(s *render.Spec) { s.Seed++ },
		"prompt": func(s *render.Spec) { s.Prompt += "!" },
		"model":  func(s *render.Spec) { s.Model = "seedance2-5" },
	} {
		other := s
		change(&other)
		if bytes.Equal(first, clip(t, other)) {
			t.Errorf("another %s gave the same clip", name)
		}
	}
}

func TestClipsAreSmall(t *testing.T) {
	s := render.Spec{Width: 1280, Height: 720, Seconds: 5, Model: "seedance-20", Prompt: strings.Repeat(pandaPrompt+" ", 10)}
	if size := len(clip(t, s)); size >= 3<<20 {
		t.Errorf("five seconds of 720p take %d bytes", size)
	}
}

func TestWriterErrorIsReturned(t *testing.T) {
	full := errors.New("disk full")
	for _, room := range []int{0, 1} { // writes until it fails
		err := render.Encode(&failing{room, full}, render.Spec{Width: 64, Height: 64, Seconds: 1})
		if !errors.Is(err, full) {
			t.Errorf("after %d writes: %v", room, err)
		}
	}
}

type failing struct {
	left int
	err  error
}

func (f *failing) Write(p []byte) (int, error) {
	if f.left--; f.left < 0 {
		return 0, f.err
	}
	return len(p), nil
}

func TestFramesDifferAndStayInTheClip(t *testing.T) {
	s := render.Spec{Width: 320, Height: 180, Seconds: 3, FPS: 10, Prompt: pandaPrompt}
	var before *image.RGBA
	for n := range 30 {
		now := frame(t, s, float64(n)/10)
		if now.Rect != image.Rect(0, 0, 320, 180) {
			t.Fatal("bounds", now.Rect)
		}
		if before != nil && bytes.Equal(now.Pix, before.Pix) {
			t.Errorf("frame %d looks like the one before", n)
		}
		before = now
	}
	if !bytes.Equal(before.Pix, frame(t, s, 1e300).Pix) {
		t.Error("after the end is not the last picture")
	}
	zero := 0.0
	for _, at := range []float64{-1, zero / zero} {
		if !bytes.Equal(frame(t, s, 0).Pix, frame(t, s, at).Pix) {
			t.Errorf("at %v is not the first picture", at)
		}
	}
}

// awkward prompts: nothing, other scripts, emoji with joiners, direction
// overrides, control characters, broken UTF-8, one endless word.
func awkward() []string {
	return []string{
		"", " \n\t ", "熊猫在霓虹海浪上冲浪，电影感灯光", "👩‍👩‍👧‍👦🏳️‍🌈🐼", "\u202eevil\u202c \x00\x1b[31m\a",
		"\xff\xfe\x80 broken", strings.Repeat("W", 5000), strings.Repeat("a ", 9000), "e\u0301te\u0301 Привет Ελλάδα שלום مرحبا", "□\ufffd\U0010ffff",
	}
}

func TestAwkwardPrompts(t *testing.T) {
	for _, prompt := range awkward() {
		for _, size := range [][2]int{{320, 180}, {64, 64}, {64, 640}, {640, 64}} {
			s := render.Spec{Width: size[0], Height: size[1], Seconds: 1, FPS: 2, Prompt: prompt, Model: prompt}
			if samples := parse(t, clip(t, s)).sizes; len(samples) != 2 {
				t.Errorf("%.20q at %v: %d pictures", prompt, size, len(samples))
			}
		}
	}
}

// The prompt is on the picture: without it fewer pixels are nearly white.
func TestPromptIsVisible(t *testing.T) {
	bright := func(prompt string) int {
		n := 0
		pix := frame(t, render.Spec{Width: 640, Height: 360, Seconds: 1, Prompt: prompt}, 0).Pix
		for i := 0; i < len(pix); i += 4 {
			if min(pix[i], pix[i+1], pix[i+2]) > 240 {
				n++
			}
		}
		return n
	}
	none := bright("")
	for _, prompt := range []string{pandaPrompt, "одна строка", "熊猫"} {
		if got := bright(prompt); got < none+20 {
			t.Errorf("%q: %d white pixels, %d without a prompt", prompt, got, none)
		}
	}
}

func FuzzPrompt(f *testing.F) {
	for _, prompt := range awkward() {
		f.Add(prompt, uint16(100), uint16(70), uint64(1))
	}
	f.Fuzz(func(t *testing.T, prompt string, width, height uint16, seed uint64) {
		s := render.Spec{
			Width: 64 + int(width%100)*2, Height: 64 + int(height%100)*2, Seconds: 1, FPS: 3,
			Prompt: prompt, Model: prompt, Seed: seed,
		}
		first := clip(t, s)
		if !bytes.Equal(first, clip(t, s)) {
			t.Error("not deterministic")
		}
		checkClip(t, s, first)
	})
}

func clip(t *testing.T, s render.Spec) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := render.Encode(&out, s); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func frame(t *testing.T, s render.Spec, at float64) *image.RGBA {
	t.Helper()
	img, err := render.Frame(s, at)
	if err != nil {
		t.Fatal(err)
	}
	return img.(*image.RGBA)
}
