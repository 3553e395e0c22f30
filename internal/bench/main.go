package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// section is one table, or some that belong together.
type section struct {
	name string
	run  func(context.Context, *place) error
}

func run(ctx context.Context) error {
	ctx, cancel := signal.NotifyContext(ctx, os.Interrupt)
	defer cancel()
	sections := []section{
		{"protocol", protocolSection},
		{"videos", videosSection},
		{"crowd", crowdSection},
		{"engine", engineSection},
	}
	only := flag.String("only", "", "one `section`: protocol, videos, crowd or engine")
	write := flag.String("write", "", "also put the tables into this `file`, between its marks")
	flag.Parse()
	here, err := newPlace(ctx)
	if err != nil {
		return err
	}
	defer here.remove()
	if err := here.install(ctx); err != nil {
		return err
	}
	var tables bytes.Buffer
	here.out = io.MultiWriter(os.Stdout, &tables)
	fmt.Fprintf(here.out, "Measured on %s with %s/%s, %d CPUs%s, %s, Node %s.\n", time.Now().UTC().Format(time.DateOnly),
		runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), cpuName(), runtime.Version(), here.nodeVersion(ctx))
	for _, s := range sections {
		if *only != "" && *only != s.name {
			continue
		}
		began := time.Now()
		fmt.Fprintf(os.Stderr, "bench: %s …\n", s.name)
		if err := s.run(ctx, here); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		fmt.Fprintf(os.Stderr, "bench: %s took %v\n", s.name, time.Since(began).Round(time.Second))
	}
	here.targets.print(here.out)
	if *write == "" {
		return nil
	}
	return putBetweenMarks(*write, tables.Bytes())
}

// The marks in docs/benchmarks.md.
const (
	markBegin = "<!-- bench:begin -->\n"
	markEnd   = "<!-- bench:end -->"
)

// putBetweenMarks replaces what stands between a file's marks.
func putBetweenMarks(path string, tables []byte) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, begins := bytes.Cut(text, []byte(markBegin))
	_, after, ends := bytes.Cut(rest, []byte(markEnd))
	if !begins || !ends {
		return errors.New(path + " lacks the lines " + strings.TrimSpace(markBegin) + " and " + markEnd)
	}
	return os.WriteFile(path, slices.Concat(before, []byte(markBegin+"\n"), tables, []byte("\n"+markEnd), after), 0o644)
}

// place is where things are built and run.
type place struct {
	root string // of the module
	work string // temporary
	npm  string // the folder with the packages from npm
	out  io.Writer

	targets *table // what the design asks, beside what was measured; each section adds its rows
}

func newPlace(ctx context.Context) (*place, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return nil, fmt.Errorf("the bench runs inside the module: %w", err)
	}
	p := &place{root: strings.TrimSpace(string(out)), out: io.Discard, targets: newTargets()}
	if p.work, err = os.MkdirTemp("", "seedance-bench-"); err != nil {
		return nil, err
	}
	p.npm = filepath.Join(p.root, "internal", "bench", "npm")
	for name, pkg := range map[string]string{
		"seedance-mcp": "./cmd/seedance-mcp", "barego": "./internal/bench/barego", "baresdk": "./internal/bench/baresdk",
	} {
		if err := p.command(ctx, p.root, "go", "build", "-trimpath", "-o", p.binary(name), pkg); err != nil {
			return nil, errors.Join(err, os.RemoveAll(p.work))
		}
	}
	return p, nil
}

// install fetches the servers from npm, as the lock file says, unless they are
// there. No install script runs but that of the one package that compiles its
// database here.
func (p *place) install(ctx context.Context) error {
	if _, err := os.Stat(filepath.Join(p.npm, "node_modules", "sqlite3", "build", "Release", "node_sqlite3.node")); err == nil {
		return nil
	}
	if err := p.command(ctx, p.npm, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"); err != nil {
		return fmt.Errorf("the servers from npm (needs npm): %w", err)
	}
	if err := p.command(ctx, p.npm, "npm", "rebuild", "--build-from-source", "sqlite3"); err != nil {
		return fmt.Errorf("the database of a server from npm (needs a C++ compiler and Python): %w", err)
	}
	return nil
}

func (p *place) remove() { _ = os.RemoveAll(p.work) }

func (p *place) binary(name string) string { return filepath.Join(p.work, name) }

// fresh is an empty home for one process.
func (p *place) fresh() (string, error) { return os.MkdirTemp(p.work, "home-") }

func (p *place) nodeVersion(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "node", "--version").Output()
	if err != nil {
		return "missing"
	}
	return strings.TrimPrefix(strings.TrimSpace(string(out)), "v")
}

func (p *place) command(ctx context.Context, dir, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // Go programs are measured as releases are built
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, out)
	}
	return nil
}

// cpuName is the processor's name where the system tells it.
func cpuName() string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(info)) {
		if name, ok := strings.CutPrefix(line, "model name"); ok {
			return " (" + strings.Trim(name, " \t:\n") + ")"
		}
	}
	return ""
}
