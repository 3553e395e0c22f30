// Package api_test runs the examples of this folder against the sandbox, as a
// reader of the README would. It holds no code that anyone imports.
package api_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"seedance-mcp/internal/catalog"
	"seedance-mcp/internal/porttest"
	"seedance-mcp/internal/sandbox"
)

// tool is the path of an installed program. Without it the test is skipped by
// name, or fails where SEEDANCE_TEST_REQUIRE lists it.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	if slices.Contains(strings.Split(os.Getenv("SEEDANCE_TEST_REQUIRE"), ","), name) {
		t.Fatalf("%s is required and not installed: %v", name, err)
	}
	t.Skipf("SKIPPED: %s is not installed", name)
	return ""
}

// upstream is a sandbox on a loopback port. Its clock moves 1.5 s with each
// recordInfo and stands still otherwise, so that what a poll sees does not
// depend on how busy the machine is: a clip of 5 s is done at the sixth.
type upstream struct {
	*sandbox.Server
	url string
}

func startSandbox(t *testing.T) upstream {
	t.Helper()
	models, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	var polls atomic.Int64
	now := func() time.Time { return began.Add(time.Duration(polls.Load()) * 1500 * time.Millisecond) }
	box, err := sandbox.New(sandbox.Options{Catalog: models, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/recordInfo") {
			polls.Add(1)
		}
		box.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		err := box.Close() // first: it ends answers that hang
		server.Close()
		if err != nil {
			t.Error(err)
		}
	})
	return upstream{box, server.URL}
}

// example runs a program of this folder in an environment of its own.
type example struct {
	command []string
	dir     string // where it writes
	env     []string
}

func (e example) run(t *testing.T) (exit int, stdout, stderr string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), e.command[0], e.command[1:]...)
	var out, complaints bytes.Buffer
	command.Stdout, command.Stderr, command.Dir = &out, &complaints, e.dir
	command.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + e.dir, "SYSTEMROOT=" + os.Getenv("SYSTEMROOT"),
		"PYTHONDONTWRITEBYTECODE=1", "SEEDANCE_POLL_SECONDS=0.02",
	}, e.env...)
	err := command.Run()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		t.Fatal(err)
	}
	return command.ProcessState.ExitCode(), out.String(), complaints.String()
}

// script is the example's full path.
func script(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(name)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func access(url, key string) []string {
	return []string{"SEEDANCE_API_URL=" + url + "/api/v1", "SEEDANCE_API_KEY=" + key}
}

// languages are the interpreters and what their scripts end in.
func languages() map[string]string { return map[string]string{".py": "python3", ".mjs": "node"} }

func TestExamplesMakeVideos(t *testing.T) {
	for _, c := range []struct {
		name          string
		width, height int
		seconds       int
		credits       string
	}{
		{"text_to_video", 1280, 720, 5, "200"},
		{"image_to_video", 720, 1280, 4, "160"},
	} {
		for ending, language := range languages() {
			t.Run(c.name+ending, func(t *testing.T) {
				t.Parallel()
				interpreter, box, dir := tool(t, language), startSandbox(t), t.TempDir()
				exit, stdout, stderr := example{[]string{interpreter, script(t, c.name+ending)}, dir, access(box.url, box.Key())}.run(t)
				if exit != 0 || stderr != "" {
					t.Fatalf("exit %d\n%s%s", exit, stdout, stderr)
				}
				id := box.Books().Entries[0].TaskID
				for _, want := range []string{"Task " + id + " accepted\n", "  success\n", "Saved " + c.name + ".mp4 (", "credits used: " + c.credits} {
					if !strings.Contains(stdout, want) {
						t.Errorf("no %q in %s", want, stdout)
					}
				}
				if books := box.Books(); len(books.Entries) != 1 || books.Net.String() != c.credits {
					t.Errorf("%d createTask, %s credits; want 1, %s", len(books.Entries), books.Net, c.credits)
				}
				path := filepath.Join(dir, c.name+".mp4")
				sameAsServed(t, path, box.url+"/media/"+id+".mp4")
				if width, height, seconds := sizeOf(t, path); width != c.width || height != c.height || seconds != float64(c.seconds) {
					t.Errorf("%d×%d, %v s; want %d×%d, %d s", width, height, seconds, c.width, c.height, c.seconds)
				}
				t.Run("plays", func(t *testing.T) {
					out, err := exec.Command(tool(t, "ffmpeg"), "-v", "error", "-xerror", "-err_detect", "explode", "-i", path, "-f", "null", "-").CombinedOutput()
					if err != nil || len(out) > 0 {
						t.Errorf("%v: %s", err, out)
					}
				})
			})
		}
	}
}

// sameAsServed compares a file with what its URL gives.
func sameAsServed(t *testing.T, path, url string) {
	t.Helper()
	saved, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	served, err := io.ReadAll(answer.Body)
	if err != nil || !bytes.Equal(saved, served) {
		t.Errorf("saved %d bytes of %d, %v", len(saved), len(served), err)
	}
}

// sizeOf reads pixels and length from an MP4's index (mvhd and tkhd, version 0).
func sizeOf(t *testing.T, path string) (width, height int, seconds float64) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	movie, track := bytes.Index(data, []byte("mvhd")), bytes.Index(data, []byte("tkhd"))
	if !bytes.HasPrefix(data[4:], []byte("ftyp")) || movie < 0 || track < 0 || !bytes.Contains(data, []byte("avc1")) {
		t.Fatalf("%s is no H.264 MP4", path)
	}
	u32 := func(at int) uint32 { return binary.BigEndian.Uint32(data[at:]) }
	return int(u32(track+80) >> 16), int(u32(track+84) >> 16), float64(u32(movie+20)) / float64(u32(movie+16))
}

// TestExamplesTellWhatWentWrong asks for every kind of trouble. In each case
// createTask must have been sent exactly once.
func TestExamplesTellWhatWentWrong(t *testing.T) {
	const lost = "may have been paid, so it is NOT sent again"
	for _, c := range []struct {
		word     string
		accepted int
		exit     int
		want     string
		env      []string
	}{
		{"create-402", 0, 1, "It needs 200 credits and the account has 0. Nothing was charged", nil},
		{"create-402-bare", 0, 1, "HTTP 402: Insufficient credits. Nothing was charged", nil},
		{"create-429", 0, 1, "(3 of 3 tasks run.) Nothing was charged: run it again when a task has ended.", nil},
		{"create-429-bare", 0, 1, "HTTP 429: Concurrency limit reached. Nothing was charged", nil},
		{"create-envelope-error", 0, 1, "Refused with code 402: Insufficient credits.", nil},
		{"create-html-500", 0, 1, lost, nil},
		{"create-html-500-accepted", 1, 1, "HTTP 500 with a page instead of JSON (500: Internal Server Error", nil},
		{"create-502-accepted", 1, 1, lost, nil},
		{"create-lost", 1, 1, lost, nil},
		{"create-drop", 0, 1, lost, nil},
		{"create-truncated", 1, 1, lost, nil},
		{"create-hang", 1, 1, lost, []string{"SEEDANCE_ANSWER_SECONDS=2"}},
		{"fail-text", 1, 1, "The task failed: Your input text violates platform rules. Please modify and try again.", nil},
		{"fail-no-reason", 1, 1, "The task failed: no reason given", nil},
		{"error-code-number", 1, 1, "The task failed (code 500): Server error.", nil},
		{"record-forgotten", 1, 1, "8 polls in a row failed, the last with: HTTP 404: Task not found.", nil},
		{"success-never-url", 1, 1, "No end after 1 s. The task task_", []string{"SEEDANCE_PATIENCE_SECONDS=1"}},
		{"stuck", 1, 1, "goes on and is paid", []string{"SEEDANCE_PATIENCE_SECONDS=1"}},
		{"record-html-500", 1, 0, "poll failed (HTTP 500 with a page instead of JSON", nil},
		{"record-truncated", 1, 0, "poll failed (", nil},
		{"record-404", 1, 0, "poll failed (HTTP 404: Task not found.)", nil},
		{"odd-state", 1, 0, "", nil},
		{"upper-case", 1, 0, "", nil},
		{"success-no-url", 1, 0, "", nil},
		{"media-404", 1, 1, "The video is paid and stays at http://127.0.0.1:", nil},
		{"media-break", 1, 1, "The download failed: ", nil},
		{"media-html", 1, 1, "text/html instead of a video", nil},
	} {
		for ending, language := range languages() {
			t.Run(c.word+" "+language, func(t *testing.T) {
				t.Parallel()
				interpreter, box, dir := tool(t, language), startSandbox(t), t.TempDir()
				run := example{[]string{interpreter, script(t, "text_to_video"+ending), "a fox [sandbox:" + c.word + "]"}, dir, append(access(box.url, box.Key()), c.env...)}
				exit, stdout, stderr := run.run(t)
				if exit != c.exit || !strings.Contains(stderr, c.want) || strings.Contains(stderr, "    at ") || strings.Contains(stderr, "Traceback") {
					t.Errorf("exit %d, want %d and %q\n%s%s", exit, c.exit, c.want, stdout, stderr)
				}
				if strings.Contains(stdout+stderr, box.Key()) {
					t.Error("the key is shown")
				}
				books := box.Books()
				// On a busy machine a client may give up before its request was read.
				gaveUp := c.word == "create-hang" && len(books.Entries) == 0
				if !gaveUp && (len(books.Entries) != 1 || books.Accepted != c.accepted) {
					t.Errorf("%d createTask, %d accepted; want 1, %d", len(books.Entries), books.Accepted, c.accepted)
				}
				files, err := os.ReadDir(dir)
				if want := 1 - c.exit; err != nil || len(files) != want {
					t.Errorf("left %v %v, want %d files", files, err, want)
				}
			})
		}
	}
}

func TestExamplesWithoutAccess(t *testing.T) {
	box := startSandbox(t)
	nobody := "http://" + porttest.Addr(t)
	for _, c := range []struct {
		name string
		env  []string
		want string
	}{
		{"no settings", nil, "Set SEEDANCE_API_URL and SEEDANCE_API_KEY"},
		{"a bad number", append(access(box.url, box.Key()), "SEEDANCE_POLL_SECONDS=soon"), "give a number of seconds"},
		{"nobody there", access(nobody, box.Key()), "Nothing was sent. Is the sandbox running?"},
		{"a wrong key", access(box.url, "sk-test-not-a-real-key"), "HTTP 401: Invalid API Key. Check SEEDANCE_API_KEY."},
		{"an expired key", access(box.url, sandbox.KeyExpired), "HTTP 401: API Key has expired."},
		{"a wrong path", access(box.url+"/elsewhere", box.Key()), "HTTP 404: Not found."},
	} {
		for ending, language := range languages() {
			t.Run(c.name+" "+language, func(t *testing.T) {
				exit, stdout, stderr := example{[]string{tool(t, language), script(t, "text_to_video"+ending)}, t.TempDir(), c.env}.run(t)
				if exit != 1 || !strings.Contains(stderr, c.want) || strings.Contains(stderr, "Traceback") {
					t.Errorf("exit %d, want 1 and %q\n%s%s", exit, c.want, stdout, stderr)
				}
			})
		}
	}
	if books := box.Books(); books.Accepted != 0 {
		t.Errorf("%d accepted", books.Accepted)
	}
}

func TestNineChecks(t *testing.T) {
	bash := tool(t, "bash")
	tool(t, "curl")
	box := startSandbox(t)
	exit, stdout, stderr := example{[]string{bash, script(t, "test-api.sh")}, t.TempDir(), access(box.url, box.Key())}.run(t)
	if exit != 0 || stderr != "" || strings.Count(stdout, "PASS  ") != 9 || !strings.HasSuffix(stdout, "9 passed, 0 failed\n") {
		t.Errorf("exit %d\n%s%s", exit, stdout, stderr)
	}
	if books := box.Books(); books.Accepted != 0 || books.Refused != 7 {
		t.Errorf("%d accepted, %d refused; want 0, 7", books.Accepted, books.Refused)
	}
	// It can fail: this key is refused where a good one is not.
	exit, stdout, _ = example{[]string{bash, script(t, "test-api.sh")}, t.TempDir(), access(box.url, sandbox.KeyInactive)}.run(t)
	if exit != 1 || !strings.HasSuffix(stdout, "2 passed, 7 failed\n") || !strings.Contains(stdout, "API Key is inactive") {
		t.Errorf("with an inactive key: exit %d\n%s", exit, stdout)
	}
	exit, _, stderr = example{[]string{bash, script(t, "test-api.sh")}, t.TempDir(), nil}.run(t)
	if exit == 0 || !strings.Contains(stderr, "SEEDANCE_API_URL: set it to the base URL") {
		t.Errorf("without settings: exit %d %s", exit, stderr)
	}
}
