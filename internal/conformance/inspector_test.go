package conformance

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// inspector is the official Inspector's command line, pointed at one server.
type inspector struct {
	node   string
	home   string
	era    string
	target []string // what comes last: a command, or an address
	stdio  bool
}

// run gives what the Inspector printed, and fails the test if it complained.
func (i inspector) run(t *testing.T, args ...string) map[string]json.RawMessage {
	t.Helper()
	all := slices.Concat([]string{inspectorProgram, "--cli", "--protocol-era", i.era, "--format", "json"}, args)
	if i.stdio {
		for _, setting := range settings(i.home) {
			all = append(all, "-e", setting)
		}
		all = append(all, "--")
	}
	command := exec.CommandContext(t.Context(), i.node, append(all, i.target...)...)
	command.Env = append(os.Environ(), "HOME="+i.home, "SEEDANCE_LOG_LEVEL=warn")
	var out, complaints bytes.Buffer
	command.Stdout, command.Stderr = &out, &complaints
	err := command.Run()
	// Over stdio the server's own log is on the same stream.
	said := strings.Join(slices.DeleteFunc(strings.Split(complaints.String(), "\n"), func(line string) bool {
		return line == "" || (i.stdio && strings.HasPrefix(line, "time="))
	}), "\n")
	if err != nil || said != "" {
		t.Fatalf("%q: %v\n%s\n%s", args, err, said, out.String())
	}
	var answer struct {
		Result map[string]json.RawMessage `json:"result"`
	}
	if err := json.Unmarshal(out.Bytes(), &answer); err != nil || answer.Result == nil {
		t.Fatalf("%q: %v\n%s", args, err, out.String())
	}
	return answer.Result
}

// status is that of a task in a tool's answer.
func status(t *testing.T, result map[string]json.RawMessage) string {
	t.Helper()
	var content struct {
		Status string `json:"status"`
	}
	if err := json.Unmarshal(result["structuredContent"], &content); err != nil {
		t.Fatal(err)
	}
	return content.Status
}

// TestInspector: the Inspector's strict mode finds nothing in what the real
// program lists, in either era, over either transport; and it gets a video,
// in the newer era by the tasks extension.
func TestInspector(t *testing.T) {
	node, program := install(t), build(t)
	for _, over := range []string{"stdio", "http"} {
		for _, era := range []string{"legacy", "modern"} {
			t.Run(over+" "+era, func(t *testing.T) {
				i := inspector{node: node, home: t.TempDir(), era: era, stdio: over == "stdio"}
				if i.stdio {
					i.target = []string{program, "stdio"}
				} else {
					i.target = []string{"--transport", "http", "--server-url", serveHTTP(t, program, i.home).url}
				}
				var listed struct {
					tools, templates []struct{ Name string }
					resources        []struct{ URI string }
					prompts          []struct {
						Name      string
						Arguments []struct {
							Name     string
							Required bool
						}
					}
				}
				for method, into := range map[string]any{
					"tools": &listed.tools, "prompts": &listed.prompts,
					"resources": &listed.resources, "resources/templates": &listed.templates,
				} {
					args := []string{"--method", method + "/list"}
					if method == "tools" {
						args = append(args, "--strict")
					}
					field := strings.Replace(method, "resources/templates", "resourceTemplates", 1)
					if text := i.run(t, args...)[field]; json.Unmarshal(text, into) != nil {
						t.Errorf("%s: %s", method, text)
					}
				}
				if len(listed.tools) < 7 || len(listed.resources) < 3 || len(listed.templates) < 1 || len(listed.prompts) < 3 {
					t.Errorf("listed: %+v", listed)
				}
				for _, prompt := range listed.prompts {
					args := []string{"--method", "prompts/get", "--prompt-name", prompt.Name, "--prompt-args"}
					for _, argument := range prompt.Arguments {
						if argument.Required {
							args = append(args, argument.Name+"=https://example.com/fox.png") // text, and an address
						}
					}
					if messages := i.run(t, args...)["messages"]; !strings.Contains(string(messages), "generate_video") {
						t.Errorf("%s: %s", prompt.Name, messages)
					}
				}
				for _, resource := range listed.resources {
					if contents := i.run(t, "--method", "resources/read", "--uri", resource.URI)["contents"]; len(contents) < 10 {
						t.Errorf("%s: %s", resource.URI, contents)
					}
				}
				call := func(tool, arguments string) map[string]json.RawMessage {
					return i.run(t, "--method", "tools/call", "--tool-name", tool, "--tool-args-json", arguments)
				}
				if quote := call("estimate_cost", `{"prompt":"A fox in the snow"}`); !strings.Contains(string(quote["structuredContent"]), `"credits":200`) {
					t.Error(string(quote["structuredContent"]))
				}
				ordered := status(t, call("generate_video", `{"prompt":"A fox in the snow"}`))
				if era == "modern" && ordered != "success" { // it followed the task to its end
					t.Errorf("ordered: %s", ordered)
				}
				if got := status(t, call("get_task_status", `{"wait_seconds":45}`)); got != "success" {
					t.Errorf("afterwards: %s", got)
				}
			})
		}
	}
}
