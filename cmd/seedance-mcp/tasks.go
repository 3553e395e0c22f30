package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"text/tabwriter"
	"time"

	"seedance-mcp/internal/video"
)

const tasksSynopsis = `tasks [ID] [flags]
       seedance-mcp tasks cancel ID     withdraw a queued task; nothing was paid
       seedance-mcp tasks resolve ID    settle an unconfirmed task by hand: --paid, --not-paid or --upstream-id`

// taskFlags are the flags of `tasks`.
type taskFlags struct {
	json, wait, usage, csv bool
	watch, untilDone       bool
	plain                  bool
	state, model, text     string
	limit, days            int
	paid, notPaid          bool
	upstreamID             string
}

func runTasks(ctx context.Context, t terminal, args []string) (int, error) {
	fs := flag.NewFlagSet("tasks", flag.ContinueOnError)
	var f taskFlags
	fs.BoolVar(&f.json, "json", false, "JSON instead of a table")
	fs.BoolVar(&f.wait, "wait", false, "with an ID: follow it to its end and save the video")
	fs.BoolVar(&f.watch, "watch", false, "follow and show all tasks until Ctrl-C; with --json a line for each change")
	fs.BoolVar(&f.untilDone, "until-done", false, "with --watch: end when no task is under way; exit code 1 if one failed meanwhile")
	fs.BoolVar(&f.plain, plainFlag, false, plainUsage)
	fs.BoolVar(&f.usage, "usage", false, "credits by day and model instead of tasks")
	fs.BoolVar(&f.csv, "csv", false, "with --usage: CSV")
	fs.IntVar(&f.days, "days", 30, "with --usage: how many `days` back")
	fs.StringVar(&f.state, "state", "", "only tasks in `state`")
	fs.StringVar(&f.model, "model", "", "only tasks of `model`")
	fs.StringVar(&f.text, "text", "", "only tasks whose prompt holds `text`")
	fs.IntVar(&f.limit, "limit", 20, "at most `n` tasks")
	fs.BoolVar(&f.paid, "paid", false, "with resolve: it was charged")
	fs.BoolVar(&f.notPaid, "not-paid", false, "with resolve: it was not charged")
	fs.StringVar(&f.upstreamID, "upstream-id", "", "with resolve: it became this upstream `task`")
	s, rest, err := parseSettings(t, fs, tasksSynopsis, args)
	if err != nil {
		return exitUsage, err
	}
	code, err := f.runWith(ctx, t, s, rest)
	if err != nil && f.json {
		err = errors.Join(err, printError(t, err))
	}
	return code, err
}

// runWith checks what the flags ask for, and does it.
func (f taskFlags) runWith(ctx context.Context, t terminal, s settings, rest []string) (int, error) {
	if f.state != "" && !video.State(f.state).Valid() {
		return exitUsage, usageError("--state must be one of %v", video.States())
	}
	if f.limit < 1 || f.days < 1 {
		return exitUsage, usageError("--limit and --days must be at least 1")
	}
	if (f.csv && !f.usage) || (f.wait && len(rest) != 1) {
		return exitUsage, usageError("--csv goes with --usage, --wait with the ID of a task")
	}
	if (f.untilDone && !f.watch) || (f.watch && (len(rest) > 0 || f.usage || f.wait)) {
		return exitUsage, usageError("--watch stands alone (one task: seedance-mcp tasks ID --wait), and --until-done goes with it")
	}
	a, err := newApp(s, t, wiring{downloads: true, idle: true, logLevel: slog.LevelWarn})
	if err != nil {
		return exitFailed, err
	}
	ctx, cancel := untilSignal(ctx)
	defer cancel()
	code, err := tasksCommand(ctx, a, t, f, rest)
	grace, done := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
	defer done()
	return code, errors.Join(err, a.close(grace))
}

func tasksCommand(ctx context.Context, a *app, t terminal, f taskFlags, rest []string) (int, error) {
	switch {
	case f.watch:
		return watchTasks(ctx, a, t, f)
	case f.usage && len(rest) == 0:
		return showUsage(ctx, a, t, f)
	case len(rest) == 0:
		return listTasks(ctx, a, t, f)
	case len(rest) == 1 && (rest[0] == "cancel" || rest[0] == "resolve"):
		return exitUsage, usageError("tasks %s needs the ID of a task; seedance-mcp tasks shows them", rest[0])
	case len(rest) == 1:
		return showTask(ctx, a, t, f, rest[0])
	case len(rest) == 2 && rest[0] == "cancel":
		task, err := a.engine.Withdraw(ctx, localPrincipal, rest[1])
		return printTask(t, f, task, err)
	case len(rest) == 2 && rest[0] == "resolve":
		return resolveTask(ctx, a, t, f, rest[1])
	}
	return exitUsage, usageError("unexpected argument %q", rest[len(rest)-1])
}

func listTasks(ctx context.Context, a *app, t terminal, f taskFlags) (int, error) {
	page, err := a.engine.List(ctx, localPrincipal, f.filter())
	if err != nil {
		return exitFailed, err
	}
	if f.json {
		views := make([]taskView, 0, len(page.Tasks))
		for _, task := range page.Tasks {
			views = append(views, taskJSON(task))
		}
		return printJSON(t, views)
	}
	if len(page.Tasks) == 0 {
		fmt.Fprintln(t.out, "No tasks. Make one: seedance-mcp generate \"a red fox running through fresh snow\"")
		return exitOK, nil
	}
	table := tabwriter.NewWriter(t.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(table, "TASK\tSTATE\tMODEL\tCREDITS\tCREATED\tPROMPT")
	for _, task := range page.Tasks {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", task.ID, task.State, task.Request.Model, creditsCell(task),
			task.CreatedAt.Local().Format("2006-01-02 15:04"), video.Clip(task.Request.Prompt, 40))
	}
	if err := table.Flush(); err != nil {
		return exitFailed, err
	}
	if page.Total > len(page.Tasks) {
		fmt.Fprintf(t.out, "%d of %d; more with --limit\n", len(page.Tasks), page.Total)
	}
	return exitOK, nil
}

func creditsCell(task video.Task) string {
	suffix := ""
	if task.Sandbox {
		suffix = " (sandbox)"
	}
	switch {
	case task.Settled:
		return task.Charged.String() + suffix
	case task.Quote.Credits != nil:
		return "≈" + task.Quote.Credits.String() + suffix
	}
	return "?" + suffix
}

func showTask(ctx context.Context, a *app, t terminal, f taskFlags, id string) (int, error) {
	task, err := a.engine.Get(ctx, localPrincipal, id)
	if err != nil || !f.wait {
		return printTask(t, f, task, err)
	}
	if err := a.engine.Start(context.WithoutCancel(ctx)); err != nil {
		return exitFailed, err
	}
	var show func(video.Task)
	if !f.json {
		view := newProgressView(newDisplay(t, f.plain), a)
		defer view.close()
		show = view.show
	}
	task, err = followTask(ctx, a, task, show)
	if err == nil && task.State == video.Success && a.downloads {
		task, err = save(ctx, a, task, "", "")
	}
	code, err := printTask(t, f, task, err)
	switch {
	case err != nil:
		return code, err
	case ctx.Err() != nil && !task.State.Settled():
		return exitBroken, nil
	case task.State != video.Success:
		return exitFailed, nil
	}
	return exitOK, nil
}

func printTask(t terminal, f taskFlags, task video.Task, err error) (int, error) {
	if err != nil {
		return exitFailed, err
	}
	if f.json {
		return printJSON(t, taskJSON(task))
	}
	fmt.Fprintf(t.out, "Task      %s\nState     %s%s\nPrompt    %s\nModel     %s\nCreated   %s\n", task.ID, task.State, stateAside(task),
		video.Clip(task.Request.Prompt, 200), task.Request.Model, task.CreatedAt.Local().Format(time.RFC1123))
	printOutcome(t.out, task)
	if !task.State.Settled() {
		fmt.Fprintf(t.out, "\nFollow it: seedance-mcp tasks %s --wait\n", task.ID)
	}
	return exitOK, nil
}

func printJSON(t terminal, value any) (int, error) {
	encoder := json.NewEncoder(t.out)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		return exitFailed, err
	}
	return exitOK, nil
}
