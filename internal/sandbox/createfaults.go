package sandbox

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"seedance-mcp/internal/video"
)

// htmlError is a page as proxies and crashed servers send it: markup, much of
// it useless, nothing of it JSON.
func htmlError(title string) []byte {
	return []byte("<!DOCTYPE html>\n<html><head><title>" + title + "</title><style>body{font:14px sans-serif}</style></head>\n" +
		"<body><center><h1>" + title + "</h1></center><hr><center>sandbox</center>\n" +
		strings.Repeat("<!-- padding so that the page is not tiny -->\n", 20) + "</body></html>\n")
}

func (s *Server) answerHTML(w http.ResponseWriter, status int) {
	title := http.StatusText(status)
	if status == http.StatusInternalServerError {
		title = "500: " + title
	}
	s.answer(w, status, "text/html; charset=utf-8", htmlError(title))
}

// breakOff ends the connection without (the rest of) an answer.
func breakOff() { panic(http.ErrAbortHandler) }

// magicRefusal refuses a createTask as its magic words want; nil: they want
// nothing of that kind. receipts are all so far; they are what is counted, so
// that the count survives a restart.
func magicRefusal(entry *receipt, words magic, receipts []*receipt) *refusal {
	zero := video.Credits(0)
	need := video.WholeCredits(200)
	limit := 3
	switch {
	case words.has("create-429-bare"):
		return refuse(http.StatusTooManyRequests, "Concurrency limit reached")
	case words.has("create-429") && timesRefused(entry, http.StatusTooManyRequests, receipts) < words["create-429"]:
		no := refuse(http.StatusTooManyRequests, "Concurrency limit reached (3). Please wait for running tasks to complete.")
		no.Limit, no.Current = &limit, &limit
		return no
	case words.any("create-402-bare", "create-envelope-error"):
		return refuse(http.StatusPaymentRequired, "Insufficient credits")
	case words.has("create-402"):
		no := refuse(http.StatusPaymentRequired, "Insufficient credits")
		no.Required, no.Available = &need, &zero
		return no
	case words.has("create-html-500"):
		return refuse(http.StatusInternalServerError, "")
	case words.has("create-502"):
		return refuse(http.StatusBadGateway, "")
	case words.has("create-drop"):
		return refuse(0, "")
	}
	return nil
}

// timesRefused counts how often the account's same prompt got that status.
func timesRefused(entry *receipt, status int, receipts []*receipt) int {
	prompt := video.Clip(entry.Prompt, maxRefusedPrompt)
	count := 0
	for _, r := range receipts {
		if r.Task == nil && r.Account == entry.Account && r.Status == status && r.Prompt == prompt {
			count++
		}
	}
	return count
}

// answerRefused sends a refusal, in the disguise that the words ask for.
func (s *Server) answerRefused(w http.ResponseWriter, words magic, no *refusal) {
	switch {
	case no.Status == 0:
		breakOff()
	case no.Message == "":
		s.answerHTML(w, no.Status)
	case words.has("create-envelope-error") && no.Status == http.StatusPaymentRequired:
		s.answerJSON(w, http.StatusOK, envelope{Code: no.Status, Message: no.Message})
	default:
		s.answerRefusal(w, no)
	}
}

// acceptedStatus is the HTTP status that an accepted createTask answers; 0:
// the answer is lost.
func acceptedStatus(words magic) int {
	switch {
	case words.any("create-lost", "create-hang"):
		return 0
	case words.has("create-html-500-accepted"):
		return http.StatusInternalServerError
	case words.has("create-502-accepted"):
		return http.StatusBadGateway
	}
	return http.StatusOK
}

// answerAccepted tells the task id, or loses the answer on the way.
func (s *Server) answerAccepted(w http.ResponseWriter, r *http.Request, t *task) {
	words := t.words
	switch {
	case words.has("create-lost"):
		breakOff()
	case words.has("create-hang"):
		s.hang(r)
	case words.any("create-html-500-accepted", "create-502-accepted"):
		s.answerHTML(w, acceptedStatus(words))
		return
	case words.has("create-slow"):
		if !s.pause(r.Context(), scale(time.Duration(words["create-slow"])*time.Second, s.speed)) {
			breakOff()
		}
	}
	var body any = accepted{TaskID: t.ID}
	if s.generation == GenerationZ {
		body = wrapped(accepted{TaskID: t.ID, OrderID: t.OrderID, CreditsUsed: creditsNow(t, t.CreatedAt)})
	}
	if words.has("create-truncated") {
		s.answerHalf(w, "application/json", s.encode(body))
	}
	s.answerJSON(w, http.StatusOK, body)
}

// hang never answers: it ends with the request or the server.
func (s *Server) hang(r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-s.life.Done():
	}
	breakOff()
}

// answerHalf announces the whole body, sends half of it and breaks off.
func (s *Server) answerHalf(w http.ResponseWriter, mediaType string, body []byte) {
	w.Header().Set("Content-Type", mediaType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	_, err := w.Write(body[:len(body)/2]) //nolint:gosec // JSON or a video, typed as such
	if err == nil {
		err = http.NewResponseController(w).Flush()
	}
	if err != nil {
		s.logger.Debug("sandbox: the client went before the half answer", "error", err)
	}
	breakOff()
}
