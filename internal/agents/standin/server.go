package standin

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
)

// maxBody bounds a request; agents send some 100 KB of instructions each time.
const maxBody = 16 << 20

// Server is the model's API in all four protocols under one address.
type Server struct {
	script Script
	before func(Turn)
	mux    *http.ServeMux

	mu     sync.Mutex
	seen   []Exchange
	others []string
}

// Exchange is one request for an answer of the model's, and that answer.
type Exchange struct {
	Path    string
	Body    []byte
	Request Request
	Turn    Turn
}

// New serves a script. before, which may be nil, is called ahead of each
// answer: a test ends servers there, at known points of the conversation.
func New(script Script, before func(Turn)) *Server {
	s := &Server{script: script, before: before, mux: http.NewServeMux()}
	for _, prefix := range []string{"", "/v1"} {
		s.mux.HandleFunc("POST "+prefix+"/messages", s.answer(readAnthropic, writeAnthropic))
		s.mux.HandleFunc("POST "+prefix+"/chat/completions", s.answer(readChat, writeChat))
		s.mux.HandleFunc("POST "+prefix+"/responses", s.answer(readResponses, writeResponses))
	}
	s.mux.HandleFunc("POST /v1/messages/count_tokens", countAnthropic)
	s.mux.HandleFunc("POST /v1beta/models/{verb}", s.gemini)
	s.mux.HandleFunc("/", s.unknown)
	return s
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Exchanges are all so far, oldest first, without those that offered none of
// the script's tools.
func (s *Server) Exchanges() []Exchange {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Exchange
	for _, e := range s.seen {
		if s.script.concerns(e.Request) {
			all = append(all, e)
		}
	}
	return all
}

// Unknown lists what was asked beyond the model: "GET /v1/models".
func (s *Server) Unknown() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.others...)
}

// answer serves one protocol.
func (s *Server) answer(read func([]byte) (Request, error), write func(http.ResponseWriter, Turn, bool)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		request, err := read(body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		turn := s.script.Next(request)
		s.mu.Lock()
		s.seen = append(s.seen, Exchange{Path: r.URL.Path, Body: body, Request: request, Turn: turn})
		s.mu.Unlock()
		if s.before != nil && s.script.concerns(request) {
			s.before(turn)
		}
		write(w, turn, request.Streams)
	}
}

// gemini names the method in the last part of the path.
func (s *Server) gemini(w http.ResponseWriter, r *http.Request) {
	_, method, _ := strings.Cut(r.PathValue("verb"), ":")
	switch method {
	case "generateContent", "streamGenerateContent":
		s.answer(func(body []byte) (Request, error) {
			request, err := readGemini(body)
			request.Streams = method == "streamGenerateContent"
			return request, err
		}, writeGemini)(w, r)
	case "countTokens":
		writeJSON(w, map[string]any{"totalTokens": 100})
	default:
		s.unknown(w, r)
	}
}

func (s *Server) unknown(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.others = append(s.others, r.Method+" "+r.URL.Path)
	s.mu.Unlock()
	http.Error(w, `{"error":{"type":"not_found_error","message":"not here"}}`, http.StatusNotFound)
}

func writeJSON(w http.ResponseWriter, value any) {
	data, err := json.Marshal(value)
	if err != nil {
		panic(err) // only this package's own maps are written
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(data)
}

// events writes server-sent events.
type events struct{ w http.ResponseWriter }

func startEvents(w http.ResponseWriter) events {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-cache")
	return events{w}
}

// send writes one event; name may be empty.
func (e events) send(name string, value any) {
	data, err := json.Marshal(value)
	if err != nil {
		panic(err) // only this package's own maps are written
	}
	if name != "" {
		_, _ = io.WriteString(e.w, "event: "+name+"\n")
	}
	_, _ = io.WriteString(e.w, "data: "+string(data)+"\n\n")
	if f, ok := e.w.(http.Flusher); ok {
		f.Flush()
	}
}

// argumentsText is a call's arguments as JSON text, which three of the four
// protocols send inside a string.
func (c Call) argumentsText() string {
	arguments := c.Arguments
	if arguments == nil {
		arguments = map[string]any{}
	}
	data, err := json.Marshal(arguments)
	if err != nil {
		panic(err) // scripts are data of ours
	}
	return string(data)
}
