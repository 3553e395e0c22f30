package sandbox

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"time"
)

// webhookTimeout bounds one try.
const webhookTimeout = 10 * time.Second

// onlyThere is a copy of the client (nil: the default one) that sends to the
// given address only: no redirects.
func onlyThere(client *http.Client) *http.Client {
	if client == nil {
		client = http.DefaultClient
	}
	staying := *client
	staying.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &staying
}

// notify sees to it that a task's webhook is sent when the task ends: now,
// before createTask answers, for a task that is finished at once.
func (s *Server) notify(ctx context.Context, t *task) {
	if t.CallBackURL == "" || t.words.any("webhook-lost", "stuck") {
		return
	}
	if t.words.has("webhook-early") {
		s.deliver(ctx, t)
		return
	}
	s.running.Go(func() {
		if s.pause(s.life, t.doneAt().Sub(s.clock())) {
			s.deliver(s.life, t)
		}
	})
}

// deliver posts the webhook, once or twice. Only the workflow generation tries
// again: after 1, 5 and 15 s, as documented.
func (s *Server) deliver(ctx context.Context, t *task) {
	shape := s.webhooks
	for _, g := range Generations() {
		if t.words.has("webhook-" + string(g)) {
			shape = g
		}
	}
	body := s.encode(s.webhook(t, shape, maxTime(s.clock(), t.doneAt())))
	if t.words.has("webhook-garbage") {
		body = []byte("<html>{\"taskId\":")
	}
	var pauses []time.Duration
	if shape == GenerationWorkflow {
		pauses = []time.Duration{time.Second, 5 * time.Second, 15 * time.Second}
	}
	s.deliverOnce(ctx, t, body, pauses)
	if t.words.has("webhook-twice") {
		s.deliverOnce(ctx, t, body, pauses)
	}
}

// maxTime is the later of two times: a timer may fire a moment before the
// clock that states are read from.
func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// deliverOnce posts until a 2xx comes, with the given pauses between tries.
func (s *Server) deliverOnce(ctx context.Context, t *task, body []byte, pauses []time.Duration) {
	for try := 0; ; try++ {
		status, err := s.post(ctx, t.CallBackURL, body)
		if err == nil && status/100 == 2 {
			return
		}
		s.logger.Debug("sandbox: webhook not taken", "task", t.ID, "status", status, "error", err)
		if try == len(pauses) || !s.pause(ctx, scale(pauses[try], s.speed)) {
			return
		}
	}
}

// post sends one webhook; status is 0 when there was no answer.
func (s *Server) post(ctx context.Context, address string, body []byte) (status int, err error) {
	ctx, cancel := context.WithTimeout(ctx, webhookTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := s.client.Do(request)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, io.LimitReader(answer.Body, maxBody))
	_ = answer.Body.Close()
	return answer.StatusCode, err
}
