//go:build unix

package main

import (
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
)

var pictures = flag.String("pictures", "", "`folder` to draw the terminal's picture into, such as ../../docs/images")

// onTerminal runs a command on a real pseudo-terminal and gives what a person
// sees; during is called after each frame.
func onTerminal(t *testing.T, cmd *exec.Cmd, width, height int, during func(e *emulator, tty *os.File)) (e *emulator, raw string, code int) {
	t.Helper()
	tty, err := pty.StartWithSize(cmd, &pty.Winsize{Cols: uint16(width), Rows: uint16(height)})
	if err != nil {
		t.Fatal(err)
	}
	defer tty.Close()
	stuck := time.AfterFunc(hung, func() { _ = cmd.Process.Kill() })
	defer stuck.Stop()
	e = &emulator{width: width}
	if during != nil {
		e.snapshot = func(e *emulator) { during(e, tty) }
	}
	var all strings.Builder
	buffer := make([]byte, 32<<10)
	for {
		n, err := tty.Read(buffer)
		all.Write(buffer[:n])
		e.write(string(buffer[:n]))
		if err != nil { // EIO: the other side is closed
			break
		}
	}
	err = cmd.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return e, all.String(), exit.ExitCode()
	}
	if err != nil {
		t.Fatal(err)
	}
	return e, all.String(), 0
}

var percent = regexp.MustCompile(`(?m)^(\d)\s.*?(\d+) %`)

// TestTableOnATerminal: a batch is one table that is drawn in its place: no
// line wraps, no share falls, wide characters keep the columns, and the cursor
// is given back.
func TestTableOnATerminal(t *testing.T) {
	for _, width := range []int{120, 80, 44, 24} {
		t.Run(strconv.Itoa(width), func(t *testing.T) {
			w := newWorld(t, 8)
			w.time.Stop() // until the shares were seen
			cmd := child(t, append(w.env, "TERM=xterm-256color"), "generate", "--yes", "--duration", "4",
				"a paper boat on a pond, at dawn", "雪の中を走る赤い狐、夜明け前の静かな森", "[sandbox:fail-text] a fox in the rain", "a very long prompt "+strings.Repeat("of many words ", 30))
			shares := map[string]int{}
			sawCursor := false
			e, raw, code := onTerminal(t, cmd, width, 30, func(e *emulator, _ *os.File) {
				sawCursor = sawCursor || !e.hidden
				for _, m := range percent.FindAllStringSubmatch(e.text(), -1) {
					now, _ := strconv.Atoi(m[2])
					if now < shares[m[1]] {
						t.Errorf("row %s falls from %d to %d %%", m[1], shares[m[1]], now)
					}
					shares[m[1]] = now
				}
				if len(shares) > 2 || width < 80 && strings.Count(e.text(), "waiting") > 0 {
					w.time.Go()
				}
			})
			text := e.text()
			if code != exitFailed {
				t.Errorf("exit code %d\n%s", code, text)
			}
			if e.frames < 3 || sawCursor || e.hidden || len(e.unknown) > 0 {
				t.Errorf("%d frames, cursor seen meanwhile %v, hidden at the end %v, unknown sequences %q", e.frames, sawCursor, e.hidden, e.unknown)
			}
			if n := strings.Count(text, "STATE"); n != 1 {
				t.Errorf("the table stands there %d times:\n%s", n, text)
			}
			_, table, _ := strings.Cut(text, "STATE")
			table, _, _ = strings.Cut(table, "Done ")
			for _, want := range []string{"success", "fail", "4 of 4 done"} {
				if !strings.Contains(table, want) {
					t.Errorf("the table does not say %q:\n%s", want, table)
				}
			}
			// Only what is below and above the table may be longer than the window.
			for _, frame := range strings.Split(raw, beginFrame)[1:] {
				frame, _, _ = strings.Cut(frame, endFrame)
				one := &emulator{width: width, y: 50}
				one.write(frame)
				if one.wrapped > 0 {
					t.Errorf("%d lines of a frame wrap at %d columns", one.wrapped, width)
				}
			}
			if width >= 80 && len(shares) < 3 {
				t.Errorf("shares of %d rows were seen", len(shares))
			}
		})
	}
}

// TestManyInASmallWindow: what has ended leaves first, and it is said that
// there is more.
func TestManyInASmallWindow(t *testing.T) {
	cmd := child(t, []string{"TERM=xterm"}, "generate", "--duration", "4", "--count", "12", "a boat on a lake")
	e, _, code := onTerminal(t, cmd, 80, 10, func(e *emulator, _ *os.File) {
		if _, table, ok := strings.Cut(e.text(), "STATE"); ok && strings.Count(table, "\n") > 10 {
			t.Errorf("a table of %d lines in a window of 10:\n%s", strings.Count(table, "\n"), table)
		}
	})
	if text := e.text(); code != exitOK || !strings.Contains(text, "and 6 more") || !strings.Contains(text, "12 of 12 done") || !strings.Contains(text, "Done      12 of 12 videos") {
		t.Errorf("code %d:\n%s", code, text)
	}
}

// TestInterruptedTable: Ctrl-C gives the cursor back, says what becomes of the
// tasks, and costs nothing twice: the same command goes on with them.
func TestInterruptedTable(t *testing.T) {
	w := newWorld(t, 2)
	w.time.Stop() // until the key was pressed
	env := slices.Concat(w.env, []string{"TERM=xterm"})
	again := []string{"generate", "--yes", "--duration", "4", "--count", "3", "a boat"}
	moved, pressed := false, false
	e, _, code := onTerminal(t, child(t, env, again...), 80, 24, func(e *emulator, tty *os.File) {
		if !moved && strings.Count(e.text(), "waiting") == 3 {
			moved = true
			w.time.Pass(time.Second) // of 3.5
		}
		if !pressed && strings.Count(e.text(), "generating") > 1 {
			pressed = true
			_, _ = tty.WriteString("\x03")
		}
	})
	if text := e.text(); code != exitBroken || e.hidden || !strings.Contains(text, "seedance-mcp tasks --watch --until-done") {
		t.Errorf("code %d, cursor hidden %v:\n%s", code, e.hidden, text)
	}
	w.time.Go()
	e, _, code = onTerminal(t, child(t, env, again...), 80, 24, nil)
	if text := e.text(); code != exitOK || !strings.Contains(text, "3 of them had been asked for already") {
		t.Errorf("code %d:\n%s", code, text)
	}
}

// TestPlainWhenAsked: no escape sequence on a terminal that cannot, or whose
// owner does not want them.
func TestPlainWhenAsked(t *testing.T) {
	for name, set := range map[string]struct{ env, flag string }{
		"flag": {"TERM=xterm", "--no-color"}, "variable": {"NO_COLOR=1", "--yes"}, "dumb": {"TERM=dumb", "--yes"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, args := range [][]string{{"generate", set.flag, "a fox"}, {"generate", set.flag, "a fox in snow", "a boat at sea"}} {
				e, raw, code := onTerminal(t, child(t, []string{set.env}, args...), 80, 24, nil)
				if strings.Contains(raw, "\x1b") || code != exitOK || strings.Count(e.text(), "success") < len(args)-2 {
					t.Errorf("code %d: %q", code, raw)
				}
			}
		})
	}
}

// TestWatchOnATerminal: a watch shows what another process orders, and ends
// with Ctrl-C, which is no failure.
func TestWatchOnATerminal(t *testing.T) {
	home := t.TempDir()
	env := []string{"TERM=xterm", "HOME=" + home}
	ordered := make(chan error, 1)
	began, seen := false, false
	e, _, code := onTerminal(t, child(t, env, "tasks", "--watch"), 120, 24, func(e *emulator, tty *os.File) {
		if !began {
			began = true
			cmd := child(t, env, "generate", "--duration", "4", "made by another process")
			go func() { ordered <- cmd.Run() }()
		}
		if text := e.text(); !seen && strings.Contains(text, "made by another process") && strings.Contains(text, "success") {
			seen = true
			_, _ = tty.WriteString("\x03")
		}
	})
	if code != exitOK || !seen || e.hidden || len(e.unknown) > 0 {
		t.Errorf("code %d, seen %v, cursor hidden %v:\n%s", code, seen, e.hidden, e.text())
	}
	if err := <-ordered; err != nil {
		t.Error(err)
	}
}

// TestContinueWithoutTheServicesFrame: the dialect has uploads, so the frame
// is taken out of the clip and uploaded, once; the same command is the same
// order. Without uploads it is said what can be done.
func TestContinueWithoutTheServicesFrame(t *testing.T) {
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		if strings.Contains(os.Getenv("SEEDANCE_TEST_REQUIRE"), "ffmpeg") {
			t.Fatal(err)
		}
		t.Skip("SKIPPED: ffmpeg is not installed")
	}
	home := t.TempDir()
	run := func(env string, args ...string) (string, error) {
		cmd := child(t, []string{"HOME=" + home, env}, args...)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	id := func(out string) string { return regexp.MustCompile(`vid_[a-z0-9]{26}`).FindString(out) }
	out, err := run("A=b", "generate", "--duration", "4", "--aspect-ratio", "9:16", "the first shot")
	if err != nil {
		t.Fatal(err, out)
	}
	first := id(out)
	out, err = run("A=b", "generate", "--continue", first, "and on it goes")
	if err == nil || !strings.Contains(out, "takes no uploads") || !strings.Contains(out, "--image URL") {
		t.Errorf("workflow: %v\n%s", err, out)
	}
	frames, _ := filepath.Glob(filepath.Join(home, ".local/state/seedance-mcp/frames/*.jpg"))
	if len(frames) != 1 {
		t.Errorf("frames saved: %q", frames)
	}
	second, err := run("SEEDANCE_DIALECT=kinovi", "generate", "--continue", first, "and on it goes")
	if err != nil || !strings.Contains(second, "seedance-20, 4 s, 9:16, 720p, keyframe") {
		t.Fatalf("kinovi: %v\n%s", err, second)
	}
	third, err := run("SEEDANCE_DIALECT=kinovi", "generate", "--continue", first, "and on it goes")
	if err != nil || !strings.Contains(third, "asked for already") {
		t.Errorf("the same again: %v\n%s", err, third)
	}
	// The service's own frame, where it gives one.
	made := regexp.MustCompile(`Task +(vid_[a-z0-9]{26})`).FindStringSubmatch(second)
	if made == nil {
		t.Fatal(second)
	}
	out, err = run("SEEDANCE_DIALECT=kinovi", "generate", "--continue", made[1], "--json", "the end")
	if err != nil || !strings.Contains(out, `"status": "success"`) {
		t.Errorf("the service's own: %v\n%s", err, out)
	}
	out, err = run("SEEDANCE_DIALECT=kinovi", "generate", "--continue", made[1], "--count", "2", "another end")
	if err != nil || !strings.Contains(out, "Done      2 of 2 videos") {
		t.Errorf("two of it: %v\n%s", err, out)
	}
}

// TestKilledBatch: kill -9 in the middle of a batch, and the same command
// again, as a person would: every take is paid once.
func TestKilledBatch(t *testing.T) {
	for _, point := range []string{"submit.stored:3", "post.stored:4", "look.recorded:2"} {
		t.Run(point, func(t *testing.T) {
			w := newWorld(t, 20)
			args := []string{"generate", "--yes", "--json", "--duration", "4", "--count", "3", "a boat", "a kite over dunes"}
			args[7] = "a small boat"
			if out, killed := w.run(point, args...); !killed {
				t.Fatalf("nobody died: %s", out)
			}
			out, _ := w.run("none:0", args...)
			entries := map[string]int{}
			for _, entry := range w.box.Books().Entries {
				if entry.Accepted {
					entries[entry.Prompt]++
				}
			}
			if entries["a small boat"] > 3 || entries["a kite over dunes"] > 3 || strings.Count(out, "\n") != 6 {
				t.Errorf("accepted %v; the second run said:\n%s", entries, out)
			}
			if n := len(w.tasks()); n != 6 {
				t.Errorf("%d tasks for 6 wishes", n)
			}
		})
	}
}

// TestPersonAgreesOnce: real credits are asked for once, as a sum; no is free.
func TestPersonAgreesOnce(t *testing.T) {
	for answer, want := range map[string]int{"n": 0, "y": 2} {
		w := newWorld(t, 20) // of its own: one answer's orders are not the other's
		cmd := child(t, append(w.env, "TERM=xterm"), "generate", "--duration", "4", "a boat at sea", "a kite over dunes")
		e, _, _ := onTerminalAnswering(t, cmd, "Spend 320 credits? [y/N] ", answer)
		if n := len(w.box.Books().Entries); n != want {
			t.Errorf("after %q %d orders were placed:\n%s", answer, n, e.text())
		}
		if want == 0 && !strings.Contains(e.text(), "Nothing was sent, nothing was spent.") {
			t.Errorf("after no:\n%s", e.text())
		}
	}
}

// onTerminalAnswering answers one question.
func onTerminalAnswering(t *testing.T, cmd *exec.Cmd, question, answer string) (*emulator, string, int) {
	t.Helper()
	tty, err := pty.StartWithSize(cmd, &pty.Winsize{Cols: 100, Rows: 30})
	if err != nil {
		t.Fatal(err)
	}
	defer tty.Close()
	stuck := time.AfterFunc(hung, func() { _ = cmd.Process.Kill() })
	defer stuck.Stop()
	e := &emulator{width: 100}
	var all strings.Builder
	buffer, answered := make([]byte, 32<<10), false
	for {
		n, err := tty.Read(buffer)
		all.Write(buffer[:n])
		e.write(string(buffer[:n]))
		if !answered && strings.Contains(all.String(), question) {
			answered = true
			_, _ = tty.WriteString(answer + "\n")
		}
		if err != nil {
			break
		}
	}
	if !answered {
		t.Errorf("nothing was asked:\n%s", e.text())
	}
	_ = cmd.Wait() // its exit code:
	return e, all.String(), cmd.ProcessState.ExitCode()
}

// picturePage is a terminal's window, as in the other pictures of docs.
const picturePage = `<!doctype html><meta charset="utf-8"><style>
html, body { margin: 0; background: #fff } main { margin: 16px; border-radius: 10px; background: #16181d; color: #d7dae0; width: 930px }
header { padding: 10px 14px; display: flex; gap: 7px } header b { width: 11px; height: 11px; border-radius: 50%; background: #4a4f59 }
pre { margin: 0; padding: 4px 18px 18px; font: 14px/1.45 "DejaVu Sans Mono", "Noto Sans Mono CJK JP", monospace } i { font-style: normal }
.t32 { color: #7ee0a1 } .t31 { color: #ff8c8c } .t33 { color: #ffd479 } .t36 { color: #7cc7ff } .t2 { color: #8b919c }
</style><main><header><b></b><b></b><b></b></header><pre>%TEXT%</pre></main>`

// TestBatchPicture draws a batch on its way, with -pictures into the docs.
func TestBatchPicture(t *testing.T) {
	if *pictures == "" {
		t.Skip("SKIPPED: no -pictures folder was given")
	}
	home := t.TempDir()
	args := []string{"generate", "--duration", "4", "a paper boat on a pond at dawn", "a kite over white dunes", "[sandbox:fail-text] a fox in the rain", "[sandbox:slow] rain on a window, close"}
	shown := ""
	onTerminal(t, child(t, []string{"TERM=xterm", "HOME=" + home, "SEEDANCE_SANDBOX_SPEED=4"}, args...), 100, 30, func(e *emulator, tty *os.File) {
		if text := e.text(); shown == "" && strings.Contains(text, "success") && strings.Contains(text, "fail ") && strings.Contains(text, "generating") {
			shown = e.html()
			_, _ = tty.WriteString("\x03")
		}
	})
	command := `$ seedance-mcp generate --duration 4 "a paper boat on a pond at dawn" "a kite over white dunes" …` + "\n"
	page := filepath.Join(home, "batch.html")
	if err := os.WriteFile(page, []byte(strings.ReplaceAll(picturePage, "%TEXT%", command+strings.ReplaceAll(shown, home, "/home/you"))), 0o600); err != nil {
		t.Fatal(err)
	}
	target, err := filepath.Abs(filepath.Join(*pictures, "terminal-batch.png"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=962,330", "--screenshot="+target, "file://"+page)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	info, err := os.Stat(target)
	if err != nil || info.Size() > 150<<10 {
		t.Errorf("the picture: %v, %v", info, err)
	}
}
