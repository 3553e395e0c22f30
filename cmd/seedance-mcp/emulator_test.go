package main

import (
	"fmt"
	"html"
	"strings"

	"github.com/mattn/go-runewidth"
)

// emulator is a terminal as far as this program uses one: what a person sees
// after the bytes that were written.
type emulator struct {
	width    int
	rows     [][]glyph
	x, y     int
	tone     string
	hidden   bool // the cursor
	wrapped  int  // lines that were too long
	unknown  []string
	frames   int
	rest     string // of an escape sequence
	snapshot func(e *emulator)
}

type glyph struct {
	text string // "": the second half of a wide one
	tone string
}

func (e *emulator) write(text string) {
	text = e.rest + text
	e.rest = ""
	for len(text) > 0 {
		if text[0] == 0x1b {
			end := strings.IndexFunc(text[min(2, len(text)):], func(r rune) bool { return r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' })
			if end < 0 || len(text) < 3 {
				e.rest = text
				return
			}
			e.control(text[2 : 2+end+1])
			text = text[2+end+1:]
			continue
		}
		r := []rune(text[:min(len(text), 4)])[0]
		if r == '\uFFFD' && len(text) < 4 {
			e.rest = text
			return
		}
		text = text[len(string(r)):]
		switch r {
		case '\r':
			e.x = 0
		case '\n':
			e.y++
		default:
			e.put(r)
		}
	}
}

func (e *emulator) row() *[]glyph {
	for len(e.rows) <= e.y {
		e.rows = append(e.rows, nil)
	}
	return &e.rows[e.y]
}

func (e *emulator) put(r rune) {
	cells := runewidth.RuneWidth(r)
	if e.x+cells > e.width {
		e.x, e.y, e.wrapped = 0, e.y+1, e.wrapped+1
	}
	row := e.row()
	for len(*row) < e.x+cells {
		*row = append(*row, glyph{text: " "})
	}
	(*row)[e.x] = glyph{string(r), e.tone}
	if cells == 2 {
		(*row)[e.x+1] = glyph{}
	}
	e.x += cells
}

func (e *emulator) control(sequence string) {
	var n int
	_, _ = fmt.Sscanf(sequence, "%d", &n)
	switch sequence[len(sequence)-1] {
	case 'A':
		e.y = max(0, e.y-n)
	case 'K':
		row := e.row()
		*row = (*row)[:min(e.x, len(*row))]
	case 'J':
		row := e.row()
		*row = (*row)[:min(e.x, len(*row))]
		e.rows = e.rows[:e.y+1]
	case 'm':
		e.tone = strings.TrimSuffix(sequence, "m")
	default:
		switch sequence {
		case "?25l":
			e.hidden = true
		case "?25h":
			e.hidden = false
		case "?2026h":
		case "?2026l":
			e.frames++
			if e.snapshot != nil {
				e.snapshot(e)
			}
		default:
			e.unknown = append(e.unknown, sequence)
		}
	}
}

// text is the screen without colours.
func (e *emulator) text() string {
	var out strings.Builder
	for _, row := range e.rows {
		for _, g := range row {
			out.WriteString(g.text)
		}
		out.WriteByte('\n')
	}
	return out.String()
}

// html is the screen with its colours.
func (e *emulator) html() string {
	var out strings.Builder
	for _, row := range e.rows {
		for _, g := range row {
			if g.tone == "" || g.tone == "0" {
				out.WriteString(html.EscapeString(g.text))
			} else {
				fmt.Fprintf(&out, `<i class="t%s">%s</i>`, g.tone, html.EscapeString(g.text))
			}
		}
		out.WriteByte('\n')
	}
	return out.String()
}
