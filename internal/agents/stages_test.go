package agents

import (
	"bytes"
	"sync"
	"testing"
	"time"

	"seedance-mcp/internal/agents/standin"
)

const (
	estimate = "estimate_cost"
	generate = "generate_video"
	status   = "get_task_status"
)

// stage is one thing that all agents go through.
type stage struct {
	name string
	// video is how long the upstream takes for it.
	video  time.Duration
	script standin.Script
	// httpOnly stages need a server that is not the agent's own child.
	httpOnly bool
	// trouble is what happens meanwhile; nil: nothing. What it returns is
	// called before each turn of the model's.
	trouble func(*testing.T, *world) func(standin.Turn)
}

func everyStage() []stage {
	return []stage{
		{name: "quick", video: time.Second, script: mistakesFirst()},
		{name: "70 s", video: 70 * time.Second, script: wholeJob()},
		{name: "restart", video: 5 * time.Second, script: wholeJob(), httpOnly: true, trouble: restartBeforeWaiting},
		{name: "death", video: 12 * time.Second, script: wholeJob(), trouble: deathDuringWait},
	}
}

// wholeJob is what a model does: quote, order, wait, URL.
func wholeJob() standin.Script {
	return standin.Script{
		Steps: []standin.Step{
			{Tool: estimate, Arguments: fox(5)},
			{Tool: generate, Arguments: fox(5)},
			{
				Tool: status, Arguments: map[string]any{"task_id": "$task_id", "wait_seconds": 45},
				Until: standin.Until{Field: "status", Value: "success"}, AtMost: 5,
			},
		},
		Say: "The video is at $url",
	}
}

// mistakesFirst is a model that first asks for too long a video and for a task
// that is none.
func mistakesFirst() standin.Script {
	script := wholeJob()
	script.Steps = append([]standin.Step{
		{Tool: generate, Arguments: fox(99)},
		{Tool: status, Arguments: map[string]any{"task_id": "vid_nothing"}},
	}, script.Steps...)
	return script
}

// comingBack is a model that is asked later, in a new session, and knows no
// task id.
func comingBack() standin.Script {
	return standin.Script{
		Steps: []standin.Step{{
			Tool: status, Arguments: map[string]any{"wait_seconds": 45},
			Until: standin.Until{Field: "status", Value: "success"}, AtMost: 5,
		}},
		Say: "The video is at $url",
	}
}

func fox(duration int) map[string]any {
	return map[string]any{"prompt": "A red fox in the snow", "duration": duration}
}

// restartBeforeWaiting ends the server after the order and starts it again
// before the first question about it.
func restartBeforeWaiting(_ *testing.T, w *world) func(standin.Turn) {
	var once sync.Once
	return func(turn standin.Turn) {
		if asks(turn, status) {
			once.Do(func() {
				w.serving.kill()
				w.serving.start()
			})
		}
	}
}

// deathDuringWait ends the server once it has heard the first question about
// the task. Over HTTP it is there again when the model, which thinks longer
// than the stand-in, asks once more; over stdio it is for the agent to start it.
func deathDuringWait(t *testing.T, w *world) func(standin.Turn) {
	var once sync.Once
	var ended sync.WaitGroup
	t.Cleanup(ended.Wait)
	over := make(chan struct{})
	kill := func() {
		defer close(over)
		for !bytes.Contains(w.heard(), []byte(status)) {
			select {
			case <-t.Context().Done():
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
		time.Sleep(500 * time.Millisecond) // the call is in the tool by then
		w.killServer()
		if w.serving != nil {
			time.Sleep(time.Second)
			w.serving.start()
		}
	}
	return func(turn standin.Turn) {
		if !asks(turn, status) {
			return
		}
		first := false
		once.Do(func() {
			first = true
			ended.Go(kill)
		})
		if !first {
			<-over
		}
	}
}

func asks(turn standin.Turn, tool string) bool {
	return turn.Call != nil && standin.Names(turn.Call.Tool.Name, tool)
}
