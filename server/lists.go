package server

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
)

// pageSize is how many entries a list answers with at once. It is large: some
// clients never ask for a second page.
const pageSize = 100

// isList says that the answer to method comes in pages.
func isList(method string) bool {
	switch mcp.MCPMethod(method) {
	case mcp.MethodToolsList, mcp.MethodPromptsList, mcp.MethodResourcesList, mcp.MethodResourcesTemplatesList:
		return true
	default:
		return false
	}
}

// uncursored takes the cursor out of a list request, because the core would
// read it in its own way: that skips entries of the same name and takes any
// text for a cursor. after is the key of the last entry the client has seen.
func uncursored(m incoming) (after string, raw json.RawMessage, refusal *mcp.JSONRPCError) {
	var message, params map[string]json.RawMessage
	if !isList(m.Method) || len(m.Params) == 0 || json.Unmarshal(m.Params, &params) != nil || params["cursor"] == nil {
		return "", m.raw, nil // the core refuses what is malformed
	}
	var cursor string
	if err := json.Unmarshal(params["cursor"], &cursor); err != nil {
		return "", nil, badCursor(m)
	}
	if cursor != "" {
		text, err := base64.RawURLEncoding.DecodeString(cursor)
		method, key, ok := strings.Cut(string(text), "\n")
		if err != nil || !ok || method != m.Method {
			return "", nil, badCursor(m)
		}
		after = key
	}
	delete(params, "cursor")
	bare, err := json.Marshal(params)
	if err == nil && json.Unmarshal(m.raw, &message) == nil {
		message["params"] = bare
		raw, err = json.Marshal(message)
	}
	if err != nil || raw == nil {
		return "", nil, badCursor(m)
	}
	return after, raw, nil
}

func badCursor(m incoming) *mcp.JSONRPCError {
	return failure(m.ID, mcp.INVALID_PARAMS, "The cursor is not one that "+m.Method+
		" gave as nextCursor. Send "+m.Method+" without a cursor to begin again.")
}

// cursorAfter is opaque to clients. It names the last entry they have seen, so
// that a list that changed meanwhile goes on at the right place.
func cursorAfter(method, key string) mcp.Cursor {
	return mcp.Cursor(base64.RawURLEncoding.EncodeToString([]byte(method + "\n" + key)))
}

// paged is the page of a list that follows the entry after, in the order of
// names, then of addresses, which are unique.
func paged(method, after string, size int, result any) any {
	switch list := result.(type) {
	case mcp.ListToolsResult:
		list.Tools, list.NextCursor = page(method, after, size, list.Tools, func(t mcp.Tool) string { return t.Name })
		return list
	case mcp.ListPromptsResult:
		list.Prompts, list.NextCursor = page(method, after, size, list.Prompts, func(p mcp.Prompt) string { return p.Name })
		return list
	case mcp.ListResourcesResult:
		list.Resources, list.NextCursor = page(method, after, size, list.Resources, func(r mcp.Resource) string { return r.Name + "\x00" + r.URI })
		return list
	case mcp.ListResourceTemplatesResult:
		list.ResourceTemplates, list.NextCursor = page(method, after, size, list.ResourceTemplates, func(t mcp.ResourceTemplate) string {
			if t.URITemplate == nil {
				return t.Name
			}
			return t.Name + "\x00" + t.URITemplate.Raw()
		})
		return list
	}
	return result
}

func page[T any](method, after string, size int, all []T, key func(T) string) ([]T, mcp.Cursor) {
	all = slices.SortedFunc(slices.Values(all), func(a, b T) int { return cmp.Compare(key(a), key(b)) })
	if after != "" {
		first := slices.IndexFunc(all, func(entry T) bool { return key(entry) > after })
		if first < 0 {
			first = len(all)
		}
		all = all[first:]
	}
	if len(all) > size {
		return all[:size], cursorAfter(method, key(all[size-1]))
	}
	if all == nil {
		all = []T{} // an empty list, not null
	}
	return all, ""
}
