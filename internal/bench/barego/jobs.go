package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"seedance-mcp/internal/bench/bare"
)

// pollEvery is how often a waiting call looks.
const pollEvery = 2 * time.Second

// jobs is what is written first around a jobs API: a paid call that is passed
// on, and a look that each waiting call repeats for itself. It stores nothing,
// knows no callers, budgets or duplicates, and retries nothing.
type jobs struct {
	api    string
	client *http.Client
}

func addJobs(s *server.MCPServer, api string) {
	j := &jobs{api: api, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256}}}
	s.AddTool(mcp.NewTool(bare.PaidTool, mcp.WithDescription(bare.PaidDescription), mcp.WithInputSchema[bare.Order](), mcp.WithOutputSchema[bare.Task]()),
		mcp.NewStructuredToolHandler(func(ctx context.Context, _ mcp.CallToolRequest, o bare.Order) (bare.Task, error) {
			return j.create(ctx, o)
		}))
	s.AddTool(mcp.NewTool(bare.Tool, mcp.WithDescription(bare.Description), mcp.WithInputSchema[bare.Arguments](), mcp.WithOutputSchema[bare.Task]()),
		mcp.NewStructuredToolHandler(func(ctx context.Context, _ mcp.CallToolRequest, a bare.Arguments) (bare.Task, error) {
			return j.wait(ctx, a)
		}))
}

func (j *jobs) create(ctx context.Context, o bare.Order) (bare.Task, error) {
	body, err := json.Marshal(map[string]any{"model": "seedance20-video-generation", "input": map[string]any{"prompt": o.Prompt}})
	if err != nil {
		return bare.Task{}, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, j.api+"/jobs/createTask", bytes.NewReader(body))
	if err != nil {
		return bare.Task{}, err
	}
	r.Header.Set("Content-Type", "application/json")
	var created struct {
		TaskID string `json:"taskId"`
	}
	if err := j.ask(r, &created); err != nil {
		return bare.Task{}, err
	}
	task := bare.Answer(bare.Arguments{TaskID: created.TaskID})
	task.Status, task.Videos = "waiting", nil
	return task, nil
}

func (j *jobs) wait(ctx context.Context, a bare.Arguments) (bare.Task, error) {
	task := bare.Answer(a)
	for deadline := time.Now().Add(time.Duration(a.WaitSeconds) * time.Second); ; {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, j.api+"/jobs/recordInfo?taskId="+url.QueryEscape(a.TaskID), nil)
		if err != nil {
			return bare.Task{}, err
		}
		var record struct {
			State      string `json:"state"`
			ResultJSON string `json:"resultJson"`
		}
		if err := j.ask(r, &record); err != nil {
			return bare.Task{}, err
		}
		task.Status, task.Videos = record.State, nil
		if record.State == "success" {
			var result struct {
				ResultURLs []string `json:"resultUrls"`
			}
			if err := json.Unmarshal([]byte(record.ResultJSON), &result); err != nil {
				return bare.Task{}, err
			}
			for _, link := range result.ResultURLs {
				task.Videos = append(task.Videos, bare.Video{URL: link})
			}
			return task, nil
		}
		if time.Now().After(deadline) {
			return task, nil
		}
		select {
		case <-time.After(pollEvery):
		case <-ctx.Done():
			return bare.Task{}, ctx.Err()
		}
	}
}

// ask sends a request and reads the envelope's data.
func (j *jobs) ask(r *http.Request, data any) error {
	response, err := j.client.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }() // read to its end
	if response.StatusCode != http.StatusOK {
		return errors.New(response.Status)
	}
	return json.NewDecoder(response.Body).Decode(&struct {
		Data any `json:"data"`
	}{data})
}
