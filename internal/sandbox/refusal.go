package sandbox

import (
	"net/http"

	"seedance-mcp/internal/video"
)

// refusal is an HTTP error of the jobs API.
type refusal struct {
	Status  int
	Message string
	// Problems are the kinovi dialect's errors[].
	Problems []problem
	// Required and Available belong to 402, Limit and Current to 429; nil
	// where the service leaves them out.
	Required, Available *video.Credits
	Limit, Current      *int
}

// problem is one entry of errors[]: what is wrong with the input at Path
// (names and indexes).
type problem struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Path    []any  `json:"path"`
}

func refuse(status int, message string) *refusal {
	return &refusal{Status: status, Message: message}
}

// malformed is the answer to a body that is none of createTask's.
func malformed() *refusal { return refuse(http.StatusBadRequest, "Invalid request parameters") }

// refusalBody is the JSON of a refusal. Code and Data are those of the
// enveloped generation.
type refusalBody struct {
	Code      int            `json:"code,omitempty"`
	Message   string         `json:"message"`
	Errors    []problem      `json:"errors,omitempty"`
	Required  *video.Credits `json:"required,omitempty"`
	Available *video.Credits `json:"available,omitempty"`
	Limit     *int           `json:"limit,omitempty"`
	Current   *int           `json:"current,omitempty"`
}

func (s *Server) answerRefusal(w http.ResponseWriter, no *refusal) {
	body := refusalBody{
		Message: no.Message, Errors: no.Problems,
		Required: no.Required, Available: no.Available,
		Limit: no.Limit, Current: no.Current,
	}
	if s.generation == GenerationZ {
		body.Code = no.Status
	}
	s.answerJSON(w, no.Status, body)
}
