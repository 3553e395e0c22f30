package main

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"seedance-mcp/internal/porttest"
)

// bearer sends a key with every request, as clients' static headers do.
type bearer string

func (key bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+string(key))
	return http.DefaultTransport.RoundTrip(r)
}

func connectAs(ctx context.Context, t *testing.T, endpoint, key string) (*mcp.ClientSession, error) {
	t.Helper()
	client := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil)
	session, err := client.Connect(ctx, &mcp.StreamableClientTransport{Endpoint: endpoint, HTTPClient: &http.Client{Transport: bearer(key)}}, nil)
	if err == nil {
		t.Cleanup(func() { session.Close() })
	}
	return session, err
}

// Two teams with keys of their own use one server: neither sees what the
// other makes, and a revoked key ends at once.
func TestKeysOverHTTP(t *testing.T) {
	ctx := t.Context()
	env := []string{"SEEDANCE_DATA_DIR=" + t.TempDir()}
	makeKey := func(args ...string) string {
		out, err := child(t, env, append([]string{"keys", "create"}, args...)...).Output()
		if err != nil {
			t.Fatalf("keys create: %v", err)
		}
		return strings.TrimSpace(string(out))
	}
	keyA, keyB := makeKey("team-a"), makeKey("team-b", "--daily-credits", "100", "--models", "seedance-20")
	addr := porttest.Addr(t)
	startUntilLogs(t, child(t, env, "http", "--addr", addr), "serving MCP")
	endpoint := "http://" + addr + "/mcp"

	for name, key := range map[string]string{"wrong": "sdmcp_aaaaaaaaaaaaaaaaaaaaaaaaaa", "empty": ""} {
		if _, err := connectAs(ctx, t, endpoint, key); err == nil {
			t.Errorf("a %s key was let in", name)
		}
	}
	response, err := http.Post(endpoint, "application/json", strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"tools/list"}`))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusUnauthorized || !strings.HasPrefix(response.Header.Get("WWW-Authenticate"), "Bearer") {
		t.Errorf("without a key: %s, WWW-Authenticate %q", response.Status, response.Header.Get("WWW-Authenticate"))
	}

	a, err := connectAs(ctx, t, endpoint, keyA)
	if err != nil {
		t.Fatal(err)
	}
	b, err := connectAs(ctx, t, endpoint, keyB)
	if err != nil {
		t.Fatal(err)
	}
	id, _ := call(ctx, t, a, "generate_video", map[string]any{"prompt": "a red fox in fresh snow"})["task_id"].(string)
	if id == "" {
		t.Fatal("team-a got no task")
	}
	if got := call(ctx, t, a, "get_task_status", map[string]any{"task_id": id, "wait_seconds": 45}); got["status"] != "success" {
		t.Errorf("team-a's own task: %v", got)
	}
	if got, _ := call(ctx, t, b, "get_task_status", map[string]any{"task_id": id})["isError"].(string); !strings.Contains(got, id) {
		t.Errorf("team-b sees team-a's task: %q", got)
	}
	if got := call(ctx, t, b, "list_tasks", nil); got["total"] != 0.0 {
		t.Errorf("team-b lists %v tasks", got["total"])
	}
	// Its terms: no more than its credits.
	if got, _ := call(ctx, t, b, "generate_video", map[string]any{"prompt": "a fox"})["isError"].(string); !strings.Contains(got, "your own daily budget") || !strings.Contains(got, "100") {
		t.Errorf("more than the key's credits: %q", got)
	}

	// And no model but those that it names.
	if got, _ := call(ctx, t, b, "generate_video", map[string]any{"prompt": "a fox", "model": "sora2"})["isError"].(string); !strings.Contains(got, "may not use the model sora2") {
		t.Errorf("a model that the key does not allow: %q", got)
	}

	if out, err := child(t, env, "keys", "revoke", "team-a").CombinedOutput(); err != nil {
		t.Fatalf("keys revoke: %v\n%s", err, out)
	}
	if _, err := connectAs(ctx, t, endpoint, keyA); err == nil {
		t.Error("a revoked key was let in")
	}
	if got := call(ctx, t, b, "list_tasks", nil); got["total"] != 0.0 {
		t.Errorf("the other key after that: %v", got)
	}
}
