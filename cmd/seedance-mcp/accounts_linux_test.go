package main

import (
	"context"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"seedance-mcp/internal/sandbox"
	"seedance-mcp/internal/video"
)

// as is the replica as one caller calls it.
func (r *replica) as(key string) *replica { return &replica{addr: r.addr, key: key} }

// command runs a command that must work; input is its stdin.
func (c *cluster) command(input string, args ...string) string {
	c.t.Helper()
	cmd := c.process(context.Background(), "none:0", args...)
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.Output()
	if err != nil {
		c.t.Fatalf("%q: %v", args, err)
	}
	return strings.TrimSpace(string(out))
}

// payers are the accounts that paid for a prompt, as the upstream has it.
func (c *cluster) payers(prompt string) []string {
	var all []string
	for _, entry := range c.box.Books().Entries {
		if entry.Accepted && entry.Prompt == prompt {
			all = append(all, entry.Key)
		}
	}
	return all
}

// TestAccountsAtEveryReplica: an account that is set, or taken away, holds at
// once at every replica that runs; any of them follows what it paid for.
func TestAccountsAtEveryReplica(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2)
	without := slices.Clone(c.env)
	c.env = append(c.env, "SEEDANCE_MASTER_KEY="+testMaster)
	keyA, keyB := c.command("", "keys", "create", "team-a"), c.command("", "keys", "create", "team-b")
	c.start(c.replicas...)
	one, two := c.replicas[0], c.replicas[1]

	// order has one caller order at every replica at once, and wait there.
	order := func(prompt, key, payer string) {
		var all sync.WaitGroup
		for i := range 4 {
			r := c.replicas[i%2].as(key)
			all.Go(func() {
				answer, err := c.order(t.Context(), r, prompt, "")
				if err == nil {
					answer, err = c.call(t.Context(), r, "get_task_status", map[string]any{"task_id": answer.ID, "wait_seconds": 45})
				}
				if err != nil || answer.Status != video.Success {
					t.Errorf("%s: %+v %v", prompt, answer, err)
				}
			})
		}
		all.Wait()
		if paid := c.payers(prompt); !slices.Equal(paid, []string{payer}) {
			t.Errorf("%s: paid by %q, want once by %s", prompt, paid, payer)
		}
	}
	both := func(when, payer string) {
		var all sync.WaitGroup
		all.Go(func() { order("a's, "+when, keyA, "main") })
		all.Go(func() { order("b's, "+when, keyB, payer) })
		all.Wait()
	}
	both("nothing set", "main")
	c.command(sandbox.KeySecond+"\n", "accounts", "set", "team-b", "--key-file", "-")
	both("set", "second")

	// What it paid for outlives the replica that ordered, and the account.
	slow, err := c.order(t.Context(), one.as(keyB), "[sandbox:slow] left behind", "")
	if err != nil {
		t.Fatal(err)
	}
	c.end(one, syscall.SIGKILL)
	c.command("", "accounts", "remove", "team-b")
	if done, err := c.call(t.Context(), two.as(keyB), "get_task_status", map[string]any{"task_id": slow.ID, "wait_seconds": 45}); err != nil || done.Status != video.Success {
		t.Errorf("left behind: %+v %v", done, err)
	}
	c.start(one)
	both("removed", "main")

	// A replica that was started without the master key lets no other account
	// pay, and has the others follow what it cannot.
	c.command(sandbox.KeySecond, "accounts", "set", "team-b", "--key-file", "-")
	if err := c.end(one, syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	whole := c.env
	c.env = without
	c.start(one)
	c.env = whole
	if _, err := c.order(t.Context(), one.as(keyB), "no master key", ""); err == nil || !strings.Contains(err.Error(), "no other account pays") {
		t.Errorf("without the master key: %v", err)
	}
	ordered, err := c.order(t.Context(), two.as(keyB), "with the master key", "")
	if err != nil {
		t.Fatal(err)
	}
	if done, err := c.call(t.Context(), one.as(keyB), "get_task_status", map[string]any{"task_id": ordered.ID, "wait_seconds": 45}); err != nil || done.Status != video.Success {
		t.Errorf("awaited where it cannot be followed: %+v %v", done, err)
	}
	if paid := append(c.payers("no master key"), c.payers("with the master key")...); !slices.Equal(paid, []string{"second"}) {
		t.Errorf("paid by %q", paid)
	}
}
