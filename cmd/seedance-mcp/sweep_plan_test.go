package main

import (
	"maps"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"seedance-mcp/internal/sandbox"
)

// way is how a wish reaches a kill point.
type way int

const (
	byTerminal way = iota // `generate`
	byServer              // generate_video of `http`, which takes webhooks
	byAdoption            // `tasks UPSTREAM-ID` of a task made elsewhere
	byHand                // `tasks resolve --upstream-id` after a lost answer
	byMerging             // the same, of a task that was adopted meanwhile
)

// killPoint is a step at which processes are killed; fault is what the wish
// must meet to pass it.
type killPoint struct {
	name  string
	way   way
	fault string
}

// early says that the wish's task is not followed after a death there.
func (k killPoint) early() bool {
	switch k.name {
	case "post.stored", writeChangeDone:
		return false
	}
	return strings.HasPrefix(k.name, "submit.") || strings.HasPrefix(k.name, "post.") || strings.HasPrefix(k.name, "wire.create.") ||
		strings.HasPrefix(k.name, "write.")
}

// killPoints are all of them: the engine's checkpoints and those of this test.
func killPoints() []killPoint {
	const lost, busy = "[sandbox:create-lost]", "[sandbox:create-429=1]"
	return []killPoint{
		{name: "submit.stored"}, {name: "queue.taken", fault: busy},
		{name: "post.sending"}, {name: "post.answered"}, {name: "post.stored"},
		{name: "follow.claimed"}, {name: "look.recorded"}, {name: "look.stored"},
		{name: "download.claimed"}, {name: "download.fetched"}, {name: "download.stored"},
		{name: "hint.received", way: byServer}, {name: "hint.stored", way: byServer, fault: lost}, {name: "hint.recorded", way: byServer, fault: lost},
		{name: "adopt.recorded", way: byAdoption}, {name: writeInsertDone, way: byAdoption},
		{name: "resolve.recorded", way: byHand, fault: lost}, {name: "resolve.released", way: byMerging, fault: lost},
		{name: wireCreateWritten}, {name: wireCreateAnswering},
		{name: wireLookWritten}, {name: wireLookAnswering},
		{name: wireMediaWritten}, {name: wireMediaAnswering}, {name: wireMediaResuming, fault: "[sandbox:media-break]"},
		{name: writeSubmitDuring}, {name: writeSubmitDone},
		{name: writeClaimDuring}, {name: writeClaimDone},
		{name: writeChangeBegun}, {name: writeChangeDone},
		{name: writeTakeBegun, fault: busy}, {name: writeTakeDone, fault: busy}, {name: writeLearnDone, fault: busy},
	}
}

// terminalFaults are what the upstream does to a wish of the terminal: every
// fault of createTask, recordInfo and the media host.
func terminalFaults() []string {
	list := []string{
		"create-lost", "create-truncated", "create-hang", "create-drop", "create-html-500", "create-html-500-accepted",
		"create-502", "create-502-accepted", "create-402", "create-402-bare", "create-envelope-error", "create-429=1",
		"create-slow=20][sandbox:record-html-500=100][sandbox:media-break", "record-502=100][sandbox:media-no-range",
		"record-429=100][sandbox:media-wrong-type", "record-404=100][sandbox:odd-state", "record-truncated=100][sandbox:upper-case",
		"record-hang=100][sandbox:null-size", "success-no-url=20][sandbox:no-times", "no-credits", "fractional-credits][sandbox:slow",
		"media-html", "media-404", "media-expired", "error-string", "error-code-number",
	}
	for _, word := range sandbox.MagicWords() {
		if strings.HasPrefix(word, "fail-") {
			list = append(list, word)
		}
	}
	return bracketed(list)
}

// serverFaults are those of webhooks, most of them of tasks whose answer was
// lost, so that the webhook is all there is.
func serverFaults() []string {
	return bracketed([]string{
		"webhook-twice][sandbox:create-lost", "webhook-garbage][sandbox:create-lost", "webhook-early", "webhook-lost][sandbox:create-drop",
		"webhook-z][sandbox:create-truncated", "webhook-workflow", "webhook-b][sandbox:create-502-accepted", "webhook-kinovi][sandbox:create-lost",
	})
}

// endlessFaults come last: their tasks hold slots of the account for good.
func endlessFaults() []string {
	return bracketed([]string{"stuck", "record-forgotten", "success-never-url"})
}

// alwaysBusy is the fault that blocks the queue for good: it comes last, and
// its wish is withdrawn.
const alwaysBusy = "[sandbox:create-429-bare]"

func bracketed(words []string) []string {
	for i, word := range words {
		words[i] = "[sandbox:" + word + "]"
	}
	return words
}

// endless says that the upstream never ends such a wish within the test: it
// must have an owner, not an end.
func endless(prompt string) bool {
	return hasWord(prompt, "stuck", "record-forgotten", "success-never-url")
}

// unfetchable says that no file of it can come.
func unfetchable(prompt string) bool {
	return hasWord(prompt, "media-html", "media-404", "media-expired")
}

func hasWord(prompt string, words ...string) bool {
	return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(prompt, "[sandbox:"+word+"]") })
}

var magicWord = regexp.MustCompile(`\[sandbox:([a-z0-9-]+)`)

func wordsOf(prompt string) []string {
	var words []string
	for _, found := range magicWord.FindAllStringSubmatch(prompt, -1) {
		words = append(words, found[1])
	}
	return words
}

// TestSweepPlan holds the plan against what there is: no checkpoint of the
// engine and no fault of the sandbox is left out.
func TestSweepPlan(t *testing.T) {
	doc, err := os.ReadFile("../../internal/engine/doc.go")
	if err != nil {
		t.Fatal(err)
	}
	planned := map[string]bool{}
	for _, p := range killPoints() {
		planned[p.name] = true
	}
	listed := regexp.MustCompile(`(?m)^//\t([a-z]+\.[a-z]+) `).FindAllStringSubmatch(string(doc), -1)
	if len(listed) < 16 {
		t.Fatalf("only %d checkpoints found in internal/engine/doc.go", len(listed))
	}
	for _, found := range listed {
		if !planned[found[1]] {
			t.Errorf("no process is killed at the checkpoint %s", found[1])
		}
	}
	met := map[string]bool{}
	for _, fault := range slices.Concat(terminalFaults(), serverFaults(), endlessFaults(), []string{alwaysBusy}) {
		for _, word := range wordsOf(fault) {
			met[word] = true
		}
	}
	if got, want := slices.Sorted(maps.Keys(met)), sandbox.MagicWords(); !slices.Equal(got, want) {
		t.Errorf("the wishes meet %q, the sandbox knows %q", got, want)
	}
}

// plan deals out what a world still has to do.
type plan struct {
	mu     sync.Mutex
	rng    *rand.Rand
	want   int  // kills
	whole  bool // every point and every fault must have been met
	points []killPoint
	faults map[way][]string // not met yet
	tries  int
	kills  map[string]int
	missed map[string]bool // the last process that should have died there lived
}

// order is one wish to make and where its process shall die.
type order struct {
	killPoint
	n     int  // the wish's number
	isNew bool // its fault has not been met yet
}

func newPlan(seed uint64, want int, whole bool, faults map[way][]string) *plan {
	p := &plan{
		rng: rand.New(rand.NewPCG(seed, 0)), want: want, whole: whole, points: killPoints(), faults: faults,
		kills: map[string]int{}, missed: map[string]bool{},
	}
	p.rng.Shuffle(len(p.points), func(i, j int) { p.points[i], p.points[j] = p.points[j], p.points[i] })
	return p
}

// next gives the next order; false: all is done, or goes nowhere.
func (p *plan) next() (order, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.finished() || p.tries > 4*p.want+200 {
		return order{}, false
	}
	p.tries++
	for _, w := range []way{byServer, byTerminal} {
		// Every other wish is without a new fault, so that kills are spread.
		if left := p.faults[w]; p.whole && len(left) > 0 && p.tries%2 == 0 {
			p.faults[w] = left[1:]
			// Whoever dies before the answer is stored meets nothing after it.
			point := p.rarest(func(k killPoint) bool { return k.way == w && k.fault == "" && !k.early() })
			point.fault = left[0]
			return order{point, p.tries, true}, true
		}
	}
	point := p.rarest(func(killPoint) bool { return true })
	if point.fault == "" && point.way == byTerminal && !p.missed[point.name] && p.rng.IntN(3) == 0 {
		all := terminalFaults()
		point.fault = all[p.rng.IntN(len(all))]
	}
	return order{point, p.tries, false}, true
}

// giveBack puts a fault back that its wish did not meet.
func (p *plan) giveBack(w way, fault string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults[w] = append(p.faults[w], fault)
}

// rarest is the point with the fewest kills.
func (p *plan) rarest(fits func(killPoint) bool) killPoint {
	var best *killPoint
	for i, point := range p.points {
		if fits(point) && (best == nil || p.kills[point.name] < p.kills[best.name]) {
			best = &p.points[i]
		}
	}
	return *best
}

func (p *plan) total() int {
	n := 0
	for _, k := range p.kills {
		n += k
	}
	return n
}

func (p *plan) finished() bool {
	return p.total() >= p.want && (!p.whole || len(p.unmet()) == 0 && len(p.faults[byTerminal])+len(p.faults[byServer]) == 0)
}

func (p *plan) unmet() []string {
	var names []string
	for _, point := range p.points {
		if p.kills[point.name] == 0 {
			names = append(names, point.name)
		}
	}
	return names
}

// note counts a process that died at the point, or should have.
func (p *plan) note(name string, killed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if killed {
		p.kills[name]++
	}
	p.missed[name] = !killed
}

// again is where the process dies that repeats a wish: anywhere on the
// terminal's way, or nowhere.
func (p *plan) again() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.rng.IntN(2) == 0 {
		return "none"
	}
	return p.rarest(func(k killPoint) bool { return k.way == byTerminal && k.fault == "" }).name
}
