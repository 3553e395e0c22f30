package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

// watching is `tasks --watch`: every task as it goes on, whichever process
// ordered it.
type watching struct {
	app    *app
	t      terminal
	f      taskFlags
	board  *board
	said   map[string]int64 // --json: the version told last
	failed map[string]bool  // ended badly since the watch began
	open   map[string]bool
}

func watchTasks(ctx context.Context, a *app, t terminal, f taskFlags) (int, error) {
	w := watching{app: a, t: t, f: f, said: map[string]int64{}, failed: map[string]bool{}, open: map[string]bool{}}
	// Whoever waits for tasks follows them, as --wait does: no other process may.
	if err := a.engine.Start(context.WithoutCancel(ctx)); err != nil {
		return exitFailed, err
	}
	s := newDisplay(t, f.plain)
	if !f.json {
		w.board = newBoard(s, "TASK", a.aside)
		defer w.board.close()
	}
	changes, err := a.engine.Watch(ctx)
	if err != nil {
		return exitFailed, err
	}
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	draw := time.NewTicker(drawEvery)
	defer draw.Stop()
	for {
		tasks, total, err := w.read(ctx)
		if ctx.Err() != nil {
			return exitOK, nil // Ctrl-C is how a watch ends
		}
		if err != nil {
			return exitFailed, err
		}
		if err := w.note(tasks); err != nil {
			return exitFailed, err
		}
		for waiting := true; waiting; {
			w.show(ctx, tasks, total)
			if f.untilDone && len(w.open) == 0 {
				return w.end()
			}
			select {
			case <-changes:
				waiting = false
			case <-look.C:
				waiting = false
			case <-draw.C:
			case <-ctx.Done():
				return exitOK, nil
			}
		}
	}
}

// read gives the newest tasks and, however old, all that have not ended.
func (w *watching) read(ctx context.Context) (tasks []video.Task, total int, err error) {
	filter := w.f.filter()
	page, err := w.app.engine.List(ctx, localPrincipal, filter)
	if err != nil {
		return nil, 0, err
	}
	tasks = page.Tasks
	if len(filter.States) > 0 || page.Total == len(tasks) {
		return tasks, page.Total, nil
	}
	unfinished := filter
	unfinished.Limit = 1000
	unfinished.States = slices.DeleteFunc(video.States(), video.State.Settled)
	more, err := w.app.engine.List(ctx, localPrincipal, unfinished)
	if err != nil {
		return nil, 0, err
	}
	for _, task := range more.Tasks {
		if !slices.ContainsFunc(tasks, func(t video.Task) bool { return t.ID == task.ID }) {
			tasks = append(tasks, task)
		}
	}
	slices.SortStableFunc(tasks, func(a, b video.Task) int { return strings.Compare(b.ID, a.ID) })
	return tasks, page.Total, nil
}

// note remembers which tasks are under way and how they end; with --json it
// tells each change.
func (w *watching) note(tasks []video.Task) error {
	for _, task := range tasks {
		switch {
		case !task.State.Settled():
			w.open[task.ID] = true
		case w.open[task.ID]:
			delete(w.open, task.ID)
			w.failed[task.ID] = task.State != video.Success
		}
		if version, told := w.said[task.ID]; !w.f.json || (told && version == task.Version) || (!told && task.State.Settled() && w.f.untilDone) {
			continue
		}
		w.said[task.ID] = task.Version
		if err := json.NewEncoder(w.t.out).Encode(taskJSON(task)); err != nil {
			return err
		}
	}
	return nil
}

func (w *watching) show(ctx context.Context, tasks []video.Task, total int) {
	if w.board == nil {
		return
	}
	var rows []row
	for _, task := range tasks {
		r := w.app.taskRow(ctx, task, w.board.screen.live)
		if task.State == video.Queued || task.State == video.Stalled {
			r.about = video.Clip(forPerson(task.Reason, task.ID), 100) + ": " + r.about
		}
		rows = append(rows, r)
	}
	if len(rows) == 0 && !w.board.screen.live {
		return
	}
	w.board.show(rows, fmt.Sprintf("%d under way, %d in all. Ctrl-C ends the watch, not the tasks.", len(w.open), total))
}

func (w *watching) end() (int, error) {
	for _, failed := range w.failed {
		if failed {
			return exitFailed, nil
		}
	}
	return exitOK, nil
}

// filter is what the flags select.
func (f taskFlags) filter() store.Filter {
	filter := store.Filter{Model: f.model, Text: f.text, Limit: f.limit}
	if f.state != "" {
		filter.States = []video.State{video.State(f.state)}
	}
	return filter
}
