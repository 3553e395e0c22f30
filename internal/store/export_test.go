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
	if s.db.prepares() { // SQLite
		var verdict string
		if err := s.readers.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&verdict); err != nil {
			return err
		}
		if verdict != "ok" {
			return errors.New(verdict)
		}
	}
	const names = `principal, hour, sandbox, upstream, model, state, tasks, estimated, used, charged, reserved,
		compared_estimated, compared_charged`
	const booked = `SELECT ` + names + ` FROM ledger WHERE tasks <> 0 OR estimated <> 0 OR used <> 0 OR charged <> 0 OR reserved <> 0
		OR compared_estimated <> 0 OR compared_charged <> 0`
	const due = `SELECT ` + names + ` FROM (` + ledgerOfTasks + `) AS entries`
	var different int
	err := s.readers.QueryRowContext(ctx, `SELECT (SELECT COUNT(*) FROM (`+booked+` EXCEPT `+due+`) AS a) + (SELECT COUNT(*) FROM (`+due+` EXCEPT `+booked+`) AS b)`).Scan(&different)
	if err == nil && different > 0 {
		err = fmt.Errorf("%d entries of the ledger differ from the tasks", different)
	}
	return err
}

// withLockWait makes a test of locks short.
func withLockWait(wait time.Duration) Option { return func(s *Store) { s.lockWait = wait } }

// Again opens the database of s once more.
func Again(ctx context.Context, s *Store) (*Store, error) {
	switch db := s.db.(type) {
	case *sqliteFile:
		return Open(ctx, db.path)
	case *postgres:
		return OpenPostgres(ctx, db.config.ConnString())
	default:
		return nil, fmt.Errorf("unknown database %T", db)
	}
}

// ShiftServerClock makes a Postgres store believe another time, until it asks
// the server again.
func ShiftServerClock(s *Store, by time.Duration) {
	if db, ok := s.db.(*postgres); ok {
		now := db.now()
		db.clock.Store(&serverClock{server: now.Add(by), ours: time.Now()})
	}
}

// MaxKept is how many tasks a store remembers at most, Kept how many it does.
const MaxKept = maxKept

func Kept(s *Store) int {
	s.kept.mu.Lock()
	defer s.kept.mu.Unlock()
	return len(s.kept.tasks)
}
