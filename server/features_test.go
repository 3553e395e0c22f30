package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"seedance-mcp/internal/video"
	"seedance-mcp/server"
)

// completer completes any argument to what begins with its value.
type completer struct{}

func complete(argument mcp.CompleteArgument) (*mcp.Completion, error) {
	values := slices.DeleteFunc([]string{"16:9", "1:1", "9:16"}, func(v string) bool { return !strings.HasPrefix(v, argument.Value) })
	return &mcp.Completion{Values: values, Total: len(values)}, nil
}

func (completer) CompletePromptArgument(_ context.Context, _ string, a mcp.CompleteArgument, _ mcp.CompleteContext) (*mcp.Completion, error) {
	return complete(a)
}

func (completer) CompleteResourceArgument(_ context.Context, _ string, a mcp.CompleteArgument, _ mcp.CompleteContext) (*mcp.Completion, error) {
	return complete(a)
}

// withFeatures offers a resource, a template, a prompt and completions.
func withFeatures(o *server.Options) {
	o.Configure = func(s *mcpserver.MCPServer) {
		reads := func(_ context.Context, r mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
			return []mcp.ResourceContents{mcp.TextResourceContents{URI: r.Params.URI, MIMEType: "text/plain", Text: "read " + r.Params.URI}}, nil
		}
		s.AddResource(mcp.NewResource("test://models", "models"), reads)
		s.AddResourceTemplate(mcp.NewResourceTemplate("test://tasks/{id}", "task"), reads)
		faults := map[string]error{
			"test://gone": video.Errorf(video.NotFound, "There is no task gone."), "test://odd": video.Errorf(video.Invalid, "It cannot be meant."),
			"test://locked": video.Errorf(video.Unavailable, "The store is locked."), "test://broken": errors.New("secret detail"),
		}
		for uri, fault := range faults {
			s.AddResource(mcp.NewResource(uri, uri), func(context.Context, mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) { return nil, fault })
			s.AddPrompt(mcp.NewPrompt(uri), func(context.Context, mcp.GetPromptRequest) (*mcp.GetPromptResult, error) { return nil, fault })
		}
		s.AddPrompt(mcp.NewPrompt("storyboard", mcp.WithArgument("ratio", mcp.RequiredArgument())),
			func(_ context.Context, r mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
				return mcp.NewGetPromptResult("", []mcp.PromptMessage{mcp.NewPromptMessage(mcp.RoleUser, mcp.NewTextContent("make it "+r.Params.Arguments["ratio"]))}), nil
			})
		mcpserver.WithPromptCompletionProvider(completer{})(s)
		mcpserver.WithResourceCompletionProvider(completer{})(s)
	}
}

// TestResourcesPromptsAndCompletions: in both eras, over both transports; and
// what is not there is refused in words that name it.
func TestResourcesPromptsAndCompletions(t *testing.T) {
	f := newFixture(t, withFeatures)
	for over, send := range carriers(t, f) {
		for _, era := range eras {
			for _, c := range []struct {
				method, name, params string
				code                 int
				words                string
			}{
				{"resources/read", "test://models", `"uri":"test://models"`, 0, `"text":"read test://models"`},
				{"resources/read", "test://tasks/7", `"uri":"test://tasks/7"`, 0, `"text":"read test://tasks/7"`},
				{"resources/read", "test://none", `"uri":"test://none"`, 1, "resources/templates/list"},
				{"resources/read", "test://gone", `"uri":"test://gone"`, 1, "There is no task gone."},
				{"resources/read", "test://odd", `"uri":"test://odd"`, mcp.INVALID_PARAMS, "It cannot be meant."},
				{"resources/read", "test://locked", `"uri":"test://locked"`, mcp.INTERNAL_ERROR, "The store is locked."},
				{"resources/read", "test://broken", `"uri":"test://broken"`, mcp.INTERNAL_ERROR, "The server failed"},
				{"prompts/get", "storyboard", `"name":"storyboard","arguments":{"ratio":"9:16"}`, 0, "make it 9:16"},
				{"prompts/get", "none", `"name":"none"`, mcp.INVALID_PARAMS, "prompts/list"},
				{"prompts/get", "test://gone", `"name":"test://gone"`, mcp.INVALID_PARAMS, "There is no task gone."},
				{"prompts/get", "test://broken", `"name":"test://broken"`, mcp.INTERNAL_ERROR, "The server failed"},
				{"tools/call", "none", `"name":"none"`, mcp.INVALID_PARAMS, "tools/list"},
				{"completion/complete", "", `"ref":{"type":"ref/prompt","name":"storyboard"},"argument":{"name":"ratio","value":"1"}`, 0, `["16:9","1:1"]`},
				{"completion/complete", "", `"ref":{"type":"ref/resource","uri":"test://tasks/{id}"},"argument":{"name":"id","value":"9"}`, 0, `["9:16"]`},
				{"completion/complete", "", `"ref":{"type":"ref/none"},"argument":{"name":"id","value":"9"}`, 1, ""},
			} {
				body := fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q,"params":{%s,"_meta":{%s}}}`, c.method, c.params, era.meta)
				var headers []string
				if era.meta != "" {
					headers = []string{"Mcp-Protocol-Version: 2026-07-28", "Mcp-Method: " + c.method, "Mcp-Name: " + c.name}
				}
				got, raw := send(body, headers...)
				failed := got.Error != nil
				notFound := map[string]int{legacy: mcp.RESOURCE_NOT_FOUND, modern: mcp.INVALID_PARAMS}[era.name]
				if c.code == 1 && c.method == "resources/read" && (!failed || got.Error.Code != notFound) {
					t.Errorf("%s over %s: %s", era.name, over, raw)
				}
				if strings.Contains(raw, "secret") || failed != (c.code != 0) || (c.code < 0 && got.Error.Code != c.code) || !strings.Contains(raw, c.words) {
					t.Errorf("%s over %s, %s of %s: %s", era.name, over, c.method, c.params, raw)
				}
			}
		}
	}
}

// TestTheProductsListsAreTheSameHoweverTheyAreRead: by pages of one, over
// either transport, in either era, again and again.
func TestTheProductsListsAreTheSameHoweverTheyAreRead(t *testing.T) {
	p := newUpstream(t).serve(t, nil, nil)
	one := newUpstream(t)
	one.pageSize = 1
	byOne := one.serve(t, nil, nil)
	for _, list := range listed {
		var first []string
		for _, from := range []*product{p, byOne} {
			for over, send := range carriers(t, from.fixture) {
				for _, era := range eras {
					var all []string
					for cursor, begun := "", false; cursor != "" || !begun; begun = true {
						body := fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q,"params":{"cursor":%q,"_meta":{%s}}}`, list.method, cursor, era.meta)
						headers := []string{"Mcp-Method: " + list.method}
						if era.meta != "" {
							headers = append(headers, "Mcp-Protocol-Version: 2026-07-28")
						}
						_, raw := send(body, headers...)
						var page listPage
						if err := json.Unmarshal([]byte(raw), &page); err != nil || page.Error != nil {
							t.Fatal(raw)
						}
						var entries []json.RawMessage
						if err := json.Unmarshal(page.Result[list.field], &entries); err != nil {
							t.Fatal(err)
						}
						for _, entry := range entries {
							all = append(all, string(entry))
						}
						cursor = page.next(t)
					}
					if first == nil {
						first = all
					}
					if len(all) < 2 || !slices.Equal(all, first) {
						t.Errorf("%s over %s, %s: %d entries, first %d", list.method, over, era.name, len(all), len(first))
					}
				}
			}
		}
	}
}
