package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"seedance-mcp/internal/video"
)

// progressView shows one task on its way: a bar that redraws itself on a
// terminal, a line per change elsewhere.
type progressView struct {
	mu    sync.Mutex
	out   io.Writer
	app   *app
	live  bool
	drawn bool
	task  video.Task
	done  chan struct{}
	ended sync.WaitGroup
}

func newProgressView(out io.Writer, a *app) *progressView {
	v := &progressView{out: out, app: a, done: make(chan struct{})}
	if file, ok := out.(*os.File); ok {
		v.live = term.IsTerminal(int(file.Fd()))
	}
	if v.live {
		v.ended.Add(1)
		go v.redraw()
	}
	return v
}

// redraw keeps the bar moving between the task's changes.
func (v *progressView) redraw() {
	defer v.ended.Done()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-v.done:
			return
		case <-tick.C:
			v.mu.Lock()
			if v.task.ID != "" && !v.task.State.Settled() {
				v.draw()
			}
			v.mu.Unlock()
		}
	}
}

func (v *progressView) show(task video.Task) {
	v.mu.Lock()
	defer v.mu.Unlock()
	changed := task.State != v.task.State || task.Reason != v.task.Reason
	v.task = task
	if changed {
		v.clear()
		fmt.Fprintf(v.out, "State     %s%s\n", task.State, aside(task.Reason))
	}
	if v.live && !task.State.Settled() {
		v.draw()
	}
}

func aside(reason string) string {
	if reason == "" {
		return ""
	}
	return " (" + reason + ")"
}

const barWidth = 30

func (v *progressView) draw() {
	elapsed := time.Since(v.task.CreatedAt)
	line := fmt.Sprintf("%d s", int(elapsed.Seconds()))
	left := v.app.engine.ETA(context.Background(), v.task)
	share := 0.0
	if left > 0 {
		share = min(float64(elapsed)/float64(elapsed+left), 0.95)
		line += fmt.Sprintf(", about %d s left", int(left.Seconds()+0.5))
	}
	filled := int(share * barWidth)
	v.clear()
	fmt.Fprintf(v.out, "[%s%s] %3.0f %%  %s", strings.Repeat("█", filled), strings.Repeat("░", barWidth-filled), share*100, line)
	v.drawn = true
}

func (v *progressView) clear() {
	if v.drawn {
		fmt.Fprint(v.out, "\r\x1b[K")
		v.drawn = false
	}
}

func (v *progressView) close() {
	close(v.done)
	v.ended.Wait()
	v.mu.Lock()
	defer v.mu.Unlock()
	v.clear()
}
