package main

import (
	"fmt"
	"strings"
	"sync"

	"github.com/mattn/go-runewidth"
)

// What a terminal is told: each frame is written at once, in place of the one
// before, and shown by terminals that know how once it is whole.
const (
	beginFrame  = "\x1b[?2026h"
	endFrame    = "\x1b[?2026l"
	hideCursor  = "\x1b[?25l"
	showCursor  = "\x1b[?25h"
	clearToEnd  = "\x1b[K"
	clearBelow  = "\x1b[J"
	upLines     = "\x1b[%dA"
	marginLines = 4 // heading, footer, what was left out, and the cursor's line
)

// board shows many videos on their way: a table that is drawn anew in its
// place on a terminal, a line for each change elsewhere.
type board struct {
	screen display
	label  string // what the first column holds
	aside  *aside

	mu     sync.Mutex
	said   map[string]string  // plain: what was said last of each
	shares map[string]float64 // shown last: they never fall
	drawn  []string           // the lines on the screen, plain
	table  string             // as written last
}

func newBoard(s display, label string, log *aside) *board {
	b := &board{screen: s, label: label, aside: log, said: map[string]string{}, shares: map[string]float64{}}
	if s.live {
		fmt.Fprint(s.out, hideCursor)
		log.during(b.above)
	}
	return b
}

// show brings the rows on the screen. footer is the last line of a table.
func (b *board) show(rows []row, footer string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range rows {
		r := &rows[i]
		if r.share >= 0 {
			b.shares[r.key] = max(b.shares[r.key], r.share)
			r.share = b.shares[r.key]
		}
	}
	if !b.screen.live {
		b.tell(rows)
		return
	}
	width, height := b.screen.size()
	b.draw(b.lines(rows, footer, width-1, height), width)
}

// tell says what changed.
func (b *board) tell(rows []row) {
	for _, r := range rows {
		said := strings.Join(strings.Fields(strings.Join([]string{r.label, r.state, r.credits, r.about}, " ")), " ")
		if b.said[r.key] == r.state {
			continue
		}
		b.said[r.key] = r.state
		fmt.Fprintln(b.screen.out, said)
	}
}

// lines are a whole table. Where not all rows fit, those that have ended leave
// first.
func (b *board) lines(rows []row, footer string, width, height int) []string {
	shown, hidden := rows, 0
	if most := max(1, height-marginLines); len(rows) > most {
		shown = chosen(rows, most)
		hidden = len(rows) - len(shown)
	}
	l := layoutFor(width, append([]row{{label: b.label}}, shown...))
	lines := []string{l.line(b.screen, l.head(b.label), true)}
	for _, r := range shown {
		lines = append(lines, l.line(b.screen, r, false))
	}
	if hidden > 0 {
		lines = append(lines, b.screen.paint(faint, runewidth.Truncate(fmt.Sprintf("and %d more, which the window has no room for", hidden), width, "…")))
	}
	return append(lines, b.screen.paint(faint, runewidth.Truncate(footer, width, "…")))
}

// chosen are as many rows as there is room for, in their order: what is under
// way before what has ended.
func chosen(rows []row, most int) []row {
	var kept []row
	open := 0
	for _, r := range rows {
		if !r.ended {
			open++
		}
	}
	ended := max(0, most-open)
	for _, r := range rows {
		if len(kept) == most {
			break
		}
		if r.ended {
			if ended == 0 {
				continue
			}
			ended--
		}
		kept = append(kept, r)
	}
	return kept
}

// draw puts lines where the last ones stand.
func (b *board) draw(lines []string, width int) {
	table := strings.Join(lines, clearToEnd+"\n") + clearToEnd + "\n" + clearBelow
	if table == b.table {
		return
	}
	fmt.Fprint(b.screen.out, beginFrame+b.toTop(width)+table+endFrame)
	b.table, b.drawn = table, b.drawn[:0]
	for _, line := range lines {
		b.drawn = append(b.drawn, withoutColour(line))
	}
}

// toTop leads to where the table begins.
func (b *board) toTop(width int) string {
	if up := b.height(width); up > 0 {
		return "\r" + fmt.Sprintf(upLines, up)
	}
	return ""
}

// above has something written where the table begins, and the table under it.
func (b *board) above(write func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	width, _ := b.screen.size()
	fmt.Fprint(b.screen.out, b.toTop(width)+clearBelow)
	write()
	fmt.Fprint(b.screen.out, beginFrame+b.table+endFrame)
}

// height is how many lines of the screen the last table takes: more than it
// has, where the window has become narrower meanwhile.
func (b *board) height(width int) int {
	height := 0
	for _, line := range b.drawn {
		height += max(1, (runewidth.StringWidth(line)+width-1)/width)
	}
	return height
}

// withoutColour is a line as wide as it looks.
func withoutColour(line string) string {
	var out strings.Builder
	for i, part := range strings.Split(line, "\x1b[") {
		if i > 0 {
			_, part, _ = strings.Cut(part, "m")
		}
		out.WriteString(part)
	}
	return out.String()
}

// close leaves the last table standing and gives the cursor back.
func (b *board) close() {
	if b.screen.live {
		b.aside.during(nil)
		fmt.Fprint(b.screen.out, showCursor)
	}
}
