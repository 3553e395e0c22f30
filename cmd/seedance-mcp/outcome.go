package main

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"seedance-mcp/internal/sandbox"
	"seedance-mcp/internal/video"
)

// taskView is a task as --json prints it; the tool's result has the same names.
type taskView struct {
	TaskID         string         `json:"task_id"`
	UpstreamTaskID string         `json:"upstream_task_id,omitempty"`
	Status         video.State    `json:"status"`
	Reason         string         `json:"reason,omitempty"`
	Model          string         `json:"model,omitempty"`
	Workflow       string         `json:"workflow,omitempty"`
	Prompt         string         `json:"prompt,omitempty"`
	Videos         []video.Video  `json:"videos,omitempty"`
	Credits        creditsView    `json:"credits"`
	Error          *video.Failure `json:"error,omitempty"`
	CreatedAt      time.Time      `json:"created_at"`
	CompletedAt    time.Time      `json:"completed_at,omitzero"`
	Sandbox        bool           `json:"sandbox"`
}

type creditsView struct {
	Estimated *video.Credits `json:"estimated"`
	Used      *video.Credits `json:"used,omitempty"`
	Settled   bool           `json:"settled"`
}

func taskJSON(task video.Task) taskView {
	failure := task.Failure
	if failure != nil {
		told := *failure
		told.Message, told.Suggestion = forPerson(told.Message, task.ID), forPerson(told.Suggestion, task.ID)
		failure = &told
	}
	return taskView{
		TaskID: task.ID, UpstreamTaskID: task.UpstreamID, Status: task.State, Reason: forPerson(task.Reason, task.ID),
		Model: task.Request.Model, Workflow: task.Workflow, Prompt: task.Request.Prompt, Videos: task.Videos,
		Credits: creditsView{Estimated: task.Quote.Credits, Used: task.Used, Settled: task.Settled},
		Error:   failure, CreatedAt: task.CreatedAt, CompletedAt: task.CompletedAt, Sandbox: task.Sandbox,
	}
}

// printOutcome tells a person how a task ended or stands.
func printOutcome(w io.Writer, task video.Task) {
	fmt.Fprintf(w, "Credits   %s\n", creditsLine(task))
	for _, v := range task.Videos {
		if v.Path != "" {
			fmt.Fprintf(w, "Saved     %s\n", v.Path)
		}
		fmt.Fprintf(w, "URL       %s%s\n", v.URL, reach(v.URL))
	}
	if f := task.Failure; f != nil {
		fmt.Fprintf(w, "Failed    %s\n", forPerson(f.Message, task.ID))
		fmt.Fprintf(w, "Charged   %s\n", f.Charged)
		if f.Suggestion != "" {
			fmt.Fprintf(w, "Advice    %s\n", forPerson(f.Suggestion, task.ID))
		}
	}
	if task.State == video.Unconfirmed {
		fmt.Fprintf(w, "Unclear   %s\n", forPerson(task.Reason, task.ID))
		fmt.Fprintf(w, "Advice    Look at the account's task list, then: seedance-mcp tasks resolve %s\n", task.ID)
	}
	if task.Sandbox {
		fmt.Fprintln(w, "Sandbox   This clip is simulated and nothing was spent. For real videos set SEEDANCE_API_KEY.")
	}
}

func creditsLine(task video.Task) string {
	estimated := "unknown"
	if task.Quote.Credits != nil {
		estimated = task.Quote.Credits.String()
	}
	used := "use not settled yet"
	switch {
	case task.Settled:
		used = task.Charged.String() + " used"
	case task.Used != nil:
		used = task.Used.String() + " used, not settled yet"
	}
	return estimated + " estimated, " + used
}

// reach says of the embedded sandbox's URLs that a browser cannot open them.
func reach(rawURL string) string {
	if u, err := url.Parse(rawURL); err == nil && u.Host == sandbox.EmbeddedHost {
		return " (inside this program only: keep the file)"
	}
	return ""
}

// errorView is an error as --json prints it.
type errorView struct {
	Code    video.Code `json:"code,omitempty"`
	Message string     `json:"message"`
}

func viewError(err error) errorView {
	view := errorView{Message: forPerson(strings.TrimPrefix(err.Error(), errUsage.Error()+": "), "")}
	if told, ok := errors.AsType[*video.Error](err); ok {
		view.Code = told.Code
	} else if errors.Is(err, errUsage) {
		view.Code = video.Invalid
	}
	return view
}

// printError is what --json prints instead of a task: scripts read stdout.
func printError(t terminal, err error) error {
	_, err = printJSON(t, map[string]any{"error": viewError(err)})
	return err
}
