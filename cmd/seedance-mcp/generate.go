package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/term"

	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/video"
)

// generation is one `generate` command.
type generation struct {
	app  *app
	t    terminal
	wish engine.Wish
	json bool
	yes  bool
	// promptFile and count ask for several videos; continued is a task whose
	// last frame they begin with.
	promptFile string
	count      int
	continued  string
	plain      bool
	screen     display
	// dir and name are where --out wants the video; "": the usual folder. file
	// is the name as it was written.
	dir, name, file string
}

const generateSynopsis = `generate "PROMPT" [flags]             make a video
       seedance-mcp generate "PROMPT" "PROMPT" [flags]    make several, each prompt in quotes; or --file, or --count`

func runGenerate(ctx context.Context, t terminal, args []string) (int, error) {
	flags := flag.NewFlagSet("generate", flag.ContinueOnError)
	g := generation{t: t}
	ask := &g.wish.Ask
	flags.StringVar(&ask.Model, "model", "", "`model` id or name")
	flags.StringVar(&ask.AspectRatio, "aspect-ratio", "", "`ratio` such as 16:9, or portrait")
	flags.StringVar(&ask.Duration, "duration", "", "`seconds`")
	flags.StringVar(&ask.Resolution, "resolution", "", "`resolution` such as 720p")
	flags.StringVar(&ask.InputMode, "input-mode", "", "`keyframe or reference`, how images are used")
	flags.Func("image", "`URL` of an image; may be repeated", func(v string) error { ask.ImageURLs = append(ask.ImageURLs, v); return nil })
	flags.Func("video", "`URL` of a reference video; may be repeated", func(v string) error { ask.VideoURLs = append(ask.VideoURLs, v); return nil })
	flags.Func("audio", "`URL` of a reference audio; may be repeated", func(v string) error { ask.AudioURLs = append(ask.AudioURLs, v); return nil })
	flags.StringVar(&ask.Seed, "seed", "", "`number` for repeatable results, where the model takes one")
	flags.StringVar(&g.wish.IdempotencyKey, "idempotency-key", "", "`key`: the same key is the same task, for ever; of several videos KEY-1, KEY-2 and so on")
	flags.BoolVar(&g.wish.ForceNew, "force-new", false, "make another, although the same was just made")
	out := flags.String("out", "", "`file or folder` for the video; several are numbered")
	flags.BoolVar(&g.json, "json", false, "one JSON object on stdout, nothing else; of several videos one a line, as they end")
	flags.BoolVar(&g.yes, "yes", false, "spend without asking")
	flags.StringVar(&g.promptFile, "file", "", "`file` of prompts, one a line, # for comments, or JSON objects with options of their own; - is standard input")
	flags.Func("count", "`n` takes of each prompt; the same command within ten minutes leads to the same takes", func(v string) error {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > maxOrders {
			return fmt.Errorf("must be 1 to %d", maxOrders)
		}
		g.count = n
		return nil
	})
	flags.Func("continue", "`task` whose last frame is the first one; model, ratio, length and resolution stay as they were", func(v string) error {
		if g.continued = strings.TrimSpace(v); g.continued == "" {
			return errors.New("needs the ID of a finished task; seedance-mcp tasks shows them")
		}
		return nil
	})
	flags.BoolVar(&g.plain, plainFlag, false, plainUsage)
	s, rest, err := parseSettings(t, flags, generateSynopsis, args)
	if err != nil {
		return exitUsage, err
	}
	code, err := g.runWith(ctx, s, rest, *out)
	if err != nil && g.json {
		err = errors.Join(err, printError(t, err))
	}
	return code, err
}

// runWith checks what the flags ask for, and does it.
func (g *generation) runWith(ctx context.Context, s settings, rest []string, out string) (int, error) {
	orders, err := g.readOrders(rest)
	if err != nil {
		return exitUsage, err
	}
	if err := g.setOut(out, len(orders)); err != nil {
		return exitUsage, err
	}
	if g.dir != "" && s.download != nil && !*s.download {
		return exitUsage, usageError("--out needs downloads, which --download off or SEEDANCE_DOWNLOAD switches off")
	}
	g.screen = newDisplay(g.t, g.plain)
	if g.app, err = newApp(s, g.t, wiring{downloads: true, saveTo: g.dir, logLevel: slog.LevelWarn}); err != nil {
		return exitFailed, err
	}
	ctx, cancel := untilSignal(ctx)
	defer cancel()
	if err := g.app.engine.Start(context.WithoutCancel(ctx)); err != nil {
		return exitFailed, err
	}
	code, err := g.makeAll(ctx, orders)
	grace, done := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
	defer done()
	return code, errors.Join(err, g.app.close(grace))
}

// makeAll makes what was ordered: one video, or several.
func (g *generation) makeAll(ctx context.Context, orders []wanted) (int, error) {
	if g.continued != "" {
		if err := g.continueFrom(ctx, g.continued, orders); err != nil {
			return refusal(err)
		}
	}
	if len(orders) > 1 || g.batch() {
		return newBatch(g, orders).run(ctx)
	}
	g.wish = orders[0].wish
	return g.run(ctx)
}

func (g *generation) run(ctx context.Context) (int, error) {
	quotation, err := g.app.engine.Quote(ctx, localPrincipal, g.wish)
	if err != nil {
		return refusal(err)
	}
	g.printQuote(quotation)
	if code, err := g.confirm(quotation); code != exitOK || err != nil {
		return code, err
	}
	g.wish.ConfirmToken = quotation.ConfirmToken
	submission, err := g.app.engine.Submit(ctx, localPrincipal, g.wish)
	if err != nil {
		return refusal(err)
	}
	task := submission.Task
	if submission.Duplicate {
		g.sayf("This was asked for already: following that task. Another one: %s\n", g.anotherOne(task))
	}
	g.sayf("Task      %s\n", task.ID)
	task, err = g.follow(ctx, task)
	if err != nil {
		return exitFailed, err
	}
	if ctx.Err() != nil && !task.State.Settled() {
		fmt.Fprintf(g.t.err, "\nInterrupted. %s Pick it up with:\n\n  seedance-mcp tasks %s --wait\n", leftBehind(task), task.ID)
		return exitBroken, nil
	}
	if task.State == video.Success && g.app.downloads {
		if task, err = save(ctx, g.app, task, g.dir, g.name); err != nil {
			return exitFailed, err
		}
		g.sayRenamed(task)
	}
	return g.report(task)
}

// anotherOne says how to ask for another video than the task that is there.
func (g *generation) anotherOne(task video.Task) string {
	switch {
	case g.wish.IdempotencyKey == "":
		return "--force-new"
	case task.State == video.Failed:
		return "the failed attempt keeps this key; use a new --idempotency-key, or none"
	}
	return "--force-new with another --idempotency-key, or none"
}

// save puts the task's video where it is wanted; "" and "": where it usually
// is, and may be already.
func save(ctx context.Context, a *app, task video.Task, dir, name string) (video.Task, error) {
	saved, err := a.engine.Download(ctx, task.Principal, task.ID, dir, name)
	if err == nil {
		return saved, nil
	}
	var links strings.Builder
	for _, v := range task.Videos {
		links.WriteString("\nURL       " + v.URL + reach(v.URL))
	}
	return task, fmt.Errorf("the video is made and paid, but not saved: %s%s\nFetch it  seedance-mcp tasks %s --wait%w",
		forPerson(err.Error(), task.ID), links.String(), task.ID, silent{err})
}

// silent keeps an error's code where its text is told already.
type silent struct{ error }

// Error is nothing.
func (silent) Error() string { return "" }

// Unwrap gives the error.
func (s silent) Unwrap() error { return s.error }

// sayRenamed tells of a file that is not called as --out wanted it.
func (g *generation) sayRenamed(task video.Task) {
	if g.file == "" || len(task.Videos) == 0 {
		return
	}
	if got := filepath.Base(task.Videos[0].Path); got != g.file {
		g.sayf("Note      saved as %s: what %s names is another kind of file, or no name on every system\n", got, g.file)
	}
}

// leftBehind says what becomes of a task that nobody follows.
func leftBehind(task video.Task) string {
	switch task.State {
	case video.Queued:
		return "The task is queued: nothing is paid yet, and it is sent when seedance-mcp next runs (tasks cancel withdraws it)."
	case video.Submitting:
		return "The paid call is under way: its task may become unconfirmed, and is never sent twice."
	}
	return "The task goes on and is not lost."
}

// refusal turns an error into an exit code: what the user can write
// differently is wrong use.
func refusal(err error) (int, error) {
	if video.CodeOf(err) == video.Invalid {
		return exitUsage, fmt.Errorf("%w: %w", errUsage, err)
	}
	return exitFailed, err
}

func (g *generation) sayf(format string, args ...any) {
	if !g.json {
		fmt.Fprintf(g.t.out, format, args...)
	}
}

func (g *generation) printQuote(q engine.Quotation) {
	r := q.Plan.Request
	about := []string{r.Model}
	if r.Duration > 0 {
		about = append(about, fmt.Sprintf("%d s", r.Duration))
	}
	for _, part := range []string{r.AspectRatio, r.Resolution, string(r.InputMode)} {
		if part != "" {
			about = append(about, part)
		}
	}
	g.sayf("Request   %s\n", strings.Join(about, ", "))
	if q.Plan.Quote.Credits == nil {
		g.sayf("Quote     unknown: %s\n", q.Plan.Quote.Reason)
	} else {
		g.sayf("Quote     %s credits (%s)\n", *q.Plan.Quote.Credits, q.Plan.Quote.Formula)
	}
	g.sayf("Account   %s\n", g.app.accountName())
	for _, note := range q.Plan.Notes {
		g.sayf("Note      %s\n", forPerson(note, ""))
	}
	for _, warning := range q.Plan.Warnings {
		g.sayf("Warning   %s\n", forPerson(warning, ""))
	}
}

// confirm asks before real credits are spent.
func (g *generation) confirm(q engine.Quotation) (int, error) {
	price := "an unknown number of credits"
	if q.Plan.Quote.Credits != nil {
		price = q.Plan.Quote.Credits.String() + " credits"
	}
	return g.ask(price, !q.Sandbox || q.ConfirmToken != "")
}

// ask has a person agree to a price, where one must.
func (g *generation) ask(price string, must bool) (int, error) {
	if g.yes || !must {
		return exitOK, nil
	}
	input, ok := g.t.in.(*os.File)
	if !ok || g.json || g.promptFile == "-" || !term.IsTerminal(int(input.Fd())) {
		return exitUsage, usageError("this spends %s; add --yes to agree without being asked", price)
	}
	fmt.Fprintf(g.t.out, "Spend %s? [y/N] ", price)
	answer, err := bufio.NewReader(input).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return exitFailed, err
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return exitOK, nil
	}
	fmt.Fprintln(g.t.out, "Nothing was sent, nothing was spent.")
	return exitFailed, nil
}

// follow waits for the task's end and shows how it goes.
func (g *generation) follow(ctx context.Context, task video.Task) (video.Task, error) {
	if g.json {
		return followTask(ctx, g.app, task, nil)
	}
	view := newProgressView(g.screen, g.app)
	defer view.close()
	view.show(task)
	return followTask(ctx, g.app, task, view.show)
}

// followTask waits until the task settles or ctx ends.
func followTask(ctx context.Context, a *app, task video.Task, show func(video.Task)) (video.Task, error) {
	const round = 30 * time.Second
	for {
		tasks, err := a.engine.Wait(ctx, task.Principal, []string{task.ID}, true, round, func(now []video.Task) {
			if show != nil && len(now) == 1 {
				show(now[0])
			}
		})
		if ctx.Err() != nil {
			return task, nil //nolint:nilerr // interrupted: the caller looks at ctx
		}
		if err != nil {
			return task, err
		}
		task = tasks[0]
		if show != nil {
			show(task)
		}
		if task.State.Settled() {
			return task, nil
		}
	}
}

func (g *generation) report(task video.Task) (int, error) {
	if g.json {
		encoder := json.NewEncoder(g.t.out)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(taskJSON(task)); err != nil {
			return exitFailed, err
		}
	} else {
		printOutcome(g.t.out, task)
	}
	if task.State != video.Success {
		return exitFailed, nil
	}
	return exitOK, nil
}
