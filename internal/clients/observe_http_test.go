package clients

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"time"

	"seedance-mcp/internal/porttest"
)

// httpServer is a `seedance-mcp http` that can be restarted: same address,
// same data folder.
type httpServer struct {
	binary string
	env    []string

	addr    string
	release func() // of the address, if it was chosen here
	process *exec.Cmd
	log     bytes.Buffer
}

// start returns when the server answers.
func (s *httpServer) start(ctx context.Context) error {
	if s.addr == "" {
		addr, release, err := porttest.Reserve()
		if err != nil {
			return err
		}
		s.addr, s.release = addr, release
	}
	s.process = exec.CommandContext(ctx, s.binary, "http", "--addr", s.addr)
	s.process.Env, s.process.Stderr = s.env, &s.log
	if err := s.process.Start(); err != nil {
		return err
	}
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.addr+"/healthz", nil)
		if err != nil {
			return err
		}
		if response, err := http.DefaultClient.Do(request); err == nil {
			response.Body.Close()
			return nil
		}
		select {
		case <-ctx.Done():
			s.stop(os.Kill) // then its log is complete
			return fmt.Errorf("the server does not answer: %w\n%s", ctx.Err(), s.log.String())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// stop ends it by a signal and waits.
func (s *httpServer) stop(with os.Signal) {
	_ = s.process.Process.Signal(with) // it may have ended already
	_ = s.process.Wait()               // killed by it, or not
}

// proxy stands between a client and the server over HTTP.
type proxy struct {
	url     string
	server  *httpServer
	strike  string
	journal journal
	ctx     context.Context
	front   *httptest.Server
	back    *http.Transport
	reverse *httputil.ReverseProxy
	// striking is the strike under way.
	striking sync.WaitGroup
}

func openProxy(ctx context.Context, server *httpServer, strike string, j journal) (*proxy, error) {
	if err := server.start(ctx); err != nil {
		return nil, err
	}
	p := &proxy{server: server, strike: strike, journal: j, ctx: ctx, back: &http.Transport{}}
	p.reverse = &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		// Without a trace of the proxy: behind one, a server without keys lets
		// nobody in.
		r.SetURL(&url.URL{Scheme: "http", Host: server.addr})
		r.Out.Host = r.In.Host
	}}
	p.reverse.FlushInterval = -1 // events pass at once
	p.reverse.Transport = p.back
	p.reverse.ErrorLog = log.New(io.Discard, "", 0)
	// A server that is not there is a broken connection, not a 502.
	p.reverse.ErrorHandler = func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }
	p.front = httptest.NewServer(p)
	p.url = p.front.URL + "/mcp"
	return p, nil
}

func (p *proxy) close() {
	p.striking.Wait()
	p.server.stop(os.Interrupt)
	p.server.release()
	p.front.CloseClientConnections()
	p.front.Close()
	p.back.CloseIdleConnections()
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	_, tool := p.journal.look(body)
	switch {
	case p.strike == strikeRestart && tool == "generate_video" && p.journal.first():
		p.restartAfter(w, r)
	case p.strike == strikeDeath && tool == "get_task_status" && p.journal.first():
		p.dieDuring(w, r)
	default:
		p.reverse.ServeHTTP(w, r)
	}
}

// restartAfter restarts the server when it has answered and before the client
// knows. The connection is closed, as it is when a server ends.
func (p *proxy) restartAfter(w http.ResponseWriter, r *http.Request) {
	answer := httptest.NewRecorder()
	p.reverse.ServeHTTP(answer, r)
	p.server.stop(os.Interrupt)
	if p.server.start(p.ctx) == nil {
		p.journal.note("struck", strikeRestart)
	}
	maps.Copy(w.Header(), answer.Header())
	w.Header().Set("Connection", "close")
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes()) // a client that is gone fails the test itself
}

// dieDuring kills the server while it works on the request, and starts it
// again. The client's connection breaks with the server's.
func (p *proxy) dieDuring(w http.ResponseWriter, r *http.Request) {
	var ended atomic.Bool
	defer ended.Store(true) // also when the connection breaks, which panics
	p.striking.Go(func() {
		time.Sleep(intoTheWait)
		if ended.Load() {
			return // the answer came first; the missing note fails the test
		}
		p.server.stop(os.Kill)
		if p.server.start(p.ctx) == nil {
			p.journal.note("struck", strikeDeath)
		}
	})
	p.reverse.ServeHTTP(w, r)
}
