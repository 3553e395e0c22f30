package sandbox

import (
	"net/http"
	"slices"
	"time"

	"seedance-mcp/internal/video"
)

// Books is what the sandbox was asked and what it charged, so that a test can
// compare them with a client's own ledger.
type Books struct {
	// Entries are all createTask requests received, oldest first.
	Entries  []Entry `json:"entries"`
	Accepted int     `json:"accepted"`
	Refused  int     `json:"refused"`
	// Charged is the sum over accepted tasks, Refunded what came back of it,
	// Net the difference.
	Charged  video.Credits `json:"charged"`
	Refunded video.Credits `json:"refunded"`
	Net      video.Credits `json:"net"`
}

// Entry is one createTask request.
type Entry struct {
	Time time.Time `json:"time"`
	// Key names the key that came with it; "" for none or an unknown one.
	Key    string `json:"key"`
	Prompt string `json:"prompt"`
	Model  string `json:"model"`
	// Accepted says that a task was made and charged, whatever was answered.
	Accepted bool `json:"accepted"`
	// Status is the HTTP status answered, 0 when the answer was lost; Message
	// that of a refusal.
	Status  int    `json:"status"`
	Message string `json:"message,omitempty"`
	TaskID  string `json:"task_id,omitempty"`
	// Outcome is where the task stands: waiting, generating, success or fail;
	// "refused" where there is none.
	Outcome  string        `json:"outcome"`
	Charged  video.Credits `json:"charged"`
	Refunded video.Credits `json:"refunded"`
}

// Books reports as of now, including what other processes on the same folder
// received. A folder that cannot be read gives what this process knows.
func (s *Server) Books() Books {
	receipts, err := s.shelf.all()
	if err != nil {
		s.logger.Error("sandbox: the books are incomplete", "error", err)
	}
	slices.SortStableFunc(receipts, func(a, b *receipt) int { return a.Time.Compare(b.Time) })
	now := s.clock()
	books := Books{Entries: make([]Entry, 0, len(receipts))}
	for _, r := range receipts {
		e := Entry{
			Time: r.Time, Key: r.Account, Prompt: r.Prompt, Model: r.Model,
			Status: r.Status, Message: r.Message, Outcome: "refused",
		}
		if t := r.Task; t != nil {
			e.Accepted, e.TaskID, e.Model, e.Outcome = true, t.ID, t.Model, string(t.state(now))
			e.Charged, e.Refunded = t.charged(now), t.refunded(now)
			books.Accepted++
		} else {
			books.Refused++
		}
		books.Charged += e.Charged
		books.Refunded += e.Refunded
		books.Entries = append(books.Entries, e)
	}
	books.Net = books.Charged - books.Refunded
	return books
}

// readBooks answers GET /sandbox/books to the main key.
func (s *Server) readBooks(w http.ResponseWriter, r *http.Request) {
	holder, no := s.authenticate(r)
	if no == nil && !holder.Books {
		no = refuse(http.StatusForbidden, "Access denied")
	}
	if no != nil {
		s.answerRefusal(w, no)
		return
	}
	s.answerJSON(w, http.StatusOK, s.Books())
}
