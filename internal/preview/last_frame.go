package preview

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"io"

	"seedance-mcp/internal/video"
)

const (
	// tailSeconds is how much of a clip's end is decoded for its last frame.
	tailSeconds = 2
	// fullBox is what a frame in its full size must fit in: 8K.
	fullBox = 8192
	// frameQuality keeps what the next video begins with close to the clip.
	frameQuality = 95
)

// LastFrame is the last frame of a clip in its full size, as JPEG: the first
// frame of a video that continues it. It needs ffmpeg.
func (m *Maker) LastFrame(ctx context.Context, v video.Video) ([]byte, error) {
	if !m.SeesClips() {
		return nil, &video.Error{
			Code:    video.Unavailable,
			Message: "The last frame cannot be taken out of the clip, because ffmpeg is not installed.",
		}
	}
	path, done, err := m.onDisk(ctx, v)
	if err != nil {
		return nil, err
	}
	defer done()
	ctx, cancel := context.WithTimeout(ctx, m.limit)
	defer cancel()
	format, err := formatOf(path)
	if err != nil {
		return nil, err
	}
	// From near the end; a clip that cannot be sought in, from its start.
	frame, err := m.lastOf(ctx, format, path, "-sseof", fmt.Sprint(-tailSeconds))
	if frame == nil && ctx.Err() == nil {
		frame, err = m.lastOf(ctx, format, path, "-t", fmt.Sprint(longest.Seconds()))
	}
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, frame, &jpeg.Options{Quality: frameQuality}); err != nil {
		return nil, fmt.Errorf("code a last frame: %w", err)
	}
	return out.Bytes(), nil
}

// lastOf decodes a part of the clip and keeps its last frame.
func (m *Maker) lastOf(ctx context.Context, format, path string, part ...string) (*image.RGBA, error) {
	arguments := []string{
		"-nostdin", "-hide_banner", "-loglevel", "error", "-threads", "2", "-max_pixels", "40000000", "-max_alloc", "1000000000",
		"-protocol_whitelist", "file", "-f", format,
	}
	arguments = append(append(arguments, part...), "-i", "file:"+path, "-map", "0:v:0", "-an", "-sn", "-dn",
		"-c:v", "ppm", "-pix_fmt", "rgb24", "-f", "image2pipe", "pipe:1")
	var last *image.RGBA
	complaints, err := m.decode(ctx, arguments, func(output io.Reader) error {
		in := bufio.NewReaderSize(output, 1<<20)
		for {
			frame, err := readPixmap(in, fullBox)
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			last = frame
		}
	})
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return nil, errTooLong(ctx)
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case last == nil:
		return nil, errUndecodable(complaints, err)
	}
	return last, nil
}
