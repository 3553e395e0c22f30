package conformance

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// patience is how long a test waits for what must happen.
const patience = 60 * time.Second

// build makes the real program.
func build(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "seedance-mcp")
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	if output, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "seedance-mcp/cmd/seedance-mcp").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, output)
	}
	return program
}

// settings of a program that spends nothing, hurries, and leaves nothing
// outside folder.
func settings(folder string) []string {
	return []string{
		"SEEDANCE_DATA_DIR=" + filepath.Join(folder, "data"), "SEEDANCE_SANDBOX_SPEED=50",
		"HOME=" + folder, "XDG_STATE_HOME=" + folder,
	}
}

// process is a running HTTP server.
type process struct {
	url  string
	kill func() // at once, as kill -9 does
}

var served = regexp.MustCompile(`url="?(http://[^" ]+/mcp)`)

// serveHTTP starts the real program over HTTP; it ends with the test.
func serveHTTP(t *testing.T, program, folder string, more ...string) process {
	t.Helper()
	command := exec.CommandContext(context.Background(), program, "http", "--addr", "127.0.0.1:0")
	command.Env = slices.Concat(os.Environ(), settings(folder), more)
	log, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	urls, ended := make(chan string, 1), make(chan struct{})
	go func() {
		defer close(ended)
		var all bytes.Buffer
		lines := bufio.NewScanner(io.TeeReader(log, &all))
		for lines.Scan() {
			if found := served.FindStringSubmatch(lines.Text()); found != nil {
				urls <- found[1]
			}
		}
		_ = command.Wait()
		close(urls)
		if t.Failed() {
			fmt.Println(all.String())
		}
	}()
	stop := func() {
		_ = command.Process.Kill() // it may have ended
		<-ended
	}
	t.Cleanup(stop)
	select {
	case url, ok := <-urls:
		if !ok {
			t.Fatal("the program ended instead of serving")
		}
		return process{url: url, kill: stop}
	case <-time.After(patience):
		t.Fatal("the program does not serve")
	}
	panic("unreachable")
}

// ask sends one message of a client that takes tasks.
func (p process) ask(t *testing.T, method, name, params string) (answer struct {
	Result struct {
		ResultType, TaskID, Status string
		Result                     struct {
			StructuredContent struct{ Status string }
		}
	}
	Error json.RawMessage
},
) {
	t.Helper()
	body := fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q,"params":{%s,"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",
		"io.modelcontextprotocol/clientInfo":{"name":"test","version":"1"},
		"io.modelcontextprotocol/clientCapabilities":{"extensions":{"io.modelcontextprotocol/tasks":{}}}}}}`, method, params)
	r, err := http.NewRequest(http.MethodPost, p.url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for header, value := range map[string]string{
		"Content-Type": "application/json", "Accept": "application/json, text/event-stream",
		"Mcp-Protocol-Version": "2026-07-28", "Mcp-Method": method, "Mcp-Name": name,
	} {
		r.Header.Set(header, value)
	}
	own := &http.Transport{}
	defer own.CloseIdleConnections()
	response, err := own.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if _, event, ok := strings.Cut(string(text), "data: "); ok {
		text = []byte(event)
	}
	if err := json.Unmarshal(text, &answer); err != nil || answer.Error != nil {
		t.Fatalf("%s: %v %s", method, err, text)
	}
	return answer
}

// TestATaskOutlivesTheProcessThatAnswered: of two servers that share a folder,
// the one that took the order is killed; the other finishes the task.
func TestATaskOutlivesTheProcessThatAnswered(t *testing.T) {
	program, folder := build(t), t.TempDir()
	const slowly = "SEEDANCE_SANDBOX_SPEED=1" // 8 s: an order that is done is no task
	one, two := serveHTTP(t, program, folder, slowly), serveHTTP(t, program, folder, slowly)
	made := one.ask(t, "tools/call", "generate_video", `"name":"generate_video","arguments":{"prompt":"A fox in the snow"}`)
	one.kill()
	if made.Result.ResultType != "task" || made.Result.TaskID == "" {
		t.Fatalf("%+v", made)
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		got := two.ask(t, "tasks/get", made.Result.TaskID, fmt.Sprintf(`"taskId":%q`, made.Result.TaskID)).Result
		if got.Status == "completed" && got.Result.StructuredContent.Status == "success" {
			return
		}
		if got.Status != "working" || time.Now().After(deadline) {
			t.Fatalf("%+v", got)
		}
	}
}
