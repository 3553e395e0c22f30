package main

import (
	"io"
	"os"

	"golang.org/x/term"
)

// display is what a command shows a person on: a terminal that can be drawn
// anew, or plain lines wherever it cannot.
type display struct {
	out  io.Writer
	live bool
	size func() (width, height int)
}

// Where the terminal does not say.
const usualWidth, usualHeight = 80, 24

// plainFlag is the flag that gives plain lines, with its variable.
const (
	plainFlag  = "no-color"
	plainUsage = "plain lines: no colours, nothing drawn anew [NO_COLOR]"
)

// newDisplay says how to show things: plain where it was asked for, by flag or
// NO_COLOR, and where there is no terminal that can do more.
func newDisplay(t terminal, plain bool) display {
	s := display{out: t.out, size: func() (int, int) { return usualWidth, usualHeight }}
	file, ok := t.out.(*os.File)
	if !ok || plain || t.env("NO_COLOR") != "" || t.env("TERM") == "dumb" || !term.IsTerminal(int(file.Fd())) || !drawable(file) {
		return s
	}
	s.live = true
	s.size = func() (int, int) {
		width, height, err := term.GetSize(int(file.Fd()))
		if err != nil || width <= 0 || height <= 0 {
			return usualWidth, usualHeight
		}
		return width, height
	}
	return s
}

// colour is a way to set text off.
type colour string

// The few there are. Whatever they say is in the words, too.
const (
	noColour colour = ""
	good     colour = "32" // green: done
	bad      colour = "31" // red: failed
	unclear  colour = "33" // yellow: wants a person, or patience
	moving   colour = "36" // cyan: under way
	faint    colour = "2"
)

// paint sets text off, where the screen can.
func (s display) paint(c colour, text string) string {
	if !s.live || c == noColour || text == "" {
		return text
	}
	return "\x1b[" + string(c) + "m" + text + "\x1b[0m"
}
