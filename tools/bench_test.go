package tools_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"seedance-mcp/internal/video"
	"seedance-mcp/tools"
)

// resting is a Service with one finished task, so that only the adapter costs.
type resting struct {
	tools.Service
	task video.Task
}

func (r resting) Get(context.Context, string, string) (video.Task, error) { return r.task, nil }

func (resting) ETA(context.Context, video.Task) time.Duration { return 0 }

// bareTask is get_task_status's answer as mcp-go's own typed tool gives it.
type bareTask struct {
	TaskID  string        `json:"task_id"`
	Status  string        `json:"status"`
	Model   string        `json:"model"`
	Prompt  string        `json:"prompt"`
	Videos  []video.Video `json:"videos"`
	Credits struct {
		Estimated video.Credits `json:"estimated"`
		Used      video.Credits `json:"used"`
		Settled   bool          `json:"settled"`
	} `json:"credits"`
	CreatedAt   string `json:"created_at"`
	CompletedAt string `json:"completed_at"`
	Next        string `json:"next"`
}

type bareArguments struct {
	TaskID      string   `json:"task_id"`
	TaskIDs     []string `json:"task_ids"`
	WaitFor     string   `json:"wait_for"`
	WaitSeconds int      `json:"wait_seconds"`
}

// BenchmarkStatus compares get_task_status behind our adapter with a bare typed
// tool of mcp-go that gives the same answer, in one run: the metric is how many
// of the bare tool's calls ours makes in the same time.
func BenchmarkStatus(b *testing.B) {
	cost := video.WholeCredits(200)
	created := time.Date(2026, 11, 25, 8, 0, 0, 0, time.UTC)
	task := video.Task{
		ID: "vid_aaaaaaaaaaaaaaaaaaaaaaaaaa", State: video.Success, Settled: true, Used: &cost,
		Request: video.Request{Prompt: "A fox in the snow", Model: "seedance-20"}, Quote: video.Quote{Credits: &cost},
		Videos:    []video.Video{{URL: "https://e.test/v.mp4?a=1&b=2", Width: 1280, Height: 720}},
		CreatedAt: created, CompletedAt: created.Add(time.Minute),
	}
	ours := newServer(tools.Deps{Service: resting{task: task}, Catalog: defaultCatalog(b), Dialect: video.Workflow})
	bare := server.NewMCPServer("bare", "1")
	bare.AddTool(mcp.NewTool("get_task_status", mcp.WithInputSchema[bareArguments](), mcp.WithOutputSchema[bareTask]()),
		mcp.NewStructuredToolHandler(func(_ context.Context, _ mcp.CallToolRequest, in bareArguments) (bareTask, error) {
			out := bareTask{
				TaskID: in.TaskID, Status: string(task.State), Model: task.Request.Model, Prompt: task.Request.Prompt, Videos: task.Videos,
				CreatedAt: task.CreatedAt.Format(time.RFC3339), CompletedAt: task.CompletedAt.Format(time.RFC3339),
				Next: fmt.Sprintf("Give the user videos[0].url, in full. Nothing more needs to be called for %s.", task.ID),
			}
			out.Credits.Estimated, out.Credits.Used, out.Credits.Settled = cost, cost, true
			return out, nil
		}))
	message := json.RawMessage(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_task_status","arguments":{"task_id":"` + task.ID + `","wait_seconds":0}}}`)
	call := func(srv *server.MCPServer) {
		raw, err := json.Marshal(srv.HandleMessage(context.Background(), message))
		if err != nil || len(raw) < 400 {
			b.Fatal(string(raw), err)
		}
	}
	var spentOurs, spentBare time.Duration
	b.ReportAllocs()
	for b.Loop() { // in turn, so that whatever slows the machine slows both
		begin := time.Now()
		call(bare)
		middle := time.Now()
		call(ours)
		spentBare += middle.Sub(begin)
		spentOurs += time.Since(middle)
	}
	b.ReportMetric(float64(spentOurs.Nanoseconds())/float64(b.N), "ns/ours")
	b.ReportMetric(float64(spentBare.Nanoseconds())/float64(b.N), "ns/bare")
	b.ReportMetric(spentBare.Seconds()/spentOurs.Seconds(), "×bare")
}
