package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"seedance-mcp/internal/sandbox"
)

// reportVariable names a file for the counts, because go test keeps quiet
// about tests that pass.
const reportVariable = "SEEDANCE_TEST_REPORT"

// reportSweep prints what was counted, and checks that every fault showed.
func reportSweep(t *testing.T, title string, whole bool, modes []string, sweeps []*sweep, tallies []tally) {
	t.Helper()
	var out strings.Builder
	fmt.Fprintf(&out, "Kill sweep, %s\n", title)
	table := tabwriter.NewWriter(&out, 0, 4, 2, ' ', 0)
	row := func(name string, value func(i int) any) {
		fmt.Fprint(table, name)
		for i := range modes {
			fmt.Fprintf(table, "\t%v", value(i))
		}
		fmt.Fprintln(table)
	}
	row("", func(i int) any { return modes[i] })
	for _, point := range killPoints() {
		row("killed at "+point.name, func(i int) any { return sweeps[i].plan.kills[point.name] })
	}
	row("kills", func(i int) any { return sweeps[i].plan.total() })
	row("wishes", func(i int) any { return tallies[i].Wishes })
	row("createTask received", func(i int) any { return tallies[i].Creates })
	row("createTask accepted", func(i int) any { return tallies[i].Accepted })
	row("sent a second time", func(i int) any { return tallies[i].SecondPosts })
	row("paid tasks lost", func(i int) any { return tallies[i].Lost })
	row("tasks without an end or an owner", func(i int) any { return tallies[i].Ownerless })
	row("videos whole on disk", func(i int) any { return tallies[i].Files })
	row("credits in the ledger", func(i int) any { return tallies[i].Ledger })
	row("credits in the upstream's books", func(i int) any { return tallies[i].Books })
	row("difference", func(i int) any { return tallies[i].Difference })
	row("slowest to follow a dead process's task", func(i int) any {
		if len(sweeps[i].resumes) == 0 {
			return "none measured"
		}
		return fmt.Sprintf("%s of %d", slices.Max(sweeps[i].resumes).Round(time.Millisecond), len(sweeps[i].resumes))
	})
	words := 0
	var missing []string
	for _, word := range sandbox.MagicWords() {
		shown := 0
		for _, s := range sweeps {
			shown += s.faultsMet()[word]
		}
		if shown > 0 {
			words++
		} else {
			missing = append(missing, word)
		}
	}
	row("faults of the sandbox met", func(i int) any { return len(sweeps[i].faultsMet()) })
	if err := table.Flush(); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&out, "%d of the sandbox's %d faults met in all\n", words, len(sandbox.MagicWords()))
	if whole && len(missing) > 0 {
		t.Errorf("faults that never showed: %v", missing)
	}
	t.Log("\n" + out.String())
	if path := os.Getenv(reportVariable); path != "" {
		if err := os.WriteFile(path, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
