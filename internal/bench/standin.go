package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"
)

// fault is what the stand-in does wrong, once.
type fault int

const (
	noFault fault = iota
	firstLookFails
	firstAnswerLost
)

// standIn speaks just enough of three video APIs to make videos of a fixed
// length: the jobs API in its two envelopes (ours and Kie's), and MiniMax's.
type standIn struct {
	web    *httptest.Server
	length time.Duration

	mu      sync.Mutex
	fault   fault
	created map[string]time.Time
	ids     int // never twice: servers remember jobs over a reset
	looked  int
	ended   bool // all jobs are done, whatever their length
}

// startStandIn makes jobs of a length; with 0 they go on until end.
func startStandIn(length time.Duration) *standIn {
	s := &standIn{length: length}
	s.reset(noFault)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v1/jobs/createTask", func(w http.ResponseWriter, _ *http.Request) {
		id := s.create()
		// Ours reads either form; Kie's wants its own envelope.
		reply(w, map[string]any{"code": 200, "msg": "success", "message": "success", "data": map[string]any{"taskId": id}})
	})
	mux.HandleFunc("GET /api/v1/jobs/recordInfo", func(w http.ResponseWriter, r *http.Request) {
		id := r.URL.Query().Get("taskId")
		data := map[string]any{"taskId": id, "model": "seedance-20", "state": "generating"}
		if s.look(w, id) {
			links, _ := json.Marshal(map[string]any{"resultUrls": []string{s.url() + "/files/" + id + ".mp4"}})
			data["state"], data["resultJson"], data["creditsUsed"] = "success", string(links), 200
		}
		reply(w, map[string]any{"code": 200, "msg": "success", "message": "success", "data": data})
	})
	mux.HandleFunc("POST /v1/video_generation", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, map[string]any{"task_id": s.create(), "base_resp": map[string]any{"status_code": 0}})
	})
	mux.HandleFunc("GET /v1/query/video_generation", func(w http.ResponseWriter, r *http.Request) {
		id := r.URL.Query().Get("task_id")
		data := map[string]any{"task_id": id, "status": "Processing", "base_resp": map[string]any{"status_code": 0}}
		if s.look(w, id) {
			data["status"], data["file_id"] = "Success", id
		}
		reply(w, data)
	})
	mux.HandleFunc("GET /v1/files/retrieve", func(w http.ResponseWriter, r *http.Request) {
		reply(w, map[string]any{
			"file":      map[string]any{"download_url": s.url() + "/files/" + r.URL.Query().Get("file_id") + ".mp4"},
			"base_resp": map[string]any{"status_code": 0},
		})
	})
	s.web = httptest.NewServer(mux)
	return s
}

func (s *standIn) url() string { return s.web.URL }

func (s *standIn) close() {
	s.web.CloseClientConnections()
	s.web.Close()
}

// reset forgets all jobs and arms a fault.
func (s *standIn) reset(f fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault, s.created, s.looked, s.ended = f, make(map[string]time.Time), 0, false
}

// end lets all jobs be done, and the next ones at once.
func (s *standIn) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
}

func (s *standIn) creates() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.created)
}

func (s *standIn) looks() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.looked
}

// create books a paid job. With firstAnswerLost the caller never hears of it.
func (s *standIn) create() string {
	s.mu.Lock()
	s.ids++
	id := fmt.Sprintf("task_%024d", s.ids)
	s.created[id] = time.Now()
	lost := s.fault == firstAnswerLost
	if lost {
		s.fault = noFault
	}
	s.mu.Unlock()
	if lost {
		panic(http.ErrAbortHandler)
	}
	return id
}

// look says whether the job is done. With firstLookFails it answers 500 once.
func (s *standIn) look(w http.ResponseWriter, id string) bool {
	s.mu.Lock()
	s.looked++
	fails := s.fault == firstLookFails
	if fails {
		s.fault = noFault
	}
	created, known := s.created[id]
	done := known && (s.ended || s.length > 0 && time.Since(created) >= s.length)
	s.mu.Unlock()
	if fails {
		w.WriteHeader(http.StatusInternalServerError)
	}
	return done
}

func reply(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body) // the caller may be gone
}
