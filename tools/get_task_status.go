package tools

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"seedance-mcp/internal/video"
)

// maxStatusTasks is how many tasks one call may ask about.
const maxStatusTasks = 20

type statusArguments struct {
	TaskID      string   `json:"task_id"`
	TaskIDs     []string `json:"task_ids"`
	WaitFor     string   `json:"wait_for"`
	WaitSeconds int      `json:"wait_seconds"`
}

// tasksResult answers a question about several tasks.
type tasksResult struct {
	Tasks []taskResult `json:"tasks"`
	Notes []string     `json:"notes,omitempty"`
	Next  string       `json:"next"`
}

func getTaskStatus(d Deps) tool {
	least, most := 0, maxWaitSeconds
	def := definition{
		name: "get_task_status", title: "Get task status",
		description: "Where a video stands: status, URL or file, credits, next step. Free. wait_seconds waits for its end, else answers the present status: call again then. " +
			"Without id: your latest, also after a lost answer. submitting, queued, waiting, generating, stalled go on; unconfirmed needs the user.",
		arguments: []argument{
			latestTask(),
			{name: "task_ids", kind: listKind, aliases: []string{"ids", nameTasks}, description: "Several at once"},
			{name: "wait_for", values: []string{wordAny, wordAll}, description: "Default all"},
			{name: "wait_seconds", kind: secondsKind, minimum: &least, maximum: &most,
				aliases: []string{"wait", "timeout", "timeout_seconds", "max_wait"}, description: "0-45, default 0"},
		},
		output: []output{
			{nameTaskID, typeText}, {nameStatus, typeText}, {nameVideos, listOfObjects},
			{nameTasks, listOfObjects}, {nameNext, typeText},
		},
		required: []string{nameNext}, repeatable: true, page: d.PlayerURI,
	}
	return adapt(d, def, func(ctx context.Context, c call[statusArguments]) (any, error) {
		all, err := waitForAll(c.In.WaitFor)
		if err != nil {
			return nil, err
		}
		ids, err := askedIDs(c.In)
		if err != nil {
			return nil, err
		}
		if len(ids) == 0 {
			latest, err := d.Service.Get(ctx, c.Principal, "")
			if err != nil {
				return nil, err
			}
			ids = []string{latest.ID}
		}
		tasks, err := look(ctx, d, c.Principal, ids, all, time.Duration(c.In.WaitSeconds)*time.Second, c.Progress)
		if err != nil {
			return nil, err
		}
		if len(tasks) == 1 {
			result := showTask(d, tasks[0], d.Service.ETA(ctx, tasks[0]))
			result.Notes = append(result.Notes, c.Notes...)
			return result, nil
		}
		return showTasks(ctx, d, tasks, c.Notes), nil
	})
}

// look reads the tasks, waiting up to limit for them to settle.
func look(ctx context.Context, d Deps, principal string, ids []string, all bool, limit time.Duration, p *progress) ([]video.Task, error) {
	if limit > 0 {
		return d.Service.Wait(ctx, principal, ids, all, limit, p.follow(ctx, d, d.Now().Add(limit)))
	}
	tasks := make([]video.Task, 0, len(ids))
	for _, id := range ids {
		task, err := d.Service.Get(ctx, principal, id)
		if err != nil {
			return nil, err
		}
		// Our id and the upstream's may name the same task.
		if !slices.ContainsFunc(tasks, func(t video.Task) bool { return t.ID == task.ID }) {
			tasks = append(tasks, task)
		}
	}
	return tasks, nil
}

// askedIDs joins task_id and task_ids without repeats.
func askedIDs(in statusArguments) ([]string, error) {
	var ids []string
	for _, id := range append([]string{in.TaskID}, in.TaskIDs...) {
		if id != "" && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	if len(ids) > maxStatusTasks {
		return nil, &video.Error{
			Code: video.Invalid, Argument: "task_ids",
			Message:    fmt.Sprintf("task_ids names %d tasks; at most %d can be asked about in one call.", len(ids), maxStatusTasks),
			Suggestion: "Call get_task_status with fewer ids, or list_tasks to see many at once.",
		}
	}
	return ids, nil
}

func waitForAll(given string) (bool, error) {
	switch strings.ToLower(given) {
	case "", wordAll, "every":
		return true, nil
	case wordAny, "first", "one":
		return false, nil
	}
	return false, &video.Error{
		Code: video.Invalid, Argument: "wait_for", Given: video.Clip(given, 40), Valid: []string{wordAny, wordAll},
		Message:    fmt.Sprintf("wait_for %q is not known; it takes any or all.", video.Clip(given, 40)),
		Suggestion: "Correct it or leave it out, and call get_task_status again.",
	}
}

// showTasks keeps several tasks within what every client shows: those that no
// longer fit in full are told in brief.
func showTasks(ctx context.Context, d Deps, tasks []video.Task, notes []string) tasksResult {
	result := tasksResult{Notes: notes}
	var running []string
	const briefSize = 150
	used, brief := briefSize*len(tasks), 0
	for _, task := range tasks {
		shown := showTask(d, task, d.Service.ETA(ctx, task))
		if size := len(quoted(shown)); used+size > listedText {
			shown = taskResult{TaskID: task.ID, Status: string(task.State), Next: "Call get_task_status with this task_id alone for the rest."}
			brief++
			used -= briefSize
		}
		used += len(quoted(shown))
		result.Tasks = append(result.Tasks, shown)
		if !task.State.Settled() {
			running = append(running, task.ID)
		}
	}
	if brief > 0 {
		result.Notes = append(result.Notes, fmt.Sprintf("%d of %d tasks are shown in brief, to keep this answer short.", brief, len(tasks)))
	}
	result.Next = "All of them are over; each task's next says what to do with it."
	if len(running) > 0 {
		result.Next = fmt.Sprintf("%d of %d are still running: call get_task_status with task_ids=[%s] and wait_seconds=%d. Do not call generate_video again for these videos.",
			len(running), len(tasks), strings.Join(running, ", "), maxWaitSeconds)
	}
	return result
}
