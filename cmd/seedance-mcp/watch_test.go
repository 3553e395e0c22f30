package main

import (
	"context"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
)

// TestWatchTakesOver: what a killed process left is followed by a watch until
// it is done, though nobody else runs; with --json each change is a line.
func TestWatchTakesOver(t *testing.T) {
	w := newWorld(t, 20)
	if out, killed := w.run("post.stored:2", "generate", "--yes", "--json", "--duration", "4", "--count", "2", "left behind"); !killed {
		t.Fatalf("nobody died: %s", out)
	}
	ctx, cancel := context.WithTimeout(context.Background(), hung)
	defer cancel()
	watch := w.process(ctx, "none:0", "tasks", "--watch", "--until-done", "--json")
	out, err := watch.Output()
	if err != nil {
		if exit, ok := err.(*exec.ExitError); ok {
			t.Fatalf("%v\n%s%s", err, out, exit.Stderr)
		}
		t.Fatal(err)
	}
	last := map[string]string{}
	for line := range strings.Lines(string(out)) {
		var view struct {
			ID     string `json:"task_id"`
			Status string `json:"status"`
		}
		if err := json.Unmarshal([]byte(line), &view); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		last[view.ID] = view.Status
	}
	for id, status := range last {
		if status != "success" {
			t.Errorf("%s was left as %s", id, status)
		}
	}
	if len(last) != 2 || len(w.box.Books().Entries) != 2 {
		t.Errorf("%d tasks told, %d orders", len(last), len(w.box.Books().Entries))
	}
}
