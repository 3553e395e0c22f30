package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// CheckBooks says whether the file is sound and the ledger is what the tasks
// come to.
func CheckBooks(ctx context.Context, s *Store) error {
	if s.closed.Load() {
		return nil
	}
	var verdict string
	if err := s.readers.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&verdict); err != nil {
		return err
	}
	if verdict != "ok" {
		return errors.New(verdict)
	}
	const names = `principal, hour, sandbox, upstream, model, state, tasks, estimated, used, charged, reserved,
		compared_estimated, compared_charged`
	const booked = `SELECT ` + names + ` FROM ledger WHERE tasks <> 0 OR estimated <> 0 OR used <> 0 OR charged <> 0 OR reserved <> 0
		OR compared_estimated <> 0 OR compared_charged <> 0`
	const due = `SELECT ` + names + ` FROM (` + ledgerOfTasks + `)`
	var different int
	err := s.readers.QueryRowContext(ctx, `SELECT (SELECT COUNT(*) FROM (`+booked+` EXCEPT `+due+`)) + (SELECT COUNT(*) FROM (`+due+` EXCEPT `+booked+`))`).Scan(&different)
	if err == nil && different > 0 {
		err = fmt.Errorf("%d entries of the ledger differ from the tasks", different)
	}
	return err
}

// withLockWait makes a test of locks short.
func withLockWait(wait time.Duration) Option { return func(s *Store) { s.lockWait = wait } }
