// Command seedance-mcp is an MCP server and a terminal program that make
// videos through the Seedance / Kinovi jobs API. Without an API key it runs on
// an embedded sandbox that speaks the same protocol.
//
// This package is wiring only: flags, environment, and one small file per
// command. Nothing imports it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"

	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/video"
)

// Exit codes, as documented in the README.
const (
	exitOK     = 0
	exitFailed = 1   // the task, or the work itself, failed
	exitUsage  = 2   // wrong use
	exitBroken = 130 // interrupted; the task goes on
)

// terminal is what a command may touch of the outside world.
type terminal struct {
	in       io.Reader
	out, err io.Writer
	env      func(string) string
	// variables are the environment's names; nil: not known.
	variables []string
	// tune changes the engine's options; only crash tests set it.
	tune func(*engine.Options)
}

// command is one word after the program's name.
type command struct {
	name, args, summary string
	// run parses its own flags and returns the process's exit code.
	run func(ctx context.Context, t terminal, args []string) (int, error)
}

func commands() []command {
	return []command{
		{"generate", `"PROMPT"`, "make one video from the terminal", runGenerate},
		{"stdio", "", "serve MCP over stdin and stdout, for assistants", runStdio},
		{"http", "", "serve MCP over streamable HTTP, for agent frameworks", runHTTP},
		{"tasks", "[ID]", "list tasks, or show, follow, settle or withdraw one", runTasks},
		{"keys", "create NAME", "make, list and revoke access keys of the HTTP server", runKeys},
		{"callers", "set NAME", "say what a caller of the HTTP server may spend and how often it may call", runCallers},
		{"accounts", "set NAME", "let callers of the HTTP server pay with accounts of their own", runAccounts},
		{"models", "", "list the models with their limits and prices", runModels},
		{"sandbox", "", "serve the simulated upstream on a port", runSandbox},
		{"migrate", "", "bring the store's schema up to date; servers do so at their start", runMigrate},
		{"install", "[CLIENT]", "put the server into an assistant's configuration", runInstall},
		{"doctor", "", "check key, service, store and clients; spends nothing", runDoctor},
		{"completion", "SHELL", "print the completion script of a shell", runCompletion},
		{"man", "", "print the manual page (roff)", runMan},
		{"version", "", "print the version, and what it was built from", runVersion},
	}
}

// collectAt is how much the heap may grow, in percent, before it is collected.
// What lives in it is 2 MB or so: at Go's usual 100 the collector runs every few
// hundred calls and takes a sixth of each. 200 would bring little more, and cost
// memory where a thousand calls wait.
const collectAt = 150

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}
	os.Exit(Main(context.Background(), terminal{in: os.Stdin, out: os.Stdout, err: os.Stderr, env: os.Getenv, variables: environment()}, os.Args[1:]))
}

// environment are the names of the environment's variables.
func environment() []string {
	var names []string
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		names = append(names, name)
	}
	return names
}

// errUsage marks an error as wrong use of the command line (exit code 2).
var errUsage = errors.New("wrong use")

func usageError(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errUsage, fmt.Sprintf(format, args...))
}

// Main runs one command line and returns the exit code.
func Main(ctx context.Context, t terminal, args []string) int {
	if len(args) == 0 {
		printHelp(t.err)
		return exitUsage
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		printHelp(t.out)
		return exitOK
	case "--version", "-version":
		args = []string{"version"}
	}
	for _, c := range commands() {
		if c.name != args[0] {
			continue
		}
		code, err := c.run(ctx, t, args[1:])
		switch {
		case errors.Is(err, flag.ErrHelp):
			return exitOK
		case errors.Is(err, errUsage):
			said := forPerson(strings.TrimPrefix(err.Error(), errUsage.Error()+": "), "")
			fmt.Fprintf(t.err, "seedance-mcp %s: %s\nSee: seedance-mcp %s --help\n", c.name, said, c.name)
			return exitUsage
		case err != nil:
			fmt.Fprintf(t.err, "seedance-mcp %s: %s\n", c.name, forPerson(inFull(err), ""))
			return max(code, exitFailed)
		}
		return code
	}
	fmt.Fprintf(t.err, "seedance-mcp: there is no command %q\n\n", args[0])
	printHelp(t.err)
	return exitUsage
}

// inFull is what a person reads of an error: at a terminal there is no log to
// look into.
func inFull(err error) string {
	said := err.Error()
	if fault, ok := errors.AsType[*video.Error](err); ok {
		said += strings.TrimPrefix(fault.Full(), fault.Error())
	}
	return said
}

func printHelp(w io.Writer) {
	fmt.Fprint(w, "seedance-mcp makes videos: an MCP server for agents, and a program for the terminal.\n\n")
	for _, c := range commands() {
		fmt.Fprintf(w, "  seedance-mcp %-22s %s\n", strings.TrimSpace(c.name+" "+c.args), c.summary)
	}
	fmt.Fprint(w, "\nTry it, without a key or any set-up:\n\n  seedance-mcp generate \"a red fox running through fresh snow\"\n\nEvery command has --help.\n")
}
