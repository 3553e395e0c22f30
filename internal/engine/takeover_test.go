package engine_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/video"
)

// TestDeadProcessCostsOneInterval: a process dies at the worst instant, when it
// has claimed a task's look and not made it. However long the task has run,
// another process looks within 5 s of the death, by the fake clock, and well
// below: a loaded machine has room.
func TestDeadProcessCostsOneInterval(t *testing.T) {
	const promise, room = 5 * time.Second, 500 * time.Millisecond
	for _, usual := range []time.Duration{8 * time.Second, 3 * time.Minute, 10 * time.Minute} {
		for _, age := range []time.Duration{0, time.Minute, 4 * time.Minute, 9 * time.Minute} {
			t.Run(fmt.Sprint("usually ", usual, " after ", age), func(t *testing.T) {
				inWorld(t, func(w *world) {
					var seen looks
					var armed, dead atomic.Bool
					var died time.Time
					pace := func(o *engine.Options) {
						o.Account.Usual = func(video.Request) time.Duration { return usual }
					}
					first := w.start(pace, func(o *engine.Options) {
						die, isDead := mortal("never", 1)
						die(o)
						o.Checkpoint = func(at string) {
							if at == "follow.claimed" && armed.Load() && !isDead.Swap(true) {
								died = time.Now()
								dead.Store(true)
							}
						}
					})
					task := mustSubmit(t, first, alice, ask("x [sandbox:stuck]")).Task
					time.Sleep(age)
					armed.Store(true)
					for !dead.Load() {
						time.Sleep(time.Millisecond)
					}
					w.start(pace, noting(&seen)) // it knows nothing of before
					time.Sleep(3 * promise)
					times := seen.of(task.UpstreamID)
					if len(times) == 0 {
						t.Fatal("nobody looked")
					}
					late := times[0].Sub(died)
					t.Logf("looked at %s after the death", late)
					if late > promise-room {
						t.Error("too late")
					}
				})
			})
		}
	}
}

// TestOrderOfADeadProcessIsFollowed: the other process slept before the order
// was made, and nobody told it of the task.
func TestOrderOfADeadProcessIsFollowed(t *testing.T) {
	const promise, room = 5 * time.Second, 500 * time.Millisecond
	inWorld(t, func(w *world) {
		var seen looks
		pace := func(o *engine.Options) {
			o.Account.Usual = func(video.Request) time.Duration { return 8 * time.Second }
		}
		die, dead := mortal("never", 1)
		first := w.start(pace, die)
		w.start(pace, noting(&seen))
		time.Sleep(100 * time.Millisecond) // it has looked, and found nothing
		task := mustSubmit(t, first, alice, ask("x [sandbox:stuck]")).Task
		dead.Store(true)
		died := time.Now()
		time.Sleep(3 * promise)
		times := seen.of(task.UpstreamID)
		if len(times) == 0 {
			t.Fatal("nobody looked")
		}
		if late := times[0].Sub(died); late > promise-room {
			t.Errorf("looked at %s after the death", late)
		}
	})
}
