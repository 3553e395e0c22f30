package telemetry_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/video"
)

// line is an audit line.
type line struct {
	Action, Principal, Task, Model, State, Reserved, Charged, Quoted, Class string
	Settled                                                                 bool
	UpstreamTask                                                            string `json:"upstream_task"`
	WasCharged                                                              string `json:"was_charged"`
}

// lines are those of one task.
func (w *world) lines(task string) []line {
	w.t.Helper()
	var found []line
	for text := range strings.Lines(w.audit.String()) {
		var l line
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			w.t.Fatalf("%v: %s", err, text)
		}
		if l.Task == task {
			found = append(found, l)
		}
	}
	return found
}

func actions(lines []line) string {
	var words []string
	for _, l := range lines {
		words = append(words, l.Action)
	}
	return strings.Join(words, " ")
}

func TestAudit(t *testing.T) {
	inWorld(t, func(w *world) {
		for prompt, want := range map[string]string{
			"a red fox":                         "ordered accepted succeeded",
			"a face [sandbox:fail-text]":        "ordered accepted failed",
			"poor [sandbox:create-402]":         "ordered refused",
			"lost [sandbox:create-lost]":        "ordered unconfirmed",
			"rich [sandbox:fractional-credits]": "ordered accepted succeeded",
		} {
			task, err := w.order("alice", prompt)
			if task.ID == "" {
				t.Fatalf("%s: %v", prompt, err)
			}
			task = w.finish(task)
			lines := w.lines(task.ID)
			if got := actions(lines); got != want {
				t.Errorf("%s: %q, want %q", prompt, got, want)
				continue
			}
			first, last := lines[0], lines[len(lines)-1]
			if first.Principal != "alice" || first.Reserved != "200" || first.Quoted != "200" || first.Model != "seedance-20" {
				t.Errorf("%s: %+v", prompt, first)
			}
			if last.Charged != task.Charged.String() || last.UpstreamTask != task.UpstreamID || last.State != string(task.State) {
				t.Errorf("%s: %+v, but the task says %s %s", prompt, last, task.Charged, task.State)
			}
		}
	})
}

// What a person says about money is on record, too.
func TestAuditOfAPersonsWord(t *testing.T) {
	inWorld(t, func(w *world) {
		task, err := w.order("alice", "lost [sandbox:create-lost]")
		if err != nil {
			t.Fatal(err)
		}
		task = w.finish(task)
		no := false
		if _, err := w.engine.Resolve(context.Background(), "alice", task.ID, engine.Resolution{Paid: &no}); err != nil {
			t.Fatal(err)
		}
		lines := w.lines(task.ID)
		last := lines[len(lines)-1]
		if last.Action != "refused" || !last.Settled || last.Charged != "0" || last.Reserved != "0" || last.WasCharged != string(video.ChargedNo) {
			t.Errorf("%+v", last)
		}
	})
}

// A line that cannot be written is not lost: the log has it, and the alarm is
// raised.
func TestAuditThatCannotBeWritten(t *testing.T) {
	inWorld(t, func(w *world) {
		w.audit.mu.Lock()
		w.audit.full = true
		w.audit.mu.Unlock()
		task, err := w.order("alice", "a red fox")
		if err != nil {
			t.Fatal(err)
		}
		w.finish(task)
		if !strings.Contains(w.scrape(), `seedance_alarms_total{alarm="audit"} 3`) || !strings.Contains(w.log.String(), "action=succeeded principal=alice task="+task.ID) {
			t.Errorf("%s\n%s", w.scrape(), w.log)
		}
	})
}

// secrets must not be told on by anybody.
func TestSecretsStayInside(t *testing.T) {
	const prompt, image = "a secretive badger", "https://files.example.com/badger.png?X-Signature=c2lnbmVk"
	inWorld(t, func(w *world) {
		for _, word := range []string{"", " [sandbox:fail-text]", " [sandbox:create-402]", " [sandbox:create-lost]", " [sandbox:record-html-500]"} {
			task, err := w.order("alice", prompt+word, func(wish *engine.Wish) { wish.Ask.ImageURLs = []string{image} })
			if task.ID == "" {
				t.Fatalf("%q: %v", word, err)
			}
			task = w.finish(task)
			for _, v := range task.Videos {
				if strings.Contains(w.everything(), v.URL) {
					t.Errorf("%q: the video's URL is told", word)
				}
			}
		}
		all := w.everything()
		for _, secret := range []string{prompt, "badger", "X-Signature", "c2lnbmVk", "Bearer ", "Authorization", "sandbox-key-not"} {
			if strings.Contains(all, secret) {
				t.Errorf("%q is told:\n%s", secret, excerpt(all, secret))
			}
		}
		if !strings.Contains(all, "createTask accepted") || !strings.Contains(all, `"action":"succeeded"`) {
			t.Error("nothing was looked at")
		}
	})
}

// everything is all that the process told the outside.
func (w *world) everything() string {
	return strings.Join(slices.Concat([]string{w.log.String()}, []string{w.audit.String(), w.scrape()}), "\n")
}

func excerpt(text, around string) string {
	at := strings.Index(text, around)
	return text[max(0, at-200):min(len(text), at+200)]
}
