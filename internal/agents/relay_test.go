package agents

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// relayFolder is the variable that makes this test binary a relay: an agent
// starts it in the place of the server, and the test can see what the agent
// said and which process answers it.
const relayFolder = "AGENTS_RELAY_FOLDER"

func TestMain(m *testing.M) {
	if folder := os.Getenv(relayFolder); folder != "" {
		os.Exit(relay(folder, os.Args[1:]))
	}
	// The agents mostly wait, so more of them than there are cores may run.
	if err := flag.Set("test.parallel", "4"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// relay runs the server on its own stdin and stdout, and leaves the server's
// process id in the file pid and what it was told in the file in.
func relay(folder string, command []string) int {
	heard, err := os.OpenFile(filepath.Join(folder, "in"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	server := exec.Command(command[0], command[1:]...)
	server.Stdout, server.Stderr = os.Stdout, os.Stderr
	stdin, err := server.StdinPipe()
	if err == nil {
		err = server.Start()
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, "pid"), []byte(strconv.Itoa(server.Process.Pid)), 0o600)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	go func() {
		_, _ = io.Copy(io.MultiWriter(heard, stdin), os.Stdin)
		stdin.Close()
	}()
	if err := server.Wait(); err != nil {
		if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() > 0 {
			return exit.ExitCode()
		}
		return 1
	}
	return 0
}

// protocolOf is the newest version of MCP in what a client said, line by line.
func protocolOf(said io.Reader) string {
	version := ""
	lines := bufio.NewReader(said)
	for {
		line, err := lines.ReadString('\n')
		if spoken := protocolIn([]byte(line)); spoken != "" {
			version = spoken
		}
		if err != nil {
			return version
		}
	}
}

// protocolIn is the version in one message: per request since 2026-07-28,
// before that in initialize.
func protocolIn(message []byte) string {
	var m struct {
		Method string `json:"method"`
		Params struct {
			ProtocolVersion string         `json:"protocolVersion"`
			Meta            map[string]any `json:"_meta"`
		} `json:"params"`
	}
	if json.Unmarshal(message, &m) != nil {
		return ""
	}
	if version, ok := m.Params.Meta["io.modelcontextprotocol/protocolVersion"].(string); ok {
		return version
	}
	if m.Method == "initialize" {
		return m.Params.ProtocolVersion
	}
	return ""
}

func TestProtocolOf(t *testing.T) {
	for want, said := range map[string]string{
		"":           `{"method":"tools/list"}` + "\nnonsense\n",
		"2024-11-05": `{"method":"initialize","params":{"protocolVersion":"2024-11-05"}}` + "\n" + `{"method":"tools/list"}`,
		"2026-07-28": `{"method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}`,
	} {
		if got := protocolOf(strings.NewReader(said)); got != want {
			t.Errorf("%s: %q, want %q", said, got, want)
		}
	}
}
