package engine_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/sandbox"
	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

// skewed is a machine's clock that may be set; the upstream keeps its own.
type skewed struct{ by atomic.Int64 }

func (s *skewed) now() time.Time { return time.Now().Add(time.Duration(s.by.Load())) }

func (s *skewed) set(o *engine.Options, path string) {
	o.Now = s.now
	o.OpenStore = func(ctx context.Context) (engine.Store, error) { return store.Open(ctx, path, store.WithClock(s.now)) }
}

// Whatever the clock is set to while tasks are being sent, queued, followed and
// unconfirmed: none is sent twice, paid twice or left behind.
func TestClockIsSetToAnything(t *testing.T) {
	for _, jump := range []time.Duration{-400 * 24 * time.Hour, -25 * time.Hour, -5 * time.Second, 5 * time.Second, time.Hour, 25 * time.Hour, 400 * 24 * time.Hour} {
		for _, back := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, back %t", jump, back), func(t *testing.T) {
				inWorldOf(t, sandbox.Options{Limit: 4}, func(w *world) {
					clock := new(skewed)
					e := w.start(func(o *engine.Options) { clock.set(o, w.path) })
					var ids []string
					for i, word := range []string{"", "create-lost", "create-slow=20", "fail-server", "", ""} {
						prompt := fmt.Sprint("clip ", i)
						if word != "" {
							prompt += " [sandbox:" + word + "]"
						}
						ids = append(ids, mustSubmit(t, e, alice, ask(prompt)).Task.ID)
					}
					if got := mustGet(t, e, alice, ids[5]).State; got != video.Queued {
						t.Fatalf("the last one is %s", got)
					}
					time.Sleep(time.Second)
					clock.by.Store(int64(jump))
					time.Sleep(3 * time.Second)
					if back {
						clock.by.Store(0)
					}
					time.Sleep(10 * time.Minute)
					synctest.Wait()
					books := w.sandbox.Books()
					posted := map[string]int{}
					for _, entry := range books.Entries {
						if entry.Accepted {
							posted[entry.Prompt]++
						}
					}
					var sum video.Credits
					for i, id := range ids {
						task := mustGet(t, e, alice, id)
						sum += task.Charged
						made := task.State == video.Success && task.Settled
						free := task.State == video.Failed && task.Settled && task.Charged == 0 && // refunded, or queued for a day
							(i == 3 || posted[task.Request.Prompt] == 0)
						if !made && !free {
							t.Errorf("clip %d: %s (%s), %+v", i, task.State, task.Reason, task.Failure)
						}
						if posted[task.Request.Prompt] > 1 {
							t.Errorf("clip %d was paid %d times", i, posted[task.Request.Prompt])
						}
					}
					if sum != books.Net {
						t.Errorf("the ledger says %s, the upstream charged %s", sum, books.Net)
					}
				})
			})
		}
	}
}
