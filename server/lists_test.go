package server_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"seedance-mcp/server"
)

// listed are the four lists and what identifies their entries.
var listed = []struct{ method, field string }{
	{"tools/list", "tools"},
	{"prompts/list", "prompts"},
	{"resources/list", "resources"},
	{"resources/templates/list", "resourceTemplates"},
}

const entries = 7

// withEntries offers seven of each; resources and templates share few names.
func withEntries(size int) func(*server.Options) {
	return func(o *server.Options) {
		o.PageSize = size
		o.Tools = nil
		for i := range entries {
			o.Tools = append(o.Tools, mcpserver.ServerTool{Tool: mcp.NewTool(fmt.Sprintf("tool_%d", (i*3)%entries))})
		}
		o.Configure = func(s *mcpserver.MCPServer) {
			for i := range entries {
				n := (i * 3) % entries
				s.AddPrompt(mcp.NewPrompt(fmt.Sprintf("prompt_%d", n)), nil)
				s.AddResource(mcp.NewResource(fmt.Sprintf("test://%d", n), fmt.Sprintf("same %d", n/4)), nil)
				s.AddResourceTemplate(mcp.NewResourceTemplate(fmt.Sprintf("test://%d/{id}", n), "same"), nil)
			}
		}
	}
}

type listPage struct {
	Result map[string]json.RawMessage `json:"result"`
	Error  *struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

// names are those of a page's entries, or their addresses.
func (p listPage) names(t *testing.T, field string) []string {
	t.Helper()
	var all []struct{ Name, URI, URITemplate string }
	if err := json.Unmarshal(p.Result[field], &all); err != nil || all == nil {
		t.Fatalf("%s: %s %v", field, p.Result[field], err)
	}
	names := []string{}
	for _, entry := range all {
		names = append(names, entry.Name+" "+entry.URI+entry.URITemplate)
	}
	return names
}

func (p listPage) next(t *testing.T) string {
	t.Helper()
	var cursor string
	if p.Result["nextCursor"] != nil {
		if err := json.Unmarshal(p.Result["nextCursor"], &cursor); err != nil || cursor == "" {
			t.Fatal(string(p.Result["nextCursor"]), err)
		}
	}
	return cursor
}

func TestListsComeInPagesThatMissNothing(t *testing.T) {
	for _, size := range []int{1, 2, 3, entries - 1, entries, entries + 1, 0} {
		f := newFixture(t, withEntries(size))
		base, p := f.web(t), f.stdio(t)
		for _, list := range listed {
			for _, meta := range []string{"", modernMeta} {
				for _, over := range []string{"http", "stdio"} {
					var all []string
					pages, cursor := 0, ""
					for {
						body := fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q,"params":{"cursor":%q,"_meta":{%s}}}`, list.method, cursor, meta)
						var raw string
						if over == "http" {
							headers := []string{"Mcp-Method: " + list.method}
							if meta != "" {
								headers = append(headers, "Mcp-Protocol-Version: 2026-07-28")
							}
							_, m := post(t, base, body, headers...)
							raw = m.raw
						} else {
							p.send(body)
							raw = p.recv().raw
						}
						var page listPage
						if err := json.Unmarshal([]byte(raw), &page); err != nil || page.Error != nil {
							t.Fatal(raw, err)
						}
						all = append(all, page.names(t, list.field)...)
						pages++
						if cursor = page.next(t); cursor == "" {
							break
						}
					}
					want := 1
					if size > 0 {
						want = (entries + size - 1) / size
					}
					if len(all) != entries || !slices.IsSorted(all) || len(slices.Compact(slices.Clone(all))) != entries || pages != want {
						t.Errorf("%s by %d over %s: %d pages, want %d: %q", list.method, size, over, pages, want, all)
					}
				}
			}
		}
	}
}

func TestAForeignCursorIsRefusedInWords(t *testing.T) {
	base := newFixture(t, withEntries(3)).web(t)
	foreign := base64.RawURLEncoding.EncodeToString([]byte("tools/list\ntool_3"))
	for _, list := range listed {
		for _, cursor := range []string{`"nonsense!"`, `"YWJj"`, `5`, `{"a":1}`, `"` + strings.Repeat("A", 4000) + `"`, `"` + foreign + `"`} {
			if list.method == "tools/list" && strings.Contains(cursor, foreign) {
				continue // that one is its own
			}
			_, m := post(t, base, fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q,"params":{"cursor":%s}}`, list.method, cursor))
			if m.code() != mcp.INVALID_PARAMS || !strings.Contains(m.raw, "without a cursor") || len(m.raw) > 400 {
				t.Errorf("%s, %.40s: %.500s", list.method, cursor, m.raw)
			}
		}
		for _, none := range []string{`{"cursor":""}`, `{"cursor":null}`, `{}`} {
			if _, m := post(t, base, fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q,"params":%s}`, list.method, none)); m.code() != 0 {
				t.Errorf("%s, %s: %s", list.method, none, m.raw)
			}
		}
	}
}

// TestAListThatChangesGoesOnWhereItWas: no entry is shown twice and none is
// left out but those that came before the cursor.
func TestAListThatChangesGoesOnWhereItWas(t *testing.T) {
	var core *mcpserver.MCPServer
	f := newFixture(t, func(o *server.Options) {
		withEntries(3)(o)
		configure := o.Configure
		o.Configure = func(s *mcpserver.MCPServer) { core = s; configure(s) }
	})
	base := f.web(t)
	get := func(cursor string) listPage {
		_, m := post(t, base, fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"prompts/list","params":{"cursor":%q}}`, cursor))
		var page listPage
		if err := json.Unmarshal([]byte(m.raw), &page); err != nil {
			t.Fatal(err)
		}
		return page
	}
	first := get("")
	core.DeletePrompts("prompt_2", "prompt_3")
	core.AddPrompt(mcp.NewPrompt("prompt_00"), nil)
	second := get(first.next(t))
	if got := second.names(t, "prompts"); !slices.Equal(got, []string{"prompt_4 ", "prompt_5 ", "prompt_6 "}) || second.next(t) != "" {
		t.Error(got)
	}
}

// TestWhatTheServerDeclares: what a client of either era is told at first.
func TestWhatTheServerDeclares(t *testing.T) {
	page := func(s *mcpserver.MCPServer) {
		s.AddResource(mcp.NewResource("ui://x/page", "page", mcp.WithMIMEType("text/html;profile=mcp-app")),
			func(context.Context, mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) { return nil, nil })
	}
	discover := `{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{"_meta":{` + modernMeta + `}}}`
	for _, c := range []struct {
		name   string
		change func(*server.Options)
		apps   bool
		tasks  bool
	}{
		{"nothing more", nil, false, false},
		{"tasks", withShelf(newShelf()), false, true},
		{"a page", func(o *server.Options) { o.Configure = page }, true, false},
		{"both", func(o *server.Options) { withShelf(newShelf())(o); o.Configure = page }, true, true},
	} {
		f := newFixture(t, c.change)
		for over, send := range carriers(t, f) {
			for _, body := range []string{initialize, discover} {
				headers := []string{"Mcp-Protocol-Version: 2026-07-28", "Mcp-Method: server/discover"}
				if body == initialize {
					headers = nil
				}
				_, raw := send(body, headers...)
				var hello struct {
					Result struct {
						Capabilities map[string]json.RawMessage
						ServerInfo   mcp.Implementation
						Meta         struct {
							Info mcp.Implementation `json:"io.modelcontextprotocol/serverInfo"`
						} `json:"_meta"`
					}
				}
				if err := json.Unmarshal([]byte(raw), &hello); err != nil {
					t.Fatal(err)
				}
				who := hello.Result.ServerInfo
				if body == discover {
					who = hello.Result.Meta.Info
				}
				if who.Name != "seedance-mcp" || who.Title == "" || who.Version != "1.2.3" || who.WebsiteURL != "" || len(who.Icons) != 2 {
					t.Errorf("%s over %s: %+v", c.name, over, who)
				}
				for _, icon := range who.Icons {
					if !strings.HasPrefix(icon.Src, "data:"+icon.MIMEType+";base64,") || len(icon.Src) > 600 || len(icon.Sizes) != 1 {
						t.Errorf("icon %+v", icon)
					}
				}
				extensions := string(hello.Result.Capabilities["extensions"])
				if strings.Contains(extensions, "io.modelcontextprotocol/ui") != c.apps ||
					strings.Contains(extensions, server.TasksExtension) != (c.tasks && body == discover) {
					t.Errorf("%s over %s: extensions %s", c.name, over, extensions)
				}
				for _, capability := range []string{"tools", "resources", "prompts", "completions"} {
					if string(hello.Result.Capabilities[capability]) != "{}" {
						t.Errorf("%s over %s: %s is %s", c.name, over, capability, hello.Result.Capabilities[capability])
					}
				}
			}
			// Icons would be repeated in every result.
			if _, raw := send(call("1", "echo", "hi", 0, "", modernMeta), modernHeaders("echo")...); strings.Contains(raw, "icons") || !strings.Contains(raw, "seedance-mcp") {
				t.Error(raw)
			}
		}
	}
}
