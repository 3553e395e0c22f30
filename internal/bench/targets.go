package main

import (
	"fmt"
	"strings"
)

func newTargets() *table {
	return newTable("Targets beside what was measured in this run", "what", "target", "measured", "")
}

// atMost adds a target that is met up to a limit, atLeast one that is met from
// it; format says both figures with their unit.
func (p *place) atMost(what, format string, limit, measured float64) {
	p.hold(what, "≤ "+fmt.Sprintf(format, limit), fmt.Sprintf(format, measured), measured <= limit)
}

func (p *place) atLeast(what, format string, limit, measured float64) {
	p.hold(what, "≥ "+fmt.Sprintf(format, limit), fmt.Sprintf(format, measured), measured >= limit)
}

func (p *place) hold(what, target, measured string, met bool) {
	verdict := "met"
	if !met {
		verdict = "**missed**"
	}
	p.targets.row(what, target, measured, verdict)
}

// engineTargets are met by metrics of the Go benchmarks.
var engineTargets = []struct {
	benchmark, unit string
	what, format    string
	limit, scale    float64
}{
	{"Follow", "p99-late-ms", "1,000 tasks in flight, SQLite: lateness p99", "%.0f ms", 120, 1},
	{"Follow", "cores", "1,000 tasks in flight, SQLite: of one core, sandbox included", "%.0f %%", 12, 100},
	{"Replicas/10000 in flight", "p99-late-ms", "10,000 tasks in flight, PostgreSQL, 2 replicas: lateness p99", "%.0f ms", 1000, 1},
	{"Replicas/10000 in flight", "MiB-RSS", "10,000 tasks in flight, PostgreSQL, 2 replicas: RSS of the larger", "%.0f MB", 80, mebibyte},
	{"Watch/other process", "p99-ms", "change → waiter of another process awake, SQLite: p99", "%.0f ms", 100, 1},
	{"Watch/other replica, Postgres", "p99-ms", "change → waiter of another replica awake, PostgreSQL: p99", "%.0f ms", 100, 1},
	{"Fetch200MB", "B/op", "download of 200 MB: memory allocated in all", "%.1f MB", 10, 1e-6},
}

// mebibyte in MB.
const mebibyte = 1.048576

// holdEngine holds one benchmark's figures against the targets for it.
func (p *place) holdEngine(name, figures string) {
	for _, target := range engineTargets {
		if target.benchmark != name {
			continue
		}
		for pair := range strings.SplitSeq(figures, ", ") {
			var value float64
			var unit string
			if _, err := fmt.Sscan(pair, &value, &unit); err == nil && unit == target.unit {
				p.atMost(target.what, target.format, target.limit, value*target.scale)
			}
		}
	}
}
