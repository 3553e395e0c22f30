package tools

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

const (
	defaultListed = 10
	maxListed     = 50
)

type listArguments struct {
	State  string `json:"state"`
	Model  string `json:"model"`
	Since  string `json:"since"`
	Text   string `json:"text"`
	Limit  int    `json:"limit"`
	Cursor string `json:"cursor"`
}

type listResult struct {
	Tasks   []listedTask   `json:"tasks"`
	Total   int            `json:"total"`
	States  map[string]int `json:"states,omitempty"`
	Credits listedCredits  `json:"credits"`
	Cursor  string         `json:"cursor,omitempty"`
	Sandbox bool           `json:"sandbox,omitempty"`
	Notes   []string       `json:"notes,omitempty"`
	Next    string         `json:"next"`
}

// listedTask is enough to recognise a task and get at its video.
type listedTask struct {
	TaskID    string         `json:"task_id"`
	Status    string         `json:"status"`
	Model     string         `json:"model"`
	Prompt    string         `json:"prompt"`
	Video     string         `json:"video,omitempty"`
	Error     string         `json:"error,omitempty"`
	Credits   *video.Credits `json:"credits,omitempty"`
	CreatedAt string         `json:"created_at"`
	Sandbox   bool           `json:"sandbox,omitempty"`
}

type listedCredits struct {
	Estimated video.Credits `json:"estimated"`
	Used      video.Credits `json:"used"`
}

// runningState asks for every task that is not over.
const runningState = "running"

func listTasks(d Deps) tool {
	least, most := 1, maxListed
	def := definition{
		name: "list_tasks", title: "List tasks",
		description: "Your videos, newest first: task_id, status, prompt, video, credits, and totals. Free. " +
			"Finds a video again or shows what still runs; get_task_status with a task_id tells the rest, cursor leads to more.",
		arguments: []argument{
			{name: "state", aliases: []string{nameStatus, "states"}, values: []string{runningState, string(video.Success), string(video.Failed), string(video.Unconfirmed)}, description: "running: not over yet"},
			{name: nameModel, description: "Model id"},
			{name: "since", aliases: []string{"after", "from", "created_after"}, description: "2026-11-24, 24h, 7d"},
			{name: "text", aliases: []string{"query", "search", namePrompt, "q"}, description: "In the prompt"},
			{name: "limit", kind: integerKind, minimum: &least, maximum: &most, aliases: []string{"count", "max", "page_size"}, description: "1-50, default 10"},
			{name: "cursor", aliases: []string{"next_cursor", "page_token"}, description: "From the last answer"},
		},
		repeatable: true,
	}
	return adapt(d, def, func(ctx context.Context, c call[listArguments]) (any, error) {
		filter, notes, err := listFilter(d, c)
		if err != nil {
			return nil, err
		}
		list := func() (store.Page, error) {
			page, err := d.Service.List(ctx, c.Principal, filter)
			for i, task := range page.Tasks {
				page.Tasks[i] = d.linked(task)
			}
			return page, err
		}
		page, err := list()
		if err != nil {
			return nil, err
		}
		// The cursor belongs to the last task of the page, so a page that is
		// too long to show is asked for again, shorter.
		if fitting := fittingTasks(page.Tasks); fitting < len(page.Tasks) {
			notes = append(notes, fmt.Sprintf("Only %d of %d are shown, to keep this answer short; the cursor leads on.", fitting, len(page.Tasks)))
			filter.Limit = fitting
			if page, err = list(); err != nil {
				return nil, err
			}
		}
		return showPage(d, page, notes), nil
	})
}

func listFilter(d Deps, c call[listArguments]) (store.Filter, []string, error) {
	states, err := readStates(c.In.State)
	if err != nil {
		return store.Filter{}, nil, err
	}
	since, err := readSince(c.In.Since, d.Now())
	if err != nil {
		return store.Filter{}, nil, err
	}
	notes := c.Notes
	model := c.In.Model
	if model != "" {
		if model, err = d.Catalog.FindModel(d.Dialect, c.In.Model); err != nil {
			return store.Filter{}, nil, err
		}
		if model != c.In.Model {
			notes = append(notes, fmt.Sprintf("model %s was read as %s.", video.Clip(c.In.Model, 40), model))
		}
	}
	return store.Filter{States: states, Model: model, Since: since, Text: c.In.Text, Limit: cmp.Or(c.In.Limit, defaultListed), Cursor: c.In.Cursor}, notes, nil
}

func listedStates() []string {
	names := []string{runningState}
	for _, state := range video.States() {
		names = append(names, string(state))
	}
	return names
}

// readStates understands a state, running, and what models call them instead.
func readStates(given string) ([]video.State, error) {
	switch word := strings.ToLower(given); word {
	case "", wordAll, wordAny:
		return nil, nil
	case runningState, "active", "pending", "in_progress", "unfinished", "open":
		return []video.State{video.Queued, video.Submitting, video.Waiting, video.Generating, video.Stalled}, nil
	case "succeeded", "completed", "complete", "done", "finished", "ready":
		return []video.State{video.Success}, nil
	case "failed", "failure", "error":
		return []video.State{video.Failed}, nil
	default:
		if state := video.State(word); state.Valid() {
			return []video.State{state}, nil
		}
	}
	return nil, &video.Error{
		Code: video.Invalid, Argument: "state", Given: video.Clip(given, 40), Valid: listedStates(),
		Message:    fmt.Sprintf("state %q is not known; it takes %s.", video.Clip(given, 40), strings.Join(listedStates(), ", ")),
		Suggestion: "Correct it or leave it out, and call list_tasks again.",
	}
}

func showListed(task video.Task) listedTask {
	shown := listedTask{
		TaskID: task.ID, Status: string(task.State), Model: task.Request.Model,
		Prompt: video.Clip(task.Request.Prompt, 60), Credits: task.Quote.Credits,
		CreatedAt: stamp(task.CreatedAt), Sandbox: task.Sandbox,
	}
	if task.Used != nil {
		shown.Credits = task.Used
	}
	if task.Failure != nil {
		shown.Error = video.Clip(task.Failure.Message, 60)
	}
	if len(task.Videos) > 0 {
		if shown.Video = task.Videos[0].Path; shown.Video == "" {
			shown.Video = task.Videos[0].URL
		}
	}
	return shown
}

// fittingTasks is how many of the tasks an answer can show, one at least.
func fittingTasks(tasks []video.Task) int {
	used := 0
	for i, task := range tasks {
		if used += len(quoted(showListed(task))) + 1; used > listedText && i > 0 {
			return i
		}
	}
	return len(tasks)
}

func showPage(d Deps, page store.Page, notes []string) listResult {
	result := listResult{
		Tasks: make([]listedTask, 0, len(page.Tasks)), Total: page.Total, States: map[string]int{},
		Credits: listedCredits{Estimated: page.Credits.Estimated, Used: page.Credits.Used},
		Cursor:  page.Next, Sandbox: d.Sandbox, Notes: notes,
	}
	for _, task := range page.Tasks {
		result.Tasks = append(result.Tasks, showListed(task))
	}
	for state, count := range page.Counts {
		result.States[string(state)] = count
	}
	if d.Sandbox {
		result.Notes = slices.Concat([]string{sandboxNote}, notes)
	}
	switch {
	case page.Total == 0:
		result.Next = "No task matches. Call list_tasks without arguments to see all, or generate_video to order a video."
	case page.Next != "":
		result.Next = fmt.Sprintf("Call get_task_status with a task_id for one of them, or list_tasks with the same arguments and cursor=%s for more.", page.Next)
	default:
		result.Next = "Call get_task_status with a task_id for everything about one of them."
	}
	return result
}
