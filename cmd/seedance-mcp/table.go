package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/mattn/go-runewidth"

	"seedance-mcp/internal/video"
)

// row is one video in a table.
type row struct {
	key   string // stays the same from one drawing to the next
	label string
	state string
	tone  colour
	// share is how much is done; below zero: nobody can tell.
	share   float64
	clock   string
	credits string
	about   string // from outside: a prompt, or why it failed
	ended   bool
}

// stateTone is how a state is set off.
func stateTone(state video.State) colour {
	switch state {
	case video.Success:
		return good
	case video.Failed:
		return bad
	case video.Unconfirmed, video.Stalled, video.Queued:
		return unclear
	}
	return moving
}

// The columns of a table. From one width on each has its place; the last one
// takes what is left.
const (
	barCells     = 10
	stateCells   = 11
	clockCells   = 15
	creditsCells = 9
	leastAbout   = 16
	columnGap    = "  "
)

// layout says which columns fit into a width.
type layout struct {
	width, label        int
	bar, clock, credits bool
}

func layoutFor(width int, rows []row) layout {
	l := layout{width: width}
	for _, r := range rows {
		l.label = max(l.label, runewidth.StringWidth(r.label))
	}
	left := width - l.label - stateCells - leastAbout - 2*len(columnGap)
	for _, c := range []struct {
		shown *bool
		cells int
	}{{&l.bar, barCells + len(" 100 %")}, {&l.clock, clockCells}, {&l.credits, creditsCells}} {
		if c.cells += len(columnGap); left >= c.cells {
			*c.shown = true
			left -= c.cells
		}
	}
	return l
}

func (l layout) head(label string) row {
	return row{label: label, state: "STATE", share: -1, clock: "TIME", credits: "CREDITS", about: "PROMPT"}
}

// line is a row as it is drawn, never wider than the layout.
func (l layout) line(s display, r row, heading bool) string {
	type cell struct {
		text string
		tone colour
	}
	cells := []cell{{runewidth.FillRight(r.label, l.label), noColour}, {fit(r.state, stateCells), r.tone}}
	if l.bar {
		bar := strings.Repeat(" ", barCells+len(" 100 %"))
		switch {
		case heading:
			bar = fit("PROGRESS", barCells+len(" 100 %"))
		case r.share >= 0:
			bar = progressBar(r.share, barCells) + fmt.Sprintf(" %3.0f %%", 100*r.share)
		}
		cells = append(cells, cell{bar, noColour})
	}
	if l.clock {
		cells = append(cells, cell{fit(r.clock, clockCells), faint})
	}
	if l.credits {
		cells = append(cells, cell{fit(r.credits, creditsCells), noColour})
	}
	cells = append(cells, cell{r.about, noColour})
	var out strings.Builder
	left := l.width
	for i, c := range cells {
		if i > 0 {
			gap := columnGap[:max(0, min(len(columnGap), left))]
			out.WriteString(gap)
			left -= len(gap)
		}
		text := runewidth.Truncate(c.text, max(0, left), "…")
		if left -= runewidth.StringWidth(text); heading {
			c.tone = faint
		}
		out.WriteString(s.paint(c.tone, text))
	}
	return out.String()
}

// fit makes text as wide as a column.
func fit(text string, cells int) string {
	return runewidth.FillRight(runewidth.Truncate(text, cells, "…"), cells)
}

func progressBar(share float64, cells int) string {
	filled := int(share * float64(cells))
	return strings.Repeat("█", filled) + strings.Repeat("░", cells-filled)
}

// clockText tells how long something took, and what is left by estimate.
func clockText(elapsed, left time.Duration) string {
	text := shortTime(elapsed)
	if left > 0 {
		text += ", ~" + shortTime(left+time.Second/2) + " left"
	}
	return text
}

func shortTime(d time.Duration) string {
	seconds := int(max(0, d).Seconds())
	switch {
	case seconds < 100:
		return fmt.Sprintf("%d s", seconds)
	case seconds < 6000:
		return fmt.Sprintf("%d min", seconds/60)
	}
	return fmt.Sprintf("%d h", seconds/3600)
}
