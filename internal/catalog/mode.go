package catalog

import (
	"fmt"
	"strings"

	"seedance-mcp/internal/video"
)

// readMode settles how the media steer the video. The modes differ in price
// and in what becomes of an image, so none is put in another's place unasked.
func (p *planner) readMode() error {
	m := p.model
	asked, said, err := p.askedMode()
	if err != nil {
		return err
	}
	images, videos := len(p.request.ImageURLs), len(p.request.VideoURLs)
	if images+videos == 0 {
		if asked == video.TextOnly {
			return nil
		}
		return refusal{
			argument: argInputMode, given: p.ask.InputMode,
			message:    fmt.Sprintf("input_mode %s says how images steer the video, but none is given.", asked),
			suggestion: "Add image_urls" + orLeaveOut,
		}.error()
	}
	if said && asked == video.TextOnly {
		return refusal{
			argument: argInputMode, given: p.ask.InputMode, valid: modeNames(m.InputModes),
			message:    fmt.Sprintf("input_mode %s contradicts the media that are given.", quoted(p.ask.InputMode)),
			suggestion: "Use " + anyOf(modeNames(m.InputModes)) + ", or leave the media out.",
		}.error()
	}
	if videos > 0 && asked == video.Keyframe {
		return refusal{
			argument: argInputMode, given: p.ask.InputMode, valid: []string{string(video.Reference)},
			message:    "video_urls force reference mode: in it images show subjects and style, and are no first or last frame.",
			suggestion: "Use input_mode reference, or leave video_urls out.",
		}.error()
	}
	switch {
	case said:
	case videos > 0 || !m.TakesMode(video.Keyframe):
		asked = video.Reference
		if images > 0 && m.TakesMode(video.Keyframe) {
			p.notef("video_urls force input_mode reference: the images show subjects and style, they are no first or last frame.")
		}
	default:
		asked = video.Keyframe
	}
	p.request.InputMode = asked
	return p.checkKeyframes(said)
}

const orLeaveOut = ", or leave input_mode out."

// askedMode reads input_mode; said is false when it is absent.
func (p *planner) askedMode() (mode video.InputMode, said bool, err error) {
	if absent(p.ask.InputMode) {
		return video.TextOnly, false, nil
	}
	given := strings.TrimSpace(p.ask.InputMode)
	key := NameKey(given)
	mode = video.InputMode(key)
	if mode != video.Keyframe && mode != video.Reference {
		meant, known := p.catalog.words.modes[key]
		if !known {
			return "", false, refusal{
				argument: argInputMode, given: given, valid: modeNames(p.model.InputModes),
				message:    fmt.Sprintf("input_mode %s is not understood.", quoted(given)),
				suggestion: "Use keyframe (image 1 is the first frame, image 2 the last) or reference (images show subjects and style)" + orLeaveOut,
			}.error()
		}
		mode = meant
		if mode != video.TextOnly {
			p.notef("input_mode %s read as %s.", quoted(given), mode)
		}
	}
	if mode == video.TextOnly || p.model.TakesMode(mode) {
		return mode, true, nil
	}
	others := p.othersThat(func(o *Model) bool { return o.TakesMode(mode) && p.suits(o) })
	return "", false, refusal{
		argument: argInputMode, given: given, valid: modeNames(p.model.InputModes),
		message:    fmt.Sprintf("%s takes no input_mode %s.", p.model.ID, mode),
		suggestion: "Leave input_mode out" + orModel(others),
	}.error()
}

// checkKeyframes refuses more images than keyframe mode uses: the upstream
// ignores the rest.
func (p *planner) checkKeyframes(said bool) error {
	m, images := p.model, len(p.request.ImageURLs)
	if p.request.InputMode != video.Keyframe || images <= m.MaxKeyframes {
		return nil
	}
	mode := "keyframe mode"
	if !said {
		mode = "keyframe mode, the default,"
	}
	suggestion := fmt.Sprintf("Give at most %d image_urls", m.MaxKeyframes)
	valid := []string{fmt.Sprintf("at most %d image_urls", m.MaxKeyframes)}
	if m.TakesMode(video.Reference) {
		suggestion += ", or set input_mode to reference"
		valid = append(valid, "input_mode reference")
		if m.prices.reference != nil {
			suggestion += " (at the price of that mode)"
		}
	}
	return refusal{
		argument: argImageURLs, given: entries(images), valid: valid,
		message:    fmt.Sprintf("%s uses image %s only (first and last frame), and %d are given.", mode, upTo(m.MaxKeyframes), images),
		suggestion: suggestion + ".",
	}.error()
}

func modeNames(modes []video.InputMode) []string {
	names := make([]string, len(modes))
	for i, mode := range modes {
		names[i] = string(mode)
	}
	return names
}
