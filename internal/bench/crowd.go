package main

import (
	"context"
	"fmt"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"seedance-mcp/internal/postgrestest"
)

const (
	orders      = 200  // paid calls at once
	waiters     = 1000 // calls that wait at once, each on a connection of its own
	crowdRounds = 3
	settling    = 4 * time.Second         // until all wait, and the looks have found their pace
	watching    = 5 * time.Second         // what waiting costs is measured that long
	stagger     = 1300 * time.Millisecond // later each round, so that no server's looks happen to meet the end
)

// team is a server for many: one process or more, asked by turns.
type team struct {
	name    string
	servers []server
	// close ends what stands behind them.
	close func() error
}

// crowdFigures are what a team came to.
type crowdFigures struct {
	paid, after   samples // ms
	created       int
	asked, failed int
	idle, busy    float64 // MiB, all processes
	cores         samples // while all wait, all processes
	looks         int
}

// crowdSection has many clients at once on HTTP servers: paid calls, and calls
// that wait for their end.
func crowdSection(ctx context.Context, p *place) error {
	api := startStandIn(0)
	defer api.close()
	teams := []func(*place, string) (team, error){oneWithSQLite, oneBare, twoWithPostgres}
	t := newTable(fmt.Sprintf("A crowd over HTTP: %d paid calls at once, then %d clients that wait for the %d videos (%d rounds)", orders, waiters, orders, crowdRounds),
		"server", "paid call p50", "p99", "paid : ordered", "waiting calls without a video", "end of the job → answer p50", "p99", "RSS idle", "RSS with all waiting", "cores then", "looks a video")
	for _, found := range teams {
		one, err := found(p, api.url()+"/api/v1")
		if err != nil {
			return err
		}
		f, err := measureCrowd(ctx, p, api, one)
		if closed := one.close(); err == nil {
			err = closed
		}
		if err != nil {
			return fmt.Errorf("%s: %w", one.name, err)
		}
		t.row(one.name, ms(f.paid.quantile(0.5)), ms(f.paid.quantile(0.99)), fmt.Sprintf("%d : %d", f.created, orders*crowdRounds),
			fmt.Sprintf("%d of %d", f.failed, f.asked), ms(f.after.quantile(0.5)), ms(f.after.quantile(0.99)),
			fmt.Sprintf("%.0f MiB", f.idle), fmt.Sprintf("%.0f MiB", f.busy), fmt.Sprintf("%.2f", f.cores.median()),
			fmt.Sprintf("%.0f", math.Round(float64(f.looks)/(orders*crowdRounds))))
	}
	t.print(p.out)
	return nil
}

func nothing() error { return nil }

func product(p *place, apiURL string, more ...string) server {
	return server{
		name: "seedance-mcp",
		http: func(addr string) []string { return []string{p.binary("seedance-mcp"), "http", "--addr", addr} },
		variables: func(string) []string {
			return append([]string{"SEEDANCE_API_KEY=sk-test-not-a-real-key", "SEEDANCE_API_URL=" + apiURL, "SEEDANCE_LOG_LEVEL=error"}, more...)
		},
	}
}

func oneWithSQLite(p *place, apiURL string) (team, error) {
	return team{"seedance-mcp, SQLite", []server{product(p, apiURL)}, nothing}, nil
}

func oneBare(p *place, apiURL string) (team, error) {
	return team{"bare mcp-go that polls", []server{{
		name: "bare mcp-go", http: func(addr string) []string { return []string{p.binary("barego"), addr, apiURL} },
	}}, nothing}, nil
}

func twoWithPostgres(p *place, apiURL string) (team, error) {
	if postgrestest.Binaries() == "" {
		return team{}, fmt.Errorf("PostgreSQL's initdb is missing (Debian: postgresql)")
	}
	database, err := postgrestest.Start()
	if err != nil {
		return team{}, err
	}
	if err := database.ExecIn("postgres", "CREATE DATABASE crowd"); err != nil {
		return team{}, err
	}
	replica := product(p, apiURL, "SEEDANCE_DATABASE_URL="+database.URL("crowd"))
	return team{"two replicas, PostgreSQL", []server{replica, replica}, database.Stop}, nil
}

func measureCrowd(ctx context.Context, p *place, api *standIn, one team) (crowdFigures, error) {
	var f crowdFigures
	var running []*web
	for _, s := range one.servers {
		home, err := p.fresh()
		if err != nil {
			return f, err
		}
		w, err := startHTTP(ctx, s, home)
		if err != nil {
			return f, err
		}
		defer w.stop()
		running = append(running, w)
		f.idle += memory(w.cmd.Process.Pid)
	}
	for round := range crowdRounds {
		api.reset(noFault)
		ids, err := orderAtOnce(ctx, running, round, &f)
		if err != nil {
			return f, err
		}
		waitAtOnce(ctx, api, running, ids, time.Duration(round)*stagger, &f)
		f.created += api.creates()
		f.looks += api.looks()
	}
	return f, nil
}

// orderAtOnce makes the paid calls, and gives the ids of the tasks.
func orderAtOnce(ctx context.Context, running []*web, round int, f *crowdFigures) ([]string, error) {
	ids := make([]string, orders)
	var mu sync.Mutex
	var failed error
	var all sync.WaitGroup
	for i := range ids {
		all.Go(func() {
			began := time.Now()
			text, err := running[i%len(running)].call(ctx, "generate_video", map[string]any{"prompt": fmt.Sprintf("round %d, fox number %d", round, i)})
			took := time.Since(began)
			mu.Lock()
			defer mu.Unlock()
			f.paid.add(milliseconds(took))
			if ids[i] = field(text, "task_id"); ids[i] == "" && err == nil {
				err = fmt.Errorf("no task id in %.200s", text)
			}
			if err != nil {
				failed = err
			}
		})
	}
	all.Wait()
	return ids, failed
}

// waitAtOnce has clients wait for tasks, at another process than ordered them
// where there are two, lets the jobs end, and notes when each client knew.
func waitAtOnce(ctx context.Context, api *standIn, running []*web, ids []string, later time.Duration, f *crowdFigures) {
	var mu sync.Mutex
	var ended atomic.Int64 // in nanoseconds since began
	began := time.Now()
	var all sync.WaitGroup
	for i := range waiters {
		all.Go(func() {
			text, err := running[(i+1)%len(running)].call(ctx, "get_task_status", map[string]any{"task_id": ids[i%len(ids)], "wait_seconds": 45})
			knew := time.Since(began) - time.Duration(ended.Load())
			mu.Lock()
			defer mu.Unlock()
			f.asked++
			if err != nil || !strings.Contains(text, ".mp4") || ended.Load() == 0 {
				f.failed++
				return
			}
			f.after.add(milliseconds(knew))
		})
	}
	time.Sleep(settling)
	used := func() (sum time.Duration) {
		for _, w := range running {
			sum += processTime(w.cmd.Process.Pid)
		}
		return sum
	}
	before := used()
	time.Sleep(watching)
	f.cores.add((used() - before).Seconds() / watching.Seconds())
	resident := 0.0
	for _, w := range running {
		resident += memory(w.cmd.Process.Pid)
	}
	f.busy = max(f.busy, resident)
	time.Sleep(later)
	ended.Store(int64(time.Since(began)))
	api.end()
	all.Wait()
}
