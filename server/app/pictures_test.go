package app_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// pictures is the folder that the documents' pictures are written to.
var pictures = flag.String("pictures", "", "`folder` to write pictures of the pages to, such as ../../docs/images")

// maxPicture keeps the documents light.
const maxPicture = 150 << 10

// shoot takes a picture of the tab and, when asked to, keeps it.
func shoot(t *testing.T, tab context.Context, name string) {
	t.Helper()
	picture, err := chromedp.Run(tab, chromedp.Action[[]byte](func(ctx context.Context, frame *chromedp.Target) ([]byte, error) {
		shot, err := cdp.Call(ctx, frame, cdppage.CaptureScreenshot, cdppage.CaptureScreenshotParams{Format: cdppage.CaptureScreenshotFormatPng})
		return shot.Data, err
	}))
	if err != nil {
		t.Fatal(err)
	}
	if len(picture) == 0 || len(picture) > maxPicture {
		t.Errorf("%s has %d bytes", name, len(picture))
	}
	if *pictures == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(*pictures, name), picture, 0o600); err != nil {
		t.Fatal(err)
	}
}

// The pages as the documents show them: in both schemes and on a narrow
// screen nothing is cut off or wider than the window.
func TestPictures(t *testing.T) {
	d := desk{browser: openBrowser(t), host: hostFiles(t, "today.js")}
	t.Run("chat", func(t *testing.T) { chatPictures(t, d) })
	t.Run("gallery", func(t *testing.T) { galleryPictures(t, d.browser) })
}

func chatPictures(t *testing.T, d desk) {
	c := newChat(t, d, setup{speed: 1, held: true}, 760, 560)
	args := map[string]any{"prompt": "A red fox runs through fresh snow at dawn, low camera, soft light.", "duration": 5, "resolution": "480p"}
	const asked = "Make a 5 second clip of a red fox running through fresh snow."
	v := c.show(map[string]any{"tool": "generate_video", "args": args, "said": asked})
	// On a slow machine the time that it usually takes may be over: then the bar tells no share.
	v.until(t, "(bar => bar?.value > 0.45 || (bar && !bar.hasAttribute('value')))(document.querySelector('progress'))")
	shoot(t, c.tab, "player-rendering.png")
	c.time.Go()
	v.plays(t)
	do(t, c.tab, chromedp.EmulateViewport(760, 900))
	atSecond(t, v, 1.5)
	v.until(t, "document.body.innerText.includes('Took')")
	shoot(t, c.tab, "player-finished.png")

	unsure := map[string]any{"prompt": "A paper boat sails down a rainy street. [sandbox:create-lost]", "duration": 5, "resolution": "480p"}
	do(t, c.tab, chromedp.EmulateViewport(760, 620))
	v = c.show(map[string]any{"tool": "generate_video", "args": unsure, "said": "A paper boat on a rainy street, please."})
	v.until(t, "document.querySelector('.badge.warn')")
	c.until(t, "log.sizes.at(-1) > 200")
	shoot(t, c.tab, "player-unconfirmed.png")

	refused := map[string]any{"prompt": "A city in fog [sandbox:fail-text]", "duration": 5, "resolution": "480p"}
	do(t, c.tab, chromedp.EmulateViewport(380, 640))
	v = c.show(map[string]any{"tool": "generate_video", "args": refused, "said": "A city in fog", "theme": "dark"})
	v.until(t, "document.querySelector('.badge.bad')")
	if get[bool](t, v, "document.documentElement.scrollWidth > w.innerWidth") {
		t.Error("the player is wider than a narrow chat")
	}
	shoot(t, c.tab, "player-failed-narrow.png")
}

// settled waits until every colour has faded over to the dark scheme.
func settled(t *testing.T, v view) {
	t.Helper()
	v.until(t, "[...document.querySelectorAll('.tools button:not([aria-pressed=true]), .actions button:not(.primary)')].every(b => w.getComputedStyle(b).backgroundColor === 'rgb(22, 22, 24)')")
}

// atSecond shows a video at one point of it.
func atSecond(t *testing.T, v view, second float64) {
	t.Helper()
	get[bool](t, v, fmt.Sprintf(`new Promise(done => {
		const f = document.querySelector('.screen video'), second = %v;
		f.pause();
		// At the seeked event the frame before may still be up.
		const shown = (now, frame) => {
			if (Math.abs(frame.mediaTime - second) < 0.1) { done(true); } else { f.requestVideoFrameCallback(shown); }
		};
		f.requestVideoFrameCallback(shown);
		f.currentTime = second;
	})`, second))
}

func galleryPictures(t *testing.T, browser context.Context) {
	w := newWorld(t, setup{speed: 8})
	for _, prompt := range []string{
		"A red fox runs through fresh snow at dawn", "Waves break over a lighthouse at night", "A paper boat on a rainy street [sandbox:create-lost]",
		"A kite over yellow dunes", "A city in fog [sandbox:fail-text]",
	} {
		w.finished(t, "", w.order(t, "", prompt, nil))
	}
	w.order(t, "", "Hot-air balloons rise over a valley [sandbox:stuck]", nil)
	v := openGallery(t, browser, w, "/ui", 1000, 720)
	look(t, v.tab, "light")
	v.until(t, "document.querySelectorAll('.picture video').length === 3 && [...document.querySelectorAll('.picture video')].every(f => f.readyState >= 2)")
	shoot(t, v.tab, "gallery.png")
	look(t, v.tab, "dark")
	settled(t, v)
	openCard(t, v, "lighthouse")
	v.plays(t)
	atSecond(t, v, 2.5)
	shoot(t, v.tab, "gallery-player.png")
	v.click(t, "Close")
	do(t, v.tab, chromedp.EmulateViewport(380, 720))
	if get[bool](t, v, "document.documentElement.scrollWidth > w.innerWidth") {
		t.Error("the gallery is wider than a narrow window")
	}
	shoot(t, v.tab, "gallery-narrow.png")
	openCard(t, v, "lighthouse")
	v.plays(t)
	if get[bool](t, v, "document.querySelector('dialog').scrollWidth > document.querySelector('dialog').clientWidth") {
		t.Error("the player is wider than a narrow window")
	}
}
