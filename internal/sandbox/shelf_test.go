package sandbox_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"seedance-mcp/internal/catalog"
	"seedance-mcp/internal/sandbox"
)

func TestTasksSurviveARestart(t *testing.T) {
	now, dir := newClock(), t.TempDir()
	first := start(t, sandbox.Options{Now: now.Now, Dir: dir})
	id := first.accepted(workflowBody("a fox [sandbox:fail-server]", ""))
	first.ask("[sandbox:create-402]")
	first.ask("[sandbox:create-429=2]")
	for range 2 {
		if err := first.Close(); err != nil {
			t.Error(err)
		}
	}
	now.Advance(5 * time.Second)
	second := start(t, sandbox.Options{Now: now.Now, Dir: dir})
	if got := second.state(id); got != "generating" {
		t.Errorf("after the restart: %s", got)
	}
	now.Advance(3 * time.Second)
	if got := second.state(id); got != "fail" {
		t.Errorf("3 s later: %s", got)
	}
	books := second.Books()
	if books.Accepted != 1 || books.Refused != 2 || books.Charged != credits(200) || books.Refunded != credits(200) {
		t.Errorf("books: %+v", books)
	}
	for try, want := range []int{429, 200} { // one 429 was before the restart
		if got := second.ask("[sandbox:create-429=2]"); got.Status != want {
			t.Errorf("try %d: %d, want %d", try+2, got.Status, want)
		}
	}
}

func TestProcessesShareAFolder(t *testing.T) {
	dir := t.TempDir()
	o := sandbox.Options{Dir: dir, Limit: 1000}
	rigs := []*rig{start(t, o), start(t, o), start(t, o)}
	var wg sync.WaitGroup
	for _, r := range rigs {
		wg.Go(func() {
			for range 20 {
				if got := r.ask("a fox"); got.Status != 200 {
					t.Errorf("%d %s", got.Status, got.Body)
				}
			}
		})
	}
	wg.Wait()
	late := start(t, o)
	for _, r := range append(rigs, late) {
		books := r.Books()
		if books.Accepted != 60 || books.Charged != credits(60*200) {
			t.Errorf("accepted %d, charged %s", books.Accepted, books.Charged)
		}
		for _, e := range books.Entries[:3] {
			if got := r.record(e.TaskID); got.Status != 200 {
				t.Errorf("%s: %d", e.TaskID, got.Status)
			}
		}
	}
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(names) != 60 {
		t.Errorf("%d files, %v", len(names), err)
	}
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil || !strings.HasSuffix(name, ".json") || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", name, info.Mode(), err)
		}
		data, err := os.ReadFile(name)
		if err != nil || !json.Valid(data) || strings.Contains(string(data), sandbox.KeyMain) {
			t.Errorf("%s: %s %v", name, data, err)
		}
	}
}

func TestLimitCountsOtherProcesses(t *testing.T) {
	o := sandbox.Options{Dir: t.TempDir(), Limit: 2, Credits: credits(1000)}
	a, b := start(t, o), start(t, o)
	a.accepted(workflowBody("one", ""))
	b.accepted(workflowBody("two", ""))
	if got := a.ask("three"); got.Status != 429 {
		t.Errorf("%d", got.Status)
	}
}

func TestOldTasksArePruned(t *testing.T) {
	now, dir := newClock(), t.TempDir()
	r := start(t, sandbox.Options{Now: now.Now, Dir: dir})
	r.accepted(workflowBody("old", ""))
	r.ask("[sandbox:create-402]")
	if err := os.WriteFile(filepath.Join(dir, "task_killed.json.part"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(filepath.Join(dir, "task_killed.json.part"), now.Now(), now.Now()); err != nil {
		t.Fatal(err)
	}
	now.Advance(60*24*time.Hour + time.Second)
	young := r.accepted(workflowBody("young", ""))
	names, err := os.ReadDir(dir)
	if err != nil || len(names) != 1 || names[0].Name() != young+".json" {
		t.Errorf("%v %v", names, err)
	}
	if books := r.Books(); len(books.Entries) != 1 || books.Charged != credits(200) {
		t.Errorf("books: %+v", books)
	}
}

func TestUnreadableFilesAreSkipped(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{"task_broken.json": "{", "task_empty.json": "", "notes.txt": "x", "task_x.json.part": "{}"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := start(t, sandbox.Options{Dir: dir})
	id := r.accepted(workflowBody("a fox", ""))
	if got := r.state(id); got != "waiting" {
		t.Errorf("%s", got)
	}
	if got := r.record("task_broken"); got.Status != 404 {
		t.Errorf("%d", got.Status)
	}
	if books := r.Books(); books.Accepted != 1 || books.Refused != 0 {
		t.Errorf("books: %+v", books)
	}
}

func TestALostFolderIsAnErrorAndNoCharge(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tasks")
	r := start(t, sandbox.Options{Dir: dir})
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if got := r.ask("a fox"); got.Status != 500 || got.Body != `{"message":"Internal server error"}` {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	if books := r.Books(); books.Charged != 0 || books.Accepted != 0 {
		t.Errorf("books: %+v", books)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	models, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]sandbox.Options{
		"no catalogue":       {},
		"unknown dialect":    {Catalog: models, Dialect: "openai"},
		"unknown generation": {Catalog: models, Generation: "c"},
		"unknown webhooks":   {Catalog: models, WebhookGeneration: "c"},
		"negative speed":     {Catalog: models, Speed: -1},
		"base without host":  {Catalog: models, BaseURL: "sandbox"},
		"folder is a file":   {Catalog: models, Dir: file},
	} {
		if s, err := sandbox.New(o); err == nil {
			t.Errorf("%s: no error, Close says %v", name, s.Close())
		}
	}
}
