package tools_test

import (
	"context"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"

	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/video"
	"seedance-mcp/tools"
)

// content is one text of a resource.
type content struct{ URI, MIMEType, Text, Blob string }

// read reads a resource; message is why it could not be.
func (w *world) read(t *testing.T, ctx context.Context, uri string) (got content, message string) {
	t.Helper()
	var response struct {
		Result struct{ Contents []content }
		Error  *struct{ Message string }
	}
	quoted, err := json.Marshal(uri)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(request(t, ctx, w.srv, "resources/read", `{"uri":`+string(quoted)+`}`), &response); err != nil {
		t.Fatal(err)
	}
	if response.Error != nil {
		return content{}, response.Error.Message
	}
	if len(response.Result.Contents) != 1 {
		t.Fatalf("%s: %+v", uri, response.Result.Contents)
	}
	got = response.Result.Contents[0]
	if got.URI != uri || got.Blob != "" || got.Text == "" {
		t.Errorf("%s: %+v", uri, got)
	}
	return got, ""
}

// reads is read for what must be there.
func (w *world) reads(t *testing.T, uri, mediaType string) string {
	t.Helper()
	got, message := w.read(t, t.Context(), uri)
	if message != "" || got.MIMEType != mediaType {
		t.Fatalf("%s: %q, %s", uri, got.MIMEType, message)
	}
	return got.Text
}

// TestOffersGolden: what clients are offered beside tools, in the same order
// every time.
func TestOffersGolden(t *testing.T) {
	for _, dialect := range []video.Dialect{video.Workflow, video.Kinovi} {
		d := listings(t)[string(dialect)]
		var all []byte
		for _, method := range []string{"resources/list", "resources/templates/list", "prompts/list"} {
			first := request(t, t.Context(), newServer(d), method, "{}")
			if again := request(t, t.Context(), newServer(d), method, "{}"); string(again) != string(first) {
				t.Errorf("%s differs from one time to the next", method)
			}
			all = append(all, indented(t, first)...)
		}
		golden(t, "offers_"+string(dialect)+".json", all)
	}
}

// TestCatalogResources: both say what list_models says of each model.
func TestCatalogResources(t *testing.T) {
	for _, dialect := range []video.Dialect{video.Workflow, video.Kinovi} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, setup{dialect: dialect})
			defer w.close(t)
			var whole struct {
				Models  []map[string]any
				Default string
			}
			if err := json.Unmarshal([]byte(w.reads(t, "seedance://catalog", "application/json")), &whole); err != nil {
				t.Fatal(err)
			}
			models := defaultCatalog(t)
			if len(whole.Models) != len(models.Models(dialect)) || whole.Default != models.DefaultModel(dialect) {
				t.Errorf("%d models, default %q", len(whole.Models), whole.Default)
			}
			table := w.reads(t, "seedance://catalog.md", "text/markdown")
			golden(t, "catalog_"+string(dialect)+".md", []byte(table))
			for i, model := range models.Models(dialect) {
				one, _ := w.works(t, "list_models", `{"model":"`+model.ID+`"}`).Fields["models"].([]any)
				if len(one) != 1 || !reflect.DeepEqual(whole.Models[i], one[0]) {
					t.Errorf("%s: the resource says %v, list_models %v", model.ID, whole.Models[i], one)
				}
				if !strings.Contains(table, "`"+model.ID+"`") {
					t.Errorf("%s is not in the table", model.ID)
				}
			}
		})
	}
}

// TestTaskResources: a task is what get_task_status shows, with its whole
// prompt, and its caller's alone; its video is a link.
func TestTaskResources(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, setup{dialect: video.Kinovi, engine: func(o *engine.Options) { o.Media = nil }})
		defer w.close(t)
		prompt := "A fox " + strings.Repeat("in deep & fresh snow ", 20)
		id := w.works(t, "generate_video", `{"prompt":"`+prompt+`"}`).text("task_id")
		uri := "seedance://tasks/" + id
		if _, message := w.read(t, t.Context(), uri+"/video"); !strings.Contains(message, "has no video") || !strings.Contains(message, "get_task_status") {
			t.Errorf("a video that is not there yet: %s", message)
		}
		status := w.works(t, "get_task_status", `{"wait_seconds":45}`)
		var shown map[string]any
		if err := json.Unmarshal([]byte(w.reads(t, uri, "application/json")), &shown); err != nil {
			t.Fatal(err)
		}
		if shown["prompt"] != strings.TrimSpace(prompt) && shown["prompt"] != prompt {
			t.Errorf("prompt %q", shown["prompt"])
		}
		shown["prompt"] = status.Fields["prompt"]
		if !reflect.DeepEqual(shown, status.Fields) {
			t.Errorf("the resource says %v, get_task_status %v", shown, status.Fields)
		}
		videos, _ := status.Fields["videos"].([]any)
		first, _ := videos[0].(map[string]any)
		if links := w.reads(t, uri+"/video", "text/uri-list"); !strings.HasSuffix("\r\n"+links, "\r\n"+first["url"].(string)+"\r\n") {
			t.Errorf("links %q", links)
		}
		byUpstream := w.reads(t, "seedance://tasks/"+status.text("upstream_task_id"), "application/json")
		if !strings.Contains(byUpstream, id) {
			t.Errorf("by the upstream's id: %s", byUpstream)
		}
		somebody := tools.WithPrincipal(t.Context(), "somebody")
		for _, foreign := range []string{uri, uri + "/video"} {
			if _, message := w.read(t, somebody, foreign); !strings.Contains(message, "There is no task") {
				t.Errorf("another principal reads %s: %q", foreign, message)
			}
		}
		for _, wrong := range []string{
			"seedance://tasks/", "seedance://tasks/%20", "seedance://tasks/vid_aaaaaaaaaaaaaaaaaaaaaaaaaa", "seedance://tasks/%00", "seedance://tasks/../catalog",
			"seedance://tasks/%zz", "seedance://nothing", "file:///etc/passwd",
		} {
			if got, message := w.read(t, t.Context(), wrong); message == "" {
				t.Errorf("%s: %+v", wrong, got)
			}
		}
	})
}
