package docs

import (
	"context"
	"encoding/json"
	"flag"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// pictures is the folder that the documents' pictures are written to.
var pictures = flag.String("pictures", "", "`folder` to write the picture of the terminal to, such as ../../docs/images")

// maxPicture keeps the documents light.
const maxPicture = 150 << 10

// terminalPage is a terminal's window; its text goes where %TEXT% stands.
const terminalPage = `<!doctype html><meta charset="utf-8"><style>
html, body { margin: 0; background: #fff; width: max-content }
main { margin: 16px; border-radius: 10px; background: #16181d; color: #d7dae0; box-shadow: 0 4px 14px #0005; width: max-content }
header { padding: 10px 14px; display: flex; gap: 7px }
header i { width: 11px; height: 11px; border-radius: 50%; background: #4a4f59 }
pre { margin: 0; padding: 4px 18px 18px; font: 14px/1.45 "DejaVu Sans Mono", monospace }
b { color: #7ee0a1; font-weight: normal }
</style><main><header><i></i><i></i><i></i></header><pre>%TEXT%</pre></main>`

// TestTerminalPicture draws what the first command of the quick start prints;
// with -pictures it is kept.
func TestTerminalPicture(t *testing.T) {
	browser := need(t, "chromium")
	const wish = "a red fox running through fresh snow"
	line := "seedance-mcp generate \"" + wish + "\""
	home := t.TempDir()
	cmd := exec.CommandContext(t.Context(), program, "generate", wish)
	cmd.Env = []string{"HOME=" + home, "PATH=" + os.Getenv("PATH"), "SEEDANCE_SANDBOX_SPEED=20"}
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	shown := "<b>$</b> " + html.EscapeString(line+"\n"+strings.ReplaceAll(string(out), home, "/home/you"))
	page := filepath.Join(t.TempDir(), "terminal.html")
	if err := os.WriteFile(page, []byte(strings.ReplaceAll(terminalPage, "%TEXT%", shown)), 0o600); err != nil {
		t.Fatal(err)
	}
	picture := draw(t, browser, "file://"+page)
	if len(picture) == 0 || len(picture) > maxPicture {
		t.Errorf("the picture has %d bytes, at most %d", len(picture), maxPicture)
	}
	if *pictures != "" {
		if err := os.WriteFile(filepath.Join(*pictures, "terminal.png"), picture, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// draw takes a picture of a page, as large as its content.
func draw(t *testing.T, browser, address string) []byte {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(browser), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("hide-scrollbars", true))
	limited, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	allocated, free := chromedp.NewExecAllocator(limited, options...)
	defer free()
	tab, shut := chromedp.NewContext(allocated)
	defer shut()
	if err := chromedp.Do(tab); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(tab, chromedp.Navigate(address)); err != nil {
		t.Fatal(err)
	}
	size, err := chromedp.Run(tab, chromedp.Evaluate[string](`JSON.stringify([document.documentElement.offsetWidth, document.documentElement.offsetHeight])`))
	if err != nil {
		t.Fatal(err)
	}
	var sides [2]int64
	if err := json.Unmarshal([]byte(size), &sides); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(tab, chromedp.EmulateViewport(sides[0], sides[1])); err != nil {
		t.Fatal(err)
	}
	picture, err := chromedp.Run(tab, chromedp.Action[[]byte](func(ctx context.Context, frame *chromedp.Target) ([]byte, error) {
		shot, err := cdp.Call(ctx, frame, cdppage.CaptureScreenshot, cdppage.CaptureScreenshotParams{Format: cdppage.CaptureScreenshotFormatPng})
		return shot.Data, err
	}))
	if err != nil {
		t.Fatal(err)
	}
	return picture
}
