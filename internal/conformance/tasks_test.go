package conformance

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"seedance-mcp/internal/video"
	"seedance-mcp/server"
)

// jobs are the tasks of the extension's fixtures. They live as long as the
// test; that tasks outlive a process is proved where they are stored.
type jobs struct {
	mu   sync.Mutex
	byID map[string]*job
	ends context.Context // of the test
	work sync.WaitGroup
}

type job struct {
	task      mcp.Task
	result    *mcp.CallToolResult
	open      mcp.InputRequests
	given     map[string]string // what the user filled in, by question
	answers   chan struct{}     // closed when no question is open
	announce  sync.Once
	announced chan struct{} // closed when the server has seen the job: before, its end would make it a plain answer
	cancel    context.CancelFunc
}

// jobRef is a tool's answer that stands for a job.
type jobRef struct {
	ID string `json:"job"`
}

func newJobs(t *testing.T) *jobs {
	ctx, cancel := context.WithCancel(context.Background())
	j := &jobs{byID: map[string]*job{}, ends: ctx}
	t.Cleanup(func() {
		cancel()
		j.work.Wait()
	})
	return j
}

// start runs work as a job that asks questions first, if there are any. Work's
// error is a protocol error.
func (j *jobs) start(questions mcp.InputRequests, work func(ctx context.Context, given map[string]string) (*mcp.CallToolResult, error)) *mcp.CallToolResult {
	now, poll, kept := time.Now().UTC().Format(time.RFC3339), int64(100), int64(time.Hour/time.Millisecond)
	ctx, cancel := context.WithCancel(j.ends)
	j.mu.Lock()
	defer j.mu.Unlock()
	id := "job-" + strconv.Itoa(len(j.byID)+1)
	made := &job{
		task:    mcp.Task{TaskId: id, Status: mcp.TaskStatusWorking, CreatedAt: now, LastUpdatedAt: now, TTL: &kept, PollInterval: &poll},
		given:   map[string]string{},
		answers: make(chan struct{}), announced: make(chan struct{}), cancel: cancel,
	}
	if len(questions) > 0 {
		made.task.Status, made.open = mcp.TaskStatusInputRequired, questions
	} else {
		close(made.answers)
	}
	j.byID[id] = made
	j.work.Go(func() {
		defer cancel()
		var result *mcp.CallToolResult
		var err error
		if wait(ctx, made.announced) && wait(ctx, made.answers) {
			result, err = work(ctx, made.given)
		}
		j.end(made, ctx.Err() != nil, result, err)
	})
	return mcp.NewToolResultStructured(jobRef{id}, id)
}

// wait is until the channel is closed; false: ctx ended first.
func wait(ctx context.Context, closed <-chan struct{}) bool {
	select {
	case <-closed:
		return true
	case <-ctx.Done():
		return false
	}
}

func (j *jobs) end(made *job, cancelled bool, result *mcp.CallToolResult, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	made.task.LastUpdatedAt = time.Now().UTC().Format(time.RFC3339)
	made.open = nil
	switch {
	case cancelled:
		made.task.Status = mcp.TaskStatusCancelled
	case err != nil:
		made.task.Status, made.task.StatusMessage = mcp.TaskStatusFailed, err.Error()
	default:
		made.task.Status, made.result = mcp.TaskStatusCompleted, result
	}
}

func (j *jobs) TaskOf(_ string, result *mcp.CallToolResult) string {
	ref, _ := result.StructuredContent.(jobRef)
	return ref.ID
}

// find must be called with the lock held.
func (j *jobs) find(id string) (*job, error) {
	if made := j.byID[id]; made != nil {
		return made, nil
	}
	return nil, video.Errorf(video.NotFound, "There is no task %s.", id)
}

func (j *jobs) Task(_ context.Context, id string) (mcp.Task, *mcp.CallToolResult, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	made, err := j.find(id)
	if err != nil {
		return mcp.Task{}, nil, err
	}
	made.announce.Do(func() { close(made.announced) })
	if made.task.Status == mcp.TaskStatusInputRequired {
		return made.task, &mcp.CallToolResult{MultiRoundTripResult: mcp.MultiRoundTripResult{InputRequests: maps.Clone(made.open)}}, nil
	}
	return made.task, made.result, nil
}

func (j *jobs) Update(_ context.Context, id string, answers mcp.InputResponses) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	made, err := j.find(id)
	if err != nil {
		return err
	}
	for key, answer := range answers {
		question, asked := made.open[key]
		if !asked {
			continue
		}
		if err := answer.DecodeFor(question.Method); err != nil {
			return video.Errorf(video.Invalid, "The answer to %s cannot be read.", key)
		}
		made.given[key] = accepted(mcp.InputResponses{key: answer}, key, "confirm")
		delete(made.open, key)
		if len(made.open) == 0 {
			made.task.Status = mcp.TaskStatusWorking
			close(made.answers)
		}
	}
	return nil
}

func (j *jobs) Cancel(_ context.Context, id string) (string, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	made, err := j.find(id)
	if err == nil {
		made.cancel()
	}
	return "", err
}

// sleep is until seconds have passed or ctx ends.
func sleep(ctx context.Context, seconds float64) {
	select {
	case <-time.After(time.Duration(seconds * float64(time.Second))):
	case <-ctx.Done():
	}
}

// taskTools answer with tasks to those who take them.
func taskTools(j *jobs, s sealer) []mcpserver.ServerTool {
	confirm := func(what string) mcp.InputRequest {
		return mcp.InputRequest{Method: mcp.MethodElicitationCreate, Elicitation: new(form(what, map[string]any{"confirm": map[string]any{"type": "boolean"}}, "confirm"))}
	}
	return []mcpserver.ServerTool{
		tool("greet", "Greets, at once", func(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return mcp.NewToolResultText("Hello, " + r.GetString("name", "") + "!"), nil
		}, mcp.WithString("name")),
		tool("slow_compute", "Takes its time; a task where tasks are taken", func(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			seconds, label := r.GetFloat("seconds", 0), r.GetString("label", "")
			work := func(ctx context.Context, _ map[string]string) (*mcp.CallToolResult, error) {
				sleep(ctx, seconds)
				return mcp.NewToolResultText("computed " + label), nil
			}
			if seconds > 0 && server.DeclaresTasks(ctx) {
				return j.start(nil, work), nil
			}
			return work(ctx, nil)
		}, mcp.WithNumber("seconds"), mcp.WithString("label")),
		tool("failing_job", "Fails after a second; a task and nothing else", j.only(nil, func(ctx context.Context, _ map[string]string) (*mcp.CallToolResult, error) {
			sleep(ctx, 1)
			return mcp.NewToolResultError("This job always fails."), nil
		})),
		tool("protocol_error_job", "Ends with a protocol error", j.only(nil, func(context.Context, map[string]string) (*mcp.CallToolResult, error) {
			return nil, fmt.Errorf("the job broke")
		})),
		tool("confirm_delete", "Asks before it deletes nothing", j.only(func() mcp.InputRequests {
			return mcp.InputRequests{"confirm": confirm("Delete it?")}
		}, func(_ context.Context, given map[string]string) (*mcp.CallToolResult, error) {
			return mcp.NewToolResultText("confirmed: " + given["confirm"]), nil
		}), mcp.WithString("filename")),
		tool("multi_input", "Asks two things at once", j.only(func() mcp.InputRequests {
			return mcp.InputRequests{"first": confirm("The first?"), "second": confirm("The second?")}
		}, func(_ context.Context, given map[string]string) (*mcp.CallToolResult, error) {
			return mcp.NewToolResultText(fmt.Sprint(given)), nil
		})),
		tool("test_tool_with_task", "Asks for a name, then becomes a task", func(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			name := accepted(r.Params.InputResponses, "user_name", "name")
			if name == "" {
				return mcpserver.NewInputRequestBuilder(s.seal("task")).Elicit("user_name", nameForm).ToolResult(), nil
			}
			return j.only(nil, func(context.Context, map[string]string) (*mcp.CallToolResult, error) {
				return mcp.NewToolResultText("Hello, " + name + "!"), nil
			})(ctx, r)
		}),
	}
}

// only is a tool that is a task or nothing.
func (j *jobs) only(questions func() mcp.InputRequests, work func(context.Context, map[string]string) (*mcp.CallToolResult, error)) handler {
	return func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		if !server.DeclaresTasks(ctx) {
			return nil, mcp.MissingRequiredClientCapabilityError{Capability: server.TasksExtension}
		}
		if questions == nil {
			return j.start(nil, work), nil
		}
		return j.start(questions(), work), nil
	}
}
