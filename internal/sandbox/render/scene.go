package render

import (
	"fmt"
	"hash/fnv"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"strings"
	"unicode/utf8"

	"golang.org/x/image/font"
)

// promptLimit is the number of characters of a prompt that are looked at.
const promptLimit = 600

// palette is the light of a scene.
type palette struct{ zenith, horizon, sun, ground, accent color.RGBA }

func palettes() []palette {
	rgb := func(hex uint32) color.RGBA { return color.RGBA{uint8(hex >> 16), uint8(hex >> 8), uint8(hex), 255} }
	return []palette{
		{rgb(0x1b1b3a), rgb(0xf08a5d), rgb(0xffe3b0), rgb(0x160f29), rgb(0xffb454)},
		{rgb(0x0f2a3f), rgb(0x7fc8a9), rgb(0xfff3c4), rgb(0x08202b), rgb(0xf7d070)},
		{rgb(0x2a1a4a), rgb(0xf3a0b8), rgb(0xffe9d6), rgb(0x1c1030), rgb(0xffc2a1)},
		{rgb(0x2b2d42), rgb(0xf2b56b), rgb(0xfff1cc), rgb(0x1a1a24), rgb(0xffd166)},
		{rgb(0x0b1e4b), rgb(0x6fb7e9), rgb(0xfffbe3), rgb(0x07142e), rgb(0xffd98a)},
		{rgb(0x17301f), rgb(0xc9d98a), rgb(0xfffbd6), rgb(0x0b1a10), rgb(0xffdf7e)},
	}
}

// scene is a landscape under a travelling sun, with the request written on it.
type scene struct {
	spec    Spec
	unit    float64 // a hundredth of the picture's size, for every measure
	margin  float64
	colors  palette
	random  *rand.Rand
	fonts   typefaces
	back    []layer // behind the sun
	middle  []layer // before the sun
	numbers font.Face
	clock   *sprite
	reading string      // what clock shows
	clockAt image.Point // its bottom right
}

var (
	white = color.RGBA{255, 255, 255, 255}
	pale  = color.RGBA{225, 225, 225, 225} // premultiplied: white, nearly opaque
)

// newScene lays out everything that does not move.
func newScene(s Spec) (*scene, error) {
	fonts, err := loadTypefaces()
	if err != nil {
		return nil, err
	}
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(s.Prompt))                   // never fails
	random := rand.New(rand.NewPCG(s.Seed, hash.Sum64())) //nolint:gosec // a landscape is no secret, and must repeat
	choice := palettes()
	unit := min(math.Sqrt(float64(s.Width*s.Height))/100, float64(s.Width)/70, float64(s.Height)/40)
	c := &scene{
		spec: s, unit: unit, margin: 5 * unit, fonts: fonts, random: random,
		colors: choice[random.IntN(len(choice))],
	}
	c.landscape()
	if err := c.badge(); err != nil {
		return nil, err
	}
	top, err := c.footer()
	if err != nil {
		return nil, err
	}
	if err := c.prompt(top); err != nil {
		return nil, err
	}
	return c, nil
}

// at is the whole scene of a frame, back to front. Only the places of the list
// that move change from frame to frame.
func (c *scene) at(frame int) []layer {
	s := c.spec
	share := (float64(frame) + 0.5) / float64(s.frames())
	width, height := float64(s.Width), float64(s.Height)
	sun := capsule{
		left: width * (0.12 + 0.76*share), y: height * (0.44 - 0.26*math.Sin(math.Pi*share)),
		radius: 5.2 * c.unit, soft: 1.5, color: c.colors.sun, opacity: 1,
	}
	sun.right = sun.left
	glow := sun
	glow.radius, glow.soft, glow.opacity = 6.2*c.unit, 5*c.unit, 0.5

	done := c.bar()
	done.right = done.left + (done.right-done.left)*share
	done.color, done.opacity = c.colors.accent, 1
	knob := done
	knob.left, knob.radius, knob.color = knob.right, 1.1*c.unit, white

	layers := append([]layer{}, c.back...)
	layers = append(layers, glow, sun)
	layers = append(layers, c.middle...)
	return append(layers, done, knob, c.tick(frame))
}

// landscape makes the sky and three lines of hills, nearer ones darker.
func (c *scene) landscape() {
	s := c.spec
	// Pictures are coded in whole macroblocks: paint a little beyond the edge.
	area := image.Rect(0, 0, (s.Width+15)/16*16, (s.Height+15)/16*16)
	rows := make([]color.RGBA, s.Height)
	for y := range rows {
		rows[y] = mix(c.colors.zenith, c.colors.horizon, 1.6*float64(y)/float64(s.Height))
	}
	c.back = []layer{&sky{area, rows}}
	for _, hill := range []struct{ crest, rise, length, dark float64 }{
		{0.50, 2.6, 46, 0.55}, {0.60, 3.4, 60, 0.76}, {0.72, 2.8, 90, 0.92},
	} {
		c.middle = append(c.middle, c.ridge(area, hill.crest, hill.rise, hill.length, hill.dark))
	}
}

// ridge makes a line of hills around the given share of the height, that many
// units high and long.
func (c *scene) ridge(area image.Rectangle, crest, rise, length, dark float64) *ridge {
	phase, phase2, phase3 := c.random.Float64(), c.random.Float64(), c.random.Float64()
	height := float64(c.spec.Height)
	r := &ridge{area: area, tops: make([]int, area.Dx()), rows: make([]color.RGBA, c.spec.Height)}
	highest := height
	wave := func(at, phase float64) float64 { return math.Sin(2 * math.Pi * (at + phase)) }
	for x := range r.tops {
		at := float64(x) / c.unit / length
		swing := wave(at, phase) + 0.45*wave(2.3*at, phase2) + 0.2*wave(5.1*at, phase3)
		top := height*crest - rise*c.unit*swing
		highest = min(highest, top)
		r.tops[x] = int(256 * top)
	}
	r.area.Min.Y = max(0, int(highest))
	color := mix(c.colors.horizon, c.colors.ground, dark)
	for y := range r.rows {
		depth := (float64(y)/height - crest) / (1 - crest)
		r.rows[y] = mix(color, c.colors.ground, 0.9*depth)
	}
	return r
}

// badge writes at the top that this is no real generation.
func (c *scene) badge() error {
	bold, err := face(c.fonts.bold, 2.5*c.unit)
	if err != nil {
		return err
	}
	regular, err := face(c.fonts.regular, 2.5*c.unit)
	if err != nil {
		return err
	}
	radius := 2.3 * c.unit
	baseline := c.margin + radius + 0.9*c.unit
	start := c.margin + 1.9*c.unit
	word := float64(font.MeasureString(bold, "SANDBOX")) / 64
	pill := capsule{
		left: c.margin + radius, right: start + word + 1.9*c.unit - radius, y: c.margin + radius,
		radius: radius, soft: 1, color: c.colors.accent, opacity: 1,
	}
	dark := mix(c.colors.ground, color.RGBA{A: 255}, 0.3)
	c.middle = append(c.middle, pill,
		write("SANDBOX", bold, dark, start, baseline, 0),
		write("not a real generation", regular, white, pill.right+radius+1.4*c.unit, baseline, c.shadow()))
	return nil
}

// shadow is the shadow of text, in pixels.
func (c *scene) shadow() int { return max(1, int(math.Round(c.unit/7))) }

// bar is the track of the progress bar.
func (c *scene) bar() capsule {
	return capsule{
		left: c.margin + c.unit/2, right: float64(c.spec.Width) - c.margin - c.unit/2,
		y: float64(c.spec.Height) - 4.2*c.unit, radius: 0.45 * c.unit, soft: 1, color: white, opacity: 0.25,
	}
}

// footer writes model, size and length above the bar and makes room for the
// clock. It returns the height at which it begins.
func (c *scene) footer() (float64, error) {
	c.middle = append(c.middle, c.bar())
	bold, err := face(c.fonts.bold, 2.5*c.unit)
	if err != nil {
		return 0, err
	}
	regular, err := face(c.fonts.regular, 2.2*c.unit)
	if err != nil {
		return 0, err
	}
	if c.numbers, err = face(c.fonts.regular, 3.4*c.unit); err != nil {
		return 0, err
	}
	s := c.spec
	baseline := float64(s.Height) - 6.8*c.unit
	widest := float64(font.MeasureString(c.numbers, c.time(s.frames()))) / 64
	c.clockAt = image.Pt(int(float64(s.Width)-c.margin), int(baseline))
	room := int(float64(s.Width) - 2*c.margin - widest - 2*c.unit)
	model := legible(s.Model, c.fonts.bold, 80)
	size := fmt.Sprintf("%d×%d · %d s · %d fps", s.Width, s.Height, s.Seconds, s.FPS)
	c.middle = append(c.middle,
		write(elide(model, bold, room), bold, white, c.margin, baseline-3*c.unit, c.shadow()),
		write(elide(size, regular, room), regular, pale, c.margin, baseline, c.shadow()))
	return baseline - 7*c.unit, nil
}

// prompt writes the prompt above bottom, as large as it fits.
func (c *scene) prompt(bottom float64) error {
	text := legible(c.spec.Prompt, c.fonts.regular, promptLimit)
	if strings.ContainsRune(text, missing) && strings.Trim(text, string(missing)+" …") == "" {
		text = fmt.Sprintf("(a prompt of %d characters in letters that the sandbox cannot draw)", utf8.RuneCountInString(c.spec.Prompt))
	}
	width := int(float64(c.spec.Width) - 2*c.margin)
	room := bottom - 0.48*float64(c.spec.Height)
	var lines []string
	var chosen font.Face
	var step float64
	for _, size := range []float64{4.4, 3.7, 3.1, 2.6, 2.2} {
		f, err := face(c.fonts.regular, size*c.unit)
		if err != nil {
			return err
		}
		chosen, step = f, 1.3*size*c.unit
		lines = wrap(text, f, width)
		if float64(len(lines))*step <= room {
			break
		}
	}
	if most := max(1, int(room/step)); len(lines) > most {
		lines = append(lines[:most-1], elide(lines[most-1]+" "+lines[most], chosen, width))
	}
	var parts []*sprite
	for i, line := range lines {
		y := bottom - step*float64(len(lines)-1-i) - 0.3*step
		parts = append(parts, write(line, chosen, white, c.margin, y, c.shadow()))
	}
	c.middle = append(c.middle, stack(parts))
	return nil
}

// time is what the clock shows at the beginning of a frame. All digits are
// equally wide, so that its right end stands still.
func (c *scene) time(frame int) string {
	tenths := frame * 10 / c.spec.FPS
	return fmt.Sprintf("%d.%d / %d.0 s", tenths/10, tenths%10, c.spec.Seconds)
}

// tick is the clock at a frame; it stays the same layer while it reads the same.
func (c *scene) tick(frame int) *sprite {
	if reading := c.time(frame); c.clock == nil || reading != c.reading {
		c.reading = reading
		left := float64(c.clockAt.X) - float64(font.MeasureString(c.numbers, reading))/64
		c.clock = write(reading, c.numbers, white, left, float64(c.clockAt.Y), c.shadow())
	}
	return c.clock
}
