package catalog

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"seedance-mcp/internal/video"
)

// readPrompt takes the prompt as it is, but for blanks around it and control
// characters in it: no person writes them, and some upstreams cut a text at a
// NUL. Line breaks and tabs stay.
func (p *planner) readPrompt() error {
	left := 0
	prompt := strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' {
			left++
			return -1
		}
		return r
	}, strings.ToValidUTF8(p.ask.Prompt, "\uFFFD")))
	if left > 0 {
		p.notef("prompt: control characters were left out (%d).", left)
	}
	if video.Clip(prompt, 1) == "" {
		return refusal{
			argument: argPrompt, given: p.ask.Prompt,
			message:    "The prompt is empty.",
			suggestion: "Describe in prompt what the video shows.",
		}.error()
	}
	if length := utf8.RuneCountInString(prompt); length > p.model.MaxPrompt {
		limit := fmt.Sprintf("%s takes at most %d", p.model.ID, p.model.MaxPrompt)
		if !p.model.Documented(topicPrompt) {
			limit = fmt.Sprintf("at most %d are sent (no limit is documented for %s here; this is the same service's limit elsewhere)", p.model.MaxPrompt, p.model.ID)
		}
		return refusal{
			argument: argPrompt, given: fmt.Sprintf("%d characters", length),
			valid:      []string{fmt.Sprintf("at most %d characters", p.model.MaxPrompt)},
			message:    fmt.Sprintf("The prompt has %d characters; %s.", length, limit),
			suggestion: fmt.Sprintf("Shorten the prompt by %d characters.", length-p.model.MaxPrompt),
		}.error()
	}
	p.request.Prompt = prompt
	return nil
}

// checkMentions warns about "@image3" and the like without such a file: the
// upstream would make, and charge for, a video without it.
func (p *planner) checkMentions() {
	media := []struct {
		word  string
		count int
	}{
		{mediaImage, len(p.request.ImageURLs)}, {mediaVideo, len(p.request.VideoURLs)}, {mediaAudio, len(p.request.AudioURLs)},
	}
	warned := map[string]bool{}
	rest := strings.ToLower(p.request.Prompt)
	for {
		at := strings.IndexByte(rest, '@')
		if at < 0 {
			return
		}
		rest = rest[at+1:]
		for _, kind := range media {
			after, ok := strings.CutPrefix(rest, kind.word)
			number := leadingDigits(after)
			mention := "@" + kind.word + number
			if !ok || number == "" || warned[mention] {
				continue
			}
			if n := digits(strings.TrimLeft(number, "0")); n < 1 || n > kind.count {
				warned[mention] = true
				p.warnf("The prompt mentions %s, but %s_urls has %s; they are counted from 1.", video.Clip(mention, 20), kind.word, entries(kind.count))
			}
		}
	}
}

func leadingDigits(text string) string {
	return text[:len(text)-len(strings.TrimLeft(text, "0123456789"))]
}

// entries counts in words: "no entry", "1 entry", "2 entries".
func entries(count int) string {
	switch count {
	case 0:
		return "no entry"
	case 1:
		return "1 entry"
	}
	return fmt.Sprintf("%d entries", count)
}
