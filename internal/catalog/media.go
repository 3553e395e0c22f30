package catalog

import (
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	"seedance-mcp/internal/video"
)

// The kinds of media, as file endings and the prompt's @image1 name them.
const (
	mediaImage = "image"
	mediaVideo = "video"
	mediaAudio = "audio"
)

// mediaKind is one of the three lists of URLs.
type mediaKind struct {
	argument, singular string
	given              []string
	limit              int
	formats            []string
}

// readMedia reads the URLs and the mode in which they steer the video.
func (p *planner) readMedia() error {
	m := p.model
	lists := make([][]string, 0, 3)
	for _, kind := range []mediaKind{
		{argImageURLs, mediaImage, p.ask.ImageURLs, m.MaxImages, m.ImageFormats},
		{argVideoURLs, mediaVideo, p.ask.VideoURLs, m.MaxVideos, m.VideoFormats},
		{argAudioURLs, mediaAudio, p.ask.AudioURLs, m.MaxAudios, nil},
	} {
		urls, err := p.readURLs(kind)
		if err != nil {
			return err
		}
		lists = append(lists, urls)
	}
	p.request.ImageURLs, p.request.VideoURLs, p.request.AudioURLs = lists[0], lists[1], lists[2]
	if err := p.checkRequired(); err != nil {
		return err
	}
	if err := p.readMode(); err != nil {
		return err
	}
	if len(p.request.ImageURLs) > 0 && m.ImageWarning != "" {
		p.warnf("%s", m.ImageWarning)
	}
	if len(p.request.AudioURLs) > 0 && p.request.InputMode == video.Keyframe {
		p.warnf("keyframe mode is documented to use images %s only: whether it hears audio_urls is not. Use input_mode reference if they must count.", upTo(m.MaxKeyframes))
	}
	return nil
}

// upTo spells "1" or "1 to 2".
func upTo(n int) string {
	if n <= 1 {
		return "1"
	}
	return fmt.Sprintf("1 to %d", n)
}

// readURLs checks one list. A blank entry is refused: dropped, it would have a
// video without the image that was meant made and charged for.
func (p *planner) readURLs(kind mediaKind) ([]string, error) {
	var urls []string
	for i, given := range kind.given {
		text := strings.TrimSpace(given)
		if text == "" {
			return nil, refusal{
				argument:   kind.argument,
				message:    fmt.Sprintf("%s[%d] is empty, and a video without it would cost as much.", kind.argument, i),
				suggestion: fmt.Sprintf("Give its URL, or leave it out; without any %s at all, leave %s out.", kind.singular, kind.argument),
			}.error()
		}
		if kind.limit == 0 {
			return nil, p.refuseKind(kind, text)
		}
		problem := checkURL(text, p.ask.AllowPrivateURLs)
		if problem != "" {
			return nil, p.refuseURL(kind, i, text, problem)
		}
		if err := p.checkFormat(kind, i, text); err != nil {
			return nil, err
		}
		urls = append(urls, text)
	}
	if len(urls) > kind.limit {
		message := fmt.Sprintf("%s takes at most %d %s, not %d.", p.model.ID, kind.limit, kind.argument, len(urls))
		if kind.singular == mediaImage && !p.model.Documented(topicImageCount) {
			message = fmt.Sprintf("At most %d image_urls are sent, not %d (no limit is documented for %s here; this is the same service's limit elsewhere).", kind.limit, len(urls), p.model.ID)
		}
		return nil, refusal{
			argument: kind.argument, given: entries(len(urls)), valid: []string{fmt.Sprintf("at most %d", kind.limit)},
			message:    message,
			suggestion: fmt.Sprintf("Leave out %d of them", len(urls)-kind.limit) + orModel(p.othersThat(p.suits)),
		}.error()
	}
	return urls, nil
}

// refuseKind refuses media that the model has no field for. An upstream that
// ignores them would make, and charge for, a video without them.
func (p *planner) refuseKind(kind mediaKind, given string) error {
	others := p.othersThat(p.suits)
	takers := p.othersThat(func(o *Model) bool {
		switch kind.singular {
		case mediaImage:
			return o.MaxImages > 0
		case mediaVideo:
			return o.MaxVideos > 0
		}
		return o.MaxAudios > 0
	})
	message := p.takesNo(kind.argument, takers)
	if kind.singular == mediaImage && !p.model.Documented(topicImages) {
		message = fmt.Sprintf("Whether %s takes images is not documented: were they ignored, a video without them would be paid for.", p.model.ID)
	}
	return refusal{
		argument: kind.argument, given: given, message: message,
		suggestion: "Leave " + kind.argument + " out" + orModel(others),
	}.error()
}

// endings are file name endings that tell what a URL leads to.
var endings = map[string][]string{
	mediaImage: {".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tiff", ".heic", ".avif", ".svg"},
	mediaVideo: {".mp4", ".mov", ".webm", ".avi", ".mkv", ".m4v"},
	mediaAudio: {".mp3", ".wav", ".m4a", ".aac", ".ogg", ".flac"},
}

// checkFormat refuses a file in the wrong list and warns about a format that
// is not among the documented ones. A URL without a telling ending passes.
func (p *planner) checkFormat(kind mediaKind, index int, text string) error {
	parsed, err := url.Parse(text)
	if err != nil {
		return nil //nolint:nilerr // checkURL has said what is wrong with it
	}
	ending := strings.ToLower(path.Ext(parsed.Path))
	if slices.Contains(endings[kind.singular], ending) {
		if len(kind.formats) > 0 && !slices.Contains(kind.formats, ending) {
			p.warnf("%s[%d] is a %s file; documented are %s.", kind.argument, index, ending, anyOf(kind.formats))
		}
		return nil
	}
	for _, other := range []string{mediaImage, mediaVideo, mediaAudio} {
		// An .mp4 may hold sound only, so it passes as audio.
		if !slices.Contains(endings[other], ending) || kind.singular == mediaAudio && other == mediaVideo {
			continue
		}
		return refusal{
			argument: kind.argument, given: text, valid: []string{other + "_urls"},
			message:    fmt.Sprintf("%s[%d] is a %s file (%s).", kind.argument, index, other, ending),
			suggestion: "Put it in " + other + "_urls, or give a file of the right kind.",
		}.error()
	}
	return nil
}

// checkRequired refuses a model without the media that it cannot do without,
// and audio without anything to hear it with.
func (p *planner) checkRequired() error {
	images, videos, audios := len(p.request.ImageURLs), len(p.request.VideoURLs), len(p.request.AudioURLs)
	argument, needs := "", ""
	switch {
	case p.model.Requires == RequiresImage && images == 0:
		argument, needs = argImageURLs, "an image in image_urls"
	case p.model.Requires == RequiresVideo && videos == 0:
		argument, needs = argVideoURLs, "a source video in video_urls"
	case p.model.Requires == RequiresImageOrVideo && images+videos == 0:
		argument, needs = argImageURLs, "a reference in image_urls or video_urls"
	}
	if argument != "" {
		suggestion := "Give one."
		if others := p.othersThat(p.suits); len(others) > 0 {
			suggestion = "Give one, or use a model that takes what is given: " + anyOf(others[:min(len(others), maxSuggested)]) + "."
		}
		return refusal{
			argument:   argument,
			message:    fmt.Sprintf("%s needs %s.", p.model.ID, needs),
			suggestion: suggestion,
		}.error()
	}
	if audios > 0 && images+videos == 0 {
		return refusal{
			argument: argAudioURLs, given: p.request.AudioURLs[0],
			message:    "audio_urls cannot stand alone: the upstream takes them only beside an image or a video.",
			suggestion: "Add image_urls or video_urls, or leave audio_urls out.",
		}.error()
	}
	return nil
}
