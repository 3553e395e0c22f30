package main

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"seedance-mcp/internal/porttest"
)

// The official Go SDK's client, which shares no code with the server, drives
// the real process through the whole job.

func connectStdio(ctx context.Context, t *testing.T, cmd *exec.Cmd) *mcp.ClientSession {
	t.Helper()
	cmd.Stderr = os.Stderr
	client := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil)
	session, err := client.Connect(ctx, &mcp.CommandTransport{Command: cmd}, nil)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	t.Cleanup(func() { session.Close() })
	return session
}

func connectHTTP(ctx context.Context, t *testing.T, env []string) *mcp.ClientSession {
	t.Helper()
	addr := porttest.Addr(t)
	cmd := child(t, env, "http", "--addr", addr)
	startUntilLogs(t, cmd, "serving MCP")
	client := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil)
	session, err := client.Connect(ctx, &mcp.StreamableClientTransport{Endpoint: "http://" + addr + "/mcp"}, nil)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	t.Cleanup(func() { session.Close() })
	return session
}

// startUntilLogs starts cmd and returns when its stderr holds the words.
func startUntilLogs(t *testing.T, cmd *exec.Cmd, words string) {
	t.Helper()
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	ready := make(chan bool, 1)
	go func() {
		lines := bufio.NewScanner(stderr)
		for lines.Scan() {
			if strings.Contains(lines.Text(), words) {
				ready <- true
			}
			t.Log(lines.Text())
		}
		close(ready)
	}()
	select {
	case ok := <-ready:
		if !ok {
			t.Fatalf("the process ended before it logged %q", words)
		}
	case <-time.After(hung):
		t.Fatalf("no %q on stderr", words)
	}
}

// call calls a tool and decodes its text, which must equal the structured
// content.
func call(ctx context.Context, t *testing.T, session *mcp.ClientSession, name string, args map[string]any) map[string]any {
	t.Helper()
	result, err := session.CallTool(ctx, &mcp.CallToolParams{Name: name, Arguments: args})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if len(result.Content) != 1 {
		t.Fatalf("%s: %d content items, want one", name, len(result.Content))
	}
	text, ok := result.Content[0].(*mcp.TextContent)
	if !ok {
		t.Fatalf("%s: content is %T", name, result.Content[0])
	}
	if result.IsError {
		return map[string]any{"isError": text.Text}
	}
	var fromText map[string]any
	if err := json.Unmarshal([]byte(text.Text), &fromText); err != nil {
		t.Fatalf("%s: text is no JSON object: %v\n%s", name, err, text.Text)
	}
	structured, err := json.Marshal(result.StructuredContent)
	if err != nil {
		t.Fatal(err)
	}
	var fromStructured map[string]any
	if err := json.Unmarshal(structured, &fromStructured); err != nil {
		t.Fatal(err)
	}
	a, _ := json.Marshal(fromText)
	b, _ := json.Marshal(fromStructured)
	if string(a) != string(b) {
		t.Fatalf("%s: text and structured content differ:\n%s\n%s", name, a, b)
	}
	return fromText
}

// wholeJob does what an agent does: estimate → generate → wait → URL.
func wholeJob(ctx context.Context, t *testing.T, session *mcp.ClientSession, args map[string]any) map[string]any {
	t.Helper()
	quote := call(ctx, t, session, "estimate_cost", args)
	if quote["credits"] != 200.0 {
		t.Fatalf("quote: %v", quote)
	}
	made := call(ctx, t, session, "generate_video", args)
	id, ok := made["task_id"].(string)
	if !ok {
		t.Fatalf("generate_video: %v", made)
	}
	for range 20 {
		task := call(ctx, t, session, "get_task_status", map[string]any{"task_id": id, "wait_seconds": 45})
		switch task["status"] {
		case "success":
			return task
		case "fail", "unconfirmed":
			t.Fatalf("task: %v", task)
		}
	}
	t.Fatal("the task did not end")
	return nil
}

func firstVideo(t *testing.T, task map[string]any) map[string]any {
	t.Helper()
	videos, ok := task["videos"].([]any)
	if !ok || len(videos) != 1 {
		t.Fatalf("videos: %v", task)
	}
	return videos[0].(map[string]any)
}

func TestForeignClientOverStdio(t *testing.T) {
	ctx := t.Context()
	session := connectStdio(ctx, t, child(t, nil, "stdio"))
	task := wholeJob(ctx, t, session, map[string]any{"prompt": "a red fox", "duration": 5})
	path, _ := firstVideo(t, task)["path"].(string)
	if info, err := os.Stat(path); err != nil || info.Size() < 1000 {
		t.Errorf("the saved video %q: %v", path, err)
	}
	if task["sandbox"] != true {
		t.Errorf("the answer does not say that it was the sandbox: %v", task)
	}
}

func TestForeignClientOverHTTP(t *testing.T) {
	ctx := t.Context()
	session := connectHTTP(ctx, t, nil)
	task := wholeJob(ctx, t, session, map[string]any{"prompt": "a red fox", "duration": "5s"})
	url, _ := firstVideo(t, task)["url"].(string)
	response, err := http.Get(url)
	if err != nil {
		t.Fatalf("the video's URL does not answer: %v", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != "video/mp4" {
		t.Errorf("%s: %s %s", url, response.Status, response.Header.Get("Content-Type"))
	}
}

// TestEveryGeneration points the process at a stub written from the API's
// documentation alone, in each generation's shape.
func TestEveryGeneration(t *testing.T) {
	for _, shape := range []string{"z", "workflow", "b", "kinovi"} {
		for _, transport := range []string{"stdio", "http"} {
			t.Run(shape+"/"+transport, func(t *testing.T) {
				t.Parallel() // they mostly wait
				stub := startStub(t, shape)
				env := []string{"SEEDANCE_API_URL=" + stub.URL + "/api/v1", "SEEDANCE_API_KEY=sk-test-not-a-real-key"}
				if shape == "kinovi" {
					env = append(env, "SEEDANCE_DIALECT=kinovi")
				}
				ctx := t.Context()
				var session *mcp.ClientSession
				if transport == "stdio" {
					session = connectStdio(ctx, t, child(t, env, "stdio"))
				} else {
					session = connectHTTP(ctx, t, env)
				}
				task := wholeJob(ctx, t, session, map[string]any{"prompt": "a red fox", "model": "Seedance 2.0", "duration": 5})
				if got, _ := firstVideo(t, task)["url"].(string); got != stub.URL+"/v.mp4" {
					t.Errorf("url = %q", got)
				}
				if used := task["credits"].(map[string]any)["used"]; used != 199.5 {
					t.Errorf("credits used = %v, want the upstream's 199.5", used)
				}
				if n := stub.creates.Load(); n != 1 {
					t.Errorf("createTask was sent %d times", n)
				}
				if complaint := stub.complaint(); complaint != "" {
					t.Error(complaint)
				}
			})
		}
	}
}

// foreign finds a program, skips by its name, or fails where it is required.
func foreign(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err == nil {
		return path
	}
	if slices.Contains(strings.Split(os.Getenv("SEEDANCE_TEST_REQUIRE"), ","), program) {
		t.Fatalf("%s is required and not installed", program)
	}
	t.Skipf("SKIPPED: %s is not installed", program)
	return ""
}
