package render_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"seedance-mcp/internal/sandbox/render"
)

// Every size and length is decoded whole by strict, real software, which must
// see what Frame draws.
func TestFFmpegPlaysClips(t *testing.T) {
	ffmpeg, ffprobe := render.Tool(t, "ffmpeg", "ffmpeg"), render.Tool(t, "ffprobe", "ffmpeg")
	for _, s := range []render.Spec{
		{Width: 64, Height: 64, Seconds: 1},
		{Width: 752, Height: 560, Seconds: 4},
		{Width: 864, Height: 496, Seconds: 12, Seed: 3},
		{Width: 1112, Height: 834, Seconds: 2, FPS: 25},
		{Width: 1470, Height: 630, Seconds: 2, FPS: 30, Prompt: "熊猫 🐼"},
		{Width: 630, Height: 1470, Seconds: 1, FPS: 60, Seed: 4},
		{Width: 2206, Height: 946, Seconds: 1, FPS: 3},
		{Width: 3840, Height: 2160, Seconds: 1, FPS: 2},
		{Width: 320, Height: 180, Seconds: 30, FPS: 1, Seed: 5},
	} {
		if s.Prompt == "" {
			s.Prompt = pandaPrompt
		}
		s.Model = "seedance-20"
		t.Run(fmt.Sprintf("%dx%d %ds", s.Width, s.Height, s.Seconds), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "clip.mp4")
			if err := os.WriteFile(path, clip(t, s), 0o600); err != nil {
				t.Fatal(err)
			}
			if s.FPS == 0 {
				s.FPS = render.DefaultFPS
			}
			probe(t, ffprobe, path, s)
			last := s.Seconds*s.FPS - 1
			for _, n := range []int{0, last / 2, last} {
				got := decode(t, ffmpeg, path, s, n)
				want := frame(t, s, float64(n)/float64(s.FPS))
				least := 35.0
				if s.Width == 64 {
					least = 32 // nothing but small coloured things: 4:2:0 loses more
				}
				if db := psnr(want, got); db < least {
					t.Errorf("frame %d: PSNR %.1f dB", n, db)
				}
			}
		})
	}
}

// probe decodes all pictures and compares what ffprobe says of the stream.
func probe(t *testing.T, ffprobe, path string, s render.Spec) {
	t.Helper()
	out := run(t, exec.Command(ffprobe, "-v", "error", "-err_detect", "explode", "-count_frames", "-of", "json",
		"-show_entries", "stream=codec_name,profile,width,height,pix_fmt,color_space,color_range,r_frame_rate,nb_read_frames,duration:format=duration,nb_streams", path))
	var told struct {
		Streams []struct {
			CodecName  string `json:"codec_name"`
			Profile    string `json:"profile"`
			Width      int    `json:"width"`
			Height     int    `json:"height"`
			PixFmt     string `json:"pix_fmt"`
			ColorSpace string `json:"color_space"`
			ColorRange string `json:"color_range"`
			Rate       string `json:"r_frame_rate"`
			Frames     string `json:"nb_read_frames"`
			Duration   string `json:"duration"`
		} `json:"streams"`
		Format struct {
			Duration string `json:"duration"`
		} `json:"format"`
	}
	if err := json.Unmarshal(out, &told); err != nil || len(told.Streams) != 1 {
		t.Fatalf("ffprobe: %v: %s", err, out)
	}
	v := told.Streams[0]
	got := fmt.Sprint(v.CodecName, " ", v.Profile, " ", v.Width, "×", v.Height, " ", v.PixFmt, " ", v.ColorSpace, " ", v.ColorRange, " ", v.Rate, " ", v.Frames, " ", v.Duration, " ", told.Format.Duration)
	want := fmt.Sprintf("h264 Constrained Baseline %d×%d yuv420p bt709 tv %d/1 %d %d.000000 %d.000000", s.Width, s.Height, s.FPS, s.Seconds*s.FPS, s.Seconds, s.Seconds)
	if got != want {
		t.Errorf("ffprobe:\n got %s\nwant %s", got, want)
	}
}

// decode plays the whole file and returns picture n.
func decode(t *testing.T, ffmpeg, path string, s render.Spec, n int) *image.RGBA {
	t.Helper()
	raw := run(t, exec.Command(ffmpeg, "-v", "error", "-xerror", "-err_detect", "explode", "-i", path,
		"-vf", fmt.Sprintf("select=eq(n\\,%d),scale=in_color_matrix=bt709:in_range=tv:flags=accurate_rnd+full_chroma_int", n),
		"-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "rgba", "pipe:1"))
	img := image.NewRGBA(image.Rect(0, 0, s.Width, s.Height))
	if len(raw) != len(img.Pix) {
		t.Fatalf("frame %d: %d bytes decoded, want %d", n, len(raw), len(img.Pix))
	}
	copy(img.Pix, raw)
	return img
}

// run runs a program that must neither fail nor complain.
func run(t *testing.T, command *exec.Cmd) []byte {
	t.Helper()
	var complaints bytes.Buffer
	command.Stderr = &complaints
	out, err := command.Output()
	if err != nil || complaints.Len() > 0 {
		t.Fatalf("%s: %v: %s", filepath.Base(command.Path), err, complaints.String())
	}
	return out
}

// psnr is the likeness of two pictures of one size in dB.
func psnr(a, b *image.RGBA) float64 {
	sum := 0.0
	for i := range a.Pix {
		d := float64(a.Pix[i]) - float64(b.Pix[i])
		sum += d * d
	}
	if sum == 0 {
		return math.Inf(1)
	}
	return 10 * math.Log10(255*255*float64(len(a.Pix)*3/4)/sum)
}
