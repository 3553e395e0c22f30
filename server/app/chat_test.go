package app_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"seedance-mcp/server/app"
)

// The player in a chat that is made of the official parts.
func TestChat(t *testing.T) {
	d := desk{browser: openBrowser(t), host: hostFiles(t, "today.js")}
	for _, test := range []struct {
		name string
		run  func(*testing.T, desk)
	}{
		{"follows a task and plays it", chatFollowsATaskAndPlaysIt},
		{"plays a saved file", chatPlaysASavedFile},
		{"offers the link", chatOffersTheLink},
		{"tells what went wrong", chatTellsWhatWentWrong},
		{"shows that consent is needed", chatShowsThatConsentIsNeeded},
		{"survives a broken connection", chatSurvivesABrokenConnection},
		{"tells that it gave up", chatTellsThatItGaveUp},
		{"without capabilities", chatWithoutCapabilities},
		{"follows the theme", chatFollowsTheTheme},
		{"shows hostile text as text", chatShowsHostileTextAsText},
		{"understands odd results", chatUnderstandsOddResults},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, d) })
	}
}

// Clients in use are built on the generation of the official parts before.
func TestChatInOlderClients(t *testing.T) {
	d := desk{browser: openBrowser(t), host: hostFiles(t, "older.js")}
	t.Run("by link", func(t *testing.T) { chatFollowsATaskAndPlaysIt(t, d) })
	t.Run("by file", func(t *testing.T) { chatPlaysASavedFile(t, d) })
}

// A whole task in a chat: ordered, followed through the client, played.
func chatFollowsATaskAndPlaysIt(t *testing.T, d desk) {
	c := newChat(t, d, setup{held: true}, 800, 1000)
	prompt := "A red fox runs through fresh snow at dawn, low camera, soft light, breath in the cold air. " + strings.Repeat("Snow whirls up behind it. ", 4)
	listed := evaluate[struct {
		URIs      map[string]string
		Resources []struct{ URI, MimeType string }
	}](t, c.tab, "ready")
	if listed.URIs["generate_video"] != app.URI || listed.URIs["get_task_status"] != app.URI {
		t.Errorf("tools lead to %v", listed.URIs)
	}
	if !slices.ContainsFunc(listed.Resources, func(r struct{ URI, MimeType string }) bool { return r.URI == app.URI && r.MimeType == app.MIMEType }) {
		t.Errorf("resources %+v", listed.Resources)
	}
	v := c.show(map[string]any{"tool": "generate_video", "args": map[string]any{"prompt": prompt, "duration": 5, "resolution": "480p"}})
	v.until(t, "document.querySelector('.badge.busy') && document.querySelector('progress')")
	busy := v.text(t)
	for _, words := range []string{"so far", "Sandbox: no credits spent", "Credits", "seedance-20", prompt[:60]} {
		if !strings.Contains(busy, words) {
			t.Errorf("while running, the page does not say %q: %s", words, busy)
		}
	}
	v.accessible(t, "running")
	c.time.Go()
	facts := v.plays(t)
	if facts.Width == 0 || math.Abs(facts.Duration-5) > 0.1 || facts.Autoplay || !facts.Controls || !facts.Paused {
		t.Errorf("the video is %+v", facts)
	}
	if said := get[string](t, v, "document.querySelector('[role=status]').textContent"); !strings.HasPrefix(said, "Ready") {
		t.Errorf("a screen reader hears %q at the end", said)
	}
	v.accessible(t, "finished")

	v.click(t, "Open video")
	c.until(t, "log.links.length > 0")
	if links := noted[[]string](c, "links"); len(links) != 1 || !strings.HasPrefix(links[0], c.url+"/sandbox/media/") {
		t.Errorf("opened %q", links)
	}
	// Whether a page in a frame may copy is the client's to say; where not, the
	// text is there to be taken.
	for button, text := range map[string]string{"Copy link": noted[[]string](c, "links")[0], "Copy prompt": strings.TrimSpace(prompt)} {
		v.click(t, button)
		v.until(t, "/ copied[.]$/.test(document.querySelector('.said').textContent) || document.querySelector('.said input')")
		if field := get[string](t, v, "document.querySelector('.said input')?.value || ''"); field != "" && field != text {
			t.Errorf("%s gives %q", button, field)
		}
	}

	if told := noted[int](c, "contexts.length"); told != 1 {
		t.Errorf("the model was told %d times", told)
	}
	if name := noted[string](c, "app.name"); name != "seedance-mcp-player" {
		t.Errorf("the app calls itself %q", name)
	}
	height := get[float64](t, v, "document.documentElement.getBoundingClientRect().height")
	c.until(t, fmt.Sprintf("Math.abs(log.sizes.at(-1) - %f) <= 1", height))
	evaluate[json.RawMessage](t, c.tab, "teardown()")
	if get[bool](t, v, "Boolean(document.querySelector('video')?.getAttribute('src'))") {
		t.Error("the video is still loaded after the teardown")
	}
	v.clean(t)
}

// Where no URL can be reached the video comes as bytes through the client.
func chatPlaysASavedFile(t *testing.T, d desk) {
	c := newChat(t, d, setup{hidden: true}, 800, 900)
	v := c.show(map[string]any{"tool": "generate_video", "args": map[string]any{"prompt": "a fox", "duration": 4, "resolution": "480p"}})
	if facts := v.plays(t); math.Abs(facts.Duration-4) > 0.1 {
		t.Errorf("the video is %+v", facts)
	}
	if source := get[string](t, v, "document.querySelector('video').src.slice(0, 15)"); source != "data:video/mp4;" {
		t.Errorf("played from %s", source)
	}
	v.clean(t)
}

// Where nothing can be played, the link is there, and no rule is broken trying.
func chatOffersTheLink(t *testing.T, d desk) {
	c := newChat(t, d, setup{barred: true}, 800, 900)
	v := c.show(map[string]any{"tool": "generate_video", "args": map[string]any{"prompt": "a fox", "duration": 4, "resolution": "480p"}})
	v.until(t, "document.body.innerText.includes('cannot be played inside this window. Open it instead.')")
	v.click(t, "Open video")
	c.until(t, "log.links.length > 0")
	v.accessible(t, "barred")
	v.clean(t)
}

// What goes wrong is said in words, with what to do.
func chatTellsWhatWentWrong(t *testing.T, d desk) {
	c := newChat(t, d, setup{}, 800, 900)
	for _, test := range []struct {
		name, prompt string
		args         map[string]any
		tool         string
		words        []string
	}{
		{name: "moderation", prompt: "a fox [sandbox:fail-text]", words: []string{"Failed", "violates platform rules", "charged"}},
		{name: "refused", prompt: "a fox [sandbox:create-402]", words: []string{"Did not work", "credits", "charged"}},
		{name: "unconfirmed", prompt: "a fox [sandbox:create-lost]", words: []string{
			"Not confirmed", "may have been accepted and charged", "never sent again by itself", "seedance-mcp tasks resolve vid_", "--not-paid", "Check again",
		}},
		{name: "bad argument", prompt: "a fox", args: map[string]any{"duration": 99}, words: []string{"Did not work", "duration"}},
		{name: "unknown task", tool: "get_task_status", args: map[string]any{"task_id": "vid_00000000000000000000000000"}, words: []string{"Did not work", "vid_0"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			args := map[string]any{"duration": 5, "resolution": "480p"}
			if test.tool == "" {
				test.tool, args["prompt"] = "generate_video", test.prompt
			} else {
				args = map[string]any{}
			}
			maps.Copy(args, test.args)
			c.t = t
			v := c.show(map[string]any{"tool": test.tool, "args": args})
			v.until(t, "document.querySelector('.badge.bad, .badge.warn')")
			text := v.text(t)
			for _, words := range test.words {
				if !strings.Contains(text, words) {
					t.Errorf("the page does not say %q: %s", words, text)
				}
			}
			v.accessible(t, test.name)
			v.clean(t)
		})
	}
}

// Where a person must agree first, the page says that nothing was ordered.
func chatShowsThatConsentIsNeeded(t *testing.T, d desk) {
	c := newChat(t, d, setup{confirm: true}, 800, 700)
	v := c.show(map[string]any{"tool": "generate_video", "args": map[string]any{"prompt": "a fox", "duration": 5, "resolution": "480p"}})
	v.until(t, "document.body.innerText.includes('Needs your consent')")
	if text := v.text(t); !strings.Contains(text, "Nothing has been ordered or charged yet") || strings.Contains(text, "Check again") {
		t.Error(text)
	}
	v.accessible(t, "consent")
	v.clean(t)
}

// A connection that fails for a while does not end the following; one that
// fails for good is told, and that nothing is lost.
func chatSurvivesABrokenConnection(t *testing.T, d desk) {
	c := newChat(t, d, setup{}, 800, 700)
	v := c.show(map[string]any{"tool": "generate_video", "broken": -1, "args": map[string]any{"prompt": "a fox", "duration": 4, "resolution": "480p"}})
	v.until(t, "document.body.innerText.includes('Looking again')")
	evaluate[bool](t, c.tab, "(mend(), true)")
	v.plays(t)
	if text := v.text(t); strings.Contains(text, "Looking again") {
		t.Error("the trouble is still shown:", text)
	}
	v.clean(t)
}

// A connection that stays broken is told, with what is true all the same, and
// can be tried again by hand.
func chatTellsThatItGaveUp(t *testing.T, d desk) {
	c := newChat(t, d, setup{}, 800, 700)
	v := c.show(map[string]any{"tool": "generate_video", "broken": -1, "args": map[string]any{"prompt": "a fox", "duration": 4, "resolution": "480p"}})
	// The pauses between the looks, half a minute in the end, pass quickly here.
	get[bool](t, v, "((later) => { w.setTimeout = (act, pause) => later(act, pause / 100); return true; })(w.setTimeout.bind(w))")
	v.until(t, "document.body.innerText.includes('nothing is lost')")
	v.accessible(t, "gave up")
	v.click(t, "Check again")
	v.until(t, "document.body.innerText.includes('The connection to the server is gone.')")
	v.clean(t)
}

// A client that gives the page nothing still shows where the task stands.
func chatWithoutCapabilities(t *testing.T, d desk) {
	c := newChat(t, d, setup{}, 800, 700)
	v := c.show(map[string]any{
		"tool": "generate_video", "capabilities": map[string]any{"logging": map[string]any{}},
		"args": map[string]any{"prompt": "a fox", "duration": 4, "resolution": "480p"},
	})
	v.until(t, "document.body.innerText.includes('Ask the assistant')")
	if get[bool](t, v, "[...document.querySelectorAll('button')].some(b => ['Open video', 'Check again'].includes(b.textContent))") {
		t.Error("buttons are offered that cannot work")
	}
	v.clean(t)
}

// The client's theme wins over the system's, at once when it changes.
func chatFollowsTheTheme(t *testing.T, d desk) {
	c := newChat(t, d, setup{}, 800, 700)
	look(t, c.tab, "light")
	v := c.show(map[string]any{
		"tool": "generate_video", "theme": "dark", "variables": map[string]string{"--color-ring-primary": "#ff00ff", "--evil": "url(https://example.com)"},
		"args": map[string]any{"prompt": "a fox", "duration": 4, "resolution": "480p"},
	})
	v.until(t, "document.querySelector('.badge')")
	background := "w.getComputedStyle(document.body).backgroundColor"
	dark := get[string](t, v, background)
	if set := get[string](t, v, "document.documentElement.getAttribute('style') || ''"); !strings.Contains(set, "#ff00ff") || strings.Contains(set, "evil") {
		t.Errorf("taken over from the client: %q", set)
	}
	v.plays(t)
	v.accessible(t, "dark")
	evaluate[json.RawMessage](t, c.tab, "setTheme('light')")
	v.until(t, background+" !== '"+dark+"'")
	if light := get[string](t, v, background); light != "rgb(255, 255, 255)" {
		t.Errorf("light is %s, dark was %s", light, dark)
	}
	v.clean(t)
}

// hostile are prompts and results that try to be more than text.
var hostile = []struct{ name, prompt string }{
	{"markup", `<img src=x onerror="window.pwned=1"><script>window.pwned=1</script><svg onload=window.pwned=1>`},
	{"direction", "a fox \u202eevil\u2066 gpj.exe"},
	{"endless", strings.Repeat("W", 600)},
}

func chatShowsHostileTextAsText(t *testing.T, d desk) {
	c := newChat(t, d, setup{}, 420, 700)
	for _, test := range hostile {
		t.Run(test.name, func(t *testing.T) {
			c.t = t
			text := test.prompt
			result := map[string]any{"content": []any{}, "structuredContent": map[string]any{
				"task_id": "vid_" + test.name, "status": "fail", "model": text, "prompt": text, "reason": text,
				"error": map[string]any{"message": text, "charged": "no", "suggestion": text}, "warnings": []string{text},
				"videos": []any{map[string]any{"url": "javascript:window.pwned=1"}}, "next": "",
			}}
			v := c.show(map[string]any{"tool": "get_task_status", "args": map[string]any{"prompt": text}, "result": result})
			v.until(t, "document.querySelector('.badge.bad')")
			if get[bool](t, v, "Boolean(w.pwned)") || get[int](t, v, "document.querySelectorAll('main img, main script, main svg, main a').length") > 0 {
				t.Error("the prompt became markup")
			}
			if get[bool](t, v, `/[\u202a-\u202e\u2066-\u2069]/.test(document.body.textContent)`) {
				t.Error("the prompt turns the direction of what follows")
			}
			if get[bool](t, v, "document.documentElement.scrollWidth > w.innerWidth") {
				t.Error("the prompt makes the page wider than its frame")
			}
			v.clean(t)
		})
	}
	t.Run("link", func(t *testing.T) {
		c.t = t
		result := map[string]any{"content": []any{}, "structuredContent": map[string]any{
			"task_id": "vid_x", "status": "success", "videos": []any{map[string]any{"url": "javascript:window.pwned=1"}}, "next": "",
		}}
		v := c.show(map[string]any{"tool": "get_task_status", "args": map[string]any{}, "result": result})
		v.until(t, "document.body.innerText.includes('cannot be played')")
		if get[bool](t, v, "[...document.querySelectorAll('button')].some(b => b.textContent === 'Open video') || Boolean(w.pwned)") {
			t.Error("a script is offered as a link")
		}
		v.clean(t)
	})
}

// Results that no tool of ours gives are told, never thrown.
func chatUnderstandsOddResults(t *testing.T, d desk) {
	c := newChat(t, d, setup{}, 600, 700)
	for name, test := range map[string]struct {
		result any
		words  string
	}{
		"only text":  {map[string]any{"content": []any{map[string]any{"type": "text", "text": `{"task_id":"vid_t","status":"fail","prompt":"told in text"}`}}}, "told in text"},
		"several":    {map[string]any{"content": []any{}, "structuredContent": map[string]any{"tasks": []any{map[string]any{"task_id": "a", "status": "fail", "prompt": "first one"}, map[string]any{"task_id": "b", "status": "fail", "prompt": "second one"}}}}, "second one"},
		"no task":    {map[string]any{"content": []any{map[string]any{"type": "text", "text": "hello"}}}, "holds no video task"},
		"new state":  {map[string]any{"content": []any{}, "structuredContent": map[string]any{"task_id": "vid_n", "status": "post_processing", "prompt": "p"}}, "post_processing"},
		"wrong type": {map[string]any{"content": []any{}, "structuredContent": map[string]any{"task_id": "vid_w", "status": "success", "prompt": 7, "videos": "none", "credits": []any{}, "created_at": 3}}, "Ready"},
	} {
		t.Run(name, func(t *testing.T) {
			c.t = t
			v := c.show(map[string]any{"tool": "get_task_status", "args": map[string]any{}, "result": test.result})
			v.until(t, "document.body.innerText.includes('"+test.words+"')")
			v.clean(t)
		})
	}
}
