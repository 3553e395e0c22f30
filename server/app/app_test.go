package app_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"seedance-mcp/server/app"
)

// ask has a server with the app answer one request.
func ask(t *testing.T, options app.Options, method, params string) map[string]any {
	t.Helper()
	page, err := app.New(options)
	if err != nil {
		t.Fatal(err)
	}
	s := mcpserver.NewMCPServer("test", "1")
	page.Register(s)
	answer, err := json.Marshal(s.HandleMessage(t.Context(), json.RawMessage(`{"jsonrpc":"2.0","id":1,"method":"`+method+`","params":`+params+`}`)))
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(answer, &fields); err != nil {
		t.Fatal(err)
	}
	return fields
}

// at follows names and positions into JSON.
func at(value any, path ...any) any {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			object, _ := value.(map[string]any)
			value = object[step]
		case int:
			list, _ := value.([]any)
			if step >= len(list) {
				return nil
			}
			value = list[step]
		}
	}
	return value
}

func text(value any) string {
	s, _ := value.(string)
	return s
}

func TestResourceDeclaresWhatItNeeds(t *testing.T) {
	options := app.Options{MediaOrigins: []string{"https://cdn.example.com", "https://*.example.org"}}
	listed := ask(t, options, "resources/list", "{}")
	read := ask(t, options, "resources/read", `{"uri":"`+app.URI+`"}`)
	const want = `{"csp":{"connectDomains":[],"resourceDomains":["https://cdn.example.com","https://*.example.org"]},` +
		`"permissions":{"clipboardWrite":{}},"prefersBorder":true}`
	for name, item := range map[string]any{"list": at(listed, "result", "resources", 0), "read": at(read, "result", "contents", 0)} {
		if at(item, "uri") != app.URI || at(item, "mimeType") != app.MIMEType {
			t.Errorf("%s: %v", name, item)
		}
		declared, err := json.Marshal(at(item, "_meta", "ui"))
		if err != nil || string(declared) != want {
			t.Errorf("%s declares %s, %v", name, declared, err)
		}
	}
	if length := at(listed, "result", "resources", 0, "size"); length != float64(len(text(at(read, "result", "contents", 0, "text")))) {
		t.Errorf("the list promises %v bytes", length)
	}
}

// The page brings all that it runs, and puts outside text in as text only.
func TestPageIsSelfContained(t *testing.T) {
	page, err := app.New(app.Options{})
	if err != nil {
		t.Fatal(err)
	}
	served := httptest.NewRecorder()
	page.Handler().ServeHTTP(served, httptest.NewRequest(http.MethodGet, "/ui", nil))
	for name, html := range map[string]string{
		"player":  text(at(ask(t, app.Options{}, "resources/read", `{"uri":"`+app.URI+`"}`), "result", "contents", 0, "text")),
		"gallery": served.Body.String(),
	} {
		if !strings.HasPrefix(html, "<!doctype html>") || strings.Count(html, "<script>") != 1 || strings.Count(html, "<style>") != 1 {
			t.Errorf("%s is not one document with one script and one style: %.200s", name, html)
		}
		if len(html) > 64<<10 {
			t.Errorf("%s has %d bytes", name, len(html))
		}
		for _, forbidden := range []string{
			"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "localStorage", "document.cookie",
			"<script src", "<link rel=\"stylesheet", "@import", "url(", " style=\"", " onclick=", "MEDIA-ORIGINS", "CLIPS", "/* STYLE */", "/* SCRIPT */",
		} {
			if strings.Contains(html, forbidden) {
				t.Errorf("%s contains %q", name, forbidden)
			}
		}
		for _, address := range regexp.MustCompile(`https?://[a-z][^\s"'<>)]*`).FindAllString(html, -1) {
			if address != "http://www.w3.org/2000/svg" {
				t.Errorf("%s names %s", name, address)
			}
		}
	}
}

func TestHandlerServesOnlyReading(t *testing.T) {
	page, err := app.New(app.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for method, status := range map[string]int{
		http.MethodGet: http.StatusOK, http.MethodHead: http.StatusOK,
		http.MethodPost: http.StatusMethodNotAllowed, http.MethodDelete: http.StatusMethodNotAllowed,
	} {
		w := httptest.NewRecorder()
		page.Handler().ServeHTTP(w, httptest.NewRequest(method, "/ui", nil))
		if w.Code != status {
			t.Errorf("%s: %d", method, w.Code)
		}
	}
}

// What could end or widen a policy is no origin.
func TestOriginsAreChecked(t *testing.T) {
	for _, origin := range []string{"http://127.0.0.1:8080", "https://cdn.example.com", "https://*.example.com", "http://[::1]:8080"} {
		if _, err := app.New(app.Options{MediaOrigins: []string{origin}}); err != nil {
			t.Errorf("%q: %v", origin, err)
		}
	}
	for _, origin := range []string{
		"", "*", "https:", "https://", "https://*", "data:", "blob:", "cdn.example.com", "https://cdn.example.com/", "https://cdn.example.com/videos",
		"https://a.com; script-src *", "https://a.com 'unsafe-inline'", "https://a.com,https://b.com", "ftp://a.com", "https://user@a.com", "https://a.com?x", "https://a.com#x",
		"https://a.com\nx", `https://a.com"><script>`, "HTTPS://A.com",
	} {
		if _, err := app.New(app.Options{MediaOrigins: []string{origin}}); err == nil {
			t.Errorf("%q was taken", origin)
		}
	}
}

func TestClipsAreGivenByTaskID(t *testing.T) {
	var asked string
	options := app.Options{Clip: func(_ context.Context, id string) ([]byte, string, error) {
		if asked = id; id != "vid_1" {
			return nil, "", errors.New("no such video")
		}
		return []byte("film"), "video/mp4", nil
	}}
	given := at(ask(t, options, "resources/read", `{"uri":"ui://seedance/clip/vid_1"}`), "result", "contents", 0)
	if asked != "vid_1" || at(given, "mimeType") != "video/mp4" || at(given, "uri") != "ui://seedance/clip/vid_1" ||
		at(given, "blob") != base64.StdEncoding.EncodeToString([]byte("film")) {
		t.Errorf("asked for %q, given %v", asked, given)
	}
	if refused := ask(t, options, "resources/read", `{"uri":"ui://seedance/clip/vid_2"}`); !strings.Contains(text(at(refused, "error", "message")), "no such video") {
		t.Errorf("%v", refused)
	}
	if none := ask(t, app.Options{}, "resources/read", `{"uri":"ui://seedance/clip/vid_1"}`); at(none, "error", "code") != float64(mcp.RESOURCE_NOT_FOUND) {
		t.Errorf("without clips: %v", none)
	}
}
