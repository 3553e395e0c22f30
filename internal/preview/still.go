package preview

import (
	"bytes"
	"image"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/draw"
	"golang.org/x/image/webp"

	"seedance-mcp/internal/video"
)

// maxPixels bounds what a picture from outside is unpacked to: above 8K.
const maxPixels = 40_000_000

// codec reads one kind of picture.
type codec struct {
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
}

// codecOf knows a picture by its first bytes.
func codecOf(data []byte) (codec, bool) {
	switch {
	case bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")):
		return codec{png.DecodeConfig, png.Decode}, true
	case bytes.HasPrefix(data, []byte("\xff\xd8\xff")):
		return codec{jpeg.DecodeConfig, jpeg.Decode}, true
	case len(data) > 12 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WEBP":
		return codec{webp.DecodeConfig, webp.Decode}, true
	}
	return codec{}, false
}

// still makes a small picture of one from outside.
func still(data []byte) (Picture, error) {
	unreadable := func(why string, err error) error {
		return &video.Error{Code: video.Unavailable, Message: "The last frame that the video service gave cannot be shown: " + why + ".", Err: err}
	}
	is, ok := codecOf(data)
	if !ok {
		return Picture{}, unreadable("it is no PNG, JPEG or WebP picture", nil)
	}
	config, err := is.config(bytes.NewReader(data))
	if err != nil {
		return Picture{}, unreadable("it is damaged", err)
	}
	if config.Width < 1 || config.Height < 1 || config.Width > maxPixels/config.Height {
		return Picture{}, unreadable("it has too many pixels", nil)
	}
	from, err := is.decode(bytes.NewReader(data))
	if err != nil {
		return Picture{}, unreadable("it is damaged", err)
	}
	fit := min(1, stillBox/float64(max(config.Width, config.Height)))
	return encoded(func(scale float64) *image.RGBA {
		out := image.NewRGBA(image.Rect(0, 0, scaled(config.Width, fit*scale), scaled(config.Height, fit*scale)))
		draw.Draw(out, out.Bounds(), image.White, image.Point{}, draw.Src) // behind what is transparent
		draw.ApproxBiLinear.Scale(out, out.Bounds(), from, from.Bounds(), draw.Over, nil)
		return out
	})
}
