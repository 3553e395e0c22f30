package sandbox_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"seedance-mcp/internal/sandbox"
	"seedance-mcp/internal/video"
)

// childVariable names the folder for the child process of the kill test.
const childVariable = "SEEDANCE_SANDBOX_TEST_DIR"

// TestChildCreatesUntilKilled is no test of its own: it is the process that
// TestBooksSurviveKills kills.
func TestChildCreatesUntilKilled(t *testing.T) {
	dir := os.Getenv(childVariable)
	if dir == "" {
		return // started by hand or by go test: nothing to do
	}
	r := start(t, sandbox.Options{Dir: dir, Limit: 1 << 20, Credits: credits(1 << 30)})
	for {
		// Written only when the answer arrived: from then on it must be known.
		fmt.Println("answered", r.accepted(workflowBody("a fox", "")))
	}
}

// TestBooksSurviveKills kills processes that share a folder in the middle of
// their work: whatever was answered stays known to all, and the books add up.
func TestBooksSurviveKills(t *testing.T) {
	dir := t.TempDir()
	survivor := start(t, sandbox.Options{Dir: dir, Limit: 1 << 20, Credits: credits(1 << 30)})
	answered := make(map[string]bool)
	for round := range 12 {
		child := exec.Command(os.Args[0], "-test.run=^TestChildCreatesUntilKilled$")
		child.Env = append(os.Environ(), childVariable+"="+dir)
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; lines.Scan(); n++ {
			if n == 3+round%5 {
				if err := child.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
			if id, ok := strings.CutPrefix(lines.Text(), "answered "); ok {
				answered[id] = true
			}
		}
		_ = child.Wait() // killed
		survivor.accepted(workflowBody("in between", ""))
	}
	late := start(t, sandbox.Options{Dir: dir})
	for _, r := range []*rig{survivor, late} {
		books, listed := r.Books(), make(map[string]bool)
		for _, e := range books.Entries {
			listed[e.TaskID] = true
		}
		for id := range answered {
			if got := r.record(id); !listed[id] || got.Status != 200 {
				t.Errorf("%s was answered: recordInfo says %d, listed %v", id, got.Status, listed[id])
			}
		}
		if len(answered) < 36 || books.Accepted < len(answered)+12 || books.Charged != credits(200).Times(int64(books.Accepted)) {
			t.Errorf("%d answered; books: %d accepted, %s charged", len(answered), books.Accepted, books.Charged)
		}
	}
	t.Logf("12 kills, %d answered, %d in the books", len(answered), len(late.Books().Entries))
}

// TestProcessesAgree asks two processes of different speed that share a folder
// about the same tasks: every answer must be the same.
func TestProcessesAgree(t *testing.T) {
	now, dir := newClock(), t.TempDir()
	one := start(t, sandbox.Options{Now: now.Now, Dir: dir, Dialect: video.Kinovi})
	two := start(t, sandbox.Options{Now: now.Now, Dir: dir, Dialect: video.Kinovi, Speed: 7})
	var ids []string
	for _, word := range []string{"slow", "odd-state", "fail-text", "fail-server", "success-no-url=3", "record-html-500=4", "record-404=4", "fractional-credits", "no-times", "stuck"} {
		for _, r := range []*rig{one, two} {
			ids = append(ids, r.accepted(kinoviBody("seedance-20", "a fox [sandbox:"+word+"]", "")))
		}
	}
	for range 100 {
		for _, id := range ids {
			a, b := one.record(id), two.record(id)
			if a.Status != b.Status || a.Body != b.Body {
				t.Fatalf("%s: %d %s and %d %s", id, a.Status, a.Body, b.Status, b.Body)
			}
			if a, b := one.do("HEAD", "/media/"+id+".mp4", "", ""), two.do("HEAD", "/media/"+id+".mp4", "", ""); a.Status != b.Status || a.Header.Get("ETag") != b.Header.Get("ETag") {
				t.Fatalf("media of %s: %d %v and %d %v", id, a.Status, a.Header, b.Status, b.Header)
			}
		}
		now.Advance(410 * time.Millisecond)
	}
	if a, b := one.Books(), two.Books(); fmt.Sprint(a) != fmt.Sprint(b) || a.Accepted != len(ids) {
		t.Errorf("the books differ:\n%v\n%v", a, b)
	}
}

// An upload whose process was killed while storing can be put again.
func TestUploadAfterAKill(t *testing.T) {
	dir := t.TempDir()
	r := start(t, sandbox.Options{Dialect: video.Kinovi, Dir: dir})
	o := r.offer("a.png", "image/png")
	name := strings.TrimPrefix(o.Path, "temp-uploads/")
	for _, part := range []string{name + ".bin.part", name + ".bin.0123.part"} {
		if err := os.WriteFile(filepath.Join(dir, "uploads", part), []byte("pic"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got := r.do("GET", o.ConfirmURL, sandbox.KeyMain, ""); got.Status != 404 {
		t.Errorf("confirmed half an upload: %d", got.Status)
	}
	if got := r.do("PUT", o.UploadURL, "", "picture", "Content-Type", "image/png"); got.Status != 200 {
		t.Errorf("PUT: %d %s", got.Status, got.Body)
	}
	if got := r.do("PUT", o.UploadURL, "", "again", "Content-Type", "image/png"); got.Status != 409 {
		t.Errorf("a second PUT: %d", got.Status)
	}
	if got := r.do("GET", o.URL, "", ""); got.Body != "picture" {
		t.Errorf("GET: %q", got.Body)
	}
}
