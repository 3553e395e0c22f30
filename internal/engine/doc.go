// Package engine holds the use-cases of this program: submit a wish, quote it,
// wait for it, list, download, withdraw and settle it, and the one loop that
// follows every task to its end, whatever dies in between.
//
// It decides; others do: catalog says what a wish means and costs, store keeps
// it, upstream asks the jobs API, media fetches files. Only tools, server and
// cmd may import this package; it imports no transport and writes no SQL.
//
// # The paid call
//
// createTask has no idempotency key, so a wish is posted at most once: the
// intent is a row before anything is sent ([Engine.Submit]), only the process
// that moved that row to "submitting" posts it, and whoever finds the row still
// there after the hold (longer than any POST may take) marks it unconfirmed
// instead of posting again. Answers, looks, webhooks and a person's word are
// pure functions over the task, applied by compare-and-set, so that they may
// come twice and in any order: answered (answer.go) and observe (observe.go).
//
// # Slots
//
// A 429 is free and tells how many tasks the account may run. The store keeps
// that (slots.go), and while our own tasks fill the account, or others wait, a
// new one is queued in the transaction that stores it. The queue (queue.go)
// sends one after the other, for whoever has the fewest running, oldest first.
// The limit is believed for ten minutes; then the next task finds out.
//
// # Checkpoints
//
// Options.Checkpoint is called, for crash tests, at every step between a write
// and the network:
//
//	submit.stored      the intent is stored, nothing was sent
//	queue.taken        a queued task was moved to submitting, nothing was sent
//	post.sending       the POST is about to leave
//	post.answered      createTask answered, nothing of it is stored
//	post.stored        the answer is stored
//	follow.claimed     due tasks were claimed and their next look booked
//	look.recorded      recordInfo answered, nothing of it is stored
//	look.stored        what a look saw is stored
//	hint.received      a webhook named a task of ours, nothing is stored
//	hint.stored        the look that it asks for is booked
//	hint.recorded      the upstream was asked about what webhooks named
//	adopt.recorded     the upstream knows a task that the store does not
//	resolve.recorded   the upstream confirmed what a person named
//	resolve.released   an adopted task gave up the upstream's task to another
//	download.claimed   a finished task's file is about to be fetched
//	download.fetched   the file is on disk, the store does not know
//	download.stored    the store knows
package engine
