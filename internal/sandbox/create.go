package sandbox

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"seedance-mcp/internal/video"
)

// maxRefusedPrompt is how much of a refused prompt the books keep, in runes.
const maxRefusedPrompt = 500

// maxRendered bounds the length of a rendered video, in seconds.
const maxRendered = 30

// assumedSource is how long a source video is taken to be, in seconds: the
// sandbox fetches nothing.
const assumedSource = 5

// createTask answers POST /jobs/createTask. Everything received ends up in
// the books, with the answer that was given.
func (s *Server) createTask(w http.ResponseWriter, r *http.Request) {
	data, err := readJSON(w, r)
	if err != nil && r.Context().Err() != nil {
		return // the client went while sending: nothing was asked
	}
	entry := &receipt{Time: s.clock()}
	body, err := decodeCreate(data)
	if err == nil {
		entry.Model = body.Model
		entry.Prompt, _ = text(body.Inputs.values["prompt"])
	}
	holder, no := s.authenticate(r)
	entry.Account = holder.ID
	if no == nil && holder.ReadOnly {
		no = refuse(http.StatusForbidden, "API access not enabled for this account")
	}
	if no == nil && err != nil {
		no = malformed()
	}
	var wish order
	if no == nil {
		wish, no = s.understand(body)
	}
	var words magic
	if no == nil {
		if words, err = parseMagic(wish.Prompt); err != nil {
			no = refuse(http.StatusBadRequest, err.Error())
		}
	}
	if no == nil {
		no = s.accept(entry, wish, body.CallBackURL, words, s.origin(r))
	}
	if no != nil {
		s.refuseCreate(w, entry, words, no)
		return
	}
	s.notify(r.Context(), entry.Task)
	s.answerAccepted(w, r, entry.Task)
}

// understand checks a body in the dialect of this sandbox.
func (s *Server) understand(body createBody) (order, *refusal) {
	if s.dialect == video.Kinovi {
		return s.understandKinovi(body)
	}
	return s.understandWorkflow(body)
}

// accept charges and stores the task, or says why not. What it decides from
// (other tasks, the balance) cannot change meanwhile, except by another
// process that shares the folder.
func (s *Server) accept(entry *receipt, wish order, callback string, words magic, origin string) *refusal {
	s.creating.Lock()
	defer s.creating.Unlock()
	s.prune(entry.Time)
	receipts, err := s.shelf.all()
	if err != nil {
		return s.broken(err)
	}
	if no := magicRefusal(entry, words, receipts); no != nil {
		return no
	}
	t := s.newTask(entry, wish, callback, words, origin)
	spent, running := standing(receipts, entry.Account, entry.Time)
	if running >= s.limit {
		no := refuse(http.StatusTooManyRequests, fmt.Sprintf("Concurrency limit reached (%d). Please wait for running tasks to complete.", s.limit))
		no.Limit, no.Current = &s.limit, &running
		return no
	}
	if left := s.credits - spent; t.Charged > left {
		no := refuse(http.StatusPaymentRequired, "Insufficient credits")
		no.Required, no.Available = &t.Charged, &left
		return no
	}
	entry.Task = t
	entry.Status = acceptedStatus(words)
	if err := s.shelf.add(t.ID, entry); err != nil {
		entry.Task = nil
		return s.broken(err)
	}
	return nil
}

// standing is what an account has spent and how many tasks it runs.
func standing(receipts []*receipt, account string, now time.Time) (spent video.Credits, running int) {
	for _, r := range receipts {
		if r.Task == nil || r.Account != account {
			continue
		}
		spent += r.Task.charged(now) - r.Task.refunded(now)
		if !r.Task.state(now).Final() {
			running++
		}
	}
	return spent, running
}

// broken is the answer to trouble with the folder.
func (s *Server) broken(err error) *refusal {
	s.logger.Error("sandbox: the task folder fails", "error", err)
	return refuse(http.StatusInternalServerError, "Internal server error")
}

func (s *Server) prune(now time.Time) {
	if now.Sub(s.lastPruned) < pruneEvery {
		return
	}
	s.lastPruned = now
	err := errors.Join(s.shelf.prune(now.Add(-recordLife)), s.uploads.prune(now))
	if err != nil {
		s.logger.Error("sandbox: cannot prune", "error", err)
	}
}

// newTask is the task of a valid wish, with its price and its fate.
func (s *Server) newTask(entry *receipt, wish order, callback string, words magic, origin string) *task {
	t := &task{
		ID: newID("task_"), OrderID: newID("ord_"), Account: entry.Account, Origin: origin,
		Model: wish.Model.ID, Prompt: wish.Prompt, CallBackURL: callback, CreatedAt: entry.Time,
		Width: wish.Width, Height: wish.Height, Seconds: wish.rendered(), Seed: wish.Seed,
		words: words, Failure: failureOf(words), Speed: s.speed,
	}
	if t.Failure == nil && s.missesUpload(wish, entry.Time) {
		f := failures()["fail-media"]
		t.Failure = &f
	}
	t.Refunds = t.Failure != nil && (t.Failure.Server || s.dialect == video.Kinovi)
	waitFor, doneAfter := schedule(t.Seconds, words)
	t.WaitFor, t.DoneAfter = scale(waitFor, s.speed), scale(doneAfter, s.speed)
	wish.price(t)
	return t
}

// refuseCreate books a refusal and answers it, as the magic words want.
func (s *Server) refuseCreate(w http.ResponseWriter, entry *receipt, words magic, no *refusal) {
	entry.Prompt = video.Clip(entry.Prompt, maxRefusedPrompt)
	entry.Model = video.Clip(entry.Model, 100)
	entry.Status, entry.Message = no.Status, video.Clip(no.Message, 300)
	if err := s.shelf.add(newID("refused_"), entry); err != nil {
		no = s.broken(err)
	}
	s.answerRefused(w, words, no)
}

// missesUpload says that the wish refers to an upload of this sandbox that is
// gone or was never made.
func (s *Server) missesUpload(wish order, now time.Time) bool {
	for _, link := range wish.links() {
		name, ours := strings.CutPrefix(link, s.baseURL+"/temp-uploads/")
		if ours && s.baseURL != "" && !s.uploads.has(name, now) {
			return true
		}
	}
	return false
}
