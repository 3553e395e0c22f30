package main

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // registers "pgx"

	"seedance-mcp/internal/porttest"
	"seedance-mcp/internal/postgrestest"
	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

const (
	// loadAnswers is how long the stand-in of the upstream takes for one look.
	loadAnswers = 50 * time.Millisecond
	// loadWarmUp is until every task was looked at, so that the pace is steady;
	// loadWindow is what counts.
	loadWarmUp = 8 * time.Second
	loadWindow = 10 * time.Second
)

// Lateness is noted by the database itself, for a tenth of the tasks: when a
// claim was made, less when it was due.
const noteLateness = `CREATE UNLOGGED TABLE late (ms BIGINT);
	CREATE FUNCTION note_late() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN INSERT INTO late VALUES (NEW.booked_at - OLD.due_at); RETURN NULL; END $$;
	CREATE TRIGGER late AFTER UPDATE OF polls ON tasks FOR EACH ROW
	WHEN (NEW.polls > OLD.polls AND hashtext(NEW.id) % 10 = 0) EXECUTE FUNCTION note_late()`

// BenchmarkReplicas has tasks in flight on two replicas with one Postgres
// database, the upstream's stand-in on the same machine. What counts is how
// late looks are, and what a replica costs.
func BenchmarkReplicas(b *testing.B) {
	for _, inFlight := range []int{1_000, 10_000} {
		b.Run(fmt.Sprint(inFlight, " in flight"), func(b *testing.B) {
			postgrestest.Need(b)
			for b.Loop() { // longer than any benchtime: once
				b.StopTimer()
				measureLoad(b, inFlight)
				b.StartTimer()
				time.Sleep(time.Second) // the benchmark's own clock must see that it ran
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

func measureLoad(b *testing.B, inFlight int) {
	b.Helper()
	server, err := postgrestest.Start()
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := server.Stop(); err != nil {
			b.Error(err)
		}
	}()
	server.Exec(b, "CREATE DATABASE load")
	standIn := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(loadAnswers)
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"taskId":%q,"model":"seedance20-video-generation","status":"generating"}`, r.URL.Query().Get("taskId"))
	}))
	defer standIn.Close()
	const key = "sk-test-not-a-real-key"
	apiURL := standIn.URL + "/api/v1"
	seedLoad(b, server.URL("load"), fingerprint(apiURL, string(video.Workflow), key), inFlight)
	if err := server.ExecIn("load", noteLateness); err != nil {
		b.Fatal(err)
	}
	var replicas [2]*exec.Cmd
	for i := range replicas {
		replicas[i] = child(b, []string{
			"SEEDANCE_DATABASE_URL=" + server.URL("load"), "SEEDANCE_API_KEY=" + key, "SEEDANCE_API_URL=" + apiURL,
			"SEEDANCE_LOG_LEVEL=error", "SEEDANCE_DATA_DIR=" + b.TempDir(),
		}, "http", "--addr", porttest.Addr(b))
		replicas[i].Stderr = os.Stderr
		if err := replicas[i].Start(); err != nil {
			b.Fatal(err)
		}
		defer func() {
			replicas[i].Process.Kill()
			replicas[i].Wait()
		}()
	}
	time.Sleep(loadWarmUp)
	db, err := sql.Open("pgx", server.URL("load"))
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	read := func(query string, into ...any) {
		if err := db.QueryRow(query).Scan(into...); err != nil {
			b.Fatalf("%s: %v", query, err)
		}
	}
	var before, after, neverLooked int64
	read("WITH emptied AS (DELETE FROM late) SELECT SUM(polls) FROM tasks", &before)
	busy := [2]time.Duration{processTime(b, replicas[0]), processTime(b, replicas[1])}
	time.Sleep(loadWindow)
	var most, used float64
	for i, replica := range replicas {
		used = max(used, (processTime(b, replica)-busy[i]).Seconds()/loadWindow.Seconds())
		most = max(most, residentMiB(b, replica))
	}
	read("SELECT SUM(polls), COUNT(*) FILTER (WHERE polls = 0) FROM tasks", &after, &neverLooked)
	var median, p99 float64
	read("SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY ms), percentile_cont(0.99) WITHIN GROUP (ORDER BY ms) FROM late", &median, &p99)
	if neverLooked > 0 {
		b.Errorf("%d of %d tasks were never looked at", neverLooked, inFlight)
	}
	b.ReportMetric(median, "p50-late-ms")
	b.ReportMetric(p99, "p99-late-ms")
	b.ReportMetric(float64(after-before)/loadWindow.Seconds(), "looks/s")
	b.ReportMetric(most, "MiB-RSS")
	b.ReportMetric(used, "cores-each")
}

// seedLoad stores tasks that are under way, due one after the other.
func seedLoad(b *testing.B, url, account string, inFlight int) {
	b.Helper()
	tasks, err := store.OpenPostgres(context.Background(), url)
	if err != nil {
		b.Fatal(err)
	}
	defer tasks.Close()
	const writers, spread = 8, 5 * time.Second
	now := tasks.Now()
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for n := w; n < inFlight; n += writers {
				_, _, err := tasks.Insert(context.Background(), video.Task{
					Principal: localPrincipal, Upstream: account, UpstreamID: fmt.Sprint("task_", n), State: video.Generating,
					Request:   video.Request{Model: "seedance-20", Prompt: strings.Repeat("a fox in the snow ", 10), AspectRatio: "16:9", Resolution: "720p", Duration: 5},
					CreatedAt: now, SubmittedAt: now, Interval: spread, DueAt: now.Add(spread * time.Duration(n) / time.Duration(inFlight)),
				})
				if err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
}

// processTime is the processor time that a process has used.
func processTime(b *testing.B, cmd *exec.Cmd) time.Duration {
	b.Helper()
	const tick, userField, systemField = 10 * time.Millisecond, 11, 12 // after the name, which may hold anything
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", cmd.Process.Pid))
	if err != nil {
		b.Fatal(err)
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	var user, system int64
	if _, err := fmt.Sscan(fields[userField]+" "+fields[systemField], &user, &system); err != nil {
		b.Fatal(err)
	}
	return time.Duration(user+system) * tick
}

func residentMiB(b *testing.B, cmd *exec.Cmd) float64 {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	var kib float64
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		b.Fatal(err)
	}
	return kib / 1024
}
