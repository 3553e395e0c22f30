package main

import (
	"context"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"seedance-mcp/internal/video"
)

// TestFailover kills the database server under three replicas while agents
// order, and promotes the one that followed it: the replicas find it by the
// list of hosts in their URL. What was committed is on both, so nothing is lost
// and nothing is paid twice; the upstream's books tell.
func TestFailover(t *testing.T) {
	if testing.Short() {
		t.Skip("failover: many processes; skipped by -short")
	}
	t.Parallel()
	c := newCluster(t, 3)
	standby, err := c.postgres.Standby()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := standby.Stop(); err != nil {
			t.Error(err)
		}
	})
	either := strings.Replace(c.database, c.postgres.Addr(), c.postgres.Addr()+","+standby.Addr(), 1) + "&target_session_attrs=read-write"
	for _, r := range c.replicas {
		r.database = either
	}
	c.env = append(c.env, "SEEDANCE_DATABASE_URL="+either) // of whoever settles what they leave
	c.start(c.replicas...)

	ctx, end := context.WithCancel(t.Context())
	defer end()
	ordered := c.agents(ctx, 3)
	for _, r := range c.replicas {
		c.busy(r)
	}
	awaited, err := c.order(t.Context(), c.replicas[0], "[sandbox:slow] awaited over the failover", "awaited")
	if err != nil {
		t.Fatal(err)
	}
	before := c.underWay()
	died := time.Now()
	if err := c.postgres.Kill(); err != nil {
		t.Fatal(err)
	}
	standby.Promote(t)
	promoted := time.Now()
	c.database = standby.URL("replicas")
	longest, count := c.resumed(before, promoted)
	if count == 0 {
		t.Error("nothing was under way")
	}
	for _, r := range c.replicas {
		c.waitReady(r)
	}
	ready := time.Since(promoted)
	c.time.Go()
	if answer, err := c.call(t.Context(), c.replicas[2], "get_task_status", map[string]any{"task_id": awaited.ID, "wait_seconds": 45}); err != nil || answer.Status != video.Success {
		t.Errorf("what was awaited over the failover: %+v %v", answer, err)
	}
	time.Sleep(2 * time.Second) // agents order at the new server
	end()
	wishes, repeats := ordered()
	for _, r := range c.replicas {
		if err := c.end(r, syscall.SIGTERM); err != nil {
			t.Errorf("a replica's end: %v", err)
		}
	}
	sum := c.audit()
	var report strings.Builder
	fmt.Fprintf(&report, "promoted %s after the kill; %d tasks under way, all asked about within %s of that, all replicas ready after %s\n",
		promoted.Sub(died).Round(time.Millisecond), count, longest.Round(time.Millisecond), ready.Round(time.Millisecond))
	t.Logf("\n%s%d wishes of agents, %d repeated\n%d createTask received, %d accepted, %d sent a second time, %d paid tasks lost, %d without an end or an owner\n"+
		"ledger %s, upstream's books %s, difference %s credits", report.String(), wishes, repeats,
		sum.Creates, sum.Accepted, sum.SecondPosts, sum.Lost, sum.Ownerless, sum.Ledger, sum.Books, sum.Difference)
}
