package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"slices"
	"strings"
	"time"

	"seedance-mcp/internal/catalog"
	"seedance-mcp/internal/completion"
	"seedance-mcp/internal/install"
	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

// completionPatience is how long a person who pressed Tab waits for the store.
const completionPatience = 500 * time.Millisecond

func runCompletion(ctx context.Context, t terminal, args []string) (int, error) {
	// What follows "--" is a command line to complete: the scripts call this.
	var given []string
	if i := slices.Index(args, "--"); i >= 0 {
		args, given = args[:i], args[i+1:]
	}
	fs := flag.NewFlagSet("completion", flag.ContinueOnError)
	synopsis := "completion SHELL     print the script for " + strings.Join(shellNames(), ", ") + "; how to use it stands in its first lines"
	rest, err := parseOwn(t, fs, synopsis, args)
	if err != nil {
		return exitUsage, err
	}
	if len(rest) != 1 {
		return exitUsage, usageError("say which shell: %s", strings.Join(shellNames(), ", "))
	}
	shell := completion.Shell(rest[0])
	script, ok := shell.Script()
	if !ok {
		return exitUsage, usageError("there is no script for %q; say one of %s", video.Clip(rest[0], 40), strings.Join(shellNames(), ", "))
	}
	if given == nil {
		if _, err := io.WriteString(t.out, script); err != nil {
			return exitFailed, err
		}
		return exitOK, nil
	}
	described, err := describeAll(ctx)
	if err != nil {
		return exitFailed, err
	}
	completer := completion.Completer{Commands: described, Values: func(placeholder string, before []string) completion.Offer {
		return standsFor(ctx, t, placeholder, before)
	}}
	if err := shell.Print(t.out, given, completer.Complete(shell.Words(given))); err != nil {
		return exitFailed, err
	}
	return exitOK, nil
}

func shellNames() []string {
	var names []string
	for _, shell := range completion.Shells() {
		names = append(names, string(shell))
	}
	return names
}

// standsFor says what a placeholder of --help can be.
func standsFor(ctx context.Context, t terminal, placeholder string, before []string) completion.Offer {
	offer := completion.Offer{Kind: completion.Words}
	switch placeholder {
	case "file", "file or folder":
		offer.Kind = completion.Files
	case "folder", "folders", "place":
		offer.Kind = completion.Folders
	case "model", "models":
		offer.Candidates = modelCandidates(t, before)
	case "ratio":
		offer.Candidates = fromModels(t, before, func(m catalog.Model) []string { return m.AspectRatios })
	case "resolution":
		offer.Candidates = fromModels(t, before, func(m catalog.Model) []string { return m.Resolutions })
	case "state":
		for _, state := range video.States() {
			offer.Candidates = append(offer.Candidates, completion.Candidate{Value: string(state)})
		}
	case "CLIENT":
		for _, client := range install.Clients() {
			offer.Candidates = append(offer.Candidates, completion.Candidate{Value: client.ID, Text: client.Name})
		}
	case "SHELL":
		offer.Candidates = plain(shellNames())
	case "NAME=VALUE":
		for _, one := range allSettings() {
			offer.Candidates = append(offer.Candidates, completion.Candidate{Value: one.env, Text: "the same as --" + one.flag})
		}
	case "ID":
		offer.Candidates = taskCandidates(ctx, t, before)
	default:
		offer.Candidates = plain(choices(placeholder))
	}
	return offer
}

// choices are the words of a placeholder that lists them: "a, b or c".
func choices(placeholder string) []string {
	first, last, ok := strings.Cut(placeholder, " or ")
	if !ok {
		return nil
	}
	return append(strings.Split(first, ", "), last)
}

func plain(words []string) []completion.Candidate {
	var all []completion.Candidate
	for _, word := range words {
		all = append(all, completion.Candidate{Value: word})
	}
	return all
}

// typedSettings are the settings that hold for a command line which is not
// finished; what is wrong in it is left out.
func typedSettings(t terminal, before []string) (settings, error) {
	t, _ = tolerant(t)
	t.out = io.Discard
	var flags []string
	for _, one := range allSettings() {
		if value, ok := typedFlag(before, one.flag); ok && one.set(new(settings), value) == nil {
			flags = append(flags, "--"+one.flag, value)
		}
	}
	s, _, err := parseSettings(t, flag.NewFlagSet("", flag.ContinueOnError), "", flags)
	return s, err
}

// typedFlag is what a flag was given before.
func typedFlag(before []string, name string) (value string, ok bool) {
	for i, word := range before {
		bare, given, hasValue := strings.Cut(strings.TrimLeft(word, "-"), "=")
		switch {
		case bare != name || !strings.HasPrefix(word, "-"):
		case hasValue:
			value, ok = given, true
		case i+1 < len(before):
			value, ok = before[i+1], true
		}
	}
	return value, ok
}

// typedModels are the models of the dialect and catalogue that hold.
func typedModels(t terminal, before []string) (*catalog.Catalog, video.Dialect, error) {
	s, err := typedSettings(t, before)
	if err != nil {
		return nil, "", err
	}
	if s.catalogPath != "" {
		all, err := catalog.Load(s.catalogPath)
		return all, s.dialect, err
	}
	all, err := catalog.Default()
	return all, s.dialect, err
}

func modelCandidates(t terminal, before []string) []completion.Candidate {
	all, dialect, err := typedModels(t, before)
	if err != nil {
		return nil
	}
	var candidates []completion.Candidate
	for _, m := range all.Models(dialect) {
		candidates = append(candidates, completion.Candidate{Value: m.ID, Text: m.Title})
	}
	return candidates
}

// fromModels are the values of the model that was given before, or else of all.
func fromModels(t terminal, before []string, of func(catalog.Model) []string) []completion.Candidate {
	all, dialect, err := typedModels(t, before)
	if err != nil {
		return nil
	}
	models := all.Models(dialect)
	if name, ok := typedFlag(before, "model"); ok {
		if id, err := all.FindModel(dialect, name); err == nil {
			models = slices.DeleteFunc(slices.Clone(models), func(m catalog.Model) bool { return m.ID != id })
		}
	}
	var values []string
	for _, m := range models {
		for _, value := range of(m) {
			if !slices.Contains(values, value) {
				values = append(values, value)
			}
		}
	}
	return plain(values)
}

// taskCandidates are the newest tasks that the command can be about. Only the
// store is read: nothing is followed or sent.
func taskCandidates(ctx context.Context, t terminal, before []string) []completion.Candidate {
	s, err := typedSettings(t, before)
	if err != nil || !s.storeExists() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, completionPatience)
	defer cancel()
	handle := s.newStore()
	tasks, err := handle.open(ctx)
	if err != nil {
		return nil
	}
	filter := store.Filter{Principal: localPrincipal}
	switch {
	case slices.Contains(before, "cancel"):
		filter.States = []video.State{video.Queued}
	case slices.Contains(before, "resolve"):
		filter.States = []video.State{video.Unconfirmed}
	}
	page, err := tasks.List(ctx, filter)
	if err = errors.Join(err, handle.close()); err != nil {
		return nil
	}
	var candidates []completion.Candidate
	for _, task := range page.Tasks {
		candidates = append(candidates, completion.Candidate{Value: task.ID, Text: string(task.State) + ": " + task.Request.Prompt})
	}
	return candidates
}
