package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"
)

// maker is a video server, and how one video is made with it: the calls that an
// agent makes, one after the other, until it knows the URL.
type maker struct {
	server
	// shape is how the stand-in of its API speaks.
	shape string
	// make gives the URL. It calls as an agent does that repeats nothing.
	make func(ctx context.Context, p *process, prompt string) (url string, err error)
	// submit is the paid call alone.
	submit func(ctx context.Context, p *process, prompt string) (answer string, err error)
}

const (
	jobLength  = 10 * time.Second
	jobsAtOnce = 200
	patience   = 2 * time.Minute // for one video
	startTries = 3
)

var anyVideo = regexp.MustCompile(`https?://[^\s"\\]+\.mp4`)

func makers(p *place, apiURL string) []maker {
	const fakeKey = "sk-test-not-a-real-key"
	ours := maker{
		server: server{
			name: "seedance-mcp", argv: []string{p.binary("seedance-mcp"), "stdio"},
			variables: func(string) []string {
				return []string{"SEEDANCE_API_KEY=" + fakeKey, "SEEDANCE_API_URL=" + apiURL + "/api/v1", "SEEDANCE_DOWNLOAD=off", "SEEDANCE_LOG_LEVEL=error"}
			},
		},
		shape: "jobs",
		submit: func(ctx context.Context, p *process, prompt string) (string, error) {
			return p.call(ctx, "generate_video", map[string]any{"prompt": prompt})
		},
		make: func(ctx context.Context, p *process, prompt string) (string, error) {
			text, err := p.call(ctx, "generate_video", map[string]any{"prompt": prompt})
			if err != nil {
				return "", err
			}
			id := field(text, "task_id")
			for ctx.Err() == nil {
				text, err = p.call(ctx, "get_task_status", map[string]any{"task_id": id, "wait_seconds": 45})
				if err != nil {
					return "", err
				}
				if url := anyVideo.FindString(text); url != "" {
					return url, nil
				}
			}
			return "", ctx.Err()
		},
	}
	kie := maker{
		server: server{
			name: "@felores/kie-ai-mcp-server 5.0.0", argv: []string{"node", filepath.Join(p.npm, "node_modules", "@felores", "kie-ai-mcp-server", "dist", "index.js")},
			variables: func(home string) []string {
				return []string{
					"KIE_AI_API_KEY=" + fakeKey, "KIE_AI_BASE_URL=" + apiURL + "/api/v1", "KIE_AI_DB_PATH=" + filepath.Join(home, "tasks.db"),
					"KIE_AI_ALLOW_DIRECT_GENERATION=true",
				}
			},
		},
		shape: "kie",
		submit: func(ctx context.Context, p *process, prompt string) (string, error) {
			return p.call(ctx, kieTool, map[string]any{"prompt": prompt})
		},
		make: func(ctx context.Context, p *process, prompt string) (string, error) {
			text, err := p.call(ctx, kieTool, map[string]any{"prompt": prompt})
			if err != nil {
				return "", err
			}
			id := taskID.FindString(text)
			if id == "" {
				return "", fmt.Errorf("no task id in %.200s", text)
			}
			text, err = p.call(ctx, "wait_for_task", map[string]any{"task_id": id, "timeout_seconds": 100})
			if err != nil {
				return "", err
			}
			return urlIn(text)
		},
	}
	minimaxMake := func(ctx context.Context, p *process, prompt string) (string, error) {
		text, err := p.call(ctx, "generate_video", map[string]any{"prompt": prompt})
		if err != nil {
			return "", err
		}
		return urlIn(text)
	}
	minimax := maker{
		server: server{
			name: "minimax-mcp-js 0.0.18", argv: []string{"node", filepath.Join(p.npm, "node_modules", "minimax-mcp-js", "build", "index.js")},
			variables: func(home string) []string {
				return []string{"MINIMAX_API_KEY=" + fakeKey, "MINIMAX_API_HOST=" + apiURL, "MINIMAX_MCP_BASE_PATH=" + home, "MINIMAX_RESOURCE_MODE=url"}
			},
		},
		shape: "minimax", make: minimaxMake,
		submit: func(ctx context.Context, p *process, prompt string) (string, error) {
			return p.call(ctx, "generate_video", map[string]any{"prompt": prompt, "asyncMode": true})
		},
	}
	return []maker{ours, kie, minimax}
}

// kieTool is that server's tool for the same family of models.
const kieTool = "bytedance_seedance_video"

var taskID = regexp.MustCompile(`task_[0-9]{24}`)

func urlIn(text string) (string, error) {
	if url := anyVideo.FindString(text); url != "" {
		return url, nil
	}
	return "", fmt.Errorf("no URL in %.300s", text)
}

// videosSection lets every server make videos against the same stand-in.
func videosSection(ctx context.Context, p *place) error {
	api := startStandIn(jobLength)
	defer api.close()
	t := newTable(fmt.Sprintf("A video of %v: one job, %d jobs at once, and faults (a stand-in of each one's API on loopback)", jobLength, jobsAtOnce),
		"server", "spawn → initialize", "RSS idle", "added to the job", "looks a video", fmt.Sprintf("%d at once: videos", jobsAtOnce), "last one added", "RSS then",
		"one look answers 500", "same call twice", "answer lost, call repeated")
	for _, m := range makers(p, api.url()) {
		row, err := measureMaker(ctx, p, api, m)
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		t.row(row...)
	}
	t.print(p.out)
	return nil
}

func measureMaker(ctx context.Context, p *place, api *standIn, m maker) ([]string, error) {
	var spawn, idle samples
	for range startTries {
		err := p.with(ctx, m.server, func(one *process, took time.Duration) error {
			spawn.add(milliseconds(took))
			_, err := one.request(ctx, "tools/list", map[string]any{})
			idle.add(memory(one.cmd.Process.Pid))
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	row := []string{m.name, ms(spawn.median()), fmt.Sprintf("%.0f MiB", idle.median())}
	for _, part := range []func(context.Context, *place, *standIn, maker) ([]string, error){oneVideo, manyVideos, oneBadLook, sameCallTwice, answerLost} {
		cells, err := part(ctx, p, api, m)
		if err != nil {
			return nil, err
		}
		row = append(row, cells...)
	}
	return row, nil
}

// with runs a fresh process for the time of use.
func (p *place) with(ctx context.Context, s server, use func(*process, time.Duration) error) error {
	home, err := p.fresh()
	if err != nil {
		return err
	}
	one, took, err := start(ctx, s, home)
	if err != nil {
		return err
	}
	defer one.end()
	return use(one, took)
}

func oneVideo(ctx context.Context, p *place, api *standIn, m maker) (cells []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err = p.with(ctx, m.server, func(one *process, _ time.Duration) error {
		api.reset(noFault)
		began := time.Now()
		if _, err := m.make(ctx, one, "one fox"); err != nil {
			cells = []string{"no video: " + clip(err), "–"}
			return nil
		}
		cells = []string{fmt.Sprintf("%.1f s", (time.Since(began) - jobLength).Seconds()), fmt.Sprint(api.looks())}
		return nil
	})
	return cells, err
}

func manyVideos(ctx context.Context, p *place, api *standIn, m maker) (cells []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err = p.with(ctx, m.server, func(one *process, _ time.Duration) error {
		api.reset(noFault)
		began := time.Now()
		var mu sync.Mutex
		made := 0
		var last time.Duration
		var wait sync.WaitGroup
		for i := range jobsAtOnce {
			wait.Go(func() {
				if _, err := m.make(ctx, one, fmt.Sprintf("fox number %d", i)); err != nil {
					return
				}
				mu.Lock()
				defer mu.Unlock()
				made++
				last = time.Since(began)
			})
		}
		wait.Wait()
		cells = []string{fmt.Sprintf("%d of %d", made, jobsAtOnce), "–", fmt.Sprintf("%.0f MiB", memory(one.cmd.Process.Pid))}
		if made > 0 {
			cells[1] = fmt.Sprintf("%.1f s", (last - jobLength).Seconds())
		}
		return nil
	})
	return cells, err
}

// oneBadLook lets one look in the middle of the job answer 500.
func oneBadLook(ctx context.Context, p *place, api *standIn, m maker) (cells []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err = p.with(ctx, m.server, func(one *process, _ time.Duration) error {
		api.reset(firstLookFails)
		_, err := m.make(ctx, one, "a fox and a bad look")
		cells = []string{"video"}
		if err != nil {
			cells[0] = "**lost**"
		}
		return nil
	})
	return cells, err
}

// sameCallTwice is what agents do that time out: the same call again.
func sameCallTwice(ctx context.Context, p *place, api *standIn, m maker) (cells []string, err error) {
	err = p.with(ctx, m.server, func(one *process, _ time.Duration) error {
		api.reset(noFault)
		for range 2 {
			if _, err := m.submit(ctx, one, "a fox, twice"); err != nil {
				cells = []string{"refused: " + clip(err)}
				return nil
			}
		}
		cells = []string{paid(api)}
		return nil
	})
	return cells, err
}

// answerLost accepts the paid call and breaks the connection; the agent calls
// once more.
func answerLost(ctx context.Context, p *place, api *standIn, m maker) (cells []string, err error) {
	err = p.with(ctx, m.server, func(one *process, _ time.Duration) error {
		api.reset(firstAnswerLost)
		for range 2 {
			_, err := m.submit(ctx, one, "a fox whose answer is lost")
			if errors.Is(err, errEnded) {
				cells = []string{"the server ended"}
				return nil
			}
		}
		cells = []string{paid(api)}
		return nil
	})
	return cells, err
}

func paid(api *standIn) string {
	switch n := api.creates(); n {
	case 1:
		return "paid once"
	default:
		return fmt.Sprintf("**paid %d times**", n)
	}
}

func clip(err error) string {
	text := strings.Join(strings.Fields(err.Error()), " ")
	text = strings.ReplaceAll(text, "|", "/")
	if len(text) > 60 {
		text = text[:60] + "…"
	}
	return text
}
