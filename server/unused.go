package server

import (
	"net"
	"net/http"
	"sync"
	"time"
)

// unusedConns are connections on which no request was ever begun. Browsers,
// pools and proxies open them to spare; net/http would wait five seconds for
// each at a shutdown.
type unusedConns struct {
	mu    sync.Mutex
	conns map[net.Conn]struct{}
	none  chan struct{} // closed when there are none left; nil until somebody waits
}

// note is http.Server's ConnState.
func (u *unusedConns) note(conn net.Conn, state http.ConnState) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if state == http.StateNew {
		if u.conns == nil {
			u.conns = make(map[net.Conn]struct{})
		}
		u.conns[conn] = struct{}{}
		return
	}
	delete(u.conns, conn)
	if len(u.conns) == 0 && u.none != nil {
		close(u.none)
		u.none = nil
	}
}

// end gives requests that are just arriving a moment to begin, because
// net/http drops what it reads once it shuts down, and closes the rest.
func (u *unusedConns) end(moment time.Duration) {
	u.mu.Lock()
	none := make(chan struct{})
	if len(u.conns) == 0 {
		close(none)
	} else {
		u.none = none
	}
	u.mu.Unlock()
	select {
	case <-none:
	case <-time.After(moment):
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	for conn := range u.conns {
		_ = conn.Close() // nothing was said on it
	}
}
