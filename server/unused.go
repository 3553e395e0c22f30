package server

import (
	"net"
	"net/http"
	"sync"
)

// unusedConns are connections on which no request was ever begun. Browsers,
// pools and proxies open them to spare; net/http would wait five seconds for
// each at a shutdown.
type unusedConns struct {
	mu    sync.Mutex
	conns map[net.Conn]struct{}
}

// note is http.Server's ConnState.
func (u *unusedConns) note(conn net.Conn, state http.ConnState) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if state != http.StateNew {
		delete(u.conns, conn)
		return
	}
	if u.conns == nil {
		u.conns = make(map[net.Conn]struct{})
	}
	u.conns[conn] = struct{}{}
}

// close closes those there are. A request that is just arriving on one of them
// is lost like one that came a moment later; nothing of it was handled.
func (u *unusedConns) close() {
	u.mu.Lock()
	defer u.mu.Unlock()
	for conn := range u.conns {
		_ = conn.Close() // nothing was said on it
	}
}
