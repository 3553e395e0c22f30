package main

import (
	"bufio"
	"net/http"
	"strings"
	"testing"
)

// TestSandboxOnEveryAddress prints a URL that can be called, not [::].
func TestSandboxOnEveryAddress(t *testing.T) {
	cmd := child(t, nil, "sandbox", "--addr", "0.0.0.0:0")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		_, rest, found := strings.Cut(lines.Text(), "export SEEDANCE_API_URL=")
		if !found {
			continue
		}
		url, _, _ := strings.Cut(rest, " ")
		if !strings.HasPrefix(url, "http://127.0.0.1:") {
			t.Errorf("printed %s", url)
		}
		answer, err := http.Get(url + "/jobs/recordInfo?taskId=demo_task_t2v_success")
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusUnauthorized { // it answers; no key was sent
			t.Errorf("%s: %s", url, answer.Status)
		}
		return
	}
	t.Fatalf("no URL was printed: %v", lines.Err())
}
