package main

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"seedance-mcp/internal/video"
)

// TestNarrowedWindow: the table that was wider than the window now is takes
// more lines of it, and all of them are drawn over.
func TestNarrowedWindow(t *testing.T) {
	var out strings.Builder
	width := 100
	b := newBoard(display{out: &out, live: true, size: func() (int, int) { return width, 20 }}, "#", &aside{})
	rows := func() []row {
		return []row{{key: "1", label: "1", state: "generating", tone: moving, share: 0.5, about: strings.Repeat("wide words ", 20)}}
	}
	b.show(rows(), "0 of 1 done")
	before := len(b.drawn)
	for _, line := range b.drawn {
		if strings.Contains(line, "\x1b") {
			t.Errorf("a colour is counted: %q", line)
		}
	}
	out.Reset()
	width = 40
	b.show(rows(), "0 of 1 done")
	if want := fmt.Sprintf("\x1b[%dA", before+3); !strings.Contains(out.String(), want) { // heading and row: 100 columns are 3 lines of 40 each… the footer is short
		t.Errorf("%d lines before, now %q", before, out.String()[:40])
	}
	out.Reset()
	b.show(rows(), "0 of 1 done")
	if out.Len() != 0 {
		t.Errorf("the same table is drawn again: %q", out.String())
	}
}

// TestLogAboveTheTable: a warning while a table is drawn stands above it, and
// the table whole under it; after the end it is written as ever.
func TestLogAboveTheTable(t *testing.T) {
	e := &emulator{width: 60}
	var s settings
	log := &aside{out: emulatorWriter{e}}
	b := newBoard(display{out: emulatorWriter{e}, live: true, size: func() (int, int) { return 60, 20 }}, "#", log)
	rows := func() []row {
		return []row{{key: "1", label: "1", state: "waiting", share: 0.1, about: "a"}, {key: "2", label: "2", state: "waiting", share: -1, about: "b"}}
	}
	b.show(rows(), "0 of 2 done")
	s.logger(log, slog.LevelWarn).Warn("a download failed")
	b.show(rows(), "1 of 2 done")
	b.close()
	s.logger(log, slog.LevelWarn).Warn("the end")
	var seen []string
	for line := range strings.Lines(e.text()) {
		seen = append(seen, strings.TrimSpace(line))
	}
	if len(seen) < 6 || !strings.Contains(seen[0]+seen[1], "a download failed") || strings.Count(e.text(), "STATE") != 1 ||
		!strings.Contains(e.text(), "1 of 2 done\n") || strings.Contains(e.text(), "0 of 2") || strings.Index(e.text(), "the end") < strings.Index(e.text(), "1 of 2") {
		t.Errorf("the screen:\n%s", e.text())
	}
}

// TestLogBesideTheBar: as above, for the bar of a single video.
func TestLogBesideTheBar(t *testing.T) {
	e := &emulator{width: 200}
	log := &aside{out: emulatorWriter{e}}
	v := &progressView{display: display{out: emulatorWriter{e}, live: true}, app: &app{aside: log}, done: make(chan struct{})}
	log.during(v.above)
	fmt.Fprint(v.out, "[██░░] 50 %")
	v.drawn = true
	fmt.Fprintln(log, "a download failed")
	v.close()
	if text := e.text(); !strings.HasPrefix(text, "a download failed\n") || strings.Contains(text, "50 %") {
		t.Errorf("the screen:\n%s", text)
	}
}

// TestLoggedErrorsAreForPersons: a log names commands, not tools.
func TestLoggedErrorsAreForPersons(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		var out strings.Builder
		s := settings{logFormat: format}
		err := &video.Error{Code: video.Unavailable, Message: "It broke.", Suggestion: "Call download_video again."}
		s.logger(&out, slog.LevelWarn).Warn("a download failed", "error", err, "after", time.Second)
		if said := out.String(); !strings.Contains(said, "seedance-mcp tasks ID --wait") || strings.Contains(said, "download_video") {
			t.Errorf("%s: %s", format, said)
		}
	}
}

// emulatorWriter writes to a screen; as on a terminal a line begins at its
// left.
type emulatorWriter struct{ e *emulator }

var _ io.Writer = emulatorWriter{}

// Write shows text.
func (w emulatorWriter) Write(text []byte) (int, error) {
	w.e.write(strings.ReplaceAll(string(text), "\n", "\r\n"))
	return len(text), nil
}
