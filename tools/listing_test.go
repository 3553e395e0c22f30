package tools_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/mark3labs/mcp-go/server"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"seedance-mcp/internal/catalog"
	"seedance-mcp/internal/preview"
	"seedance-mcp/internal/video"
	"seedance-mcp/tools"
)

func defaultCatalog(t testing.TB) *catalog.Catalog {
	t.Helper()
	models, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	return models
}

func newServer(d tools.Deps) *server.MCPServer {
	srv := server.NewMCPServer("seedance-mcp", "v10.20.30-rc.1", server.WithTitle("Seedance video generation"), server.WithCompletions())
	srv.AddTools(tools.All(d)...)
	tools.Register(srv, d)
	return srv
}

// request sends one JSON-RPC request and gives the whole response's JSON.
func request(t testing.TB, ctx context.Context, srv *server.MCPServer, method, params string) []byte {
	t.Helper()
	message := fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q,"params":%s}`, method, params)
	raw, err := json.Marshal(srv.HandleMessage(ctx, json.RawMessage(message)))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// modernMeta is what a client of 2026-07-28 without capabilities sends along.
const modernMeta = `"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}`

// playerURI is that of the page.
const playerURI = "ui://seedance/player"

// sees is a Previewer that sees clips, or last frames only.
type sees bool

func (s sees) SeesClips() bool { return bool(s) }

func (sees) Preview(context.Context, video.Video) (preview.Picture, error) {
	return preview.Picture{}, video.Errorf(video.Unavailable, "not here")
}

// noUpload stands for a dialect that takes uploads.
type noUpload struct{}

func (noUpload) Upload(context.Context, string, string, int64, io.Reader) (string, error) {
	return "", video.Errorf(video.Unavailable, "not here")
}

// listings are the ways in which tools can be shown.
func listings(t *testing.T) map[string]tools.Deps {
	models := defaultCatalog(t)
	return map[string]tools.Deps{
		"workflow": {Catalog: models, Dialect: video.Workflow, Downloads: true, Preview: sees(true), PlayerURI: playerURI},
		"kinovi":   {Catalog: models, Dialect: video.Kinovi, Downloads: true, Preview: sees(true), PlayerURI: playerURI},
		"kinovi with uploads": {Catalog: models, Dialect: video.Kinovi, Downloads: true, Preview: sees(true), PlayerURI: playerURI,
			Uploader: noUpload{}, LocalFiles: true, Folders: []string{"/somewhere"}},
		"bare workflow": {Catalog: models, Dialect: video.Workflow},
		"bare kinovi":   {Catalog: models, Dialect: video.Kinovi},
	}
}

// listedTool is a tool as a client reads it.
type listedTool struct {
	Name, Title, Description  string
	InputSchema, OutputSchema json.RawMessage
	Annotations               map[string]bool
	Meta                      json.RawMessage `json:"_meta"`
}

func list(t *testing.T, d tools.Deps) (response []byte, listed []listedTool) {
	t.Helper()
	response = request(t, t.Context(), newServer(d), "tools/list", "{}")
	var answer struct{ Result struct{ Tools []listedTool } }
	if err := json.Unmarshal(response, &answer); err != nil {
		t.Fatal(err)
	}
	return response, answer.Result.Tools
}

func TestListGolden(t *testing.T) {
	for name, d := range listings(t) {
		if d.Uploader != nil || d.Preview == nil {
			continue // some words differ, or less is shown
		}
		response, _ := list(t, d)
		golden(t, "tools_list_"+name+".json", indented(t, response))
	}
}

// TestListSize: every model is sent every tool with every request.
func TestListSize(t *testing.T) {
	const most = 8 << 10
	for name, d := range listings(t) {
		old, _ := list(t, d)
		// The newer protocol adds who answers to every answer.
		modern := request(t, t.Context(), newServer(d), "tools/list", `{"_meta":{`+modernMeta+`}}`)
		for _, response := range [][]byte{old, modern} {
			t.Logf("%s: %d bytes", name, len(response))
			if len(response) > most {
				t.Errorf("%s: tools/list has %d bytes, more than %d", name, len(response), most)
			}
		}
	}
}

func TestListTexts(t *testing.T) {
	for name, d := range listings(t) {
		want := []string{"cancel_task", "download_video", "estimate_cost", "generate_video", "get_task_status", "get_usage", "list_models", "list_tasks", "preview_video"}
		if d.Preview == nil {
			want = want[:len(want)-1]
		}
		_, listed := list(t, d)
		var names []string
		for _, tool := range listed {
			names = append(names, tool.Name)
			if len(tool.Name) > 30 {
				t.Errorf("%s: name %q is longer than 30", name, tool.Name)
			}
			if n := utf8.RuneCountInString(tool.Description); n < 200 || n > 600 {
				t.Errorf("%s: the description of %s has %d characters, not 200 to 600", name, tool.Name, n)
			}
			if tool.Title == "" {
				t.Errorf("%s: %s has no title", name, tool.Name)
			}
		}
		if !slices.Equal(names, want) {
			t.Errorf("%s: tools %v, want %v", name, names, want)
		}
	}
}

// TestAnnotations: without all four some clients refuse or ask twice.
func TestAnnotations(t *testing.T) {
	type hints = map[string]bool
	readOnly := hints{"readOnlyHint": true, "destructiveHint": false, "idempotentHint": true, "openWorldHint": false}
	want := map[string]hints{
		"generate_video": {"readOnlyHint": false, "destructiveHint": false, "idempotentHint": false, "openWorldHint": false},
		"cancel_task":    {"readOnlyHint": false, "destructiveHint": true, "idempotentHint": true, "openWorldHint": false},
		"download_video": {"readOnlyHint": false, "destructiveHint": false, "idempotentHint": true, "openWorldHint": false},
	}
	_, listed := list(t, listings(t)["kinovi"])
	for _, tool := range listed {
		expected, special := want[tool.Name]
		if !special {
			expected = readOnly
		}
		if fmt.Sprint(tool.Annotations) != fmt.Sprint(expected) {
			t.Errorf("%s: annotations %v, want %v", tool.Name, tool.Annotations, expected)
		}
	}
}

// TestSchemasAreValid compiles every schema under both drafts that clients
// validate with.
func TestSchemasAreValid(t *testing.T) {
	for name, d := range listings(t) {
		_, listed := list(t, d)
		for _, tool := range listed {
			for _, draft := range []*jsonschema.Draft{jsonschema.Draft7, jsonschema.Draft2020} {
				compile(t, name+" "+tool.Name+" input", tool.InputSchema, draft)
				if tool.OutputSchema != nil {
					compile(t, name+" "+tool.Name+" output", tool.OutputSchema, draft)
				}
			}
		}
	}
}

func compile(t *testing.T, name string, schema []byte, draft *jsonschema.Draft) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(draft)
	address := "mem:///" + strings.ReplaceAll(name, " ", "_") + ".json"
	if err := compiler.AddResource(address, document); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	compiled, err := compiler.Compile(address)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return compiled
}

// TestInputSchemasAreStrictConvertible: an input schema is a flat object that
// OpenAI's strict mode can be made of, with no keyword that some client drops
// or chokes on.
func TestInputSchemasAreStrictConvertible(t *testing.T) {
	for name, d := range listings(t) {
		_, listed := list(t, d)
		for _, tool := range listed {
			var schema map[string]any
			if err := json.Unmarshal(tool.InputSchema, &schema); err != nil {
				t.Fatal(err)
			}
			onlyKeywords(t, tool.Name, schema, "type", "properties", "required")
			if schema["type"] != "object" {
				t.Errorf("%s %s: root %v", name, tool.Name, schema["type"])
			}
			properties, _ := schema["properties"].(map[string]any)
			for argument, raw := range properties {
				property, _ := raw.(map[string]any)
				checkProperty(t, tool.Name+"."+argument, property)
			}
			required, _ := schema["required"].([]any)
			for _, argument := range required {
				if _, there := properties[fmt.Sprint(argument)]; !there {
					t.Errorf("%s requires %v, which it does not have", tool.Name, argument)
				}
			}
		}
	}
}

func checkProperty(t *testing.T, where string, property map[string]any) {
	t.Helper()
	if text, _ := property["description"].(string); text == "" {
		t.Errorf("%s has no description", where)
	}
	switch property["type"] {
	case "string":
		onlyKeywords(t, where, property, "type", "description", "enum")
		values, _ := property["enum"].([]any)
		for _, value := range values {
			if _, ok := value.(string); !ok {
				t.Errorf("%s: enum value %v is no text", where, value)
			}
		}
	case "integer", "number":
		onlyKeywords(t, where, property, "type", "description", "minimum", "maximum")
		text, _ := property["description"].(string)
		for _, bound := range []string{"minimum", "maximum"} {
			if value, given := property[bound]; given && !strings.Contains(text, fmt.Sprint(value)) {
				t.Errorf("%s: %s %v is not in its description %q", where, bound, value, text)
			}
		}
	case "boolean":
		onlyKeywords(t, where, property, "type", "description")
	case "array":
		onlyKeywords(t, where, property, "type", "description", "items")
		if items, _ := property["items"].(map[string]any); fmt.Sprint(items) != "map[type:string]" {
			t.Errorf("%s: items %v", where, items)
		}
	default:
		t.Errorf("%s: type %v", where, property["type"])
	}
}

func onlyKeywords(t *testing.T, where string, schema map[string]any, allowed ...string) {
	t.Helper()
	for keyword := range schema {
		if !slices.Contains(allowed, keyword) {
			t.Errorf("%s: keyword %q", where, keyword)
		}
	}
}

// TestPreviewIsOfferedWhereItCanWork: with ffmpeg, or where the video service
// gives last frames.
func TestPreviewIsOfferedWhereItCanWork(t *testing.T) {
	models := defaultCatalog(t)
	for _, test := range []struct {
		dialect video.Dialect
		preview tools.Previewer
		want    bool
	}{
		{video.Workflow, sees(true), true}, {video.Workflow, sees(false), false}, {video.Workflow, nil, false},
		{video.Kinovi, sees(true), true}, {video.Kinovi, sees(false), true}, {video.Kinovi, nil, false},
	} {
		_, listed := list(t, tools.Deps{Catalog: models, Dialect: test.dialect, Preview: test.preview})
		offered := slices.ContainsFunc(listed, func(l listedTool) bool { return l.Name == "preview_video" })
		if offered != test.want {
			t.Errorf("%s, %v: offered %v", test.dialect, test.preview, offered)
		}
	}
}

// TestPages: the two tools that show a task name the page, where there is one.
func TestPages(t *testing.T) {
	for name, d := range listings(t) {
		_, listed := list(t, d)
		for _, tool := range listed {
			want := ""
			if d.PlayerURI != "" && (tool.Name == "generate_video" || tool.Name == "get_task_status") {
				want = `{"ui":{"resourceUri":"ui://seedance/player"}}`
			}
			if string(tool.Meta) != want {
				t.Errorf("%s %s: _meta %s", name, tool.Name, tool.Meta)
			}
		}
	}
}

// TestOutputSchemas: an object root, single types, no enums, few required. What
// programs pick fields out of is described; the other answers are for models,
// who see the answer alone. A picture has none: with one, several clients drop
// the picture.
func TestOutputSchemas(t *testing.T) {
	_, listed := list(t, listings(t)["kinovi"])
	for _, tool := range listed {
		if tool.Name == "preview_video" {
			if tool.OutputSchema != nil {
				t.Errorf("%s: %s", tool.Name, tool.OutputSchema)
			}
			continue
		}
		var schema struct {
			Type       string
			Properties map[string]map[string]any
			Required   []string
		}
		if err := json.Unmarshal(tool.OutputSchema, &schema); err != nil {
			t.Fatal(err)
		}
		described := tool.Name == "generate_video" || tool.Name == "get_task_status"
		if schema.Type != "object" || (len(schema.Properties) > 0) != described || len(schema.Required) > 3 {
			t.Errorf("%s: %s", tool.Name, tool.OutputSchema)
		}
		if described && !slices.Contains(schema.Required, "next") {
			t.Errorf("%s does not promise next", tool.Name)
		}
		for name, property := range schema.Properties {
			onlyKeywords(t, tool.Name+"."+name, property, "type", "items")
		}
		for _, name := range schema.Required {
			if schema.Properties[name] == nil {
				t.Errorf("%s requires %s, which it does not describe", tool.Name, name)
			}
		}
	}
}

// TestDialectsShowTheirArguments: what a dialect does not have costs no bytes
// in its list.
func TestDialectsShowTheirArguments(t *testing.T) {
	for name, d := range listings(t) {
		_, listed := list(t, d)
		for _, tool := range listed {
			if tool.Name != "generate_video" {
				continue
			}
			for _, argument := range []string{"resolution", "seed", "generate_audio", "video_urls", "audio_urls"} {
				shown := strings.Contains(string(tool.InputSchema), `"`+argument+`":`)
				if want := d.Dialect == video.Kinovi; shown != want {
					t.Errorf("%s: %s shown: %v, want %v", name, argument, shown, want)
				}
			}
			for _, model := range d.Catalog.Models(d.Dialect) {
				if !strings.Contains(string(tool.InputSchema), `"`+model.ID+`"`) {
					t.Errorf("%s: model %s is missing", name, model.ID)
				}
			}
		}
	}
}
