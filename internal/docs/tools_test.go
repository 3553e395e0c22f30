package docs

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"

	"seedance-mcp/internal/catalog"
	"seedance-mcp/internal/video"
	"seedance-mcp/tools"
)

// everywhere offers preview_video, which depends on the machine.
type everywhere struct{ tools.Previewer }

func (everywhere) SeesClips() bool { return true }

// deps are what clients over stdio are offered, on a machine that has all.
func deps(t *testing.T, dialect video.Dialect) tools.Deps {
	t.Helper()
	models, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	return tools.Deps{Catalog: models, Dialect: dialect, Downloads: true, Preview: everywhere{}}
}

// definitions are the tools as tools/list of one dialect shows them.
func definitions(t *testing.T, dialect video.Dialect) []mcp.Tool {
	t.Helper()
	var all []mcp.Tool
	for _, tool := range tools.All(deps(t, dialect)) {
		all = append(all, tool.Tool)
	}
	return all
}

// argument is one argument as the schema has it.
type argument struct {
	Name        string   `json:"-"`
	Type        string   `json:"type"`
	Description string   `json:"description"`
	Enum        []string `json:"enum"`
	Required    bool     `json:"-"`
	Items       *struct {
		Type string `json:"type"`
	} `json:"items"`
}

// arguments reads a schema in its own order.
func arguments(t *testing.T, tool mcp.Tool) []argument {
	t.Helper()
	var schema struct {
		Properties json.RawMessage `json:"properties"`
		Required   []string        `json:"required"`
	}
	if err := json.Unmarshal(tool.RawInputSchema, &schema); err != nil {
		t.Fatal(err)
	}
	var all []argument
	decoder := json.NewDecoder(strings.NewReader(string(schema.Properties)))
	if _, err := decoder.Token(); err != nil { // {
		t.Fatal(err)
	}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			t.Fatal(err)
		}
		var one argument
		if err := decoder.Decode(&one); err != nil {
			t.Fatal(err)
		}
		one.Name = name.(string)
		one.Required = slices.Contains(schema.Required, one.Name)
		all = append(all, one)
	}
	return all
}

// row describes the argument; there says in which dialects it is.
func (a argument) row(there string) []string {
	kind := a.Type
	if a.Items != nil {
		kind = a.Items.Type + "[]"
	}
	if a.Required {
		kind += ", required"
	}
	text := a.Description
	if text == "Same" {
		text = "As in generate_video"
	}
	if len(a.Enum) > 0 {
		text += ": " + code(strings.Join(a.Enum, "`, `"))
	}
	if there != "" {
		text += " (" + there + ")"
	}
	return []string{code(a.Name), kind, text}
}

// answers names the struct that each tool answers with; "": no JSON.
var answers = map[string][]string{
	"generate_video":  {"taskResult"},
	"get_task_status": {"taskResult", "tasksResult"},
	"estimate_cost":   {"estimateResult"},
	"list_tasks":      {"listResult"},
	"list_models":     {"modelsResult"},
	"download_video":  {"taskResult"},
	"preview_video":   nil,
	"cancel_task":     {"taskResult"},
	"get_usage":       {"usageResult"},
}

func toolsText(t *testing.T) string {
	var text strings.Builder
	shapes, seen := readShapes(t), map[string]bool{}
	var used []string
	workflow := definitions(t, video.Workflow)
	kinovi := map[string]mcp.Tool{}
	for _, tool := range definitions(t, video.Kinovi) {
		kinovi[tool.Name] = tool
	}
	for _, tool := range workflow {
		fmt.Fprintf(&text, "### %s\n\n%s\n\n", tool.Name, tool.Description)
		if rows := argumentRows(arguments(t, tool), arguments(t, kinovi[tool.Name])); len(rows) > 0 {
			text.WriteString(table([]string{"argument", "type", ""}, rows) + "\n")
		} else {
			text.WriteString("No arguments.\n\n")
		}
		results, known := answers[tool.Name]
		if !known {
			t.Errorf("internal/docs does not know what %s answers", tool.Name)
		}
		for i, result := range results {
			switch {
			case result == "taskResult" && seen[result]:
				text.WriteString("Answers [a task](#a-task).\n\n")
				continue
			case result == "taskResult":
				text.WriteString("Answers:\n\n#### A task\n\n")
			case i > 0:
				text.WriteString("For several tasks:\n\n")
			default:
				text.WriteString("Answers:\n\n")
			}
			text.WriteString(fieldTable(shapes.fields(t, result, "", seen), &used) + "\n")
		}
		if len(results) == 0 {
			text.WriteString("Answers one text and one JPEG of at most 60 KB.\n\n")
		}
	}
	for name := range shapes {
		if strings.HasSuffix(name, "Result") && !seen[name] {
			t.Errorf("no tool is said to answer with %s: see answers in internal/docs", name)
		}
	}
	complete(t, "the answer's field", used, fieldNotes)
	return text.String()
}

// argumentRows are the arguments of both dialects: what only one has, and
// values that differ, are told.
func argumentRows(workflow, kinovi []argument) [][]string {
	find := func(all []argument, name string) *argument {
		if i := slices.IndexFunc(all, func(a argument) bool { return a.Name == name }); i >= 0 {
			return &all[i]
		}
		return nil
	}
	var rows [][]string
	for _, a := range workflow {
		there := ""
		switch other := find(kinovi, a.Name); {
		case other == nil:
			there = "workflow only"
		case !slices.Equal(a.Enum, other.Enum):
			there = "kinovi: " + code(strings.Join(other.Enum, "`, `"))
		}
		rows = append(rows, a.row(there))
	}
	for _, a := range kinovi {
		if find(workflow, a.Name) == nil {
			rows = append(rows, a.row("kinovi only"))
		}
	}
	return rows
}

// fieldTable explains the fields; a task inside another answer is not told
// again.
func fieldTable(fields []field, used *[]string) string {
	var rows [][]string
	for _, f := range fields {
		if strings.HasPrefix(f.path, "tasks[].") && f.owner != "listedTask" {
			continue
		}
		key := f.name
		if fieldNotes[f.owner+"."+f.name] != "" {
			key = f.owner + "." + f.name
		}
		*used = append(*used, key)
		always := "always"
		if f.optional {
			always = ""
		}
		kind := f.kind
		if kind == "" {
			kind = "text" // a word of the vocabulary
		}
		rows = append(rows, []string{code(f.path), kind, always, fieldNotes[key]})
	}
	return table([]string{"field", "type", "", "what it says"}, rows)
}
