package tools_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
	"seedance-mcp/tools"
)

type completed struct {
	Values  []string
	Total   int
	HasMore bool
}

// complete asks for completions of an argument.
func complete(t *testing.T, ctx context.Context, d tools.Deps, ref, name, value, given string) completed {
	t.Helper()
	var response struct {
		Result struct{ Completion completed }
		Error  json.RawMessage
	}
	raw := request(t, ctx, newServer(d), "completion/complete",
		fmt.Sprintf(`{"ref":%s,"argument":{"name":%q,"value":%q},"context":{"arguments":%s}}`, ref, name, value, given))
	if err := json.Unmarshal(raw, &response); err != nil || response.Error != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return response.Result.Completion
}

const (
	promptRef = `{"type":"ref/prompt","name":"text_to_video"}`
	taskRef   = `{"type":"ref/resource","uri":"seedance://tasks/{id}"}`
)

func TestCompletions(t *testing.T) {
	d := listings(t)["kinovi"]
	for _, test := range []struct{ name, value, given, want string }{
		{"model", "seedance2", `{}`, "seedance-20 seedance2-fast seedance2.0-mini seedance2-5 seedance2-5-edit seedance2-5-extend"},
		{"model", "Seedance 2.5", `{}`, "seedance2-5 seedance2-5-edit seedance2-5-extend"},
		{"model", "veo", `{}`, ""},
		{"aspect_ratio", "", `{}`, "16:9 9:16 1:1 4:3 3:4 21:9"},
		{"aspect_ratio", "1", `{}`, "16:9 1:1"},
		{"aspect_ratio", "1:", `{}`, "16:9 1:1"},
		{"resolution", "", `{}`, "480p 720p 1080p 4k"},
		{"resolution", "4", `{}`, "480p 4k"},
		{"idea", "a", `{}`, ""},
		{"duration", "", `{}`, ""},
	} {
		got := complete(t, t.Context(), d, promptRef, test.name, test.value, test.given)
		if strings.Join(got.Values, " ") != test.want || got.Total != len(got.Values) || got.HasMore {
			t.Errorf("%s %q: %+v, want %s", test.name, test.value, got, test.want)
		}
	}
	for _, model := range d.Catalog.Models(video.Kinovi) {
		given := `{"model":"` + model.ID + `"}`
		if got := complete(t, t.Context(), d, promptRef, "aspect_ratio", "", given); !slices.Equal(got.Values, model.AspectRatios) && len(got.Values)+len(model.AspectRatios) > 0 {
			t.Errorf("%s: ratios %v, want %v", model.ID, got.Values, model.AspectRatios)
		}
		if got := complete(t, t.Context(), d, promptRef, "resolution", "", given); !slices.Equal(got.Values, model.Resolutions) {
			t.Errorf("%s: resolutions %v, want %v", model.ID, got.Values, model.Resolutions)
		}
	}
}

// TestCompletedTasks: the caller's own, newest first, by their beginning, never
// more than the protocol allows.
func TestCompletedTasks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, setup{})
		defer w.close(t)
		d := w.deps
		var ids []string
		for i := range 120 {
			principal := "local"
			if i == 7 {
				principal = "somebody"
			}
			now := time.Now()
			task := video.Task{ID: store.NewID(now), Principal: principal, State: video.Failed, Upstream: "0123456789abcdef", Request: video.Request{Model: "sora2"}, CreatedAt: now, CompletedAt: now}
			if _, _, err := w.store.Insert(t.Context(), task); err != nil {
				t.Fatal(err)
			}
			if i != 7 {
				ids = append(ids, task.ID)
			}
			time.Sleep(time.Second)
		}
		slices.Reverse(ids)
		got := complete(t, t.Context(), d, taskRef, "id", "", `{}`)
		if !slices.Equal(got.Values, ids[:100]) || got.Total != len(ids) || !got.HasMore {
			t.Errorf("%d of %d, more: %v", len(got.Values), got.Total, got.HasMore)
		}
		if got := complete(t, t.Context(), d, taskRef, "id", ids[60], `{}`); !slices.Equal(got.Values, ids[60:61]) || got.HasMore {
			t.Errorf("by its whole id: %+v", got)
		}
		if got := complete(t, t.Context(), d, `{"type":"ref/resource","uri":"seedance://tasks/{id}/video"}`, "id", "vid_", `{}`); len(got.Values) != 100 {
			t.Errorf("of the video's template: %+v", got)
		}
		if got := complete(t, tools.WithPrincipal(t.Context(), "somebody"), d, taskRef, "id", "", `{}`); len(got.Values) != 1 || slices.Contains(ids, got.Values[0]) {
			t.Errorf("another principal is offered %+v", got)
		}
		for _, ref := range []string{`{"type":"ref/resource","uri":"seedance://catalog"}`, `{"type":"ref/resource","uri":"file:///{id}"}`} {
			if got := complete(t, t.Context(), d, ref, "id", "", `{}`); len(got.Values) != 0 {
				t.Errorf("%s: %+v", ref, got)
			}
		}
	})
}

// unreadable is a Service whose store is down.
type unreadable struct{ tools.Service }

func (unreadable) List(context.Context, string, store.Filter) (store.Page, error) {
	return store.Page{}, errors.New("no store")
}

// TestCompletionsNeverFail: they are help while typing.
func TestCompletionsNeverFail(t *testing.T) {
	d := listings(t)["workflow"]
	d.Service = unreadable{}
	if got := complete(t, t.Context(), d, taskRef, "id", "vid_", `{}`); len(got.Values) != 0 {
		t.Errorf("%+v", got)
	}
}
