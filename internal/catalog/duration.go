package catalog

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// readDuration reads whole seconds: "5", "5s", "5.0", "5 seconds".
func (p *planner) readDuration() error {
	m := p.model
	if m.MaxSeconds == 0 {
		if absent(p.ask.Duration) {
			return nil
		}
		return refusal{
			argument: argDuration, given: p.ask.Duration,
			message:    fmt.Sprintf("%s takes no duration: the result is as long as the source video.", m.ID),
			suggestion: "Leave duration out" + orModel(p.othersThat(func(o *Model) bool { return o.MaxSeconds > 0 && o.Requires == m.Requires })),
		}.error()
	}
	if absent(p.ask.Duration) {
		if m.DefaultSeconds == 0 {
			return refusal{
				argument: argDuration, valid: p.someSeconds(),
				message:    fmt.Sprintf("%s needs a duration: %d to %d whole seconds.", m.ID, m.MinSeconds, m.MaxSeconds),
				suggestion: "Set duration to the seconds to be added.",
			}.error()
		}
		p.setDuration(m.DefaultSeconds)
		return nil
	}
	seconds, ok := parseSeconds(p.ask.Duration)
	whole := math.Trunc(seconds) == seconds
	if !ok || !whole || seconds < float64(m.MinSeconds) || seconds > float64(m.MaxSeconds) {
		return p.refuseDuration(seconds, ok, whole)
	}
	p.setDuration(int(seconds))
	return nil
}

func (p *planner) setDuration(seconds int) {
	p.request.Duration = seconds
	if !p.model.Documented(topicDuration) {
		p.warnf("The durations of %s are not documented: %d to %d s is the general range of the service. Another one may be refused by the upstream, or made at another length.",
			p.model.ID, p.model.MinSeconds, p.model.MaxSeconds)
	}
}

// refuseDuration names the nearest whole seconds; nothing is rounded unasked,
// because the seconds are what is paid for.
func (p *planner) refuseDuration(seconds float64, understood, whole bool) error {
	m := p.model
	message := fmt.Sprintf("%s makes %d to %d whole seconds, not %s.", m.ID, m.MinSeconds, m.MaxSeconds, quoted(p.ask.Duration))
	valid := p.someSeconds()
	var others []string
	switch {
	case !understood:
		message = fmt.Sprintf("duration %s is not understood: it is whole seconds, %d to %d.", quoted(p.ask.Duration), m.MinSeconds, m.MaxSeconds)
	case seconds < float64(m.MinSeconds):
		valid = []string{strconv.Itoa(m.MinSeconds)}
	case seconds > float64(m.MaxSeconds):
		valid = []string{strconv.Itoa(m.MaxSeconds)}
	default:
		valid = []string{strconv.Itoa(int(math.Floor(seconds))), strconv.Itoa(int(math.Ceil(seconds)))}
	}
	if understood && whole {
		others = p.othersThat(func(o *Model) bool {
			return float64(o.MinSeconds) <= seconds && seconds <= float64(o.MaxSeconds) && p.suits(o)
		})
	}
	return refusal{
		argument: argDuration, given: p.ask.Duration, valid: valid,
		message: message, suggestion: "Use duration " + anyOf(valid) + orModel(others),
	}.error()
}

// suits says whether another model would take the media that are given.
func (p *planner) suits(o *Model) bool {
	images, videos, audios := written(p.ask.ImageURLs), written(p.ask.VideoURLs), written(p.ask.AudioURLs)
	if images > o.MaxImages || videos > o.MaxVideos || audios > o.MaxAudios {
		return false
	}
	switch o.Requires {
	case RequiresImage:
		return images > 0
	case RequiresVideo:
		return videos > 0
	case RequiresImageOrVideo:
		return images+videos > 0
	}
	return true
}

// written counts the entries that are not blank.
func written(urls []string) int {
	count := 0
	for _, text := range urls {
		if !absent(text) {
			count++
		}
	}
	return count
}

// someSeconds are examples from the model's range.
func (p *planner) someSeconds() []string {
	m := p.model
	if m.DefaultSeconds == 0 {
		return []string{strconv.Itoa(m.MinSeconds), strconv.Itoa(m.MaxSeconds)}
	}
	return []string{strconv.Itoa(m.MinSeconds), strconv.Itoa(m.DefaultSeconds), strconv.Itoa(m.MaxSeconds)}
}

// parseSeconds reads a number of seconds with or without its unit.
func parseSeconds(text string) (seconds float64, ok bool) {
	text = strings.ToLower(strings.TrimSpace(text))
	if iso, found := strings.CutPrefix(text, "pt"); found { // ISO 8601, "PT5S"
		text = iso
	}
	number := strings.TrimRight(text, "abcdefghijklmnopqrstuvwxyz.- \t")
	switch strings.TrimLeft(text[len(number):], "- \t") { // "5-second", "5 sec."
	case "s", "sec", "sec.", "secs", "secs.", "second", "seconds":
		return parseNumber(number)
	}
	return parseNumber(text)
}

// parseNumber reads a JSON number. Only digits, sign, point and exponent are
// let through: ParseFloat alone would take "inf" and "0x5".
func parseNumber(text string) (number float64, ok bool) {
	if text == "" || len(text) > 40 || strings.Trim(text, "0123456789.+-eE") != "" {
		return 0, false
	}
	number, err := strconv.ParseFloat(text, 64)
	return number, err == nil
}
