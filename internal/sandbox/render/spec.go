package render

import (
	"image"
	"io"
	"math"
	"strconv"

	"seedance-mcp/internal/video"
)

// DefaultFPS is used where a Spec names no frame rate; it is what the real
// models deliver.
const DefaultFPS = 24

// The limits of a Spec. Sides are in pixels; the largest picture is 4k, in
// either orientation.
const (
	minSide    = 64
	maxSide    = 3840
	maxPixels  = 3840 * 2160
	maxSeconds = 60
	maxFPS     = 60
)

// keySeconds is the distance of the pictures that a player can seek to.
const keySeconds = 2

// Spec says what a clip shows. Equal Specs give equal clips.
type Spec struct {
	// Width and Height in pixels: even, 64 to 3840, together at most 3840×2160.
	Width, Height int
	// Seconds is the exact length, 1 to 60.
	Seconds int
	// FPS is the frame rate, 1 to 60; 0 means DefaultFPS.
	FPS int
	// Prompt and Model are shown as text, clipped to what fits. They may hold
	// anything: control characters are dropped and glyphs that the built-in
	// font lacks (CJK, emoji) become boxes.
	Prompt, Model string
	// Seed chooses, together with Prompt, the colours and the landscape.
	Seed uint64
}

// Encode writes the clip as an MP4 file (H.264 constrained baseline, no sound,
// moov before mdat). A Spec out of range is a *video.Error with code Invalid,
// reported before the first byte; any other error is w's. Memory is about
// six bytes a pixel plus the finished file.
func Encode(w io.Writer, s Spec) error {
	s, err := s.complete()
	if err != nil {
		return err
	}
	scene, err := newScene(s)
	if err != nil {
		return err
	}
	painter := newPainter(scene)
	encoder := newEncoder(s.Width, s.Height, s.FPS, clipQP)
	track := track{width: s.Width, height: s.Height, fps: s.FPS, sps: encoder.sps(), pps: encoder.pps()}
	for frame := range s.frames() {
		changed := painter.advance(frame)
		if frame%(keySeconds*s.FPS) == 0 {
			track.addKey(encoder.key(painter.picture))
		} else {
			track.add(encoder.delta(painter.picture, changed))
		}
	}
	return track.write(w)
}

// Frame is the picture that the clip shows at the given second, uncompressed;
// times outside the clip give its first or last picture. A Spec out of range
// is a *video.Error with code Invalid.
func Frame(s Spec, at float64) (image.Image, error) {
	s, err := s.complete()
	if err != nil {
		return nil, err
	}
	scene, err := newScene(s)
	if err != nil {
		return nil, err
	}
	img := image.NewRGBA(image.Rect(0, 0, s.Width, s.Height))
	for _, l := range scene.at(s.frameAt(at)) {
		l.paint(img)
	}
	return img, nil
}

// frames is the number of pictures in the clip.
func (s Spec) frames() int { return s.Seconds * s.FPS }

// frameAt is the picture on screen at that second, within the clip.
func (s Spec) frameAt(at float64) int {
	last := s.frames() - 1
	// The small addition keeps n/fps on picture n in spite of rounding.
	frame := math.Floor(at*float64(s.FPS) + 1e-6)
	switch {
	case !(frame > 0): // also NaN
		return 0
	case frame > float64(last):
		return last
	}
	return int(frame)
}

// complete fills in the frame rate and checks every number.
func (s Spec) complete() (Spec, error) {
	if s.FPS == 0 {
		s.FPS = DefaultFPS
	}
	for _, c := range []struct {
		name       string
		given      int
		least, top int
	}{
		{"width", s.Width, minSide, maxSide},
		{"height", s.Height, minSide, maxSide},
		{"seconds", s.Seconds, 1, maxSeconds},
		{"fps", s.FPS, 1, maxFPS},
	} {
		if c.given < c.least || c.given > c.top {
			return s, refuse(c.name, c.given, "is outside "+strconv.Itoa(c.least)+" to "+strconv.Itoa(c.top))
		}
	}
	switch {
	case s.Width%2 != 0:
		return s, refuse("width", s.Width, "is odd, and 4:2:0 video needs an even number")
	case s.Height%2 != 0:
		return s, refuse("height", s.Height, "is odd, and 4:2:0 video needs an even number")
	case s.Width*s.Height > maxPixels:
		return s, refuse("height", s.Height, "makes a picture larger than 3840×2160")
	}
	return s, nil
}

func refuse(name string, given int, why string) error {
	number := strconv.Itoa(given)
	return &video.Error{
		Code:       video.Invalid,
		Message:    "The sandbox cannot render this clip: " + name + " " + number + " " + why + ".",
		Suggestion: "Choose another size or duration.",
		Argument:   name,
		Given:      number,
	}
}
