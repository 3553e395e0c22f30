package server

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"

	"seedance-mcp/internal/video"
)

// asks are the server's own requests to clients (elicitation) that wait for an
// answer. Over HTTP the answer comes in a request of its own, without a
// session to tell whose it is: so the ids cannot be guessed, and only the
// principal that was asked may answer.
type asks struct {
	mu      sync.Mutex
	pending map[string]ask
}

type ask struct {
	principal string
	answer    chan incoming
}

func newAsks() *asks { return &asks{pending: map[string]ask{}} }

// request sends method to the client through send and waits for its result.
func (a *asks) request(ctx context.Context, principal string, send func(mcp.JSONRPCRequest) error, method mcp.MCPMethod, params any) (json.RawMessage, error) {
	id := rand.Text()
	answer := make(chan incoming, 1)
	a.mu.Lock()
	a.pending[id] = ask{principal: principal, answer: answer}
	a.mu.Unlock()
	defer a.forget(id)

	err := send(mcp.JSONRPCRequest{
		JSONRPC: mcp.JSONRPC_VERSION,
		ID:      mcp.NewRequestId(id),
		Request: mcp.Request{Method: string(method)},
		Params:  params,
	})
	if err != nil {
		return nil, err
	}
	select {
	case m := <-answer:
		if m.Error != nil {
			return nil, fmt.Errorf("the client refused %s: %s", method, video.Clip(string(m.Error), 200))
		}
		return m.Result, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (a *asks) forget(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.pending, id)
}

// deliver gives a client's answer to whoever waits for it. Answers nobody
// waits for, and those of other principals, are ignored.
func (a *asks) deliver(principal string, m incoming) {
	var id string
	if json.Unmarshal(m.ID, &id) != nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	waiting, ok := a.pending[id]
	if !ok || waiting.principal != principal {
		return
	}
	delete(a.pending, id)
	waiting.answer <- m
}
