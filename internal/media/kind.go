package media

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"mime"
	"strings"

	"seedance-mcp/internal/video"
)

// headBytes are enough to tell what a file is.
const headBytes = 512

// kind is a sort of video.
type kind struct {
	mediaType string
	ending    string
}

var (
	mp4  = kind{"video/mp4", ".mp4"}
	mov  = kind{"video/quicktime", ".mov"}
	webm = kind{"video/webm", ".webm"}
	mkv  = kind{"video/matroska", ".mkv"}
)

func kinds() []kind { return []kind{mp4, mov, webm, mkv} }

// kindOf tells a video by its first bytes; servers often declare a wrong type.
func kindOf(head []byte) (kind, bool) {
	if bytes.HasPrefix(head, []byte{0x1A, 0x45, 0xDF, 0xA3}) {
		if bytes.Contains(head[:min(len(head), 64)], []byte("webm")) {
			return webm, true
		}
		return mkv, true
	}
	if len(head) < 12 {
		return kind{}, false
	}
	switch string(head[4:8]) {
	case "ftyp":
		switch brand := string(head[8:12]); brand {
		case "qt  ":
			return mov, true
		case "heic", "heix", "mif1", "msf1", "avif", "avis", "M4A ", "M4B ", "crx ":
			return kind{}, false // pictures and sound in the same container
		}
		return mp4, true
	case "moov", "mdat", "wide", "free", "skip", "pnot": // QuickTime before ftyp
		return mov, true
	}
	return kind{}, false
}

// checkType refuses an answer that is no video. Pages of text are often what a
// server says in passing, so they are worth another try; other files are not.
func checkType(declared string, head []byte, host string) error {
	given, _, err := mime.ParseMediaType(declared)
	if err != nil {
		given = ""
	}
	_, isVideo := kindOf(head)
	page := textual(given) || (!isVideo && looksTextual(head))
	if isVideo && (!textual(given) || given == "text/plain") {
		return nil
	}
	if given == "" {
		given = "no type"
	}
	given = video.Clip(given, 60)
	if !page && len(head) > 0 {
		return &video.Error{
			Code:       video.Invalid,
			Message:    "What " + host + " sent is no video (" + given + "): its first bytes are not those of MP4, QuickTime, WebM or Matroska.",
			Suggestion: "Call get_task_status to see whether the task has another link.",
		}
	}
	message := host + " sent a page (" + given + ") instead of the video"
	switch said := video.Clip(string(head), 160); {
	case len(head) == 0:
		message = host + " sent an empty file instead of the video"
	case !strings.Contains(given, "html") && !strings.HasPrefix(said, "<"):
		message += ": " + said
	}
	return &video.Error{
		Code:       video.Unavailable,
		Message:    message + ".",
		Suggestion: "Call get_task_status for a fresh link, then download_video again.",
	}
}

func textual(mediaType string) bool {
	return strings.HasPrefix(mediaType, "text/") || mediaType == "application/json" || mediaType == "application/xml" ||
		mediaType == "application/xhtml+xml" || strings.HasSuffix(mediaType, "+json") || strings.HasSuffix(mediaType, "+xml")
}

func looksTextual(head []byte) bool {
	start := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xEF\xBB\xBF")), " \t\r\n")
	return len(start) > 0 && strings.IndexByte(`<{["`, start[0]) >= 0
}

// whole says that the boxes of an MP4 or QuickTime file end where the file
// ends: the only sign of a cut where a server tells no length. Other kinds
// are taken as they are.
func whole(r io.ReaderAt, size int64) (bool, error) {
	head := make([]byte, 16)
	for at := int64(0); at < size; {
		n, err := r.ReadAt(head, at)
		if err != nil && !errors.Is(err, io.EOF) {
			return false, err
		}
		if n < 8 {
			return false, nil
		}
		length := int64(binary.BigEndian.Uint32(head))
		switch {
		case length == 0: // to the end of the file
			return true, nil
		case length == 1 && n == 16:
			length = int64(min(binary.BigEndian.Uint64(head[8:]), 1<<62))
			if length < 16 {
				return false, nil
			}
		case length < 8:
			return false, nil
		}
		if length > size-at {
			return false, nil
		}
		at += length
	}
	return true, nil
}
