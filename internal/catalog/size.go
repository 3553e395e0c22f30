package catalog

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"seedance-mcp/internal/video"
)

// frame is what an argument, or a part of it, says about the frame; "" where
// it says nothing.
type frame struct {
	ratio, resolution string
	// word says that it was said in a word such as "portrait", which the
	// caller is told the meaning of.
	word bool
}

// readSize reads aspect_ratio and resolution. Either may hold what belongs in
// the other: "1280x720" says both, "portrait" may stand in resolution. What
// contradicts is refused, never decided.
func (p *planner) readSize() error {
	fromRatio, err := p.readFrame(argAspectRatio, p.ask.AspectRatio)
	if err != nil {
		return err
	}
	fromResolution, err := p.readFrame(argResolution, p.ask.Resolution)
	if err != nil {
		return err
	}
	if fromRatio.ratio != "" && fromResolution.ratio != "" && fromRatio.ratio != fromResolution.ratio {
		return p.refuseContradiction(argAspectRatio, p.ask.AspectRatio, []string{fromRatio.ratio, fromResolution.ratio},
			fmt.Sprintf("aspect_ratio %s is %s, but resolution %s is %s.",
				quoted(p.ask.AspectRatio), fromRatio.ratio, quoted(p.ask.Resolution), fromResolution.ratio))
	}
	if fromRatio.resolution != "" && fromResolution.resolution != "" && fromRatio.resolution != fromResolution.resolution {
		return p.refuseContradiction(argResolution, p.ask.Resolution, []string{fromRatio.resolution, fromResolution.resolution},
			fmt.Sprintf("aspect_ratio %s is %s, but resolution %s is %s.",
				quoted(p.ask.AspectRatio), fromRatio.resolution, quoted(p.ask.Resolution), fromResolution.resolution))
	}
	p.request.AspectRatio = firstOf(fromRatio.ratio, fromResolution.ratio, p.model.DefaultAspectRatio)
	p.request.Resolution = firstOf(fromRatio.resolution, fromResolution.resolution, p.model.DefaultResolution)
	if fromRatio.ratio == "" && fromResolution.ratio == "" && p.request.InputMode == video.Keyframe && p.request.AspectRatio != "" {
		p.notef("No aspect_ratio was given: %s is sent. Set it to the shape of the first frame if that differs.", p.request.AspectRatio)
	}
	if _, _, ok := p.model.PixelSize(p.request.AspectRatio, p.request.Resolution); !ok && p.model.sizes != nil && p.request.AspectRatio != "" {
		p.warnf("No pixel size is documented for %s at %s with %s.", p.request.AspectRatio, p.request.Resolution, p.model.ID)
	}
	return nil
}

func (p *planner) refuseContradiction(argument, given string, valid []string, message string) error {
	return refusal{
		argument: argument, given: given, valid: valid, message: message,
		suggestion: "Keep the one that is meant and leave the other out.",
	}.error()
}

func firstOf(values ...string) string {
	for _, value := range values {
		if value != "" {
			return value
		}
	}
	return ""
}

// readFrame reads one argument, word by word ("1080p portrait").
func (p *planner) readFrame(argument, text string) (frame, error) {
	var whole frame
	if absent(text) {
		return whole, nil
	}
	tokens := sizeTokens(text)
	for i := 0; i < len(tokens); {
		part, used, err := p.readWords(argument, text, tokens[i:])
		if err != nil {
			return frame{}, err
		}
		if part.ratio != "" && whole.ratio != "" && part.ratio != whole.ratio {
			return frame{}, p.refuseContradiction(argument, text, []string{whole.ratio, part.ratio},
				fmt.Sprintf("%s %s says both %s and %s.", argument, quoted(text), whole.ratio, part.ratio))
		}
		if part.resolution != "" && whole.resolution != "" && part.resolution != whole.resolution {
			return frame{}, p.refuseContradiction(argument, text, []string{whole.resolution, part.resolution},
				fmt.Sprintf("%s %s says both %s and %s.", argument, quoted(text), whole.resolution, part.resolution))
		}
		whole.ratio = firstOf(part.ratio, whole.ratio)
		whole.resolution = firstOf(part.resolution, whole.resolution)
		whole.word = whole.word || part.word
		i += used
	}
	if whole == (frame{}) {
		return frame{}, p.refuseUnknownSize(argument, text)
	}
	if whole.word {
		p.notef("%s %s read as %s.", argument, quoted(text), strings.TrimSpace(whole.ratio+" "+whole.resolution))
	}
	return whole, nil
}

// readWords reads the first one or two of tokens and says how many.
func (p *planner) readWords(argument, text string, tokens []string) (part frame, used int, err error) {
	for used = min(2, len(tokens)); used > 0; used-- {
		word := NameKey(strings.Join(tokens[:used], ""))
		if ratio := p.catalog.words.ratios[word]; ratio != "" {
			width, height, _ := splitRatio(ratio)
			part, err = p.ratioOf(argument, text, width, height)
			part.word = true
			return part, used, err
		}
		if meanings := p.catalog.words.resolutions[word]; meanings != nil {
			part, err = p.resolutionMeant(argument, text, meanings)
			part.word = true
			return part, used, err
		}
	}
	part, err = p.readToken(argument, text, tokens[0])
	return part, 1, err
}

// readToken reads what is no word: a ratio, a size in pixels, a resolution.
func (p *planner) readToken(argument, text, token string) (frame, error) {
	for _, separator := range []string{":", "x", "/", "-", "_"} {
		width, height, ok := splitPair(strings.TrimSuffix(strings.TrimSuffix(token, "x"), "p"), separator)
		switch {
		case ok && width < 100 && height < 100:
			return p.ratioOf(argument, text, width, height)
		case ok && width >= 100 && height >= 100:
			return p.pixels(argument, text, size{width, height})
		}
	}
	if p.catalog.words.filler[NameKey(token)] {
		return frame{}, nil
	}
	short := digits(strings.TrimSuffix(token, "p"))
	for _, tier := range p.catalog.tiers {
		if token == tier.name || short == tier.short {
			return p.resolutionMeant(argument, text, []string{tier.name})
		}
	}
	if short >= 100 {
		return frame{}, p.refuseResolution(argument, text)
	}
	return frame{}, p.refuseUnknownSize(argument, text)
}

// ratioOf finds the model's aspect ratio that equals width:height.
func (p *planner) ratioOf(argument, text string, width, height int) (frame, error) {
	for _, ratio := range p.model.AspectRatios {
		if w, h, _ := splitRatio(ratio); width*h == height*w {
			return frame{ratio: ratio}, nil
		}
	}
	if len(p.model.AspectRatios) == 0 {
		return frame{}, refusal{
			argument: argument, given: text,
			message:    fmt.Sprintf("%s takes no aspect ratio.", p.model.ID),
			suggestion: "Leave it out" + orModel(p.othersThat(func(o *Model) bool { return len(o.AspectRatios) > 0 && p.suits(o) })),
		}.error()
	}
	valid := nearest(p.model.AspectRatios, 2, func(ratio string) float64 {
		w, h, _ := splitRatio(ratio)
		return math.Abs(math.Log(float64(width*h) / float64(height*w)))
	})
	others := p.othersThat(func(o *Model) bool {
		return p.suits(o) && slices.ContainsFunc(o.AspectRatios, func(ratio string) bool {
			w, h, _ := splitRatio(ratio)
			return width*h == height*w
		})
	})
	return frame{}, refusal{
		argument: argument, given: text, valid: valid,
		message:    fmt.Sprintf("%s makes no %s; it makes %s.", p.model.ID, quoted(text), anyOf(p.model.AspectRatios)),
		suggestion: "Use " + anyOf(valid) + orModel(others),
	}.error()
}

// resolutionMeant takes the one of meanings that the model makes. A word that
// may mean several of them is refused: their prices differ.
func (p *planner) resolutionMeant(argument, text string, meanings []string) (frame, error) {
	var possible []string
	for _, meaning := range meanings {
		if slices.Contains(p.model.Resolutions, meaning) {
			possible = append(possible, meaning)
		}
	}
	switch len(possible) {
	case 0:
		return frame{}, p.refuseResolution(argument, text)
	case 1:
		return frame{resolution: possible[0]}, nil
	}
	return frame{}, refusal{
		argument: argument, given: text, valid: possible,
		message:    fmt.Sprintf("%s %s may mean %s, which differ in price.", argument, quoted(text), anyOf(possible)),
		suggestion: "Say which: " + anyOf(possible) + ".",
	}.error()
}

// pixels finds the ratio and resolution whose frame is exactly this size. For
// a model without documented sizes the shape and the short side must fit.
func (p *planner) pixels(argument, text string, wanted size) (frame, error) {
	if p.model.sizes == nil {
		short := min(wanted.width, wanted.height)
		for _, tier := range p.catalog.tiers {
			if tier.short == short && slices.Contains(p.model.Resolutions, tier.name) {
				found, err := p.ratioOf(argument, text, wanted.width, wanted.height)
				if err != nil {
					return frame{}, err
				}
				p.notef("%s %s is sent as %s at %s: the exact pixels of %s are not documented.",
					argument, quoted(text), found.ratio, tier.name, p.model.ID)
				return frame{ratio: found.ratio, resolution: tier.name}, nil
			}
		}
		return frame{}, p.refuseResolution(argument, text)
	}
	var offered []string
	for _, resolution := range p.model.Resolutions {
		for _, ratio := range p.model.AspectRatios {
			have, ok := p.model.sizes[ratio][resolution]
			if ok && have == wanted {
				return frame{ratio: ratio, resolution: resolution}, nil
			}
			if ok {
				offered = append(offered, fmt.Sprintf("%dx%d", have.width, have.height))
			}
		}
	}
	valid := nearest(offered, 3, func(offer string) float64 {
		w, h, _ := splitPair(offer, "x")
		shape := math.Log(float64(w*wanted.height) / float64(h*wanted.width))
		area := math.Log(float64(w*h) / float64(wanted.width*wanted.height))
		return 4*math.Abs(shape) + math.Abs(area) // the wrong shape is worse than the wrong size
	})
	others := p.othersThat(func(o *Model) bool {
		if !p.suits(o) {
			return false
		}
		for _, row := range o.sizes {
			for _, have := range row {
				if have == wanted {
					return true
				}
			}
		}
		return false
	})
	return frame{}, refusal{
		argument: argument, given: text, valid: valid,
		message:    fmt.Sprintf("%s does not make %dx%d pixels. Nearest: %s.", p.model.ID, wanted.width, wanted.height, anyOf(valid)),
		suggestion: "Use one of these sizes, or aspect_ratio (" + anyOf(p.model.AspectRatios) + ") with resolution (" + anyOf(p.model.Resolutions) + ")" + orModel(others),
	}.error()
}

func (p *planner) refuseResolution(argument, text string) error {
	wanted := NameKey(text)
	others := p.othersThat(func(o *Model) bool {
		return p.suits(o) && slices.ContainsFunc(o.Resolutions, func(name string) bool { return name == wanted || name == wanted+"p" })
	})
	return refusal{
		argument: argument, given: text, valid: p.model.Resolutions,
		message:    fmt.Sprintf("%s does not make %s; it makes %s.", p.model.ID, quoted(text), anyOf(p.model.Resolutions)),
		suggestion: "Use " + anyOf(p.model.Resolutions) + orModel(others),
	}.error()
}

func (p *planner) refuseUnknownSize(argument, text string) error {
	valid, what := p.model.Resolutions, "a resolution"
	if argument == argAspectRatio {
		valid, what = p.model.AspectRatios, "an aspect ratio"
	}
	return refusal{
		argument: argument, given: text, valid: valid,
		message:    fmt.Sprintf("%s %s is not understood as %s.", argument, quoted(text), what),
		suggestion: "Use " + anyOf(valid) + ".",
	}.error()
}

// sizeTokens folds the ways to write a size: "1280 × 720", "16 by 9", "720 P".
// It lower-cases, uses x and :, and joins what blanks tore apart.
func sizeTokens(text string) []string {
	text = strings.NewReplacer("×", "x", "*", "x", "✕", "x", "：", ":", "∶", ":").Replace(strings.ToLower(text))
	words := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \t\r\n\u00a0,;()[]|+@", r) })
	var tokens []string
	for _, word := range words {
		if word == "by" {
			word = "x"
		}
		last := len(tokens) - 1
		if last >= 0 && (isSeparator(word[:1]) || isSeparator(tokens[last][len(tokens[last])-1:]) ||
			(word == "p" || word == "k" || word == "px") && digits(tokens[last][len(tokens[last])-1:]) >= 0) {
			tokens[last] += word
			continue
		}
		tokens = append(tokens, word)
	}
	return tokens
}

func isSeparator(text string) bool { return text == "x" || text == ":" || text == "/" }
