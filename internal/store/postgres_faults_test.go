package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"seedance-mcp/internal/postgrestest"
	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

func TestPostgresRefusals(t *testing.T) {
	server := postgresServer(t)
	guarded := func(password string) string {
		return "postgres://guarded:" + password + "@" + server.Addr() + "/" + server.Database(t, "") + "?sslmode=disable"
	}
	newer := server.Database(t, migrated)
	execIn(t, server, newer, "UPDATE seedance_schema SET version = version + 1")
	foreign := server.Database(t, "")
	execIn(t, server, foreign, "CREATE TABLE tasks (id INTEGER)")
	for name, c := range map[string]struct {
		url   string
		code  video.Code
		words string
	}{
		"no address":      {"mysql://user:secret-word@host/db", video.Invalid, "no address"},
		"wrong password":  {guarded("secret-word"), video.Unavailable, "refuses the role or the password"},
		"unreachable":     {"postgres://seedance:secret-word@127.0.0.1:1/db?sslmode=disable", video.Unavailable, "does not answer"},
		"no database":     {server.URL("missing"), video.Unavailable, "no such database"},
		"newer schema":    {server.URL(newer), video.Unavailable, "newer version"},
		"another program": {server.URL(foreign), video.Internal, "another program"},
		"no rights":       {guarded(postgrestest.Password), video.Unavailable, "lacks a right"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := store.OpenPostgres(t.Context(), c.url)
			if err == nil {
				_ = s.Close()
			}
			failure := wantError(t, err, c.code)
			if said := fmt.Sprintf("%s %s %v", failure.Message, failure.Suggestion, failure.Err); !strings.Contains(said, c.words) || strings.Contains(said, "secret-word") {
				t.Errorf("said %q, want %q and no password", said, c.words)
			}
		})
	}
}

func execIn(t *testing.T, server *postgrestest.Server, database, statement string) {
	t.Helper()
	if err := server.ExecIn(database, statement); err != nil {
		t.Fatal(err)
	}
}

func TestPostgresReadOnly(t *testing.T) {
	server := postgresServer(t)
	database := server.Database(t, migrated)
	server.Exec(t, "ALTER DATABASE "+database+" SET default_transaction_read_only = on")
	s := openURL(t, server.URL(database))
	_, err := s.Submit(t.Context(), store.Intent{Task: wish("ann", "a fox", 1)})
	if failure := wantError(t, err, video.Unavailable); !strings.Contains(failure.Message, "read-only") {
		t.Errorf("said %q", failure.Message)
	}
	if total := count(t, s); total != 0 {
		t.Errorf("%d tasks", total)
	}
}

// Replicas that start at once on an empty database make one schema.
func TestPostgresMigratesOnce(t *testing.T) {
	server := postgresServer(t)
	url := server.URL(server.Database(t, ""))
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			s, err := store.OpenPostgres(context.Background(), url)
			if err != nil {
				t.Error(err)
				return
			}
			if version, err := s.SchemaVersion(context.Background()); err != nil || version < 1 {
				t.Errorf("schema %d, %v", version, err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

// Two replicas that get the same wishes at the same instants, and share a
// budget, store each wish once and never overshoot.
func TestPostgresReplicasShareBudgetAndWishes(t *testing.T) {
	a, b := twice(t, openPostgres)
	const wishes, price, budget = 40, 70, 1000
	limits := []store.Limit{{Name: "everybody's", Since: noon.Add(-time.Hour), Max: video.WholeCredits(budget)}}
	var mu sync.Mutex
	answers := map[string]string{}
	var all sync.WaitGroup
	for i := range wishes {
		for _, replica := range []*store.Store{a, b, a, b} {
			all.Go(func() {
				prompt := fmt.Sprint("fox ", i)
				out, err := replica.Submit(context.Background(), store.Intent{
					Task: wish(fmt.Sprint("principal ", i%3), prompt, price), DedupeSince: noon.Add(-time.Minute), Limits: limits,
					Admit: func(store.Slots, *video.Task) {},
				})
				if err != nil {
					if video.CodeOf(err) != video.BudgetExceeded {
						t.Error(err)
					}
					return
				}
				mu.Lock()
				defer mu.Unlock()
				if known, ok := answers[prompt]; ok && known != out.Task.ID {
					t.Errorf("%q is %s and %s", prompt, known, out.Task.ID)
				}
				answers[prompt] = out.Task.ID
			})
		}
	}
	all.Wait()
	_, reserved, err := a.Spent(t.Context(), "", noon.Add(-time.Hour), false)
	if err != nil || reserved != video.WholeCredits(budget/price*price) || count(t, b) != budget/price || len(answers) != budget/price {
		t.Errorf("reserved %s, %v, %d tasks, %d answers", reserved, err, count(t, b), len(answers))
	}
}

// Connections that break under writes cost no write and repeat none.
func TestPostgresCutConnections(t *testing.T) {
	server := postgresServer(t)
	database := server.Database(t, migrated)
	s := openURL(t, server.URL(database))
	counter := add(t, s, wish("ann", "counter", 0))
	// The cuts keep step with the writes: by the clock they would be too many on a
	// slow machine, where no write has time enough between two.
	cut := make(chan struct{})
	var cutting sync.WaitGroup
	cutting.Go(func() {
		for range cut {
			server.Exec(t, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '"+database+"' ORDER BY random() LIMIT 1")
		}
	})
	const rounds = 150
	counted, cuts := 0, 0
	for i := range rounds {
		select {
		case cut <- struct{}{}:
			cuts++
		default: // the last one is still at it
		}
		task := wish("ben", fmt.Sprint("wish ", i), 1)
		if out, err := s.Submit(t.Context(), store.Intent{Task: task, DedupeSince: noon.Add(-time.Minute)}); err != nil {
			wantError(t, err, video.Unavailable)
		} else if out.Existing {
			t.Errorf("wish %d, given once, was there already", i)
		}
		_, err := s.Change(t.Context(), counter.ID, func(task *video.Task) error {
			task.EmptySuccesses++
			return nil
		})
		if err == nil {
			counted++
		} else {
			wantError(t, err, video.Unavailable)
		}
	}
	close(cut)
	cutting.Wait()
	t.Logf("%d cuts, counted %d of %d", cuts, counted, rounds)
	after, err := s.Get(t.Context(), counter.ID)
	for ; err != nil && video.CodeOf(err) == video.Unavailable; after, err = s.Get(t.Context(), counter.ID) {
	}
	if err != nil || after.EmptySuccesses != counted || counted < rounds*3/4 { // some are cut again at each new try
		t.Errorf("counted %d of %d, stored %d, %v", counted, rounds, after.EmptySuccesses, err)
	}
	watched := s.Watch(t.Context())
	wantSignal(t, watched, "the first look")
}

// What the process's clock says does not matter: the server's does.
func TestPostgresClockIsTheServers(t *testing.T) {
	began := time.Now()
	s := openPostgres(t)
	if ahead := time.Until(s.Now()).Abs(); ahead > time.Since(began)+time.Second { // it was asked meanwhile
		t.Errorf("on the same machine the clocks differ by %v", ahead)
	}
	store.ShiftServerClock(s, 5*time.Hour)
	if ahead := time.Until(s.Now()); ahead < 4*time.Hour {
		t.Errorf("the server is 5 h ahead, the store %v", ahead)
	}
	task := add(t, s, wish("ann", "a fox", 1))
	if time.Until(task.UpdatedAt) < 4*time.Hour {
		t.Errorf("stamped %v", task.UpdatedAt)
	}
}

func TestPostgresCallerGivesUp(t *testing.T) {
	s := openPostgres(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Submit(ctx, store.Intent{Task: wish("ann", "a fox", 1)}); !errors.Is(err, context.Canceled) {
		t.Errorf("submit: %v", err)
	}
	if total := count(t, s); total != 0 {
		t.Errorf("%d tasks", total)
	}
}
