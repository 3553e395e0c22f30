package preview

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"os/exec"
	"slices"
	"time"

	"seedance-mcp/internal/video"
)

const (
	// perSecond is how many frames of a second ffmpeg gives.
	perSecond = 8
	// longest is how much of a clip is looked at.
	longest = 10 * time.Minute
	// frameBox is what a frame must fit in, in pixels.
	frameBox = 320
)

// frames decodes the clip once, from start to end, since how long it is must
// not be taken from what its file says.
func (m *Maker) frames(ctx context.Context, path string) (*reel, error) {
	format, err := formatOf(path)
	if err != nil {
		return nil, err
	}
	film := &reel{stride: 1}
	complaints, err := m.decode(ctx, []string{
		"-nostdin", "-hide_banner", "-loglevel", "error",
		"-threads", "2", "-max_pixels", "40000000", "-max_alloc", "1000000000",
		"-protocol_whitelist", "file", "-f", format, "-t", fmt.Sprint(longest.Seconds()), "-i", "file:" + path,
		"-map", "0:v:0", "-an", "-sn", "-dn",
		"-vf", fmt.Sprintf("fps=%d,scale=%d:%d:force_original_aspect_ratio=decrease,setsar=1", perSecond, frameBox, frameBox),
		"-c:v", "ppm", "-pix_fmt", "rgb24", "-f", "image2pipe", "pipe:1",
	}, film.read)
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return nil, errTooLong(ctx)
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case film.seen == 0 || errors.Is(err, errReading):
		return nil, errUndecodable(complaints, err)
	default: // damaged near its end, say: what was seen is shown
		return film, nil
	}
}

// errReading marks that what ffmpeg gave was not understood.
var errReading = errors.New("what ffmpeg gave cannot be read")

// decode runs ffmpeg and hands over what it gives.
func (m *Maker) decode(ctx context.Context, arguments []string, read func(io.Reader) error) (*tail, error) {
	command := limited(ctx, m.ffmpeg(), arguments...)
	complaints := &tail{}
	command.Stderr = complaints
	command.Env = environment()
	command.WaitDelay = time.Second // after the end, for whoever holds its output
	output, err := command.StdoutPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		complaints.text = []byte("it could not be started.")
		return complaints, errors.Join(errReading, err)
	}
	readErr := read(output)
	if readErr != nil {
		readErr = errors.Join(errReading, readErr)
		_ = command.Process.Kill() // it waits for somebody to read on
	}
	return complaints, errors.Join(readErr, command.Wait())
}

func errTooLong(ctx context.Context) error {
	return &video.Error{Code: video.Unavailable, Message: "Looking into the clip took too long.", Err: ctx.Err()}
}

func errUndecodable(complaints *tail, err error) error {
	return &video.Error{
		Code:    video.Unavailable,
		Message: "ffmpeg could not decode the clip: " + video.Clip(complaints.lastLine(), 200),
		Err:     err,
	}
}

// environment is what ffmpeg needs of ours: no keys, no proxies.
func environment() []string {
	env := []string{}
	for _, name := range []string{"PATH", "LD_LIBRARY_PATH", "TMPDIR"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// formatOf is the demuxer for a file, by its first bytes. Naming it keeps
// ffmpeg from formats that are lists of other files.
func formatOf(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", &video.Error{Code: video.Unavailable, Message: "The saved clip cannot be read.", Err: err}
	}
	defer file.Close()
	head := make([]byte, 12)
	n, err := io.ReadFull(file, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return "", &video.Error{Code: video.Unavailable, Message: "The saved clip cannot be read.", Err: err}
	}
	switch {
	case n >= 4 && bytes.HasPrefix(head, []byte{0x1A, 0x45, 0xDF, 0xA3}):
		return "matroska", nil
	case n >= 12 && slices.Contains([]string{"ftyp", "moov", "mdat", "wide", "free", "skip"}, string(head[4:8])):
		return "mov", nil
	}
	return "", &video.Error{Code: video.Unavailable, Message: "The clip is no MP4, QuickTime, WebM or Matroska file."}
}

// reel keeps frames at even distances of a film whose length is not known: each
// time it is full it forgets every second one.
type reel struct {
	frames []*image.RGBA
	stride int // between two kept ones
	seen   int
	last   *image.RGBA
}

// kept is how many frames a reel holds at most: enough for every grid to find
// one near each of its places.
const kept = 4 * cells

func (r *reel) add(frame *image.RGBA) {
	if r.seen%r.stride == 0 {
		if len(r.frames) == kept {
			for i := range kept / 2 {
				r.frames[i] = r.frames[2*i]
			}
			r.frames = r.frames[:kept/2]
			r.stride *= 2
		}
		r.frames = append(r.frames, frame)
	}
	r.last = frame
	r.seen++
}

// at is the kept frame nearest to the n-th of the film, and when it is shown.
func (r *reel) at(n int) (*image.RGBA, time.Duration) {
	if n == r.seen-1 {
		return r.last, time.Duration(n) * time.Second / perSecond
	}
	i := min((n+r.stride/2)/r.stride, len(r.frames)-1)
	return r.frames[i], time.Duration(i*r.stride) * time.Second / perSecond
}

// read takes portable pixmaps one after the other.
func (r *reel) read(from io.Reader) error {
	in := bufio.NewReaderSize(from, 64<<10)
	for {
		frame, err := readPixmap(in, frameBox)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		r.add(frame)
	}
}

// readPixmap reads one binary portable pixmap that fits in a box; io.EOF when
// there is none.
func readPixmap(in *bufio.Reader, box int) (*image.RGBA, error) {
	if _, err := in.Peek(1); err != nil {
		return nil, err
	}
	var width, height, depth int
	if _, err := fmt.Fscanf(in, "P6\n%d %d\n%d\n", &width, &height, &depth); err != nil {
		return nil, fmt.Errorf("the head of a pixmap: %w", noEOF(err))
	}
	if width < 1 || height < 1 || width > box || height > box || depth != 255 {
		return nil, fmt.Errorf("a pixmap of %d×%d, %d", width, height, depth)
	}
	row := make([]byte, 3*width)
	frame := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		if _, err := io.ReadFull(in, row); err != nil {
			return nil, fmt.Errorf("the pixels of a pixmap: %w", noEOF(err))
		}
		line := frame.Pix[y*frame.Stride:]
		for x := range width {
			line[4*x], line[4*x+1], line[4*x+2], line[4*x+3] = row[3*x], row[3*x+1], row[3*x+2], 0xFF
		}
	}
	return frame, nil
}

// noEOF: a film may end between two pictures only.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// tail keeps the end of what ffmpeg complains.
type tail struct{ text []byte }

// Write takes complaints.
func (t *tail) Write(data []byte) (int, error) {
	const most = 2 << 10
	t.text = append(t.text, data[max(0, len(data)-most):]...)
	t.text = t.text[max(0, len(t.text)-most):]
	return len(data), nil
}

func (t *tail) lastLine() string {
	text := bytes.TrimSpace(t.text)
	if len(text) == 0 {
		return "it gave no picture."
	}
	return string(text[bytes.LastIndexByte(text, '\n')+1:])
}

var _ io.Writer = (*tail)(nil)

// plain is the program as it is, without limits of the system.
func plain(ctx context.Context, program string, args []string) *exec.Cmd {
	return exec.CommandContext(ctx, program, args...) //nolint:gosec // the operator's ffmpeg; arguments are ours, the path one that we wrote
}
