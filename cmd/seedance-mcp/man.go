package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"runtime/debug"
	"strings"

	"seedance-mcp/internal/manual"
)

const programName = "seedance-mcp"

func runMan(ctx context.Context, t terminal, args []string) (int, error) {
	fs := flag.NewFlagSet("man", flag.ContinueOnError)
	rest, err := parseOwn(t, fs, "man", args)
	if err != nil {
		return exitUsage, err
	}
	if len(rest) > 0 {
		return exitUsage, usageError("unexpected argument %q", rest[0])
	}
	described, err := describeAll(ctx)
	if err != nil {
		return exitFailed, err
	}
	info, _ := debug.ReadBuildInfo()
	if _, err := io.WriteString(t.out, manPage(buildOf(info), described).Roff()); err != nil {
		return exitFailed, err
	}
	return exitOK, nil
}

// describeAll reads what each command says with --help.
func describeAll(ctx context.Context) ([]manual.Command, error) {
	var all []manual.Command
	for _, c := range commands() {
		var help bytes.Buffer
		t := terminal{in: &bytes.Buffer{}, out: &help, err: io.Discard, env: func(string) string { return "" }}
		if _, err := c.run(ctx, t, []string{"--help"}); err != nil && !errors.Is(err, flag.ErrHelp) {
			return nil, fmt.Errorf("the help of %s: %w", c.name, err)
		}
		described, err := manual.Read(programName, c.name, c.summary, help.String())
		if err != nil {
			return nil, err
		}
		all = append(all, described)
	}
	return all, nil
}

// manPage is the manual page of all commands.
func manPage(b build, described []manual.Command) manual.Page {
	page := manual.Page{
		Program: programName, Version: b.Version, Summary: "make AI videos from the terminal, and let agents make them",
		Description: []string{
			programName + " is an MCP server and a terminal program for the Seedance / Kinovi jobs API. It never pays twice for one wish, never loses a paid video, and tells the price before.",
			"Without an API key everything runs on an embedded sandbox that renders real clips and spends nothing.",
		},
		Commands: described,
		Files: []manual.Entry{
			{Term: "~/.local/state/" + programName, Text: "The task store and the videos; in $XDG_STATE_HOME where that is set, in ~/Library/Application Support on macOS, in %LocalAppData% on Windows, and wherever --data-dir says."},
		},
		ExitStatus: []manual.Entry{
			{Term: fmt.Sprint(exitOK), Text: "Success."},
			{Term: fmt.Sprint(exitFailed), Text: "The task, or the work itself, failed."},
			{Term: fmt.Sprint(exitUsage), Text: "Wrong use."},
			{Term: fmt.Sprint(exitBroken), Text: "Interrupted; the task goes on and can be followed with tasks ID --wait."},
		},
		Examples: []manual.Entry{
			{Term: programName + ` generate "a red fox running through fresh snow"`, Text: "Tells the price, makes the video, saves it and says where."},
			{Term: programName + " tasks --usage", Text: "What was spent, by day and model."},
			{Term: programName + " install claude-code", Text: "Gives the server to an assistant."},
			{Term: "source <(" + programName + " completion bash)", Text: "Completes commands, flags, models and task ids in this shell."},
		},
	}
	for _, one := range allSettings() {
		page.Environment = append(page.Environment, manual.Variable{Name: one.env, Flag: one.flag})
		for _, c := range described {
			if f, ok := c.Flag(one.flag); ok {
				page.Shared = append(page.Shared, f)
				break
			}
		}
	}
	page.Date, _, _ = strings.Cut(b.Time, "T")
	return page
}
