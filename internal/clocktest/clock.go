// Package clocktest is a clock that a test stops, so that what must happen
// while something goes on cannot come too late, however slow the machine is.
// Tests of any package may import it, and nothing else.
package clocktest

import (
	"sync"
	"time"
)

// Clock goes with the system's until it is stopped. The zero Clock goes.
type Clock struct {
	mu      sync.Mutex
	stopped time.Time // zero: it goes
}

// Now is the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped.IsZero() {
		return time.Now()
	}
	return c.stopped
}

// Stop makes it stand still from now on.
func (c *Clock) Stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = time.Now()
}

// Pass moves it on while it stands still.
func (c *Clock) Pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = c.stopped.Add(d)
}

// Go lets it go with the system's again.
func (c *Clock) Go() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = time.Time{}
}
