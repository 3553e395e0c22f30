package main

import (
	"bytes"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"seedance-mcp/internal/sandbox"
)

// front stands before the sandbox and notes what is asked about each of its
// tasks, by the upstream's id, and what fails on the way.
type front struct {
	box *sandbox.Server

	mu       sync.Mutex
	dropped  bool                   // its videos have expired
	asked    map[string][]time.Time // recordInfo and media
	looks    map[string]int
	broken   map[string]int // looks that brought no record
	fetches  map[string]int
	webhooks map[string]int // deliveries tried; "" where the body names no task
}

func newFront() *front {
	return &front{
		asked: map[string][]time.Time{}, looks: map[string]int{}, broken: map[string]int{}, fetches: map[string]int{}, webhooks: map[string]int{},
	}
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("taskId")
	name, isMedia := strings.CutPrefix(r.URL.Path, "/media/")
	if isMedia {
		id = strings.TrimSuffix(name, ".mp4")
	}
	if id == "" {
		f.box.ServeHTTP(w, r)
		return
	}
	dropped := false
	f.note(func() {
		dropped = isMedia && f.dropped
		f.asked[id] = append(f.asked[id], time.Now())
		if isMedia {
			f.fetches[id]++
		} else {
			f.looks[id]++
			f.broken[id]++ // until its answer is whole
		}
	})
	if dropped {
		http.NotFound(w, r)
		return
	}
	answer := &statusNoted{ResponseWriter: w, status: http.StatusOK}
	f.box.ServeHTTP(answer, r)
	if !isMedia && answer.status == http.StatusOK {
		f.note(func() { f.broken[id]-- })
	}
}

func (f *front) note(what func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	what()
}

// statusNoted remembers an answer's status.
type statusNoted struct {
	http.ResponseWriter
	status int
}

func (s *statusNoted) WriteHeader(status int) {
	s.status = status
	s.ResponseWriter.WriteHeader(status)
}

// Unwrap lets the sandbox flush.
func (s *statusNoted) Unwrap() http.ResponseWriter { return s.ResponseWriter }

var upstreamID = regexp.MustCompile(`task_[0-9a-v]{24}`)

// RoundTrip sends the sandbox's webhooks.
func (f *front) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	f.note(func() { f.webhooks[upstreamID.FindString(string(body))]++ })
	again := r.Clone(r.Context())
	again.Body = io.NopCloser(bytes.NewReader(body))
	return http.DefaultTransport.RoundTrip(again)
}

// firstAfter is when the task was first asked for after a time.
func (f *front) firstAfter(id string, after time.Time) (time.Time, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, at := range f.asked[id] {
		if at.After(after) {
			return at, true
		}
	}
	return time.Time{}, false
}

// met says that the fault a magic word stands for has shown itself where it
// belongs: in createTask, recordInfo, a download or a webhook.
func (f *front) met(word string, entry sandbox.Entry) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	id := entry.TaskID
	switch {
	case strings.HasPrefix(word, "create-"), word == "webhook-lost":
		return true // it is in the books
	case strings.HasPrefix(word, "record-"):
		return f.broken[id] > 0
	case strings.HasPrefix(word, "media-"):
		return f.fetches[id] > 0
	case word == "webhook-garbage":
		return f.webhooks[""] > 0
	case word == "webhook-twice":
		return f.webhooks[id] > 1
	case strings.HasPrefix(word, "webhook-"):
		return f.webhooks[id] > 0
	default:
		return f.looks[id] > 0
	}
}

// faultsMet counts, for each magic word, the wishes whose fault showed itself.
func (w *world) faultsMet() map[string]int {
	met := map[string]int{}
	seen := map[string]bool{}
	for _, entry := range w.box.Books().Entries {
		for _, word := range wordsOf(entry.Prompt) {
			if key := word + entry.Prompt; !seen[key] && w.front.met(word, entry) {
				seen[key] = true
				met[word]++
			}
		}
	}
	return met
}
