package tools

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
)

// The families of media types.
const (
	familyImage = "image"
	familyVideo = "video"
	familyAudio = "audio"

	typeJPEG = "image/jpeg"
	typeMP4  = "video/mp4"
	typeM4A  = "audio/mp4"
	typeMOV  = "video/quicktime"
	typeMP3  = "audio/mpeg"
	typeWAV  = "audio/wav"
)

// mediaTypes are the files that can be references: extension and type.
var mediaTypes = [][2]string{
	{".jpg", typeJPEG}, {".jpeg", typeJPEG}, {".png", "image/png"}, {".webp", "image/webp"},
	{".mp4", typeMP4}, {".mov", typeMOV}, {".webm", "video/webm"},
	{".mp3", typeMP3}, {".wav", typeWAV}, {".m4a", typeM4A},
}

// asset is a reference's content, and what its name or data URI says it is.
type asset struct {
	name, mediaType string
	content         []byte
}

// asItIs is the asset under the type that its bytes are of: a JPEG called .png
// is common and the service would refuse it. What is no image, video or audio,
// or of another family than it says, is refused: it may be a file that nobody
// meant to give away.
func (a asset) asItIs() (asset, error) {
	family, _, _ := strings.Cut(a.mediaType, "/")
	actual := typesOf(a.content)
	switch {
	case slices.Contains(actual, a.mediaType):
		return a, nil
	case len(actual) == 0 && strings.HasPrefix(http.DetectContentType(a.content), "text/"):
		return asset{}, errors.New("its content is text")
	case len(actual) == 0:
		return asset{}, fmt.Errorf("its content is not %s", a.mediaType)
	case !strings.HasPrefix(actual[0], family+"/"):
		return asset{}, fmt.Errorf("its content is %s, not %s", actual[0], a.mediaType)
	}
	at := slices.IndexFunc(mediaTypes, func(m [2]string) bool { return m[1] == actual[0] })
	if at < 0 {
		return asset{}, fmt.Errorf("its content is %s, which cannot be a reference", actual[0])
	}
	a.name = strings.TrimSuffix(a.name, path.Ext(a.name)) + mediaTypes[at][0]
	a.mediaType = mediaTypes[at][1]
	return a, nil
}

// typesOf are the media types that a file's first bytes can be, the likeliest
// first; none for what is no image, video or audio.
func typesOf(content []byte) []string {
	if len(content) >= 12 && string(content[4:8]) == "ftyp" {
		return typesOfContainer(string(content[8:12]))
	}
	if len(content) >= 3 && content[0] == 0xFF && content[1]&0xE6 == 0xE2 {
		return []string{typeMP3} // a layer III frame without a tag before it
	}
	if bytes.HasPrefix(content, []byte("\x00\x00\x00")) && len(content) >= 8 && slices.Contains([]string{"moov", "mdat", "wide", "free"}, string(content[4:8])) {
		return []string{typeMOV} // from before ftyp
	}
	switch found := http.DetectContentType(content); found {
	case "audio/wave":
		return []string{typeWAV}
	default:
		family, _, _ := strings.Cut(found, "/")
		if family == familyImage || family == familyVideo || family == familyAudio {
			return []string{found}
		}
		return nil
	}
}

// typesOfContainer reads the brand of the container that MP4, QuickTime, M4A
// and some pictures share. A general brand says neither sound nor pictures.
func typesOfContainer(brand string) []string {
	switch brand {
	case "qt  ":
		return []string{typeMOV}
	case "M4A ", "M4B ", "M4P ":
		return []string{typeM4A}
	case "heic", "heix", "mif1", "msf1", "avif", "avis":
		return []string{"image/heif"}
	default:
		return []string{typeMP4, typeM4A, typeMOV}
	}
}
