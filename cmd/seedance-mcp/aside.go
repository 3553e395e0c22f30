package main

import (
	"io"
	"sync"
)

// aside takes the log lines of a command that draws on its terminal: they
// stand above what is drawn, instead of tearing it.
type aside struct {
	out io.Writer

	mu    sync.Mutex
	above func(write func()) // takes the drawing away meanwhile; nil: nothing is drawn
}

// Write is a log line.
func (a *aside) Write(line []byte) (n int, err error) {
	a.mu.Lock()
	above := a.above
	a.mu.Unlock()
	if above == nil {
		return a.out.Write(line)
	}
	above(func() { n, err = a.out.Write(line) })
	return n, err
}

// during has lines written by above until it is nil.
func (a *aside) during(above func(write func())) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.above = above
}
