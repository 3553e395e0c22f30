package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"seedance-mcp/internal/sandbox"
	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

// tally is what holding the store against the upstream's books counted.
type tally struct {
	Wishes, Creates, Accepted    int
	SecondPosts, Lost, Ownerless int
	Files                        int
	Ledger, Books, Difference    video.Credits
}

// audit settles what is unknown as a person would who looks into the account,
// lets everything end, and compares every task and every credit with the
// upstream's own books.
func (w *world) audit() tally {
	w.t.Helper()
	tasks := w.settle()
	for pass := 0; ; pass++ {
		answers := w.settleByHand(tasks)
		if answers == nil {
			break
		}
		if pass == 5 {
			w.t.Fatalf("a person settles tasks again and again, and never comes to an end:\n%s", strings.Join(answers, "\n"))
		}
		tasks = w.settle() // what the lost ones turned out to be
	}

	// Only now: what still waited for its turn was sent while all settled.
	books := w.box.Books()
	var sum tally
	accepted := w.acceptedTasks()
	sent := map[string]bool{} // prompts after whose last createTask no other may follow
	for _, entry := range books.Entries {
		if sent[entry.Prompt] {
			sum.SecondPosts++
			w.t.Errorf("createTask was sent again for %q", entry.Prompt)
		}
		// A 429 is definite and free: only after it may the same wish be sent again.
		sent[entry.Prompt] = entry.Status != 429
	}
	sum.Wishes, sum.Creates, sum.Accepted = len(sent), len(books.Entries), books.Accepted

	known := map[string]bool{} // by the upstream's id
	prompts := map[string]bool{}
	for _, task := range tasks {
		known[task.UpstreamID] = true
		prompt := task.Request.Prompt
		if prompts[prompt] && prompt != "" { // adopted tasks have none
			w.t.Errorf("two tasks for %q", prompt)
		}
		prompts[prompt] = true
		if w.open(task) {
			sum.Ownerless++
		}
		if task.State == video.Success && !w.filesOff && !unfetchable(prompt) {
			info, err := os.Stat(task.Videos[0].Path)
			if err != nil || info.Size() == 0 || info.Size() != task.Videos[0].Bytes {
				w.t.Errorf("%q: its video is not whole on disk: %v", prompt, err)
				continue
			}
			sum.Files++
		}
	}
	for prompt, entry := range accepted {
		if !known[entry.TaskID] {
			sum.Lost++
			w.t.Errorf("a paid task was lost: %q %s", prompt, entry.TaskID)
		}
	}
	w.compareLedger(&sum, tasks)
	return sum
}

// acceptedTasks are the orders the upstream took, by prompt.
func (w *world) acceptedTasks() map[string]sandbox.Entry {
	accepted := map[string]sandbox.Entry{}
	for _, entry := range w.box.Books().Entries {
		if entry.Accepted {
			accepted[entry.Prompt] = entry
		}
	}
	return accepted
}

// settleByHand does what a person does who is told that nobody knows: look
// into the account, here the books, and say so. It gives the answers, none
// when there was nothing to settle.
func (w *world) settleByHand(tasks []video.Task) (answers []string) {
	accepted := w.acceptedTasks()
	for _, task := range tasks {
		entry, paid := accepted[task.Request.Prompt]
		unknown := task.State == video.Failed && task.Failure.Charged == video.ChargedUnknown
		args := []string{"tasks", "resolve", task.ID}
		switch {
		case task.State == video.Unconfirmed && paid:
			args = append(args, "--upstream-id", entry.TaskID)
		case task.State == video.Unconfirmed, unknown && entry.Charged == entry.Refunded:
			args = append(args, "--not-paid")
		case unknown:
			args = append(args, "--paid")
		default:
			continue
		}
		out, _ := w.run("none:0", args...)
		answers = append(answers, fmt.Sprintf("%q: %s\n%s", task.Request.Prompt, strings.Join(args, " "), out))
	}
	return answers
}

type usageTotals struct{ Charged, Reserved video.Credits }

// ownUsage is what `tasks --usage` says to the machine's own user.
func (w *world) ownUsage() (usage usageTotals) {
	out, _ := w.run("none:0", "tasks", "--usage", "--json")
	if err := json.Unmarshal([]byte(out), &usage); err != nil {
		w.t.Fatalf("usage: %v\n%s", err, out)
	}
	return usage
}

// usageOf is what the store holds of a principal.
func (w *world) usageOf(principal string) (usage usageTotals) {
	ctx := context.Background()
	handle := (&settings{dataDir: w.dataDir, databaseURL: w.database}).newStore()
	opened, err := handle.open(ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	defer handle.close()
	rows, err := opened.Usage(ctx, store.UsageFilter{Principal: principal})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, row := range rows {
		usage.Charged += row.Charged
		usage.Reserved += row.Reserved
	}
	return usage
}

// compareLedger holds what `tasks --usage` says against the books: settled is
// what they charged, reserved what they charged for tasks without an end.
func (w *world) compareLedger(sum *tally, tasks []video.Task) {
	usage := w.usage()
	books := w.box.Books()
	var endlessly video.Credits
	for _, task := range tasks {
		if !task.Settled && !task.State.Settled() {
			endlessly += task.Reserved
		}
	}
	sum.Ledger, sum.Books = usage.Charged+usage.Reserved, books.Net
	sum.Difference = sum.Ledger - sum.Books
	if sum.Difference != 0 || usage.Reserved != endlessly {
		w.t.Errorf("the ledger says %s charged, %s reserved (%s for tasks without an end); the upstream's books say %s",
			usage.Charged, usage.Reserved, endlessly, books.Net)
	}
}
