package agents

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"seedance-mcp/internal/agents/standin"
	"seedance-mcp/internal/porttest"
	"seedance-mcp/internal/sandbox"
)

// clipTime is how long the sandbox takes for the script's video at speed 1.
const clipTime = 8 * time.Second

// world is what surrounds one agent: an upstream, an internet that refuses, a
// home, and the server.
type world struct {
	t        *testing.T
	binary   string // of the server
	home     string
	upstream string // the sandbox's address
	internet *standin.Internet
	proxy    string
	server   mcpServer
	// serving is the server that answers HTTP; nil with stdio.
	serving *httpServer
	relayed string // the folder of the relay; "" with HTTP
}

// newWorld makes one in which a video takes about so long.
func newWorld(t *testing.T, binary, transport string, video time.Duration) *world {
	t.Helper()
	w := &world{t: t, binary: binary, home: t.TempDir(), internet: &standin.Internet{}}
	w.upstream = serveSandbox(t, binary, clipTime.Seconds()/video.Seconds())
	w.proxy = w.host(w.internet)
	settings := map[string]string{
		"SEEDANCE_API_URL": w.upstream + "/api/v1", "SEEDANCE_API_KEY": sandbox.KeyMain,
		"SEEDANCE_DATA_DIR": filepath.Join(w.home, "seedance"), "SEEDANCE_LOG_LEVEL": "warn",
	}
	if transport == "http" {
		w.serving = serveHTTP(t, binary, settings)
		w.server.url = w.serving.front.URL + "/mcp"
		return w
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	w.relayed = t.TempDir()
	settings[relayFolder] = w.relayed
	w.server = mcpServer{command: []string{self, binary, "stdio"}, env: settings}
	return w
}

// serveSandbox starts the upstream, as a process of its own: it renders, and a
// test with the race detector would take a minute for that.
func serveSandbox(t *testing.T, binary string, speed float64) (address string) {
	t.Helper()
	cmd := exec.Command(binary, "sandbox", "--addr", "127.0.0.1:0", "--speed", strconv.FormatFloat(speed, 'g', 4, 64))
	cmd.Env = surroundings(map[string]string{"SEEDANCE_DATA_DIR": t.TempDir()})
	said, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatalf("start the sandbox: %v", err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	lines := bufio.NewReader(said)
	for {
		line, err := lines.ReadString('\n')
		if start := strings.Index(line, "http://"); start >= 0 {
			go io.Copy(io.Discard, lines) // until the process ends
			address, _, _ = strings.Cut(line[start:], "/api/v1")
			return address
		}
		if err != nil {
			t.Fatalf("the sandbox does not say where it is: %v", err)
		}
	}
}

// books are what the sandbox was asked and charged.
func (w *world) books() sandbox.Books {
	w.t.Helper()
	request, err := http.NewRequest(http.MethodGet, w.upstream+"/sandbox/books", nil)
	if err != nil {
		w.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+sandbox.KeyMain)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	var books sandbox.Books
	if err := json.NewDecoder(response.Body).Decode(&books); err != nil {
		w.t.Fatalf("the books, %s: %v", response.Status, err)
	}
	return books
}

func (w *world) host(handler http.Handler) string {
	server := httptest.NewServer(handler)
	w.t.Cleanup(server.Close)
	return server.URL
}

// protocol is the version of MCP that the agent spoke.
func (w *world) protocol() string {
	return protocolOf(bytes.NewReader(w.heard()))
}

// heard is what the server was told so far, one message a line.
func (w *world) heard() []byte {
	if w.serving != nil {
		return w.serving.heard()
	}
	said, err := os.ReadFile(filepath.Join(w.relayed, "in"))
	if err != nil && !os.IsNotExist(err) {
		w.t.Error(err)
	}
	return said
}

// killServer ends the server at once, without a word to anybody.
func (w *world) killServer() {
	if w.serving != nil {
		w.serving.kill()
		return
	}
	written, err := os.ReadFile(filepath.Join(w.relayed, "pid"))
	if err != nil {
		w.t.Error(err)
		return
	}
	pid, err := strconv.Atoi(string(written))
	if err != nil {
		w.t.Error(err)
		return
	}
	if process, err := os.FindProcess(pid); err == nil {
		err = process.Kill()
		if err != nil {
			w.t.Errorf("kill the server: %v", err)
		}
	}
}

// httpServer is `seedance-mcp http` behind a listener that stays while the
// process comes and goes, and that writes down what it is told.
type httpServer struct {
	t      *testing.T
	binary string
	env    []string
	addr   string
	front  *httptest.Server

	mu      sync.Mutex
	process *exec.Cmd
	said    bytes.Buffer
}

func serveHTTP(t *testing.T, binary string, settings map[string]string) *httpServer {
	t.Helper()
	s := &httpServer{t: t, binary: binary, addr: porttest.Addr(t), env: surroundings(settings)}
	target := &url.URL{Scheme: "http", Host: s.addr}
	pass := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.Out.URL.Host
		},
		FlushInterval: -1,
		ErrorLog:      log.New(io.Discard, "", 0), // servers are killed on purpose
		// A server that is gone refuses the connection; the nearest to that
		// behind a listener is to break it.
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	s.front = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		s.mu.Lock()
		s.said.Write(body)
		s.said.WriteByte('\n')
		s.mu.Unlock()
		r.Body = io.NopCloser(bytes.NewReader(body))
		pass.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		s.kill()
		s.front.Close()
	})
	s.start()
	return s
}

func (s *httpServer) heard() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Clone(s.said.Bytes())
}

// start returns when the server serves.
func (s *httpServer) start() {
	cmd := exec.Command(s.binary, "http", "--addr", s.addr, "--log-level", "info")
	cmd.Env = s.env
	logs, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		s.t.Errorf("start the server: %v", err)
		return
	}
	s.mu.Lock()
	s.process = cmd
	s.mu.Unlock()
	lines := bufio.NewReader(logs)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			s.t.Errorf("the server ended before it served: %s", line)
			return
		}
		if strings.Contains(line, "serving MCP") {
			break
		}
	}
	go io.Copy(io.Discard, lines) // until the process ends
}

// kill ends the process and the connections that led to it.
func (s *httpServer) kill() {
	s.mu.Lock()
	cmd := s.process
	s.process = nil
	s.mu.Unlock()
	if cmd == nil {
		return
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	s.front.CloseClientConnections()
}

// surroundings is an environment that has nothing of the caller's but where
// programs are.
func surroundings(more map[string]string) []string {
	env := []string{"LANG=C.UTF-8", "TERM=dumb", "NO_COLOR=1"}
	for _, name := range []string{"PATH", "SystemRoot", "TMPDIR", "TEMP"} {
		if value := os.Getenv(name); value != "" {
			env = append(env, name+"="+value)
		}
	}
	for _, name := range sortedKeys(more) {
		env = append(env, name+"="+more[name])
	}
	return env
}

// outcome is what an agent's process did.
type outcome struct {
	stdout, stderr string
	err            error
	took           time.Duration
}

// start runs an agent's program in the home until it ends.
func (w *world) start(ctx context.Context, program string, call invocation) outcome {
	w.t.Helper()
	for name, text := range call.files {
		path := filepath.Join(w.home, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			w.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			w.t.Fatal(err)
		}
	}
	env := map[string]string{
		"HOME": w.home, "USERPROFILE": w.home,
		"HTTP_PROXY": w.proxy, "HTTPS_PROXY": w.proxy, "http_proxy": w.proxy, "https_proxy": w.proxy, "ALL_PROXY": w.proxy, "all_proxy": w.proxy,
		"NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost",
	}
	maps.Copy(env, call.env)
	work := filepath.Join(w.home, "work")
	if err := os.MkdirAll(work, 0o700); err != nil {
		w.t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, program, call.args...)
	cmd.Dir, cmd.Env, cmd.WaitDelay = work, surroundings(env), 5*time.Second
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	begun := time.Now()
	err := cmd.Run()
	return outcome{stdout: stdout.String(), stderr: stderr.String(), err: err, took: time.Since(begun)}
}
