package clients

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

// What the observer of stdio is told, through the client that starts it.
const (
	variableServer  = "SEEDANCE_TEST_SERVER" // the real binary
	variableJournal = "SEEDANCE_TEST_JOURNAL"
	variableStrike  = "SEEDANCE_TEST_STRIKE"
)

// intoTheWait is how long a get_task_status is left waiting before the server
// is killed.
const intoTheWait = 700 * time.Millisecond

// observeStdio stands between a client and the server that it starts, and
// gives its exit code.
func observeStdio(binary string, args []string) int {
	server := exec.CommandContext(context.Background(), binary, args...)
	server.Stderr = os.Stderr
	in, err := server.StdinPipe()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	out, err := server.StdoutPipe()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if err := server.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	// A client that ends its server by signal ends this process only.
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		for s := range signals {
			_ = server.Process.Signal(s) // it may have ended already
		}
	}()
	o := &stdioObserver{journal: journal{os.Getenv(variableJournal)}, strike: os.Getenv(variableStrike), server: server, in: in}
	go o.fromClient(os.Stdin)
	o.fromServer(out, os.Stdout)
	if err := server.Wait(); err != nil {
		return max(server.ProcessState.ExitCode(), 1)
	}
	return 0
}

type stdioObserver struct {
	journal journal
	strike  string
	server  *exec.Cmd
	in      io.WriteCloser

	mu      sync.Mutex
	order   json.RawMessage // the id of generate_video, when its answer is waited for
	waiting json.RawMessage // that of get_task_status, when the server is to die
}

func (o *stdioObserver) fromClient(stdin io.Reader) {
	defer o.in.Close()
	for lines := bufio.NewReader(stdin); ; {
		line, err := lines.ReadBytes('\n')
		m, tool := o.journal.look(line)
		o.mu.Lock()
		switch {
		case o.strike == strikeRestart && tool == "generate_video":
			o.order = m.ID
		case o.strike == strikeDeath && tool == "get_task_status" && o.journal.first():
			o.waiting = m.ID
			time.AfterFunc(intoTheWait, o.kill)
		}
		o.mu.Unlock()
		if _, errWrite := o.in.Write(line); err != nil || errWrite != nil {
			return
		}
	}
}

func (o *stdioObserver) kill() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.waiting == nil {
		return // the answer came first; the missing note fails the test
	}
	_ = o.server.Process.Kill() // it lives: its answer is waited for
	o.journal.note("struck", strikeDeath)
}

func (o *stdioObserver) fromServer(out io.Reader, stdout io.Writer) {
	for lines := bufio.NewReader(out); ; {
		line, err := lines.ReadBytes('\n')
		var m message
		if json.Unmarshal(line, &m) == nil && m.ID != nil && m.Method == "" {
			o.mu.Lock()
			ordered := bytes.Equal(m.ID, o.order)
			if bytes.Equal(m.ID, o.waiting) {
				o.waiting = nil
			}
			o.mu.Unlock()
			if ordered && o.journal.first() {
				// The server is gone before the client has the answer.
				_ = o.in.Close() // what a client does to end it
				_, _ = io.Copy(io.Discard, lines)
				o.journal.note("struck", strikeRestart)
				_, _ = stdout.Write(line) // a client that is gone fails the test itself
				return
			}
		}
		if _, errWrite := stdout.Write(line); err != nil || errWrite != nil {
			return
		}
	}
}
