package agents

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"seedance-mcp/internal/agents/standin"
)

// patience ends an agent that hangs.
const patience = 5 * time.Minute

// TestAgents runs two agents quickly, those of package.json's dependencies, or
// with SEEDANCE_CLIENTS=all every agent through every stage.
func TestAgents(t *testing.T) {
	agents, stages := []agent{claudeCode(), geminiCLI()}, everyStage()[:1]
	if os.Getenv("SEEDANCE_CLIENTS") == "all" {
		agents, stages = everyAgent(), everyStage()
	}
	locked := install(t, agents)
	binary := build(t)
	var results table
	// A group, so that the table comes when the parallel tests in it have ended.
	t.Run("agents", func(t *testing.T) {
		for _, a := range agents {
			for _, transport := range []string{"http", "stdio"} {
				t.Run(a.bin+"/"+transport, func(t *testing.T) {
					t.Parallel() // they mostly wait
					r := row{agent: a.name, version: locked[a.pkg], transport: transport, cells: map[string]string{}}
					for _, s := range stages {
						if s.httpOnly && transport != "http" {
							continue
						}
						t.Run(s.name, func(t *testing.T) {
							r.cells[s.name] = "FAIL" // unless it comes to an end
							r.cells[s.name], r.protocol = goThrough(t, binary, a, transport, s)
						})
					}
					results.add(r)
				})
			}
		}
	})
	fmt.Printf("\nAgents against the server\n\n%s\n", results.markdown())
}

// goThrough is one agent in one stage; its result is the table's cell.
func goThrough(t *testing.T, binary string, a agent, transport string, s stage) (cell, protocol string) {
	w := newWorld(t, binary, transport, s.video)
	var before func(standin.Turn)
	if s.trouble != nil {
		before = s.trouble(t, w)
	}
	known := a.known[transport+" "+s.name]
	model, got := w.run(a, s.script, before)
	defer func() { report(t, model, got) }()
	finished := videoURL(model) != ""
	took := got.took
	switch {
	case finished && known != "":
		t.Errorf("it got the video in the same session: %q is no longer so", known)
	case !finished && known != "":
		// The task outlives all of that: a later session has it.
		model, got = w.run(a, comingBack(), nil)
		took += got.took
	}
	if got.err != nil {
		t.Errorf("the agent ended with %v", got.err)
	}
	checkBooks(t, w)
	checkURL(t, w, model, got)
	if s.trouble == nil {
		checkTold(t, a, transport, s.script, model)
	}
	checkInternet(t, w, a)
	if t.Failed() {
		return "FAIL", w.protocol()
	}
	cell = fmt.Sprintf("ok %.1f s", took.Seconds())
	if known != "" {
		cell = fmt.Sprintf("as known: %s (%.1f s)", known, took.Seconds())
	}
	return cell, w.protocol()
}

// told are the results that the model was sent last, for one tool.
func told(model *standin.Server, tool string) []standin.Result {
	exchanges := model.Exchanges()
	if len(exchanges) == 0 {
		return nil
	}
	var results []standin.Result
	for _, r := range exchanges[len(exchanges)-1].Request.Results {
		if standin.Names(r.Tool, tool) {
			results = append(results, r)
		}
	}
	return results
}

// videoURL is the URL that the model was told; "" for none.
func videoURL(model *standin.Server) string {
	results := told(model, status)
	if len(results) == 0 {
		return ""
	}
	return results[len(results)-1].Field("url")
}

// checkBooks asks the one who charges.
func checkBooks(t *testing.T, w *world) {
	t.Helper()
	books := w.books()
	if len(books.Entries) != 1 || books.Accepted != 1 {
		t.Errorf("%d createTask, %d accepted; want one: %+v", len(books.Entries), books.Accepted, books.Entries)
	}
}

// checkURL looks the video up where the model was told, and in what the agent
// says at the end.
func checkURL(t *testing.T, w *world, model *standin.Server, got outcome) {
	t.Helper()
	url := videoURL(model)
	if !strings.HasPrefix(url, w.upstream+"/media/") {
		t.Fatalf("the model was sent the URL %q, want one of the upstream", url)
	}
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != "video/mp4" {
		t.Errorf("%s answers %s, %s", url, response.Status, response.Header.Get("Content-Type"))
	}
	if !strings.Contains(got.stdout, url) {
		t.Errorf("the agent does not show the URL %s", url)
	}
}

// checkTold compares what the model was sent with what it needs to go on.
func checkTold(t *testing.T, a agent, transport string, script standin.Script, model *standin.Server) {
	t.Helper()
	checkOffered(t, model)
	ordered, asked := told(model, generate), told(model, status)
	if len(script.Steps) > 3 { // the mistakes came first
		if len(ordered) != 2 || len(asked) < 2 {
			t.Fatalf("the model was sent %d results of %s and %d of %s", len(ordered), generate, len(asked), status)
		}
		tooLong := []string{`seedance-20 makes 4 to 15 whole seconds, not "99"`, "Use duration 15"}
		if a.refusesItself != "" {
			tooLong = []string{a.refusesItself}
		}
		expect(t, ordered[0], tooLong...)
		expect(t, asked[0], "There is no task vid_nothing", "list_tasks shows the tasks there are")
		ordered, asked = ordered[1:], asked[1:]
	}
	if len(ordered) != 1 || len(asked) == 0 {
		t.Fatalf("the model was sent %d results of %s and %d of %s", len(ordered), generate, len(asked), status)
	}
	id := ordered[0].Field("task_id")
	if !strings.HasPrefix(id, "vid_") {
		t.Fatalf("the model was sent the task id %q", id)
	}
	expect(t, ordered[0], "Call get_task_status with task_id="+id+" and wait_seconds=45", "Do not call generate_video again for this video.")
	for _, running := range asked[:len(asked)-1] {
		expect(t, running, id, "Call get_task_status with task_id="+id, "Do not call generate_video again for this video.")
	}
	last := asked[len(asked)-1]
	if transport == "stdio" { // videos are saved there
		expect(t, last, id, "Saved as ", filepath.Base(last.Field("path")))
	} else {
		expect(t, last, id, "Give the user videos[0].url, in full")
	}
	if quoted := told(model, estimate); len(quoted) != 1 || quoted[0].Field("credits") != "200" {
		t.Errorf("the model was sent the quote %v, want 200 credits", quoted)
	}
}

// checkOffered looks for each of the server's tools, as its golden lists them,
// among those of which the model is told: a client that dislikes a schema
// leaves the tool out.
func checkOffered(t *testing.T, model *standin.Server) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "tools", "testdata", "tools_list_workflow.json"))
	if err != nil {
		t.Fatal(err)
	}
	var list struct {
		Result struct {
			Tools []struct {
				Name string `json:"name"`
			} `json:"tools"`
		} `json:"result"`
	}
	if err := json.Unmarshal(text, &list); err != nil || len(list.Result.Tools) == 0 {
		t.Fatalf("the golden lists %d tools: %v", len(list.Result.Tools), err)
	}
	request := model.Exchanges()[0].Request
	offered := slices.Concat(request.Tools, request.Deferred)
	_, noFFmpeg := exec.LookPath("ffmpeg")
	for _, tool := range list.Result.Tools {
		if tool.Name == "preview_video" && noFFmpeg != nil {
			continue // the server does not have it then
		}
		if !slices.ContainsFunc(offered, func(o standin.Tool) bool { return standin.Names(o.Name, tool.Name) }) {
			t.Errorf("%s is not among the tools that the model is offered: %v", tool.Name, offered)
		}
	}
}

func expect(t *testing.T, result standin.Result, words ...string) {
	t.Helper()
	for _, w := range words {
		if !result.Tells(w) {
			t.Errorf("the model is not sent %q in the result of %s:\n%s", w, result.Tool, result.Text)
		}
	}
}

// checkInternet allows the tries that cannot be switched off.
func checkInternet(t *testing.T, w *world, a agent) {
	t.Helper()
	for _, host := range slices.Sorted(maps.Keys(w.internet.Tried())) {
		if !slices.Contains(a.tries, host) {
			t.Errorf("the agent tried to reach %s", host)
		}
	}
}

// report tells what happened, if something failed.
func report(t *testing.T, model *standin.Server, got outcome) {
	t.Helper()
	if !t.Failed() {
		return
	}
	for _, e := range model.Exchanges() {
		said := e.Turn.Say
		if e.Turn.Call != nil {
			said = fmt.Sprintf("%s %v", e.Turn.Call.Tool.Name, e.Turn.Call.Arguments)
		}
		if n := len(e.Request.Results); n > 0 {
			t.Logf("the model was sent %.1000s", e.Request.Results[n-1].Text)
		}
		t.Logf("the model said %s", said)
	}
	t.Logf("also asked for: %v\nstdout:\n%.4000s\nstderr:\n%.4000s", model.Unknown(), got.stdout, got.stderr)
}

// run lets the agent work with a script until it ends by itself.
func (w *world) run(a agent, script standin.Script, before func(standin.Turn)) (*standin.Server, outcome) {
	w.t.Helper()
	program, err := filepath.Abs(a.program())
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	model := standin.New(script, before)
	call := a.setUp(wish{prompt: "Make me a video of a red fox in the snow.", server: w.server, model: w.host(model)})
	return model, w.start(ctx, program, call)
}
