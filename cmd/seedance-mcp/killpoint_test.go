package main

import (
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"seedance-mcp/internal/engine"
)

// killVariable is "NAME:N": the child process kills itself, as kill -9 would,
// the Nth time it passes the engine's checkpoint NAME. "none:0" only makes the
// engine impatient, as all children of the crash tests are.
const killVariable = "SEEDANCE_TEST_KILL_AT"

func tuneForCrashes() func(*engine.Options) {
	name, count, ok := strings.Cut(os.Getenv(killVariable), ":")
	if !ok {
		return nil
	}
	n, err := strconv.ParseInt(count, 10, 64)
	if err != nil {
		panic(killVariable + " must be NAME:N")
	}
	return func(o *engine.Options) {
		o.Hold = 2 * time.Second
		o.PollEvery = 100 * time.Millisecond
		var passed atomic.Int64
		o.Checkpoint = func(at string) {
			if at == name && passed.Add(1) == n {
				killSelf()
			}
		}
	}
}

func killSelf() {
	self, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = self.Kill()
	}
	if err != nil {
		panic(err)
	}
	select {} // the signal is on its way; nothing more may happen
}
