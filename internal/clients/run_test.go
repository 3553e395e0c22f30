package clients

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"seedance-mcp/internal/catalog"
	"seedance-mcp/internal/sandbox"
)

// patience ends a program that hangs, so that its output is seen; a healthy
// run of the longest stage takes half of it at most.
const patience = 5 * time.Minute

// outcome is how one program fared in one stage.
type outcome struct {
	protocol string
	took     time.Duration // of the program alone
	lost     int           // calls that it had to repeat
	err      error
}

// run lets one client make one video in a data folder of its own. It calls
// free, once, when the program has started and computes no more.
func (l *lab) run(ctx context.Context, s stage, r *row, dir string, free func()) (o outcome) {
	began := false
	release := func() {
		if !began {
			began = true
			free()
		}
	}
	defer release()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	data := filepath.Join(dir, "data")
	if err := os.MkdirAll(data, 0o700); err != nil {
		return outcome{err: err}
	}
	watch := journal{filepath.Join(dir, "journal")}
	env := append([]string{
		"HOME=" + dir, "PATH=" + os.Getenv("PATH"), "SYSTEMROOT=" + os.Getenv("SYSTEMROOT"),
		"SEEDANCE_DATA_DIR=" + data, "SEEDANCE_SANDBOX_SPEED=" + s.speed,
		// Nothing of a test leaves this machine.
		"DO_NOT_TRACK=1", "MCP_USE_ANONYMIZED_TELEMETRY=false", "MASTRA_TELEMETRY_DISABLED=1", "OPENAI_AGENTS_DISABLE_TRACING=1",
	}, r.program.env...)
	if r.transport == "http" {
		door, err := openProxy(ctx, &httpServer{binary: l.server, env: env}, s.strike, watch)
		if err != nil {
			return outcome{err: err}
		}
		defer door.close()
		env = append(env, "SEEDANCE_MCP_URL="+door.url)
	} else {
		env = append(env, "SEEDANCE_MCP="+l.observer, variableServer+"="+l.server, variableJournal+"="+watch.path, variableStrike+"="+s.strike)
	}
	started := time.Now()
	stdout, lost, err := l.execute(ctx, s, r, dir, env, release)
	took := time.Since(started)
	seen := watch.read()
	if err == nil {
		err = check(ctx, s, r, stdout, seen, data)
	}
	return outcome{seen.last("protocol"), took, lost, err}
}

// execute runs the program to its end. Of sleepy stages it reports the start
// when the program has bought.
// lost counts the calls that it had to repeat.
func (l *lab) execute(ctx context.Context, s stage, r *row, dir string, env []string, started func()) (printed string, lost int, err error) {
	args := slices.Concat(r.command[1:], []string{r.transport, "a red fox running through fresh snow"})
	command := exec.CommandContext(ctx, r.command[0], args...)
	command.Dir, command.Env, command.WaitDelay = dir, env, 5*time.Second
	var complaints bytes.Buffer
	command.Stderr = &complaints
	pipe, err := command.StdoutPipe()
	if err != nil {
		return "", 0, err
	}
	if err := command.Start(); err != nil {
		return "", 0, err
	}
	var stdout strings.Builder
	lines := bufio.NewScanner(pipe)
	for lines.Scan() {
		fmt.Fprintln(&stdout, lines.Text())
		if s.sleepy && strings.HasPrefix(lines.Text(), "task: ") {
			started()
		}
	}
	if err := command.Wait(); err != nil {
		if ctx.Err() != nil {
			err = fmt.Errorf("no end after %v", patience)
		}
		return "", 0, fmt.Errorf("%w\n%s\n%s", err, stdout.String(), complaints.String())
	}
	return stdout.String(), strings.Count(complaints.String(), "; asking again\n"), nil
}

// A program's lines, as a person sees them.
var (
	estimateLine = regexp.MustCompile(`(?m)^estimate: ([0-9.]+) credits$`)
	usedLine     = regexp.MustCompile(`(?m)^used: ([0-9.]+) credits`)
	videoLine    = regexp.MustCompile(`(?m)^video: (http\S+)$`)
	savedLine    = regexp.MustCompile(`(?m)^saved: (.+)$`)
)

// check compares what the program printed with the sandbox's books.
func check(ctx context.Context, s stage, r *row, stdout string, seen notes, data string) error {
	var problems []error
	complain := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	group := func(line *regexp.Regexp) string {
		if found := line.FindStringSubmatch(stdout); found != nil {
			return found[1]
		}
		complain("it printed no line %s", line)
		return ""
	}
	estimate, used, url := group(estimateLine), group(usedLine), group(videoLine)
	books, err := readBooks(data)
	if err != nil {
		return err
	}
	if n := len(books.Entries); n != 1 {
		complain("%d createTask for one wish", n)
	}
	if estimate != used || used != books.Net.String() {
		complain("estimated %s, shown as used %s, charged %s credits", estimate, used, books.Net)
	}
	if r.transport == "stdio" {
		url = "" // inside the server's process; the file counts
		if info, err := os.Stat(group(savedLine)); err != nil || info.Size() < 1000 {
			complain("the saved video: %v", err)
		}
	}
	if url != "" {
		if err := fetch(ctx, url); err != nil {
			complain("%s: %w", url, err)
		}
	}
	if got := seen.last("struck"); got != s.strike {
		complain("the server was struck by %q, want %q: the stage did not happen", got, s.strike)
	}
	if len(problems) > 0 {
		problems = append(problems, errors.New(stdout))
	}
	return errors.Join(problems...)
}

// readBooks opens the sandbox's folder as one more process would.
func readBooks(data string) (sandbox.Books, error) {
	models, err := catalog.Default()
	if err != nil {
		return sandbox.Books{}, err
	}
	box, err := sandbox.New(sandbox.Options{Catalog: models, Dir: filepath.Join(data, "sandbox")})
	if err != nil {
		return sandbox.Books{}, err
	}
	return box.Books(), box.Close()
}

// fetch looks whether a video is there.
func fetch(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	size, err := io.Copy(io.Discard, response.Body)
	if err != nil {
		return err
	}
	if kind := response.Header.Get("Content-Type"); response.StatusCode != http.StatusOK || kind != "video/mp4" || size < 1000 {
		return fmt.Errorf("%s, %s, %d bytes", response.Status, kind, size)
	}
	return nil
}
