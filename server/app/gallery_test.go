package app_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"
)

// openGallery opens /ui in a new tab.
func openGallery(t *testing.T, browser context.Context, w *world, path string, width, height int64) view {
	t.Helper()
	tab := openTab(t, browser, width, height)
	do(t, tab, chromedp.Navigate(w.url+path))
	return view{tab: tab, within: "window"}
}

func (v view) cards(t *testing.T) []string {
	t.Helper()
	return get[[]string](t, v, "[...document.querySelectorAll('.card .name')].map(e => e.textContent)")
}

// choose presses one of the filters and waits for its list.
func (v view) choose(t *testing.T, label string, count int) []string {
	t.Helper()
	v.click(t, label)
	v.until(t, fmt.Sprintf("!document.querySelector('#videos').ariaBusy && document.querySelectorAll('.card').length === %d", count))
	return v.cards(t)
}

// The gallery at /ui, served as the http command does it.
func TestGallery(t *testing.T) {
	chrome := openBrowser(t)
	for _, test := range []struct {
		name string
		run  func(*testing.T, context.Context)
	}{
		{"shows and plays", galleryShowsAndPlays},
		{"follows what runs", galleryFollowsWhatRuns},
		{"loads more", galleryLoadsMore},
		{"keeps callers apart", galleryKeepsCallersApart},
		{"shows hostile text as text", galleryShowsHostileTextAsText},
		{"tells that the server is gone", galleryTellsThatTheServerIsGone},
		{"by keyboard", galleryByKeyboard},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, chrome) })
	}
}

// The gallery shows the caller's tasks, filters and finds them, and plays one.
func galleryShowsAndPlays(t *testing.T, chrome context.Context) {
	w := newWorld(t, setup{})
	long := "A red fox in the snow. " + strings.Repeat("It looks back once. ", 15) + "Then it is gone."
	for _, prompt := range []string{long, "A lighthouse at night [sandbox:fail-text]", "A paper boat [sandbox:create-lost]"} {
		w.finished(t, "", w.order(t, "", prompt, nil))
	}
	w.order(t, "", "A slow river [sandbox:stuck]", nil)
	v := openGallery(t, chrome, w, "/ui", 1100, 900)
	v.until(t, "document.querySelectorAll('.card').length === 4")
	cards := v.cards(t)
	if !strings.HasPrefix(cards[0], "A slow river") || !strings.HasPrefix(cards[3], "A red fox") {
		t.Errorf("not newest first: %q", cards)
	}
	text := v.text(t)
	for _, words := range []string{"Your videos", "4 videos", "Sandbox: no credits spent", "Ready", "Failed", "Not confirmed", "75 credits"} {
		if !strings.Contains(text, words) {
			t.Errorf("the gallery does not say %q: %s", words, text)
		}
	}
	v.accessible(t, "gallery")
	for label, prompt := range map[string]string{"Running": "A slow river", "Finished": "A red fox", "Failed": "A lighthouse", "Not confirmed": "A paper boat"} {
		if cards := v.choose(t, label, 1); !strings.HasPrefix(cards[0], prompt) {
			t.Errorf("%s shows %q", label, cards)
		}
	}
	v.choose(t, "All", 4)
	search := func(words string) {
		get[bool](t, v, fmt.Sprintf("(() => { const s = document.querySelector('#search'); s.value = %q; s.dispatchEvent(new Event('input')); return true; })()", words))
	}
	search("paper")
	v.until(t, "document.querySelectorAll('.card').length === 1")
	search("no such words")
	v.until(t, "document.body.innerText.includes('Nothing matches')")
	v.accessible(t, "nothing found")
	search("")
	v.until(t, "document.querySelectorAll('.card').length === 4")

	// The still of a finished video is its own picture.
	v.until(t, "document.querySelector('.picture video')?.readyState >= 2")

	openCard(t, v, "A red fox")
	if facts := v.plays(t); math.Abs(facts.Duration-5) > 0.1 || facts.Width != 864 || facts.Autoplay {
		t.Errorf("the video is %+v", facts)
	}
	v.accessible(t, "player")
	link := get[map[string]string](t, v, "(({href, target, rel}) => ({href, target, rel}))(document.querySelector('dialog a'))")
	if !strings.HasPrefix(link["href"], w.url+"/sandbox/media/") || link["target"] != "_blank" || link["rel"] != "noopener noreferrer" {
		t.Errorf("the link is %v", link)
	}
	grant(t, v, w.url)
	v.click(t, "Copy link")
	v.until(t, "document.querySelector('dialog .said').textContent === 'Link copied.'")
	if copied := get[string](t, v, "w.navigator.clipboard.readText()"); !strings.HasPrefix(copied, w.url+"/sandbox/media/") {
		t.Errorf("copied %q", copied)
	}
	v.click(t, "Copy prompt") // shown shortened, copied whole
	v.until(t, "document.querySelector('dialog .said').textContent === 'Prompt copied.'")
	if copied := get[string](t, v, "w.navigator.clipboard.readText()"); copied != long {
		t.Errorf("copied %q", copied)
	}
	if at := get[string](t, v, "w.location.hash"); !strings.HasPrefix(at, "#vid_") {
		t.Errorf("the address does not name the video: %q", at)
	}
	v.click(t, "Close")
	if focus := get[string](t, v, "document.activeElement.textContent"); !strings.HasPrefix(focus, "A red fox") {
		t.Errorf("the focus went to %q", focus)
	}

	openCard(t, v, "A paper boat")
	v.until(t, "document.querySelector('dialog .badge.warn')")
	if text := v.text(t); !strings.Contains(text, "may have been accepted and charged") || !strings.Contains(text, "--upstream-id") {
		t.Error("unconfirmed is not told plainly:", text)
	}
	v.click(t, "Check again")
	v.until(t, "document.querySelector('dialog .said').textContent === 'Checked just now.'")
	v.accessible(t, "unconfirmed")
	v.clean(t)
}

func openCard(t *testing.T, v view, prompt string) {
	t.Helper()
	card := fmt.Sprintf("[...document.querySelectorAll('.card')].find(c => c.textContent.includes(%q))", prompt)
	v.until(t, card)
	get[bool](t, v, "("+card+".focus(), "+card+".click(), true)")
	v.until(t, "document.querySelector('dialog[open] .badge')")
}

// grant lets the page read the clipboard back.
func grant(t *testing.T, v view, origin string) {
	t.Helper()
	do(t, v.tab, chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		var err error
		for _, name := range []string{"clipboard-read", "clipboard-write"} {
			_, failed := cdp.Call(ctx, tab, browser.SetPermission, browser.SetPermissionParams{
				Permission: &browser.PermissionDescriptor{Name: name}, Setting: browser.PermissionSettingGranted, Origin: origin,
			})
			err = errors.Join(err, failed)
		}
		return err
	}))
}

// A task that ends while its page is open is shown as ended, in the list and
// in the player, and a new one appears by itself.
func galleryFollowsWhatRuns(t *testing.T, chrome context.Context) {
	w := newWorld(t, setup{held: true})
	w.order(t, "", "A kite over dunes", nil)
	v := openGallery(t, chrome, w, "/ui", 900, 800)
	openCard(t, v, "A kite over dunes")
	v.until(t, "document.querySelector('dialog progress')")
	w.order(t, "", "A second kite", nil)
	w.time.Go()
	v.plays(t)
	v.click(t, "Close")
	v.until(t, "document.querySelectorAll('.card').length === 2 && document.querySelectorAll('.card .badge.good').length === 2")
	if cards := v.cards(t); cards[0] != "A second kite" {
		t.Errorf("the new one is not on top: %q", cards)
	}
	v.clean(t)
}

// More than a page is loaded by asking, each task once.
func galleryLoadsMore(t *testing.T, chrome context.Context) {
	w := newWorld(t, setup{})
	const count = 27
	for n := range count {
		w.order(t, "", fmt.Sprintf("A video, number %d", n), map[string]any{"duration": 4})
	}
	v := openGallery(t, chrome, w, "/ui", 1100, 900)
	v.until(t, "document.querySelectorAll('.card').length === 12")
	for _, shown := range []int{24, count} {
		v.click(t, "Load more")
		v.until(t, fmt.Sprintf("document.querySelectorAll('.card').length === %d", shown))
	}
	if get[bool](t, v, "document.querySelector('#more').checkVisibility()") {
		t.Error("there is nothing more, and it is offered")
	}
	if cards := v.cards(t); cards[0] != "A video, number 26" || cards[count-1] != "A video, number 0" {
		t.Errorf("the order is %q", cards)
	}
	v.clean(t)
}

// With keys the page shows nothing before one is given, each key its own tasks,
// and forgets the key when asked.
func galleryKeepsCallersApart(t *testing.T, chrome context.Context) {
	w := newWorld(t, setup{keys: true})
	w.finished(t, annKey, w.order(t, annKey, "Ann's own video", nil))
	w.finished(t, bobKey, w.order(t, bobKey, "Bob's own video", nil))
	v := openGallery(t, chrome, w, "/ui", 900, 700)
	v.until(t, "document.querySelector('#sign-in').checkVisibility()")
	if len(v.cards(t)) > 0 {
		t.Error("videos are shown without a key")
	}
	v.accessible(t, "sign-in")
	give := func(key string) {
		get[bool](t, v, fmt.Sprintf("(document.querySelector('#key').value = %q, true)", key))
		v.click(t, "Show my videos")
	}
	give("sk-test-not-a-real-key-eve")
	v.until(t, "document.body.innerText.includes('The key is not valid')")
	v.accessible(t, "wrong key")
	give(annKey)
	v.until(t, "document.querySelectorAll('.card').length === 1")
	if cards := v.cards(t); cards[0] != "Ann's own video" {
		t.Errorf("Ann sees %q", cards)
	}
	kept := get[[]string](t, v, "[w.document.cookie, JSON.stringify(w.localStorage), w.location.href, String(w.sessionStorage.length)]")
	if strings.Contains(strings.Join(kept, " "), annKey) || kept[3] != "1" {
		t.Errorf("the key is kept where it should not be: %q", kept)
	}
	do(t, v.tab, chromedp.Reload())
	v.until(t, "document.querySelectorAll('.card').length === 1")
	v.click(t, "Forget the key")
	v.until(t, "document.querySelector('#sign-in').checkVisibility()")
	if left := get[int](t, v, "w.sessionStorage.length + document.querySelectorAll('.card').length"); left != 0 {
		t.Error("the key or its videos are still there")
	}
	give(bobKey)
	v.until(t, "document.querySelectorAll('.card').length === 1")
	if cards := v.cards(t); cards[0] != "Bob's own video" {
		t.Errorf("Bob sees %q", cards)
	}
	// Ann's video by its address is nobody's for Bob.
	id, _ := w.call(t, annKey, "list_tasks", nil)["tasks"].([]any)[0].(map[string]any)["task_id"].(string)
	do(t, v.tab, chromedp.Navigate(w.url+"/ui#"+id), chromedp.Reload())
	v.until(t, "document.querySelector('dialog[open]') && document.querySelector('dialog .said').textContent.includes('"+id+"')")
	if text := v.text(t); strings.Contains(text, "Ann's own video") {
		t.Error("Bob sees Ann's video:", text)
	}
	v.clean(t)
}

func galleryShowsHostileTextAsText(t *testing.T, chrome context.Context) {
	w := newWorld(t, setup{})
	for _, test := range hostile {
		w.finished(t, "", w.order(t, "", test.prompt, nil))
	}
	v := openGallery(t, chrome, w, "/ui", 360, 700)
	v.until(t, "document.querySelectorAll('.card').length === 3")
	openCard(t, v, "onerror")
	v.plays(t)
	if get[bool](t, v, "Boolean(w.pwned)") || get[int](t, v, "document.querySelectorAll('main img, dialog img, main script, dialog script, svg').length") > 0 {
		t.Error("the prompt became markup")
	}
	if get[bool](t, v, "document.documentElement.scrollWidth > w.innerWidth") {
		t.Error("a prompt makes the page wider than the window")
	}
	v.clean(t)
}

// A server that is gone is told, and the page goes on when it is back: it says
// so without losing what it shows.
func galleryTellsThatTheServerIsGone(t *testing.T, chrome context.Context) {
	w := newWorld(t, setup{})
	w.finished(t, "", w.order(t, "", "A fox", nil))
	v := openGallery(t, chrome, w, "/ui", 900, 700)
	v.until(t, "document.querySelectorAll('.card').length === 1")
	get[bool](t, v, "(w.kept = w.fetch, w.fetch = () => Promise.reject(new TypeError('gone')), true)")
	v.click(t, "Refresh")
	v.until(t, "document.querySelector('#list-problem').textContent === 'The server cannot be reached.'")
	get[bool](t, v, "(w.fetch = w.kept, true)")
	v.click(t, "Refresh")
	v.until(t, "document.querySelector('#list-problem').hidden && document.querySelectorAll('.card').length === 1")
	v.clean(t)
}

// The whole page works with the keyboard alone.
func galleryByKeyboard(t *testing.T, chrome context.Context) {
	w := newWorld(t, setup{})
	w.finished(t, "", w.order(t, "", "A fox", nil))
	v := openGallery(t, chrome, w, "/ui", 900, 700)
	v.until(t, "document.querySelectorAll('.card').length === 1")
	for range 20 {
		do(t, v.tab, chromedp.KeyEvent("\t"))
		if get[bool](t, v, "document.activeElement.className === 'card'") {
			break
		}
	}
	if outline := get[string](t, v, "w.getComputedStyle(document.activeElement).outlineStyle"); outline != "solid" {
		t.Errorf("the focus cannot be seen: %s", outline)
	}
	do(t, v.tab, chromedp.KeyEvent("\r"))
	v.until(t, "document.querySelector('dialog[open] .badge.good') && document.querySelector('dialog').contains(document.activeElement)")
	do(t, v.tab, chromedp.KeyEvent("\u001b"))
	v.until(t, "!document.querySelector('dialog[open]') && document.activeElement.className === 'card'")
	v.clean(t)
}

// What the server says about the page.
func TestGalleryHeaders(t *testing.T) {
	w := newWorld(t, setup{keys: true})
	response, err := http.Get(w.url + "/ui")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	if response.StatusCode != http.StatusOK || response.Header.Get("Set-Cookie") != "" || response.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v", response.StatusCode, response.Header)
	}
	policy := response.Header.Get("Content-Security-Policy")
	for _, words := range []string{
		"default-src 'none'", "script-src 'sha256-", "style-src 'sha256-", "connect-src 'self';", "frame-ancestors 'none'",
		"base-uri 'none'", "form-action 'none'", "media-src 'self' https: " + w.url + ";",
	} {
		if !strings.Contains(policy, words) {
			t.Errorf("the policy lacks %q: %s", words, policy)
		}
	}
	if strings.Contains(policy, "unsafe") {
		t.Errorf("the policy is lax: %s", policy)
	}
}
