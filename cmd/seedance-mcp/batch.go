package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

const (
	// atOnce is how many orders of a batch are placed, or videos saved, at the
	// same time; how many are made at once is the account's word.
	atOnce = 4
	// lookEvery is how often a table is looked at again without any news.
	lookEvery = 3 * time.Second
	// drawEvery keeps bars and clocks moving.
	drawEvery = 200 * time.Millisecond
)

// batch is one command that makes several videos.
type batch struct {
	*generation
	board *board

	mu     sync.Mutex // guards items' progress, stop
	items  []*item
	stop   error // why no more orders are placed
	news   chan struct{}
	saving errgroup.Group
}

// item is one video of a batch.
type item struct {
	wanted
	quote     engine.Quotation
	name      string // of its file; "": the usual one
	task      video.Task
	duplicate bool
	err       error // refused, not sent, or not saved
	unsent    bool
	ended     bool
	savingNow bool
}

func newBatch(g *generation, orders []wanted) *batch {
	b := &batch{generation: g, news: make(chan struct{}, 1)}
	b.saving.SetLimit(atOnce)
	for i, o := range orders {
		one := &item{wanted: o}
		if g.name != "" {
			one.name = numbered(g.name, i, len(orders))
		}
		b.items = append(b.items, one)
	}
	return b
}

// numbered are the names of a batch's files: boat-01, boat-02, …
func numbered(name string, i, of int) string {
	return fmt.Sprintf("%s-%0*d", name, len(strconv.Itoa(of)), i+1)
}

func (b *batch) run(ctx context.Context) (int, error) {
	if err := b.price(ctx); err != nil {
		return refusal(err)
	}
	total := b.printTotal()
	if code, err := b.agree(total); code != exitOK || err != nil {
		return code, err
	}
	if !b.json {
		b.sayf("\n")
		b.board = newBoard(b.screen, "#", b.app.aside)
	}
	err := b.make(ctx)
	if b.board != nil {
		b.board.close()
	}
	if err != nil {
		return exitFailed, err
	}
	return b.report(ctx)
}

// price quotes every order before the first is placed. Orders that are the
// same are takes of one wish: each is paid once, and the same command within
// ten minutes leads to the same tasks.
func (b *batch) price(ctx context.Context) error {
	takes := map[string]int{}
	for _, one := range b.items {
		quote, err := b.app.engine.Quote(ctx, localPrincipal, one.wish)
		if err != nil {
			return one.placed(err)
		}
		request, err := json.Marshal(quote.Plan.Request)
		if err != nil {
			return fmt.Errorf("compare requests: %w", err)
		}
		if before := takes[string(request)]; before > 0 {
			one.wish.Take = before + 1
			if quote, err = b.app.engine.Quote(ctx, localPrincipal, one.wish); err != nil {
				return one.placed(err)
			}
		}
		takes[string(request)]++
		one.quote = quote
		one.wish.ConfirmToken = quote.ConfirmToken
	}
	return nil
}

// placed says which line an error is about.
func (o wanted) placed(err error) error {
	if o.from == "" {
		return err
	}
	return fmt.Errorf("%s: %w", o.from, err)
}

func (b *batch) agree(sum total) (int, error) {
	sandbox, mustAsk := true, false
	for _, one := range b.items {
		sandbox = sandbox && one.quote.Sandbox
		mustAsk = mustAsk || one.quote.ConfirmToken != ""
	}
	return b.ask(sum.String(), mustAsk || !sandbox)
}

// make places the orders and follows them to their ends, or to that of ctx.
func (b *batch) make(ctx context.Context) error {
	changes, err := b.app.engine.Watch(ctx)
	if err != nil {
		return err
	}
	var placing sync.WaitGroup
	placing.Go(func() { b.place(ctx) })
	defer func() {
		placing.Wait()
		_ = b.saving.Wait() // each says how it went in its item
		b.show(ctx)
	}()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	draw := time.NewTicker(drawEvery)
	defer draw.Stop()
	for {
		if err := b.look(ctx); err != nil && ctx.Err() == nil {
			return err
		}
		for waiting := true; waiting; {
			b.show(ctx)
			if b.ended() || ctx.Err() != nil {
				return nil
			}
			select {
			case <-changes:
				waiting = false
			case <-b.news:
				waiting = false
			case <-look.C:
				waiting = false
			case <-draw.C:
			case <-ctx.Done():
			}
		}
	}
}

func (b *batch) wake() {
	select {
	case b.news <- struct{}{}:
	default: // it is awake
	}
}

// place sends the orders, a few at a time. Once nothing more can be had of the
// account, the others are not sent.
func (b *batch) place(ctx context.Context) {
	var sending errgroup.Group
	sending.SetLimit(atOnce)
	for _, one := range b.items {
		sending.Go(func() error {
			b.mu.Lock()
			stop := b.stop
			if ctx.Err() != nil {
				stop = video.Errorf(video.Unavailable, "Interrupted before, nothing was paid.")
			}
			one.unsent = stop != nil
			b.mu.Unlock()
			if stop != nil {
				b.settle(one, engine.Submission{}, stop)
				return nil
			}
			made, err := b.app.engine.Submit(ctx, localPrincipal, one.wish)
			b.settle(one, made, err)
			return nil
		})
	}
	_ = sending.Wait() // each says how it went in its item
}

// settle notes what became of an order.
func (b *batch) settle(one *item, made engine.Submission, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	one.task, one.duplicate = made.Task, made.Duplicate
	if err != nil && made.Task.ID == "" {
		one.err, one.ended = err, true
		b.printItem(one)
	}
	switch video.CodeOf(err) {
	case video.Unauthenticated, video.InsufficientCredits:
		if b.stop == nil {
			b.stop = err
		}
	}
	b.wake()
}

// look reads how the tasks stand, and has finished videos saved.
func (b *batch) look(ctx context.Context) error {
	b.mu.Lock()
	byID := map[string][]*item{}
	filter := store.Filter{Limit: 2 * maxOrders}
	for _, one := range b.items {
		if one.task.ID != "" && !one.ended && !one.savingNow {
			if byID[one.task.ID] == nil {
				filter.IDs = append(filter.IDs, one.task.ID)
			}
			byID[one.task.ID] = append(byID[one.task.ID], one)
		}
	}
	b.mu.Unlock()
	if len(filter.IDs) == 0 {
		return nil
	}
	page, err := b.app.engine.List(ctx, localPrincipal, filter)
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, task := range page.Tasks {
		for _, one := range byID[task.ID] {
			one.task = task
			switch {
			case !task.State.Settled():
			case task.State == video.Success && b.app.downloads:
				one.savingNow = true
				go b.saving.Go(func() error { b.save(ctx, one); return nil })
			default:
				one.ended = true
				b.printItem(one)
			}
		}
	}
	return nil
}

// save puts an item's video where it is wanted.
func (b *batch) save(ctx context.Context, one *item) {
	task, err := save(ctx, b.app, one.task, b.dir, one.name)
	b.mu.Lock()
	defer b.mu.Unlock()
	one.savingNow = false
	if ctx.Err() != nil {
		return // it is fetched later
	}
	one.task, one.err, one.ended = task, err, true
	b.printItem(one)
	b.wake()
}

func (b *batch) ended() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, one := range b.items {
		if !one.ended {
			return false
		}
	}
	return true
}

// show draws the table.
func (b *batch) show(ctx context.Context) {
	if b.board == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	var rows []row
	done, failed := 0, 0
	for i, one := range b.items {
		r := b.app.taskRow(ctx, one.task, b.screen.live)
		r.key, r.label, r.ended = strconv.Itoa(i), strconv.Itoa(i+1), one.ended
		r.about = video.Clip(one.wish.Ask.Prompt, 200)
		switch {
		case one.unsent:
			r.state, r.tone, r.share = "not sent", faint, -1
		case one.task.ID == "" && one.err != nil:
			r.state, r.tone, r.share = "refused", bad, -1
		case one.task.ID == "":
			r.state, r.tone, r.share, r.clock = "sending", moving, -1, ""
		case one.task.State == video.Success && !one.ended:
			r.state, r.tone = "saving", moving
		case one.task.State == video.Success && one.err != nil:
			r.state, r.tone = "not saved", unclear
		}
		if one.ended {
			done++
			if !one.good() {
				failed++
			}
		}
		if !b.screen.live && (r.state == "sending" || r.state == "saving") {
			continue // gone in a moment: no line of its own
		}
		rows = append(rows, r)
	}
	footer := fmt.Sprintf("%d of %d done", done, len(b.items))
	if failed > 0 {
		footer += fmt.Sprintf(", %d failed", failed)
	}
	b.board.show(rows, footer)
}

// good says that the video is there.
func (one *item) good() bool { return one.err == nil && one.task.State == video.Success }

// taskRow is a task in a table.
func (a *app) taskRow(ctx context.Context, task video.Task, guess bool) row {
	r := row{key: task.ID, label: task.ID, state: string(task.State), tone: stateTone(task.State), share: -1, ended: task.State.Settled(), about: video.Clip(task.Request.Prompt, 200)}
	if task.ID == "" {
		return r
	}
	r.credits = strings.TrimSuffix(creditsCell(task), " (sandbox)")
	until := time.Now()
	if !task.CompletedAt.IsZero() {
		until = task.CompletedAt
	}
	elapsed := until.Sub(task.CreatedAt)
	switch {
	case task.State == video.Unconfirmed: // nobody knows whether it goes on
	case task.State == video.Success:
		r.share, r.clock = 1, clockText(elapsed, 0)
	case task.State.Settled():
		r.clock = clockText(elapsed, 0)
	case guess:
		left := a.engine.ETA(ctx, task)
		r.share, r.clock = shareDone(0, elapsed, left), clockText(elapsed, left)
	}
	return r
}
