package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/mattn/go-runewidth"

	"seedance-mcp/internal/video"
)

// progressView shows one task on its way: a bar that redraws itself on a
// terminal, a line per change elsewhere.
type progressView struct {
	mu sync.Mutex
	display
	app   *app
	drawn bool
	task  video.Task
	share float64 // shown last: it never falls
	done  chan struct{}
	ended sync.WaitGroup
}

func newProgressView(s display, a *app) *progressView {
	v := &progressView{display: s, app: a, done: make(chan struct{})}
	if v.live {
		a.aside.during(v.above)
		v.ended.Add(1)
		go v.redraw()
	}
	return v
}

// above has something written in place of the bar, which comes again.
func (v *progressView) above(write func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.clear()
	write()
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
		fmt.Fprintf(v.out, "State     %s%s\n", v.paint(stateTone(task.State), string(task.State)), stateAside(task))
	}
	if v.live && !task.State.Settled() {
		v.draw()
	}
}

// stateAside is why a task stands where it stands; an unconfirmed one's reason
// is told at length with its outcome.
func stateAside(task video.Task) string {
	if task.Reason == "" || task.State == video.Unconfirmed {
		return ""
	}
	return " (" + forPerson(task.Reason, task.ID) + ")"
}

const barWidth = 30

func (v *progressView) draw() {
	elapsed := time.Since(v.task.CreatedAt)
	line := fmt.Sprintf("%d s", int(elapsed.Seconds()))
	left := v.app.engine.ETA(context.Background(), v.task)
	if left > 0 {
		line += fmt.Sprintf(", about %d s left", int(left.Seconds()+0.5))
	}
	v.share = shareDone(v.share, elapsed, left)
	width, _ := v.size()
	line = fmt.Sprintf("[%s] %3.0f %%  %s", progressBar(v.share, max(5, min(barWidth, width-40))), v.share*100, line)
	v.clear()
	fmt.Fprint(v.out, runewidth.Truncate(line, width-1, "…"))
	v.drawn = true
}

// shareDone is how much of a task is done, by its time. It never falls, and
// stays where it was once nobody can tell what is left; the last part is the
// end's.
func shareDone(before float64, elapsed, left time.Duration) float64 {
	if left <= 0 {
		return before
	}
	return max(before, min(float64(elapsed)/float64(elapsed+left), 0.95))
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
	v.app.aside.during(nil)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.clear()
}
