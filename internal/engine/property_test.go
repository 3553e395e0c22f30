package engine_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/sandbox"
	"seedance-mcp/internal/video"
)

// seedVariable repeats one run of the property test.
const seedVariable = "SEEDANCE_TEST_SEED"

var propertyFaults = []string{
	"", "", "create-lost", "create-truncated", "create-drop", "create-html-500", "create-502-accepted", "create-slow=3", "create-hang",
	"create-429=2", "create-402", "fail-text", "fail-server", "record-html-500", "record-404=20", "success-no-url", "odd-state",
	"no-credits", "fractional-credits", "webhook-twice", "webhook-garbage", "webhook-early", "create-lost][sandbox:webhook-lost",
}

var propertyDeaths = []string{
	"submit.stored", "queue.taken", "post.sending", "post.answered", "post.stored", "follow.claimed", "look.recorded", "look.stored",
	"hint.received", "hint.stored", "hint.recorded", "resolve.recorded",
}

// Whatever is submitted, repeated, queued, withdrawn, lost, hinted at, refunded,
// resolved and killed in whatever order, on two processes, whatever their
// clock: one wish is posted at most once until it was refused, every task ends,
// no budget is overshot, and the ledger is the upstream's own books to the
// credit.
func TestAnyOrderOfEventsKeepsTheLedgerExact(t *testing.T) {
	first, runs := rand.Uint64(), 12
	if text := os.Getenv(seedVariable); text != "" {
		given, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		first, runs = given, 1
	}
	for i := range runs {
		seed := first + uint64(i)
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			inWorldOf(t, sandbox.Options{Limit: 3}, func(w *world) {
				(&events{world: w, t: w.bubble, rng: rand.New(rand.NewPCG(seed, 1)), wishes: map[string]string{}}).run()
			})
			if t.Failed() {
				t.Logf("repeat with %s=%d", seedVariable, seed)
			}
		})
	}
}

type events struct {
	*world

	t      *testing.T
	rng    *rand.Rand
	live   []*engine.Engine // two processes
	kill   []func()         // of each; nil before the first
	prompt []string
	wishes map[string]string // prompt → task id, once known
	clock  skewed
}

// ownDaily is not enough for all wishes.
var ownDaily = map[string]engine.Budgets{alice: {PerDay: limit("1400")}, bob: {PerDay: limit("1000")}}

// owner is whose wish it is: half of them are each one's.
func owner(prompt string) string {
	if strings.HasPrefix(prompt, "a") {
		return alice
	}
	return bob
}

func (ev *events) any() *engine.Engine { return ev.live[ev.rng.IntN(len(ev.live))] }

func (ev *events) pick(list []string) string { return list[ev.rng.IntN(len(list))] }

// reborn is a new process, in place of one of the two, that will die at some
// step; the old one died there, or is dropped now.
func (ev *events) reborn(i int) {
	if ev.kill[i] != nil {
		ev.kill[i]()
	}
	die, dead := mortal(ev.pick(propertyDeaths), 1+ev.rng.IntN(4))
	dying := ev.start(func(o *engine.Options) { ev.clock.set(o, ev.path) }, ownBudgets(ownDaily), die)
	ev.live[i] = dying
	ev.kill[i] = func() {
		dead.Store(true) // nothing that Close still does is stored or sent
		cut, cancel := context.WithCancel(context.Background())
		cancel()
		_ = dying.Close(cut)
	}
}

func (ev *events) run() {
	time.Sleep(6 * time.Hour) // all within one day, whatever the clock
	ev.live, ev.kill = make([]*engine.Engine, 2), make([]func(), 2)
	ev.reborn(0)
	ev.reborn(1)
	for range 80 {
		switch ev.rng.IntN(12) {
		case 0, 1, 2:
			prompt := fmt.Sprintf("%s wish %d", ev.pick([]string{"a", "b"}), len(ev.prompt))
			if fault := ev.pick(propertyFaults); fault != "" {
				prompt += " [sandbox:" + fault + "]"
			}
			ev.prompt = append(ev.prompt, prompt)
			ev.submit(prompt)
		case 3:
			if len(ev.prompt) > 0 {
				ev.submit(ev.pick(ev.prompt))
			}
		case 4:
			ev.reborn(ev.rng.IntN(2))
		case 5:
			ev.resolveOne(ev.any())
		case 6:
			ev.withdrawOne()
		case 7:
			ev.hintAtOne()
		case 8:
			ev.clock.by.Store(int64(time.Duration(ev.rng.IntN(3600)-1800) * time.Second))
		default:
			time.Sleep(time.Duration(ev.rng.IntN(15_000)) * time.Millisecond)
		}
	}
	ev.check()
}

// one is any of both principals' tasks in these states.
func (ev *events) one(e *engine.Engine, states ...video.State) (video.Task, bool) {
	var all []video.Task
	for _, who := range []string{alice, bob} {
		page, err := e.List(context.Background(), who, storeFilter(states...))
		if err == nil {
			all = append(all, page.Tasks...)
		}
	}
	if len(all) == 0 {
		return video.Task{}, false
	}
	return all[ev.rng.IntN(len(all))], true
}

func (ev *events) withdrawOne() {
	e := ev.any()
	if task, found := ev.one(e, video.Queued); found {
		_, _ = e.Withdraw(context.Background(), task.Principal, task.ID) // it may be sent, or the process dead
	}
}

// hintAtOne knocks at the webhook door: garbage, an id that nobody has, or once
// more what the upstream said.
func (ev *events) hintAtOne() {
	e := ev.any()
	task, found := ev.one(e)
	if !found {
		return
	}
	body := []byte("<html>garbage")
	switch ev.rng.IntN(3) {
	case 0:
		body = hook(fmt.Sprint("task_madeup", ev.rng.IntN(3)))
	case 1:
		for _, entry := range ev.sandbox.Books().Entries {
			if entry.Accepted && entry.Prompt == task.Request.Prompt {
				body = hook(entry.TaskID)
			}
		}
	}
	_ = e.Hint(context.Background(), task.CallbackToken, body)
}

func (ev *events) submit(prompt string) {
	wish := ask(prompt)
	wish.IdempotencyKey = prompt
	got, err := ev.any().Submit(context.Background(), owner(prompt), wish)
	switch {
	case got.Task.ID == "":
		if err == nil {
			ev.t.Errorf("%s: neither task nor error", prompt)
		}
	case ev.wishes[prompt] == "":
		ev.wishes[prompt] = got.Task.ID
	case ev.wishes[prompt] != got.Task.ID:
		ev.t.Errorf("%s became %s and %s", prompt, ev.wishes[prompt], got.Task.ID)
	}
}

// resolveOne lets a person look at the upstream's own list and settle one task
// by what it shows.
func (ev *events) resolveOne(e *engine.Engine) bool {
	task, found := ev.one(e, video.Unconfirmed)
	if !found {
		return false
	}
	resolution := engine.Resolution{Paid: new(false)}
	for _, entry := range ev.sandbox.Books().Entries {
		if entry.Accepted && entry.Prompt == task.Request.Prompt {
			resolution = engine.Resolution{UpstreamID: entry.TaskID}
		}
	}
	_, err := e.Resolve(context.Background(), task.Principal, task.ID, resolution)
	return err == nil
}

func (ev *events) check() {
	t := ev.t
	for _, kill := range ev.kill {
		kill()
	}
	ev.clock.by.Store(0)
	e := ev.start(ownBudgets(ownDaily)) // immortal
	for range 6 {                       // until every answer was found or settled
		time.Sleep(15 * time.Minute)
		for ev.resolveOne(e) {
		}
	}
	synctest.Wait()
	taken := map[string]int{}
	books := ev.sandbox.Books()
	for _, entry := range books.Entries {
		free := entry.Status == 429 || entry.Status == 402 // refused in so many words
		if !free {
			taken[entry.Prompt]++
		}
	}
	for prompt, n := range taken {
		if n > 1 {
			t.Errorf("%s was posted %d times", prompt, n)
		}
	}
	var ledger video.Credits
	var all []video.Task
	for _, who := range []string{alice, bob} {
		page, err := e.List(context.Background(), who, storeFilter())
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, page.Tasks...)
		sum := page.Credits.Charged + page.Credits.Reserved
		limit := *ownDaily[who].PerDay
		for _, task := range page.Tasks {
			if task.Charged > *task.Quote.Credits { // the upstream took more than it says
				limit += task.Charged - *task.Quote.Credits
			}
		}
		if sum > limit {
			t.Errorf("%s spent %s of %s", who, sum, ownDaily[who].PerDay)
		}
		ledger += sum
	}
	for _, task := range all {
		if !task.State.Final() {
			t.Errorf("%s (%s) never ends: %s, %s, due %s", task.ID, task.Request.Prompt, task.State, task.Reason, task.DueAt)
		}
	}
	if ledger != books.Net {
		t.Errorf("the ledger says %s, the upstream charged %s", ledger, books.Net)
		for _, task := range all {
			t.Logf("%s %s charged %s settled %t reserved %s", strings.TrimSpace(task.Request.Prompt), task.State, task.Charged, task.Settled, task.Reserved)
		}
	}
}
