package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
)

// runMigrate brings the store's schema to the newest version, which opening it
// does: for those who let nothing else change a schema.
func runMigrate(ctx context.Context, t terminal, args []string) (int, error) {
	fs := flag.NewFlagSet("migrate", flag.ContinueOnError)
	s, rest, err := parseSettings(t, fs, "migrate [flags]", args)
	if err != nil {
		return exitUsage, err
	}
	if len(rest) > 0 {
		return exitUsage, usageError("unexpected argument %q", rest[0])
	}
	ctx, cancel := untilSignal(ctx)
	defer cancel()
	handle := s.newStore()
	tasks, err := handle.open(ctx)
	if err != nil {
		return exitFailed, err
	}
	version, err := tasks.SchemaVersion(ctx)
	if err = errors.Join(err, handle.close()); err != nil {
		return exitFailed, err
	}
	fmt.Fprintf(t.out, "The store has schema %d: %s\n", version, s.storePlace())
	return exitOK, nil
}
