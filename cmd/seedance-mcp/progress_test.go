package main

import (
	"testing"
	"time"
)

// TestShareNeverFalls follows a task that takes longer than it was thought to:
// near its end nothing is left by the estimate, and the bar stays.
func TestShareNeverFalls(t *testing.T) {
	share := 0.0
	for _, step := range []struct {
		elapsed, left time.Duration
		want          float64
	}{
		{0, 0, 0}, {time.Second, 9 * time.Second, 0.1}, {5 * time.Second, 5 * time.Second, 0.5}, {6 * time.Second, 14 * time.Second, 0.5},
		{99 * time.Second, time.Second, 0.95}, {100 * time.Second, 0, 0.95},
	} {
		if share = shareDone(share, step.elapsed, step.left); share != step.want {
			t.Errorf("after %s with %s left: %v, want %v", step.elapsed, step.left, share, step.want)
		}
	}
}
