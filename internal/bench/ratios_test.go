package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestRatios holds this server against a bare one of the library that it is
// built on, by turns in one run. The limits have room for a busy machine: they
// find a start that does twice the work, not a few per cent.
// docs/benchmarks.md has what a quiet machine comes to.
func TestRatios(t *testing.T) {
	p, err := newPlace(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.remove)
	pair := bareServers(p)[:2]
	if pair[0].name != "seedance-mcp" || pair[1].name != "bare mcp-go" {
		t.Fatalf("%s beside %s", pair[0].name, pair[1].name)
	}
	measured, err := measure(t.Context(), p, pair, effort{starts: 7, rounds: 4, perRound: 200, idle: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	ours, bare := measured[0], measured[1]
	for _, limit := range []struct {
		what       string
		ours, bare float64
		atMost     float64 // times the bare server's
		atLeast    float64
	}{
		{what: "time from spawn to the answer of initialize", ours: ours.initialize.median(), bare: bare.initialize.median(), atMost: 3},
		{what: "resident memory after tools/list", ours: ours.memory.median(), bare: bare.memory.median(), atMost: 2.5},
		{what: "calls a second over stdio", ours: ours.stdio.rate.median(), bare: bare.stdio.rate.median(), atLeast: 0.3},
		{what: "calls a second over HTTP", ours: ours.web.rate.median(), bare: bare.web.rate.median(), atLeast: 0.3},
	} {
		if limit.bare == 0 || limit.ours == 0 {
			t.Errorf("%s: %v and %v: nothing was measured", limit.what, limit.ours, limit.bare)
			continue
		}
		ratio := limit.ours / limit.bare
		t.Logf("%s: %.2f × a bare server's", limit.what, ratio)
		if limit.atMost > 0 && ratio > limit.atMost || ratio < limit.atLeast {
			t.Errorf("%s is %.2f × a bare server's; at most %v, at least %v", limit.what, ratio, limit.atMost, limit.atLeast)
		}
	}
}

func TestPutBetweenMarks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "page.md")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // the second time it replaces
		write("before\n" + markBegin + "old\n" + markEnd + "\nafter\n")
		if err := putBetweenMarks(path, []byte("new\n")); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(path)
		if want := "before\n" + markBegin + "\nnew\n\n" + markEnd + "\nafter\n"; err != nil || string(text) != want {
			t.Fatalf("%q, want %q (%v)", text, want, err)
		}
	}
	write("no marks")
	if err := putBetweenMarks(path, []byte("new\n")); err == nil {
		t.Error("a file without marks was accepted")
	}
}

func TestReported(t *testing.T) {
	for _, test := range []struct {
		line, name, figures string
		ok                  bool
	}{
		{"BenchmarkFollow-2  \t 5000\t 2000154 ns/op\t 4.150 p50-late-ms", "Follow", "2000154 ns/op, 4.150 p50-late-ms", true},
		{"BenchmarkReplicas/1000_in_flight-2 1 0 ns/op 21.00 p99-late-ms", "Replicas/1000 in flight", "21.00 p99-late-ms", true},
		{"BenchmarkBroken-2", "", "", false},
		{"ok  \tseedance-mcp/tools\t3.1s", "", "", false},
	} {
		name, figures, ok := reported(test.line)
		if name != test.name || figures != test.figures || ok != test.ok {
			t.Errorf("%q: %q %q %v", test.line, name, figures, ok)
		}
	}
}
