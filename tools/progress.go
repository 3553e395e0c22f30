package tools

import (
	"context"
	"fmt"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"seedance-mcp/internal/video"
)

const (
	// maxPercent is as far as an estimate may go: only the video is 100 %.
	maxPercent = 95
	// creep keeps progress rising, as the protocol demands, where the estimate
	// does not.
	creep = 0.1
)

// progress reports to a caller who sent a token.
type progress struct {
	server *server.MCPServer
	token  mcp.ProgressToken
	last   float64
}

// newProgress is nil when the request has no token, or nobody could be told.
func newProgress(ctx context.Context, request mcp.CallToolRequest) *progress {
	if request.Params.Meta == nil || request.Params.Meta.ProgressToken == nil {
		return nil
	}
	srv := server.ServerFromContext(ctx)
	if srv == nil {
		return nil
	}
	return &progress{server: srv, token: request.Params.Meta.ProgressToken}
}

// report sends one notification. A client that went away is no error: the
// result tells it all.
func (p *progress) report(ctx context.Context, percent float64, message string) {
	p.last = max(percent, p.last+creep)
	_ = p.server.SendNotificationToClient(ctx, "notifications/progress", map[string]any{
		"progressToken": p.token,
		"progress":      p.last,
		"total":         100,
		"message":       message,
	})
}

// follow is the callback for Service.Wait, nil when nobody asked. It keeps
// silent once a wait is over or about to be: the result says it then, and a
// notification after the result confuses clients.
func (p *progress) follow(ctx context.Context, d Deps, until time.Time) func([]video.Task) {
	if p == nil {
		return nil
	}
	const margin = 500 * time.Millisecond
	started := d.Now()
	return func(tasks []video.Task) {
		now := d.Now()
		if until.Sub(now) < margin || allSettled(tasks) {
			return
		}
		percent := 0.0
		for _, task := range tasks {
			percent += percentOf(task, now, d.Service.ETA(ctx, task))
		}
		percent /= float64(len(tasks))
		p.report(ctx, percent, progressLine(tasks, percent, now.Sub(started)))
	}
}

// percentOf estimates how far a task is from the time that is left, 0 when no
// estimate exists.
func percentOf(task video.Task, now time.Time, left time.Duration) float64 {
	if task.State.Settled() {
		return 100
	}
	elapsed := now.Sub(task.CreatedAt)
	if left <= 0 || elapsed <= 0 {
		return 0
	}
	return min(maxPercent, 100*elapsed.Seconds()/(elapsed+left).Seconds())
}

// progressLine is one short line: "generating: about 40 % (25 s)".
func progressLine(tasks []video.Task, percent float64, waited time.Duration) string {
	what := string(tasks[0].State)
	if len(tasks) > 1 {
		settled := 0
		for _, task := range tasks {
			if task.State.Settled() {
				settled++
			}
		}
		what = fmt.Sprintf("%d of %d finished", settled, len(tasks))
	}
	if percent > 0 {
		what += fmt.Sprintf(": about %.0f %%", percent)
	}
	return fmt.Sprintf("%s (%d s)", what, int(waited.Seconds()))
}

func allSettled(tasks []video.Task) bool {
	for _, task := range tasks {
		if !task.State.Settled() {
			return false
		}
	}
	return true
}
