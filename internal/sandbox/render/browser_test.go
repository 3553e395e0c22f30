package render_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"seedance-mcp/internal/sandbox/render"
)

// page plays /clip.mp4 and can show any second of it as a PNG.
const page = `<!doctype html><video id="v" src="/clip.mp4" preload="auto" muted></video><script>
const v = document.getElementById("v");
const ready = new Promise((done, failed) => {
	v.oncanplay = done;
	v.onerror = () => failed(new Error("media error " + v.error.code + ": " + v.error.message));
});
async function facts() {
	await ready;
	return {Width: v.videoWidth, Height: v.videoHeight, Duration: v.duration, Failed: v.error !== null};
}
// At the seeked event Chromium may still show the frame before: the callback
// tells which frame is up.
async function shot(second) {
	await ready;
	await new Promise(done => {
		const shown = (now, frame) => {
			if (Math.abs(frame.mediaTime - second) < 0.1) { done(); } else { v.requestVideoFrameCallback(shown); }
		};
		v.requestVideoFrameCallback(shown);
		v.currentTime = second;
	});
	const canvas = document.createElement("canvas");
	canvas.width = v.videoWidth;
	canvas.height = v.videoHeight;
	canvas.getContext("2d").drawImage(v, 0, 0);
	return canvas.toDataURL("image/png");
}
async function play() {
	await ready;
	v.currentTime = v.duration - 0.5;
	await new Promise((done, failed) => { v.onended = done; v.play().catch(failed); });
	return v.currentTime;
}
</script>`

// A browser plays the clip, seeks in it and shows what Frame draws.
func TestBrowserPlaysClips(t *testing.T) {
	chromium := render.Tool(t, "chromium", "chromium")
	// The allocator makes a fresh profile folder and removes it.
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	// Generous: the machine may be busy. A stuck browser must still end.
	limited, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	allocated, cancel := chromedp.NewExecAllocator(limited, options...)
	defer cancel()
	browser, cancel := chromedp.NewContext(allocated)
	defer cancel()
	if err := chromedp.Do(browser); err != nil {
		t.Fatal("start:", err)
	}
	for _, s := range []render.Spec{
		{Width: 752, Height: 560, Seconds: 5, Prompt: pandaPrompt, Model: "seedance-20", Seed: 1},
		{Width: 630, Height: 1470, Seconds: 4, Prompt: "熊猫 🐼 surfs", Model: "seedance-20-fast", Seed: 2},
	} {
		t.Run(fmt.Sprintf("%dx%d", s.Width, s.Height), func(t *testing.T) { playInBrowser(t, browser, s) })
	}
}

func playInBrowser(t *testing.T, browser context.Context, s render.Spec) {
	file := clip(t, s)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/clip.mp4" {
			http.ServeContent(w, r, "clip.mp4", time.Time{}, bytes.NewReader(file))
			return
		}
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(page))
	}))
	defer server.Close()
	tab, cancel := chromedp.NewContext(browser)
	defer cancel()

	if err := chromedp.Do(tab, chromedp.Navigate(server.URL)); err != nil {
		t.Fatal(err)
	}
	facts := evaluate[struct {
		Width, Height int
		Duration      float64
		Failed        bool
	}](t, tab, "facts()")
	early := evaluate[string](t, tab, "shot(0.52)")
	late := evaluate[string](t, tab, "shot(3.02)")
	ended := evaluate[float64](t, tab, "play()")
	if facts.Failed || facts.Width != s.Width || facts.Height != s.Height || math.Abs(facts.Duration-float64(s.Seconds)) > 1e-6 {
		t.Errorf("the browser sees %+v", facts)
	}
	if math.Abs(ended-float64(s.Seconds)) > 0.1 {
		t.Errorf("played to %v s", ended)
	}
	if early == late {
		t.Error("both times look alike")
	}
	for at, shot := range map[float64]string{0.52: early, 3.02: late} {
		if db := psnr(frame(t, s, at), decodeDataURL(t, shot)); db < 30 {
			t.Errorf("at %v s: PSNR %.1f dB", at, db)
		}
	}
}

// evaluate waits for the value of a script in the page.
func evaluate[T any](t *testing.T, tab context.Context, script string) T {
	t.Helper()
	value, err := chromedp.Run(tab, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	return value
}

// decodeDataURL is the picture in a data URL.
func decodeDataURL(t *testing.T, url string) *image.RGBA {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(url, "data:image/png;base64,"))
	if err != nil {
		t.Fatal(err)
	}
	decoded, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	img := image.NewRGBA(decoded.Bounds())
	draw.Draw(img, img.Rect, decoded, decoded.Bounds().Min, draw.Src)
	return img
}
