package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
)

// benchmarks are the Go benchmarks whose metrics belong into the tables; they
// live beside what they measure.
var benchmarks = []struct{ title, pkg, pattern, benchtime string }{
	{"Transports beside mcp-go's stock ones (ratio over 1: ours is faster)", "./server", "^(BenchmarkStdio|BenchmarkHTTP)$", "1s"},
	{"Adapter beside a bare typed tool of mcp-go", "./tools", "^BenchmarkStatus$", "1s"},
	{"Store: from a commit to the waiter's signal", "./internal/store", "^BenchmarkWatch$", "200x"},
	{"Store: the rest", "./internal/store", "Open|Submit|Claim|Change|Get|Latest|Usage|List", "1s"},
	{"Engine: a paid call, from the wish to the stored answer", "./internal/engine", "^BenchmarkSubmit$", "1s"},
	{"Engine: 1,000 tasks in flight on SQLite, each looked at every 2 s", "./internal/engine", "^BenchmarkFollow$", "5000x"},
	{"Two replicas on one Postgres, as processes", "./cmd/seedance-mcp", "^BenchmarkReplicas$", "1s"},
	{"Download of 200 MB", "./internal/media", "^BenchmarkFetch200MB$", "3x"},
	{"Sandbox: making a clip", "./internal/sandbox/render", ".", "1s"},
}

// engineSection runs the Go benchmarks and prints what they report.
func engineSection(ctx context.Context, p *place) error {
	for _, b := range benchmarks {
		cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", b.pattern, "-benchtime", b.benchtime, "-benchmem", b.pkg)
		cmd.Dir = p.root
		out, err := cmd.CombinedOutput()
		if err != nil {
			return fmt.Errorf("%s: %w\n%s", b.pkg, err, out)
		}
		t := newTable(b.title, "benchmark", "figures")
		lines := bufio.NewScanner(bytes.NewReader(out))
		for lines.Scan() {
			name, figures, ok := reported(lines.Text())
			if ok {
				t.row(name, figures)
				p.holdEngine(name, figures)
			}
		}
		t.print(p.out)
	}
	return nil
}

// reported reads a line of `go test -bench`: its name and its pairs of value and
// unit.
func reported(line string) (name, figures string, ok bool) {
	if !strings.HasPrefix(line, "Benchmark") {
		return "", "", false
	}
	fields := strings.Fields(line)
	if len(fields) < 4 {
		return "", "", false
	}
	var pairs []string
	for i := 2; i+1 < len(fields); i += 2 {
		if fields[i] != "0" || fields[i+1] != "ns/op" { // comparisons have no time of their own
			pairs = append(pairs, fields[i]+" "+fields[i+1])
		}
	}
	name = strings.TrimPrefix(fields[0], "Benchmark")
	if at := strings.LastIndex(name, "-"); at > 0 {
		name = name[:at] // the number of CPUs
	}
	return strings.ReplaceAll(name, "_", " "), strings.Join(pairs, ", "), true
}
