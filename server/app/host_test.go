package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

const hostFolder = "testdata/host"

// install brings the official host and the accessibility checks from npm,
// exactly as locked.
func install(t *testing.T) string {
	t.Helper()
	npm := need(t, "npm")
	have, errHave := os.ReadFile(filepath.Join(hostFolder, "node_modules", ".package-lock.json"))
	locked, err := os.ReadFile(filepath.Join(hostFolder, "package-lock.json"))
	if err != nil {
		t.Fatal(err)
	}
	if errHave == nil && slices.Equal(versions(t, have), versions(t, locked)) {
		return hostFolder
	}
	command := exec.CommandContext(t.Context(), npm, "ci")
	command.Dir = hostFolder
	if output, err := command.CombinedOutput(); err != nil {
		if slices.Contains(strings.Split(os.Getenv("SEEDANCE_TEST_REQUIRE"), ","), "node") {
			t.Fatalf("npm ci: %v\n%s", err, output)
		}
		t.Skipf("SKIPPED: npm ci: %v\n%s", err, output)
	}
	return hostFolder
}

// versions lists the required packages of a lock file; optional ones are other
// systems'.
func versions(t *testing.T, lock []byte) []string {
	t.Helper()
	var file struct {
		Packages map[string]struct {
			Version  string
			Optional bool
		}
	}
	if err := json.Unmarshal(lock, &file); err != nil {
		t.Fatal(err)
	}
	var list []string
	for name, p := range file.Packages {
		if name != "" && !p.Optional {
			list = append(list, name+" "+p.Version)
		}
	}
	slices.Sort(list)
	return list
}

// chat is a page that hosts the app as a client does, made of the official
// parts.
type chat struct {
	*world
	t   *testing.T
	tab context.Context
	// sandbox is the origin that the app runs under.
	sandbox string
}

// desk is what the chats of a test share.
type desk struct {
	browser context.Context
	host    http.Handler
}

// hostFiles is the chat's page with its script, bundled from an entry.
func hostFiles(t *testing.T, entry string) http.Handler {
	t.Helper()
	folder := install(t)
	command := exec.CommandContext(t.Context(), filepath.Join("node_modules", ".bin", "esbuild"), entry, "--bundle", "--format=esm", "--log-level=warning")
	command.Dir = folder
	var complaints bytes.Buffer
	command.Stderr = &complaints
	bundle, err := command.Output()
	if err != nil {
		t.Fatalf("esbuild: %v\n%s", err, complaints.String())
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/script.js") {
			w.Header().Set("Content-Type", "text/javascript")
			_, _ = w.Write(bundle)
			return
		}
		http.ServeFile(w, r, filepath.Join(folder, "host.html"))
	})
}

// newChat opens a chat beside a new world.
func newChat(t *testing.T, d desk, s setup, width, height int64) *chat {
	t.Helper()
	s.extra = map[string]http.Handler{"/chat/": d.host}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", r.URL.Query().Get("csp"))
		http.ServeFile(w, r, filepath.Join(hostFolder, "proxy.html"))
	}))
	t.Cleanup(proxy.Close)
	c := &chat{world: newWorld(t, s), t: t}
	// localhost and 127.0.0.1 are two sites: the browser keeps them apart.
	c.sandbox = strings.Replace(proxy.URL, "127.0.0.1", "localhost", 1)
	c.tab = openTab(t, d.browser, width, height)
	do(t, c.tab, chromedp.Navigate(c.url+"/chat/"))
	return c
}

// show shows the app for a tool call and is the app's document.
func (c *chat) show(options map[string]any) view {
	c.t.Helper()
	options["sandbox"] = c.sandbox + "/proxy.html"
	text, err := json.Marshal(options)
	if err != nil {
		c.t.Fatal(err)
	}
	before := c.frames()
	evaluate[json.RawMessage](c.t, c.tab, "show("+string(text)+")")
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		for _, id := range c.frames() {
			if !slices.Contains(before, id) {
				return c.attach(id)
			}
		}
	}
	c.t.Fatal("the app does not appear")
	return view{}
}

// frames are the windows of the app's origin that there are now.
func (c *chat) frames() []target.ID {
	c.t.Helper()
	all, err := chromedp.Targets(c.tab)
	if err != nil {
		c.t.Fatal(err)
	}
	var ids []target.ID
	for _, info := range all {
		if strings.HasPrefix(info.URL, c.sandbox) {
			ids = append(ids, info.TargetID)
		}
	}
	return ids
}

func (c *chat) attach(id target.ID) view {
	c.t.Helper()
	frame, cancel := chromedp.NewContext(c.tab, chromedp.WithTargetID(id), chromedp.WithDetachOnCancel())
	c.t.Cleanup(cancel)
	attach(c.t, frame)
	proxy := view{tab: frame, within: "window"}
	proxy.until(c.t, "document.querySelector('iframe')?.contentDocument?.querySelector('main')")
	return view{tab: frame, within: "document.querySelector('iframe').contentWindow"}
}

// until waits for something in the chat itself.
func (c *chat) until(t *testing.T, expression string) {
	t.Helper()
	view{tab: c.tab, within: "window"}.until(t, expression)
}

// noted is what the chat's log says.
func noted[T any](c *chat, expression string) T {
	c.t.Helper()
	return evaluate[T](c.t, c.tab, "log."+expression)
}
