package sandbox

import (
	"net/http"
)

// recordInfo answers GET /jobs/recordInfo?taskId=….
func (s *Server) recordInfo(w http.ResponseWriter, r *http.Request) {
	holder, no := s.authenticate(r)
	if no != nil {
		s.answerRefusal(w, no)
		return
	}
	id := r.URL.Query().Get("taskId")
	switch {
	case id == "":
		s.answerRefusal(w, refuse(http.StatusBadRequest, "Missing taskId parameter"))
		return
	case !validID(id):
		s.answerRefusal(w, refuse(http.StatusBadRequest, "Invalid taskId"))
		return
	}
	if demo := demoTask(id, s.origin(r)); demo != nil {
		s.answerJSON(w, http.StatusOK, s.record(demo, s.generation, s.clock()))
		return
	}
	t, now := s.shelf.task(id), s.clock()
	switch {
	case t == nil, now.Sub(t.CreatedAt) > recordLife, t.words.has("record-forgotten"):
		s.answerRefusal(w, refuse(http.StatusNotFound, "Task not found"))
	case t.Account != holder.ID:
		s.answerRefusal(w, refuse(http.StatusForbidden, "Access denied"))
	default:
		s.answerRecord(w, r, t)
	}
}

// answerRecord tells where a task stands, or fails to as its magic words want
// for a while after its creation.
func (s *Server) answerRecord(w http.ResponseWriter, r *http.Request, t *task) {
	now := s.clock()
	age := now.Sub(t.CreatedAt)
	body := s.record(t, s.generation, now)
	switch {
	case t.during("record-html-500", age):
		s.answerHTML(w, http.StatusInternalServerError)
	case t.during("record-502", age):
		s.answerHTML(w, http.StatusBadGateway)
	case t.during("record-429", age):
		s.answerRefusal(w, refuse(http.StatusTooManyRequests, "Too many requests"))
	case t.during("record-404", age):
		s.answerRefusal(w, refuse(http.StatusNotFound, "Task not found"))
	case t.during("record-truncated", age):
		s.answerHalf(w, "application/json", s.encode(body))
	case t.during("record-hang", age):
		s.hang(r)
	default:
		s.answerJSON(w, http.StatusOK, body)
	}
}
