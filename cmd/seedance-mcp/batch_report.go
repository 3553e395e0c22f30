package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"

	"seedance-mcp/internal/video"
)

// What a batch says before and after.

// total is what a batch costs before anything is sent.
type total struct {
	credits video.Credits
	unknown int // without a published price
}

func (t total) String() string {
	text := t.credits.String() + " credits"
	if t.unknown > 0 {
		text += fmt.Sprintf(" and %d of an unknown price", t.unknown)
	}
	return text
}

func (b *batch) printTotal() total {
	var sum total
	refused := 0
	for _, one := range b.items {
		if credits := one.quote.Plan.Quote.Credits; credits != nil {
			sum.credits += *credits
		} else {
			sum.unknown++
		}
		if one.quote.Refusal != nil {
			refused++
		}
	}
	b.sayf("Request   %s\n", videos(len(b.items)))
	b.sayf("Quote     %s\n", sum)
	b.sayf("Account   %s\n", b.app.accountName())
	for _, left := range b.items[0].quote.Budgets {
		b.sayf("Budget    %s\n", strings.TrimPrefix(budgetLine(left), "Budget "))
		if left.ResetsAt.IsZero() || left.Left >= sum.credits {
			continue
		}
		b.sayf("Warning   the budget per %s leaves %s credits of the %s that all would cost: what is beyond it will be refused, unpaid\n", left.Name, left.Left, sum.credits)
	}
	if refused > 0 {
		b.sayf("Warning   %s would be refused now\n", videos(refused))
	}
	for _, one := range b.items {
		for _, note := range append(one.quote.Plan.Notes, one.quote.Plan.Warnings...) {
			b.sayf("Note      %s: %s\n", b.nameOf(one), forPerson(note, ""))
		}
	}
	return sum
}

func videos(n int) string {
	if n == 1 {
		return "1 video"
	}
	return fmt.Sprintf("%d videos", n)
}

// nameOf is how an item is called: its line, or the beginning of its prompt.
func (b *batch) nameOf(one *item) string {
	if one.from != "" {
		return one.from
	}
	return `"` + video.Clip(one.wish.Ask.Prompt, 40) + `"`
}

// batchLine is a video of a batch as --json prints it, a line each.
type batchLine struct {
	Index     int  `json:"index"`
	Duplicate bool `json:"duplicate,omitempty"`
	taskView
}

// refusedLine is one that did not become a task.
type refusedLine struct {
	Index  int       `json:"index"`
	Prompt string    `json:"prompt"`
	Error  errorView `json:"error"`
}

// printItem prints an ended item's line with --json. The caller holds b.mu.
func (b *batch) printItem(one *item) {
	if !b.json {
		return
	}
	index := 0
	for i := range b.items {
		if b.items[i] == one {
			index = i + 1
		}
	}
	var line any = batchLine{Index: index, Duplicate: one.duplicate, taskView: taskJSON(one.task)}
	if one.task.ID == "" {
		line = refusedLine{Index: index, Prompt: one.wish.Ask.Prompt, Error: viewError(one.err)}
	}
	if err := json.NewEncoder(b.t.out).Encode(line); err != nil {
		b.app.log.Error("a video's line could not be written", "index", index, "error", err)
	}
}

// report tells how a batch ended: the count, the money, and what to do about
// what is not as wished.
func (b *batch) report(ctx context.Context) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	code := exitOK
	var made, duplicates, open int
	var estimated, used, reserved video.Credits
	for _, one := range b.items {
		switch {
		case one.good() && one.ended:
			made++
		case one.ended:
			code = exitFailed
		default:
			open++
		}
		if one.duplicate {
			duplicates++
		}
		if one.task.ID == "" {
			continue
		}
		if one.task.Quote.Credits != nil {
			estimated += *one.task.Quote.Credits
		}
		used += one.task.Charged
		if !one.task.Settled {
			reserved += one.task.Reserved
		}
	}
	if ctx.Err() != nil && open > 0 {
		code = exitBroken
	}
	b.sayf("\nDone      %d of %s\n", made, videos(len(b.items)))
	money := fmt.Sprintf("%s estimated, %s used", estimated, used)
	if reserved > 0 {
		money += fmt.Sprintf(", %s not settled yet", reserved)
	}
	b.sayf("Credits   %s\n", money)
	if duplicates > 0 {
		b.sayf("Note      %d of them had been asked for already: nothing was sent for these now. Others: --force-new\n", duplicates)
	}
	for i, one := range b.items {
		if !one.unsent {
			b.sayItem(i+1, one)
		}
	}
	b.sayUnsent()
	if b.items[0].quote.Sandbox {
		b.sayf("Sandbox   These clips are simulated and nothing was spent. For real videos set SEEDANCE_API_KEY.\n")
	}
	switch {
	case open > 0:
		fmt.Fprintf(b.t.err, "\nInterrupted. What was sent goes on and is not lost. Follow it:\n\n  seedance-mcp tasks --watch --until-done\n")
	case code != exitOK:
		b.sayf("\nWithin ten minutes the same command makes only what is missing; what it made is not paid again.\n")
	}
	return code, nil
}

// sayItem tells of one video where it is, or why it is not there; number is
// its line in the table.
func (b *batch) sayItem(number int, one *item) {
	task := one.task
	about := fmt.Sprintf("#%d %s", number, task.ID)
	switch {
	case one.err != nil && task.ID == "":
		b.sayf("%s  #%d %s: %s\n", b.screen.paint(bad, "Refused "), number, b.nameOf(one), forPerson(one.err.Error(), ""))
	case one.err != nil:
		b.sayf("%s #%d %s\n", b.screen.paint(unclear, "Not saved"), number, forPerson(one.err.Error(), task.ID))
	case task.State == video.Success:
		b.saySaved(one)
	case task.State == video.Failed && task.Failure != nil:
		b.sayf("%s  %s: %s Charged: %s. %s\n", b.screen.paint(bad, "Failed  "), about, forPerson(task.Failure.Message, task.ID), task.Failure.Charged, forPerson(task.Failure.Suggestion, task.ID))
	case task.State == video.Unconfirmed:
		b.sayf("%s  %s: %s Look at the account's task list, then: seedance-mcp tasks resolve %s\n", b.screen.paint(unclear, "Unclear "), about, forPerson(task.Reason, task.ID), task.ID)
	case task.State == video.Queued, task.State == video.Submitting:
		b.sayf("Left      %s: %s\n", about, leftBehind(task))
	case task.ID != "":
		b.sayf("Left      %s: %s\n", about, task.State)
	}
}

// sayUnsent tells how many were not sent, once for each reason.
func (b *batch) sayUnsent() {
	var reasons []string
	count := map[string]int{}
	for _, one := range b.items {
		if !one.unsent {
			continue
		}
		reason := forPerson(one.err.Error(), "")
		if count[reason]++; count[reason] == 1 {
			reasons = append(reasons, reason)
		}
	}
	for _, reason := range reasons {
		b.sayf("%s  %s: %s\n", b.screen.paint(unclear, "Not sent"), videos(count[reason]), reason)
	}
}

func (b *batch) saySaved(one *item) {
	for _, v := range one.task.Videos {
		if v.Path == "" {
			b.sayf("URL       %s%s\n", v.URL, reach(v.URL))
			continue
		}
		b.sayf("%s  %s\n", b.screen.paint(good, "Saved   "), v.Path)
		if got := filepath.Base(v.Path); one.name != "" && !strings.HasPrefix(got, one.name+".") {
			b.sayf("Note      %s is no name on every system\n", one.name)
		}
	}
}
