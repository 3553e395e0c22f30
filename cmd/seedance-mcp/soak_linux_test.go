package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.uber.org/goleak"

	"seedance-mcp/internal/porttest"
	"seedance-mcp/internal/video"
)

// soakVariable is how long the soak lasts: `make soak` sets 10 minutes, the
// default only shows that it works.
const soakVariable = "SEEDANCE_SOAK"

const shortSoak = 12 * time.Second

// soak is two HTTP servers on one data folder under random orders, faults,
// webhooks, withdrawals and clients that give up; one server is killed again
// and again, the other must not grow.
type soak struct {
	*world
	rng      *rand.Rand
	rngGuard sync.Mutex
	addrs    [2]string
	calls    atomic.Int64
	gaveUp   atomic.Int64
	deaths   atomic.Int64
	withdrew atomic.Int64
	hooks    atomic.Int64
}

func TestSoak(t *testing.T) {
	if testing.Short() {
		t.Skip("soak: many processes; skipped by -short")
	}
	length := shortSoak
	if text := os.Getenv(soakVariable); text != "" {
		var err error
		if length, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
	}
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		if err := goleak.Find(before); err != nil {
			t.Error(err)
		}
	})
	seed := uint64(time.Now().UnixNano())
	s := &soak{world: newWorld(t, 20), rng: rand.New(rand.NewPCG(seed, 1)), addrs: [2]string{porttest.Addr(t), porttest.Addr(t)}}
	t.Logf("soak of %s, seed %d", length, seed)
	hooks := s.forwardWebhooks()
	defer hooks.Close()

	ctx, end := context.WithTimeout(context.Background(), length)
	defer end()
	steady := s.start(0, hooks.URL)
	var all sync.WaitGroup
	all.Go(func() { s.killAgainAndAgain(ctx, hooks.URL) })
	for range 3 {
		all.Go(func() { s.order(ctx) })
	}
	all.Go(func() { s.withdraw(ctx) })
	samples := s.watch(ctx, steady.Process.Pid, length)
	all.Wait()

	// The end of a server is orderly, and leaves no goroutine behind.
	if err := steady.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := steady.Wait(); err != nil {
		t.Errorf("the steady server's end: %v", err)
	}
	sum := s.audit()
	s.print(sum, samples)
	checkGrowth(t, samples, length)
	tasks := len(s.tasks())
	if size := s.fileSize("seedance.db"); size > int64(256<<10+tasks*32<<10) {
		t.Errorf("the store has %d bytes for %d tasks", size, tasks)
	}
}

// start starts the i-th server.
func (s *soak) start(i int, publicURL string) *exec.Cmd {
	server := s.process(context.Background(), "none:0", "http", "--addr", s.addrs[i], "--public-url", publicURL)
	server.Env = append(server.Env, goroutinesVariable+"="+s.goroutinesFile(i), leaksVariable+"=1")
	server.Stderr = os.Stderr
	if err := server.Start(); err != nil {
		s.t.Error(err)
	}
	waitHealthy(s.t.Context(), s.addrs[i])
	return server
}

func (s *soak) goroutinesFile(i int) string {
	return filepath.Join(s.home, fmt.Sprintf("goroutines-%d", i))
}

// forwardWebhooks is the address in front of both servers.
func (s *soak) forwardWebhooks() *httptest.Server {
	proxies := make([]*httputil.ReverseProxy, len(s.addrs))
	for i, addr := range s.addrs {
		proxies[i] = &httputil.ReverseProxy{
			Rewrite:      func(r *httputil.ProxyRequest) { r.SetURL(&url.URL{Scheme: "http", Host: addr}) },
			ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
		}
	}
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		proxies[s.hooks.Add(1)%2].ServeHTTP(w, r)
	}))
}

func (s *soak) random(n int) int {
	s.rngGuard.Lock()
	defer s.rngGuard.Unlock()
	return s.rng.IntN(n)
}

// pause waits up to so long; false: the soak is over.
func (s *soak) pause(ctx context.Context, most time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(time.Duration(s.random(int(most)))):
		return true
	}
}

func (s *soak) killAgainAndAgain(ctx context.Context, publicURL string) {
	for {
		server := s.start(1, publicURL)
		going := s.pause(ctx, 10*time.Second)
		server.Process.Kill()
		server.Wait()
		s.deaths.Add(1)
		if !going {
			return
		}
	}
}

// order orders videos like agents: from either server, sometimes twice at
// once, sometimes giving up before the answer and asking again.
func (s *soak) order(ctx context.Context) {
	faults := append(terminalFaults(), serverFaults()...)
	for s.pause(ctx, 3*time.Second) {
		n := s.calls.Add(1)
		prompt := fmt.Sprintf("soak %d", n)
		if fault := faults[s.random(len(faults))]; s.random(2) == 0 && !endless(fault) {
			prompt = fault + " " + prompt
		}
		var twice sync.WaitGroup
		for range 1 + s.random(2) {
			patience := hung
			if s.random(4) == 0 {
				patience = time.Duration(5+s.random(40)) * time.Millisecond
			}
			addr := s.addrs[s.random(2)]
			twice.Go(func() { s.call(ctx, addr, prompt, n, patience) })
		}
		twice.Wait()
		s.call(ctx, s.addrs[0], prompt, n, hung) // whatever happened, the agent asks once more
	}
}

// call makes one order; errors are a server's death or our own giving up.
func (s *soak) call(ctx context.Context, addr, prompt string, n int64, patience time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	client := mcp.NewClient(&mcp.Implementation{Name: "soak", Version: "1"}, nil)
	session, err := client.Connect(ctx, &mcp.StreamableClientTransport{
		Endpoint: "http://" + addr + "/mcp", MaxRetries: -1, HTTPClient: &http.Client{Transport: transport}, DisableStandaloneSSE: true,
	}, nil)
	if err == nil {
		_, err = session.CallTool(ctx, &mcp.CallToolParams{Name: "generate_video", Arguments: map[string]any{
			"prompt": prompt, "duration": 4, "idempotency_key": fmt.Sprintf("soak-%d", n),
		}})
		session.Close()
	}
	if err != nil {
		s.gaveUp.Add(1)
	}
}

// withdraw orders what the account refuses at first, and takes it back.
func (s *soak) withdraw(ctx context.Context) {
	for s.pause(ctx, 8*time.Second) {
		n := s.calls.Add(1)
		prompt := fmt.Sprintf("[sandbox:create-429=2] soak %d", n)
		s.call(ctx, s.addrs[0], prompt, n, hung)
		for _, task := range s.tasks() {
			if task.State != video.Queued || task.Request.Prompt != prompt {
				continue
			}
			if out, _ := s.run("none:0", "tasks", "cancel", task.ID, "--json"); strings.Contains(out, string(video.FailWithdrawn)) {
				s.withdrew.Add(1)
			}
		}
	}
}

// sample is what a server holds at one time.
type sample struct {
	at                   time.Duration
	rss                  int64 // KiB
	goroutines, files    int
	database, log, tasks int64
}

// watch samples the steady server until ctx ends.
func (s *soak) watch(ctx context.Context, pid int, length time.Duration) []sample {
	var samples []sample
	start := time.Now()
	ticker := time.NewTicker(length / 21)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return samples
		case <-ticker.C:
		}
		one := sample{at: time.Since(start), database: s.fileSize("seedance.db"), log: s.fileSize("seedance.db-wal"), tasks: int64(len(s.tasks()))}
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			s.t.Errorf("the steady server is gone: %v", err)
			return samples
		}
		_, rest, _ := strings.Cut(string(status), "VmRSS:")
		fmt.Sscan(rest, &one.rss)
		files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
		if err != nil {
			s.t.Error(err)
		}
		one.files = len(files)
		count, err := os.ReadFile(s.goroutinesFile(0))
		if err == nil {
			fmt.Sscan(string(count), &one.goroutines)
		}
		samples = append(samples, one)
	}
}

func (s *soak) fileSize(name string) int64 {
	info, err := os.Stat(filepath.Join(s.dataDir, name))
	if err != nil {
		return 0
	}
	return info.Size()
}

func (s *soak) print(sum tally, samples []sample) {
	var out strings.Builder
	fmt.Fprintf(&out, "\n%d orders, %d calls given up or cut off, %d kills, %d withdrawn, %d webhooks\n",
		s.calls.Load(), s.gaveUp.Load(), s.deaths.Load(), s.withdrew.Load(), s.hooks.Load())
	fmt.Fprintf(&out, "%d createTask received, %d accepted, %d sent a second time, %d paid tasks lost, %d without an end or an owner, %d whole videos\n",
		sum.Creates, sum.Accepted, sum.SecondPosts, sum.Lost, sum.Ownerless, sum.Files)
	fmt.Fprintf(&out, "ledger %s, upstream's books %s, difference %s credits\n", sum.Ledger, sum.Books, sum.Difference)
	fmt.Fprintf(&out, "%8s %9s %11s %6s %7s %12s %10s\n", "at", "RSS MiB", "goroutines", "files", "tasks", "database KiB", "log KiB")
	for _, one := range samples {
		fmt.Fprintf(&out, "%8s %9.1f %11d %6d %7d %12d %10d\n", one.at.Round(time.Second), float64(one.rss)/1024, one.goroutines, one.files,
			one.tasks, one.database/1024, one.log/1024)
	}
	s.t.Log(out.String())
	if path := os.Getenv(reportVariable); path != "" && os.Getenv(soakVariable) != "" {
		if err := os.WriteFile(path, []byte(out.String()), 0o644); err != nil {
			s.t.Error(err)
		}
	}
}

// checkGrowth compares the last third of a long soak with the one before; in
// a short one only what is beyond all measure shows.
func checkGrowth(t *testing.T, samples []sample, length time.Duration) {
	t.Helper()
	most := func(list []sample) (m sample) {
		for _, one := range list {
			m.rss, m.goroutines = max(m.rss, one.rss), max(m.goroutines, one.goroutines)
			m.files, m.log = max(m.files, one.files), max(m.log, one.log)
		}
		return m
	}
	all := most(samples)
	if all.rss == 0 || all.goroutines == 0 || all.files == 0 {
		t.Fatalf("nothing was measured: %+v", all)
	}
	if all.goroutines > 500 || all.files > 250 || all.log > 64<<20 {
		t.Errorf("beyond all measure: %+v", all)
	}
	if length < 2*time.Minute {
		return
	}
	third := len(samples) / 3
	middle, late := most(samples[third:2*third]), most(samples[2*third:])
	if late.rss > middle.rss*3/2+16<<10 || late.goroutines > middle.goroutines*3/2+20 || late.files > middle.files*3/2+10 || late.log > 2*middle.log+8<<20 {
		t.Errorf("it grows: %+v at most in the middle third, %+v in the last", middle, late)
	}
}
