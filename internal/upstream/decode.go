package upstream

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"

	"seedance-mcp/internal/video"
)

const (
	maxModel = 100 // runes of a model name kept
	maxState = 40  // runes of a state word kept
	maxURL   = 8 << 10
	// maxVideos are taken from one record; tasks make one.
	maxVideos = 16
	// maxNesting bounds the search for URLs in output and resultJson.
	maxNesting = 5
)

// DecodeWebhook reads a webhook's body of any generation. It is unsigned and
// may come twice or never: a hint, to be confirmed by Record. The failure's
// Charged is what holds for every dialect. Errors are *video.Error, Invalid.
func DecodeWebhook(body []byte) (Record, error) {
	top, ok := parseObject(body)
	if !ok {
		return Record{}, video.Errorf(video.Invalid, "The webhook's body is not a JSON object.")
	}
	record, ok := decodeRecord(openEnvelope(top), "", plain)
	if !ok || !plausibleID(record.TaskID) {
		return Record{}, video.Errorf(video.Invalid, "The webhook's body is about no task.")
	}
	return record, nil
}

// decodeRecord reads a record, flat or enveloped. ok is false when it is none:
// nothing says how a task stands. show makes the upstream's words presentable.
func decodeRecord(answered envelope, dialect video.Dialect, show func(string, int) string) (record Record, ok bool) {
	raw := answered.text("status", "state")
	if raw == "" {
		return Record{}, false
	}
	record = Record{
		TaskID:      answered.taskID(),
		Model:       show(answered.text("model"), maxModel),
		State:       stateOf(raw),
		RawState:    show(raw, maxState),
		Videos:      videosOf(answered),
		CreditsUsed: answered.credits("creditsUsed"),
		CreatedAt:   answered.time("createTime", "createdAt"),
		CompletedAt: answered.time("completeTime", "completedAt"),
	}
	if record.State.Final() && record.CompletedAt.IsZero() {
		record.CompletedAt = answered.time("updateTime", "updatedAt")
	}
	if record.State == video.Failed {
		code, message := failureOf(answered)
		failure := classify(dialect, show(code, maxCode), show(message, maxShown))
		record.Failure = &failure
	}
	return record, true
}

// stateOf reads the four documented words and the near words of look-alikes in
// any case. What it does not know must not end a paid task: still running.
func stateOf(word string) video.State {
	switch strings.ToLower(word) {
	case "success", "succeeded", "completed":
		return video.Success
	case "fail", "failed", "failure":
		return video.Failed
	case "waiting", "queued", "queuing", "queueing", "pending":
		return video.Waiting
	default:
		return video.Generating
	}
}

// failureOf finds the reason: error as a string or an object, a JSON string of
// one, or failCode and failMsg.
func failureOf(answered envelope) (code, message string) {
	raw := answered.raw("error")
	if detail, ok := parseObject(raw); ok {
		code, message = detail.text("code"), detail.text("message", "msg")
	} else {
		message = scalar(raw)
	}
	if message == "" || message == "false" || message == "true" {
		message = answered.text("failMsg", "errorMessage")
	}
	if code == "" {
		code = answered.text("failCode", "errorCode")
	}
	return code, message
}

// videosOf collects the result's URLs wherever a generation puts them.
func videosOf(answered envelope) []video.Video {
	var found finds
	for _, key := range []string{"output", "outputs", "resultJson", "resultUrls", "result", "response"} {
		found.collect(answered.raw(key), maxNesting)
	}
	return found.videos()
}

// find is one URL and the kind of medium that its entry names, "" for none.
type find struct {
	video video.Video
	kind  string
}

type finds []find

// collect walks strings, arrays and objects, and JSON inside strings.
func (f *finds) collect(raw json.RawMessage, depth int) {
	raw = bytes.TrimSpace(raw)
	if isNull(raw) || depth == 0 || len(*f) >= maxVideos {
		return
	}
	switch raw[0] {
	case '"':
		text := scalar(raw)
		if strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[") {
			if json.Valid([]byte(text)) {
				f.collect(json.RawMessage(text), depth-1)
			}
			return
		}
		f.add(video.Video{URL: text}, "")
	case '[':
		var list []json.RawMessage
		if json.Unmarshal(raw, &list) != nil {
			return
		}
		for _, item := range list {
			f.collect(item, depth-1)
		}
	case '{':
		if entry, ok := parseObject(raw); ok {
			f.entry(entry, depth-1)
		}
	}
}

// entry reads {"url",…}, or goes on below {"resultUrls":[…]} and the like.
func (f *finds) entry(entry object, depth int) {
	for _, key := range []string{"url", "videoUrl", "video_url", "resultUrl"} {
		if address := entry.text(key); address != "" {
			f.add(videoOf(entry, address), entry.text("mediaType", "type"))
			return
		}
	}
	for _, key := range []string{"resultUrls", "videoUrls", "urls", "output", "outputs", "videos"} {
		f.collect(entry.raw(key), depth)
	}
}

func videoOf(entry object, address string) video.Video {
	clip := video.Video{URL: address, ExpiresAt: entry.time("expiresAt", "expires_at", "expireTime")}
	if width, ok := entry.integer("width"); ok && width > 0 {
		clip.Width = width
	}
	if height, ok := entry.integer("height"); ok && height > 0 {
		clip.Height = height
	}
	if seed, err := strconv.ParseInt(entry.text("seed"), 10, 64); err == nil {
		clip.Seed = &seed
	}
	frame := entry.text("lastFrameImage")
	if frame == "" {
		frame = entry.child("lastFrameImage").text("url")
	}
	if webURL(frame) {
		clip.LastFrameURL = frame
	}
	return clip
}

func (f *finds) add(clip video.Video, kind string) {
	if !webURL(clip.URL) || len(*f) >= maxVideos {
		return
	}
	for i, known := range *f {
		if known.video.URL == clip.URL {
			// The same clip told twice: keep the telling that says more.
			if known.video.Width == 0 && clip.Width != 0 {
				if clip.ExpiresAt.IsZero() {
					clip.ExpiresAt = known.video.ExpiresAt
				}
				(*f)[i] = find{clip, kind}
			}
			return
		}
	}
	if clip.ExpiresAt.IsZero() {
		clip.ExpiresAt = signedUntil(clip.URL)
	}
	*f = append(*f, find{clip, kind})
}

// videos drops stills (a last frame listed as an output of its own) unless
// there is nothing else.
func (f finds) videos() []video.Video {
	var clips, all []video.Video
	for _, found := range f {
		all = append(all, found.video)
		if !strings.HasPrefix(strings.ToLower(found.kind), "image") {
			clips = append(clips, found.video)
		}
	}
	if len(clips) > 0 {
		return clips
	}
	return all
}

// webURL says that text is an absolute http or https URL without a user.
func webURL(text string) bool {
	if text == "" || len(text) > maxURL {
		return false
	}
	parsed, err := url.Parse(text)
	return err == nil && (parsed.Scheme == schemeHTTP || parsed.Scheme == schemeHTTPS) && parsed.Hostname() != "" && parsed.User == nil
}
