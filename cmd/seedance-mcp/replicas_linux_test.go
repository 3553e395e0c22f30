package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"seedance-mcp/internal/video"
)

// TestReplicas is "nothing lost, nothing paid twice" for three replicas on one
// Postgres database, while agents order at any of them: one is killed, one is
// paused, one loses its database, the database restarts, and all are replaced
// one after the other. The upstream's books tell.
func TestReplicas(t *testing.T) {
	if testing.Short() {
		t.Skip("replicas: many processes; skipped by -short")
	}
	t.Parallel()
	c := newCluster(t, 3)
	way := newBreakable(t, c.postgres.Addr())
	c.replicas[1].database = strings.Replace(c.database, c.postgres.Addr(), way.listener.Addr().String(), 1)
	c.start(c.replicas...)
	var report strings.Builder

	c.oneTaskFor("the same wish", "")
	c.oneTaskFor("the same key", "one-key")
	c.wakeEverywhere(&report)

	ctx, end := context.WithCancel(t.Context())
	defer end()
	ordered := c.agents(ctx, 2)
	outage := func(name string, r *replica, happen func(begun func())) {
		c.busy(r)
		happen(func() {
			at := time.Now()
			longest, count := c.resumed(c.underWay(), at)
			fmt.Fprintf(&report, "%-38s %2d tasks under way, all asked about within %s\n", name, count, longest.Round(time.Millisecond))
			if count == 0 {
				t.Errorf("%s: nothing was under way", name)
			}
		})
		c.time.Go()
	}
	outage("a replica is killed", c.replicas[0], func(begun func()) {
		c.end(c.replicas[0], syscall.SIGKILL)
		begun()
		c.start(c.replicas[0])
	})
	outage("a replica stands still", c.replicas[2], func(begun func()) {
		c.freeze(c.replicas[2], func() {
			begun()
			time.Sleep(4 * time.Second) // longer than the hold of a POST, and than the database bears an idle transaction
		})
		c.waitReady(c.replicas[2])
	})
	outage("a replica loses the database", c.replicas[1], func(begun func()) {
		way.cut(func() {
			begun()
			time.Sleep(4 * time.Second)
		})
		c.waitReady(c.replicas[1])
	})
	outage("the database restarts", c.replicas[0], func(begun func()) {
		if err := c.postgres.Halt(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if err := c.postgres.Launch(); err != nil {
			t.Fatal(err)
		}
		begun()
		for _, r := range c.replicas {
			c.waitReady(r)
		}
	})
	for _, r := range c.replicas {
		if err := c.end(r, syscall.SIGTERM); err != nil {
			t.Errorf("a replica's end: %v", err)
		}
		c.start(r)
	}
	end()
	wishes, repeats := ordered()
	for _, r := range c.replicas {
		if err := c.end(r, syscall.SIGTERM); err != nil {
			t.Errorf("a replica's end: %v", err)
		}
	}
	unknown := 0
	for _, task := range c.tasks() {
		if task.State == video.Unconfirmed {
			unknown++
		}
	}
	sum := c.audit()
	t.Logf("\n%s%d wishes of agents, %d repeated, %d left for a person to settle\n"+
		"%d createTask received, %d accepted, %d sent a second time, %d paid tasks lost, %d without an end or an owner\n"+
		"ledger %s, upstream's books %s, difference %s credits",
		report.String(), wishes, repeats, unknown, sum.Creates, sum.Accepted, sum.SecondPosts, sum.Lost, sum.Ownerless, sum.Ledger, sum.Books, sum.Difference)
	if sum.Accepted < wishes/2 {
		t.Errorf("of %d wishes only %d were accepted", wishes, sum.Accepted)
	}
}

// oneTaskFor makes a wish at every replica at the same instant.
func (c *cluster) oneTaskFor(prompt, key string) {
	c.t.Helper()
	ids := make([]string, 3*len(c.replicas))
	var all sync.WaitGroup
	for i := range ids {
		all.Go(func() {
			answer, err := c.order(c.t.Context(), c.replicas[i%len(c.replicas)], prompt, key)
			if err != nil {
				c.t.Errorf("%s: %v", prompt, err)
			}
			ids[i] = answer.ID
		})
	}
	all.Wait()
	for _, id := range ids {
		if id != ids[0] || id == "" {
			c.t.Fatalf("%s: not one task: %q", prompt, ids)
		}
	}
}

// wakeEverywhere waits for one task at every replica.
func (c *cluster) wakeEverywhere(report *strings.Builder) {
	c.t.Helper()
	task, err := c.order(c.t.Context(), c.replicas[0], "[sandbox:slow] awaited", "")
	if err != nil {
		c.t.Fatal(err)
	}
	const patience = 45
	woken := make([]time.Time, 3*len(c.replicas))
	begun := time.Now()
	var all sync.WaitGroup
	for i := range woken {
		all.Go(func() {
			answer, err := c.call(c.t.Context(), c.replicas[i%len(c.replicas)], "get_task_status", map[string]any{"task_id": task.ID, "wait_seconds": patience})
			woken[i] = time.Now()
			if err != nil || answer.Status != video.Success {
				c.t.Errorf("a waiter got %+v, %v", answer, err)
			}
		})
	}
	all.Wait()
	first, last := woken[0], woken[0]
	for _, at := range woken {
		if at.Before(first) {
			first = at
		}
		if at.After(last) {
			last = at
		}
	}
	if last.Sub(begun) >= patience*time.Second {
		c.t.Errorf("a waiter slept until its time was over")
	}
	fmt.Fprintf(report, "%d waiters at %d replicas woken within %s of each other\n", len(woken), len(c.replicas), last.Sub(first).Round(time.Millisecond))
}

// busy gives a replica work, waits until it is under way, and stops the
// upstream's clock: it lasts until that goes again, however slow the outage is.
func (c *cluster) busy(r *replica) {
	c.t.Helper()
	for deadline := time.Now().Add(hung); ; {
		prompt := fmt.Sprintf("[sandbox:slow] %s %d", r.addr, time.Now().UnixNano())
		_, err := c.order(c.t.Context(), r, prompt, prompt)
		c.time.Stop()
		if err == nil && len(c.underWay()) > 0 {
			return
		}
		c.time.Go()
		if time.Now().After(deadline) {
			c.t.Fatalf("nothing is ever under way: %v", err)
		}
	}
}

// underWay are tasks that the upstream has and has not done.
func (c *cluster) underWay() []video.Task {
	done := map[string]bool{}
	for _, entry := range c.box.Books().Entries {
		done[entry.TaskID] = entry.Outcome != string(video.Waiting) && entry.Outcome != string(video.Generating)
	}
	var found []video.Task
	for _, task := range c.tasks() {
		if task.UpstreamID != "" && !task.State.Settled() && !done[task.UpstreamID] {
			found = append(found, task)
		}
	}
	return found
}

// TestReplicasShareBudgets: wishes at two replicas at the same instants never
// overshoot a budget together, and fill it.
func TestReplicasShareBudgets(t *testing.T) {
	t.Parallel()
	const budget, wishes = 1500, 24
	c := newCluster(t, 2, fmt.Sprintf("SEEDANCE_MAX_CREDITS_PER_DAY=%d", budget))
	c.start(c.replicas...)
	var all sync.WaitGroup
	for n := range wishes {
		all.Go(func() {
			_, err := c.order(t.Context(), c.replicas[n%2], fmt.Sprint("wish ", n), "")
			if err != nil && !strings.Contains(err.Error(), "budget") {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, r := range c.replicas {
		if err := c.end(r, syscall.SIGTERM); err != nil {
			t.Error(err)
		}
	}
	tasks := c.settle()
	if len(tasks) == 0 || tasks[0].Quote.Credits == nil {
		t.Fatalf("no wish was priced: %+v", tasks)
	}
	price := *tasks[0].Quote.Credits
	whole, err := video.ParseCredits(fmt.Sprint(budget))
	if err != nil {
		t.Fatal(err)
	}
	fits := int(whole / price)
	books := c.box.Books()
	if len(tasks) != fits || books.Accepted != fits || fits >= wishes || books.Net != price*video.Credits(fits) {
		t.Errorf("%d tasks at %s, %d accepted, %s charged; %d fit into %d credits", len(tasks), price, books.Accepted, books.Net, fits, budget)
	}
}

// TestReplicaTellsOfALostDatabase: not ready, no payment, and neither user nor
// password in what it says.
func TestReplicaTellsOfALostDatabase(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1)
	const secret = "not-a-real-secret"
	address, err := url.Parse(c.database)
	if err != nil {
		t.Fatal(err)
	}
	address.User = url.UserPassword("seedance", secret)
	c.replicas[0].database = address.String()
	c.start(c.replicas...)
	if err := c.postgres.Halt(); err != nil {
		t.Fatal(err)
	}
	_, err = c.order(t.Context(), c.replicas[0], "lost", "")
	if err == nil || strings.Contains(err.Error(), secret) {
		t.Errorf("said: %v", err)
	}
	c.waitFor(c.replicas[0], http.StatusServiceUnavailable) // the good news of before is believed for a while
	if n := len(c.box.Books().Entries); n != 0 {
		t.Errorf("%d createTask without a stored intent", n)
	}
	if err := c.postgres.Launch(); err != nil {
		t.Fatal(err)
	}
	c.waitReady(c.replicas[0])
	if _, err := c.order(t.Context(), c.replicas[0], "found again", ""); err != nil {
		t.Error(err)
	}
}
