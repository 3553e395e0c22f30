package server

import (
	"crypto/rand"
	"net/http"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"
)

// askable begins the session id of a client whose user can be asked by a form.
//
// A client before 2026-07-28 says so once, at initialize, and over HTTP there
// is no session in which to remember it. What it repeats with every request is
// the session id it was given; so that id is the note itself. It refers to
// nothing here: any replica can read it, none can lose it, and it never ends.
// Who forges one will be asked. Clients that cannot be asked get no id.
//
// The rest of it is random, so that a load balancer that keeps ids together
// spreads clients, and sends an answer to the replica that asked. Behind one
// that does not, an answer may get lost; then the call goes on without it, as
// with a user who says nothing.
const askable = "elicitation."

// noteAskable gives a client that initialized its note.
func noteAskable(h http.Header, m incoming, from *session) {
	declared := from.GetClientCapabilities().Elicitation
	if m.Method == string(mcp.MethodInitialize) && declared != nil && (declared.Form != nil || declared.URL == nil) {
		h.Set(mcpserver.HeaderKeySessionID, askable+rand.Text())
	}
}

// readAskable tells p what the client's note says.
func readAskable(h http.Header, p *peer) {
	if strings.HasPrefix(h.Get(mcpserver.HeaderKeySessionID), askable) {
		p.SetClientCapabilities(mcp.ClientCapabilities{Elicitation: &mcp.ElicitationCapability{}})
	}
}
