package server_test

import (
	"context"
	"net"
	"net/http"
	"sync"
	"testing"
)

// pipeListener is a listener for a server in a bubble of fake time, where a socket
// would be a way out of it: what takes seconds takes none, and a pause of the
// machine is none.
type pipeListener struct {
	waiting chan net.Conn
	closed  chan struct{}
	once    sync.Once
}

func newPipeListener() *pipeListener {
	return &pipeListener{waiting: make(chan net.Conn), closed: make(chan struct{})}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.waiting:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }

// dial is a new connection, which the server has accepted.
func (l *pipeListener) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case l.waiting <- far:
		return near, nil
	case <-l.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// listenInBubble serves f by ServeHTTP over pipes; stop begins the shutdown,
// ended has its result.
func (f *fixture) listenInBubble(t *testing.T) (l *pipeListener, transport *http.Transport, stop context.CancelFunc, ended <-chan error) {
	t.Helper()
	l = newPipeListener()
	transport = &http.Transport{DialContext: l.dial}
	ctx, stop := context.WithCancel(context.Background())
	result := make(chan error, 1)
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		result <- f.ServeHTTP(ctx, l)
	}()
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		stop()
		<-gone
	})
	return l, transport, stop, result
}
