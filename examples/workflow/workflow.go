// Package workflow is what every Go program in these folders does, whatever
// its library: estimate_cost → generate_video → get_task_status until the
// video is there.
//
// generate_video is the paid call. It answers within seconds, so it is called
// once and nothing here repeats it. get_task_status is free and changes
// nothing: repeat it as often as you like, after a lost connection, from
// another process, or tomorrow.
//
// Only the programs of examples/ import it.
package workflow

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

const maxTrouble = 5 // waits in a row that may fail

// Session is an open connection to the server.
type Session interface {
	// Call calls a tool and gives its one text item, as JSON. What the tool
	// itself refused is an error with that text.
	Call(ctx context.Context, tool string, arguments map[string]any) (string, error)
	Close() error
}

// Connect opens a session over "stdio" or "http".
type Connect func(ctx context.Context, transport string) (Session, error)

// Command is the server to start for stdio.
func Command() string { return cmp.Or(os.Getenv("SEEDANCE_MCP"), "seedance-mcp") }

// URL is where the server listens for HTTP.
func URL() string { return cmp.Or(os.Getenv("SEEDANCE_MCP_URL"), "http://127.0.0.1:8080/mcp") }

// task holds the fields of a task result that are used here.
type task struct {
	ID     string `json:"task_id"`
	Status string `json:"status"`
	Next   string `json:"next"`
	Videos []struct {
		URL  string `json:"url"`
		Path string `json:"path"`
	} `json:"videos"`
	Credits struct {
		Used json.Number `json:"used"`
	} `json:"credits"`
	Error struct {
		Message string `json:"message"`
	} `json:"error"`
	Sandbox bool `json:"sandbox"`
}

func (t task) ended() bool {
	return t.Status == "success" || t.Status == "fail" || t.Status == "unconfirmed"
}

// Main makes one video as the arguments say, TRANSPORT [PROMPT], and gives the
// exit code.
func Main(connect Connect) int {
	if len(os.Args) < 2 || (os.Args[1] != "stdio" && os.Args[1] != "http") {
		fmt.Fprintln(os.Stderr, `usage: go run . stdio|http ["PROMPT"]   without a prompt: the latest video that was ordered`)
		return 2
	}
	prompt := ""
	if len(os.Args) > 2 {
		prompt = os.Args[2]
	}
	if err := run(context.Background(), os.Stdout, connect, os.Args[1], prompt); err != nil {
		fmt.Fprintf(os.Stderr, "error: %v\n", err)
		return 1
	}
	return 0
}

func run(ctx context.Context, out io.Writer, connect Connect, transport, prompt string) error {
	session, err := connect(ctx, transport)
	if err != nil {
		return err
	}
	var t task
	if prompt == "" {
		err = call(ctx, session, "get_task_status", nil, &t)
	} else {
		t, err = order(ctx, out, session, prompt)
	}
	if err != nil {
		return errors.Join(err, session.Close())
	}
	if t, err = follow(ctx, out, session, t, connect, transport); err != nil {
		return err
	}
	return report(out, t)
}

// order shows the price and buys.
func order(ctx context.Context, out io.Writer, session Session, prompt string) (task, error) {
	wish := map[string]any{"prompt": prompt, "duration": 5}
	var quote struct {
		Credits json.Number `json:"credits"`
	}
	if err := call(ctx, session, "estimate_cost", wish, &quote); err != nil {
		return task{}, err
	}
	fmt.Fprintf(out, "estimate: %s credits\n", quote.Credits)
	wish["max_credits"] = quote.Credits
	var t task
	return t, call(ctx, session, "generate_video", wish, &t)
}

// follow waits, 45 s a call at most, until the task has ended.
func follow(ctx context.Context, out io.Writer, session Session, t task, connect Connect, transport string) (task, error) {
	fmt.Fprintf(out, "task: %s %s\n", t.ID, t.Status)
	for trouble := 0; !t.ended(); {
		err := error(nil)
		if session == nil {
			session, err = connect(ctx, transport)
		}
		var now task
		if err == nil {
			err = call(ctx, session, "get_task_status", map[string]any{"task_id": t.ID, "wait_seconds": 45}, &now)
		}
		if err == nil {
			t, trouble = now, 0
			fmt.Fprintf(out, "  %s\n", t.Status)
			continue
		}
		// The call was lost, the task was not: ask again.
		if trouble++; trouble > maxTrouble {
			return t, err
		}
		fmt.Fprintf(os.Stderr, "  no answer (%v); asking again\n", err)
		// Over stdio the server was a process of the session, so it takes a
		// new one. Over HTTP there are no sessions to lose.
		if transport == "stdio" && session != nil {
			_ = session.Close() // it is gone already
			session = nil
		}
		time.Sleep(time.Second)
	}
	return t, session.Close()
}

// report prints how it ended.
func report(out io.Writer, t task) error {
	if t.Status != "success" {
		return fmt.Errorf("%s\n%s", cmp.Or(t.Error.Message, t.Status), t.Next)
	}
	for _, video := range t.Videos {
		fmt.Fprintf(out, "video: %s\n", video.URL)
		if video.Path != "" {
			fmt.Fprintf(out, "saved: %s\n", video.Path)
		}
	}
	note := ""
	if t.Sandbox {
		note = " (sandbox: none were spent)"
	}
	fmt.Fprintf(out, "used: %s credits%s\n", t.Credits.Used, note)
	return nil
}

func call(ctx context.Context, session Session, tool string, arguments map[string]any, into any) error {
	text, err := session.Call(ctx, tool, arguments)
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(text), into)
}
