package tools_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"seedance-mcp/internal/video"
	"seedance-mcp/tools"
)

// ask gets a prompt; message is why it could not be had.
func ask(t *testing.T, d tools.Deps, name, arguments string) (text, message string) {
	t.Helper()
	var response struct {
		Result struct {
			Description string
			Messages    []struct {
				Role    string
				Content struct{ Type, Text string }
			}
		}
		Error *struct{ Message string }
	}
	raw := request(t, t.Context(), newServer(d), "prompts/get", `{"name":"`+name+`","arguments":`+arguments+`}`)
	if err := json.Unmarshal(raw, &response); err != nil {
		t.Fatal(err)
	}
	if response.Error != nil {
		return "", response.Error.Message
	}
	messages := response.Result.Messages
	if len(messages) != 1 || messages[0].Role != "user" || messages[0].Content.Type != "text" || response.Result.Description == "" {
		t.Fatalf("%s: %s", name, raw)
	}
	return messages[0].Content.Text, ""
}

func TestPromptsGolden(t *testing.T) {
	d := listings(t)["kinovi"]
	for name, arguments := range map[string]string{
		"text_to_video":        `{"idea":"A fox in the snow"}`,
		"text_to_video budget": `{"idea":"A fox\nin the snow","model":"seedance-20","aspect_ratio":"9:16","duration":"8","resolution":"1080p","budget":"500"}`,
		"animate_image":        `{"image_url":"https://e.test/fox.png"}`,
		"storyboard":           `{"story":"A fox looks for its cub","shots":"3","budget":"900","duration":"5"}`,
	} {
		text, message := ask(t, d, strings.Fields(name)[0], arguments)
		if message != "" {
			t.Fatalf("%s: %s", name, message)
		}
		golden(t, "prompt_"+strings.ReplaceAll(name, " ", "_")+".txt", []byte(text+"\n"))
	}
}

// TestPromptsNameWhatExists: the tools and arguments that a prompt speaks of
// are those of the list, and it leads from the price to the wait.
func TestPromptsNameWhatExists(t *testing.T) {
	for listing, d := range listings(t) {
		_, listed := list(t, d)
		known := []string{"task_id", "task_ids", "image_url", "idempotency_key"}
		for _, tool := range listed {
			var schema struct{ Properties map[string]any }
			if err := json.Unmarshal(tool.InputSchema, &schema); err != nil {
				t.Fatal(err)
			}
			known = append(known, tool.Name)
			for argument := range schema.Properties {
				known = append(known, argument)
			}
		}
		for name, arguments := range map[string]string{"text_to_video": `{"idea":"x"}`, "animate_image": `{"image_url":"x"}`, "storyboard": `{"story":"x","budget":"9"}`} {
			text, _ := ask(t, d, name, arguments)
			for _, word := range regexp.MustCompile(`[a-z]+(?:_[a-z]+)+`).FindAllString(text, -1) {
				if !slices.Contains(known, word) {
					t.Errorf("%s: %s speaks of %s, which does not exist", listing, name, word)
				}
			}
			price, order, wait := strings.Index(text, "Call estimate_cost"), strings.Index(text, "Call generate_video once"), strings.Index(text, "Call get_task_status")
			if price < 0 || order < price || wait < order || !strings.Contains(text, "Do not call generate_video again") {
				t.Errorf("%s: %s leads nowhere: %s", listing, name, text)
			}
		}
	}
}

// TestPromptArguments: what is given stands in the text, bounded and clean;
// what must be given is asked for.
func TestPromptArguments(t *testing.T) {
	d := listings(t)["workflow"]
	for name, argument := range map[string]string{"text_to_video": "idea", "animate_image": "image_url", "storyboard": "story"} {
		for _, arguments := range []string{`{}`, `{"` + argument + `":"  "}`} {
			if _, message := ask(t, d, name, arguments); !strings.Contains(message, "needs "+argument) {
				t.Errorf("%s %s: %q", name, arguments, message)
			}
		}
	}
	if text, _ := ask(t, d, "text_to_video", `{"idea":"a\u0000 fox\u001b[2J `+strings.Repeat("snow ", 10_000)+`"}`); len(text) > 8000 || strings.ContainsAny(text, "\x00\x1b") {
		t.Errorf("%d bytes", len(text))
	}
	for shots, want := range map[string]string{"": "4 shots", "0": "1 shots", "7": "7 shots", "99": "12 shots", "many": "4 shots"} {
		if text, _ := ask(t, d, "storyboard", `{"story":"x","shots":"`+shots+`"}`); !strings.Contains(text, want) {
			t.Errorf("shots %q: %.80s", shots, text)
		}
	}
}

// TestPromptsFollowTheCatalog: each dialect's own models and values.
func TestPromptsFollowTheCatalog(t *testing.T) {
	for _, dialect := range []video.Dialect{video.Workflow, video.Kinovi} {
		d := listings(t)[string(dialect)]
		raw := string(request(t, t.Context(), newServer(d), "prompts/list", "{}"))
		for _, model := range d.Catalog.Models(dialect) {
			if !strings.Contains(raw, model.ID) {
				t.Errorf("%s is not named", model.ID)
			}
		}
		if named := strings.Contains(raw, `"resolution"`); named != (len(d.Catalog.Resolutions(dialect)) > 1) {
			t.Errorf("%s: resolution offered: %v", dialect, named)
		}
	}
}
