package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience is for a busy machine; nothing that passes waits that long.
const patience = 60 * time.Second

func readClip(path string) (data []byte, mediaType string, err error) {
	data, err = os.ReadFile(path)
	return data, "video/mp4", err
}

// need finds a program, skips the test by name, or fails it where the program
// is required.
func need(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err == nil {
		return path
	}
	required := map[string]string{"npm": "node"}[program]
	if required == "" {
		required = program
	}
	if slices.Contains(strings.Split(os.Getenv("SEEDANCE_TEST_REQUIRE"), ","), required) {
		t.Fatalf("%s is required and not installed: %v", program, err)
	}
	t.Skipf("SKIPPED: %s is not installed", program)
	return ""
}

// openBrowser starts Chromium with one window until the test ends.
func openBrowser(t *testing.T) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(need(t, "chromium")), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("hide-scrollbars", true), chromedp.Flag("mute-audio", true),
		chromedp.Flag("lang", "en-GB"), chromedp.Env("TZ=UTC", "LANGUAGE=en_GB"))
	limited, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	allocated, free := chromedp.NewExecAllocator(limited, options...)
	browser, shut := chromedp.NewContext(allocated)
	t.Cleanup(func() {
		shut()
		free()
		cancel()
	})
	if err := chromedp.Do(browser); err != nil {
		t.Fatal("start:", err)
	}
	return browser
}

// openTab opens a window of a size; violations of a page's policy are noted
// from its first line on.
func openTab(t *testing.T, browser context.Context, width, height int64) context.Context {
	t.Helper()
	tab, cancel := chromedp.NewContext(browser)
	t.Cleanup(cancel)
	attach(t, tab)
	do(t, tab, chromedp.EmulateViewport(width, height))
	do(t, tab, chromedp.Func(func(ctx context.Context, frame *chromedp.Target) error {
		if _, err := cdp.Call(ctx, frame, cdppage.BringToFront, cdp.Empty{}); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, frame, cdppage.AddScriptToEvaluateOnNewDocument, cdppage.AddScriptToEvaluateOnNewDocumentParams{Source: `window.violations = [];
document.addEventListener("securitypolicyviolation", (e) => violations.push(e.violatedDirective + " " + e.blockedURI));
window.complaints = [];
window.addEventListener("error", (e) => complaints.push(e.message));
window.addEventListener("unhandledrejection", (e) => complaints.push(String(e.reason)));`})
		return err
	}))
	return tab
}

// attach makes the first contact with a target, which must not have a limit of
// its own: the target ends with it.
func attach(t *testing.T, tab context.Context) {
	t.Helper()
	if err := chromedp.Do(tab); err != nil {
		t.Fatal(err)
	}
}

func do(t *testing.T, tab context.Context, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	limited, cancel := context.WithTimeout(tab, patience)
	defer cancel()
	if err := chromedp.Do(limited, steps...); err != nil {
		t.Fatal(err)
	}
}

// look has the browser prefer a colour scheme.
func look(t *testing.T, tab context.Context, scheme string) {
	t.Helper()
	do(t, tab, chromedp.Func(func(ctx context.Context, frame *chromedp.Target) error {
		_, err := cdp.Call(ctx, frame, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		return err
	}))
}

// evaluate waits for the value of a script in the page.
func evaluate[T any](t *testing.T, tab context.Context, script string) T {
	t.Helper()
	limited, cancel := context.WithTimeout(tab, patience)
	defer cancel()
	byHand := func(p *runtime.EvaluateParams) { p.UserGesture = new(true) } // as a click of a person
	value, err := chromedp.Run(limited, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise, byHand))
	if err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	return value
}

// view is a document in the browser: a page, or the app inside the chat.
type view struct {
	tab context.Context
	// within leads from the page's window to the document's.
	within string
}

// in runs an expression with the view's own window and document.
func (v view) in(expression string) string {
	return "((w) => ((document) => (" + expression + "))(w.document))(" + v.within + ")"
}

func get[T any](t *testing.T, v view, expression string) T {
	t.Helper()
	return evaluate[T](t, v.tab, v.in(expression))
}

// until waits for an expression to become true.
func (v view) until(t *testing.T, expression string) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); {
		if get[bool](t, v, "Boolean("+expression+")") {
			return
		}
		time.Sleep(50 * time.Millisecond) // the page cannot be waited for otherwise
	}
	t.Fatalf("never true: %s\nthe page says: %s", expression, get[string](t, v, "document.body.innerText"))
}

// click presses the button with this label.
func (v view) click(t *testing.T, label string) {
	t.Helper()
	button := fmt.Sprintf("[...document.querySelectorAll('button')].find(b => b.checkVisibility() && (b.textContent === %[1]q || b.getAttribute('aria-label') === %[1]q))", label)
	v.until(t, button)
	get[bool](t, v, "("+button+".click(), true)")
}

// played says what the browser makes of a video once it has its data.
type played struct {
	Width, Height int
	Duration      float64
	Autoplay      bool
	Controls      bool
	Paused        bool
}

// plays waits until the view's video can be played, then plays it a little.
func (v view) plays(t *testing.T) played {
	t.Helper()
	v.until(t, "document.querySelector('.screen video')?.readyState >= 1")
	facts := get[played](t, v, `(() => { const f = document.querySelector('.screen video');
		return {Width: f.videoWidth, Height: f.videoHeight, Duration: f.duration, Autoplay: f.autoplay, Controls: f.controls, Paused: f.paused}; })()`)
	get[bool](t, v, "(() => { const f = document.querySelector('.screen video'); f.muted = true; f.play(); return true; })()")
	v.until(t, "document.querySelector('.screen video').currentTime > 0.2")
	get[bool](t, v, "(document.querySelector('.screen video').pause(), true)")
	return facts
}

func (v view) text(t *testing.T) string {
	t.Helper()
	return get[string](t, v, "document.body.innerText")
}

// clean fails when the page broke its policy or threw.
func (v view) clean(t *testing.T) {
	t.Helper()
	if broken := get[[]string](t, v, "w.violations"); len(broken) > 0 {
		t.Errorf("the page broke its policy: %q", broken)
	}
	if thrown := get[[]string](t, v, "w.complaints || []"); len(thrown) > 0 {
		t.Errorf("the page threw: %q", thrown)
	}
}

// accessible runs axe-core and fails on what is serious or critical.
func (v view) accessible(t *testing.T, name string) {
	t.Helper()
	source, err := os.ReadFile(filepath.Join(install(t), "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(string(source))
	if err != nil {
		t.Fatal(err)
	}
	if v.within == "window" {
		evaluate[bool](t, v.tab, "(window.axe || (0, eval)("+string(encoded)+"), true)")
	} else { // the app's policy allows inline scripts, not eval
		get[bool](t, v, "(() => { const s = document.createElement('script'); s.textContent = "+string(encoded)+"; document.head.append(s); return Boolean(w.axe); })()")
	}
	type finding struct {
		ID, Impact, Help string
		Nodes            []struct{ HTML, FailureSummary string }
	}
	checked := get[struct {
		Passes     int
		Violations []finding
	}](t, v, "w.axe.run(document, {preload: false}).then(r => ({Passes: r.passes.length, Violations: r.violations}))")
	if checked.Passes == 0 {
		t.Errorf("%s: axe checked nothing", name)
	}
	for _, f := range checked.Violations {
		report := fmt.Sprintf("%s: axe: %s (%s): %s %+v", name, f.ID, f.Impact, f.Help, f.Nodes)
		if f.Impact == "serious" || f.Impact == "critical" {
			t.Error(report)
		} else {
			t.Log(report)
		}
	}
}
