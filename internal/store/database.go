package store

import (
	"context"
	"database/sql"
	"time"
)

// database is what SQLite and Postgres differ in, beside their migrations.
// Everything else is the same SQL on both.
type database interface {
	// open connects and brings the schema to the newest version: for writes,
	// for reads, and for whatever else the database needs. What was opened
	// before a failure is given too, to be closed.
	open(ctx context.Context) (writer, readers *sql.DB, err error)
	// schemaVersion is the newest migration applied; 0: none yet. Another
	// program's database, or a newer version's, is an error.
	schemaVersion(ctx context.Context, db rowQuerier) (int, error)
	// prepares says that the driver does not keep statements prepared by itself.
	prepares() bool

	// begin starts a write. ctx is obeyed while others are waited for; done
	// gives back what the transaction used, after its end.
	begin(ctx context.Context, writer *sql.DB) (t *transaction, done func(), err error)
	// bound is ctx, ended once the database has not answered for too long.
	bound(ctx context.Context) (context.Context, context.CancelFunc)
	// bind are arguments as the database takes them.
	bind(args []any) []any
	// lockNames keeps out every other transaction that locks one of these
	// names, until this one ends. It comes before the first row is read.
	lockNames(t *transaction, names ...string) error
	// lockAccountOf is lockNames for the account of a task.
	lockAccountOf(t *transaction, id string) error
	// toChange is selectByID that keeps other transactions from writing the task.
	toChange() string
	// toClaim is the statement of [Store.Claim].
	toClaim() string
	// again says whether to run a write once more that failed; attempt counts
	// from 1. Where that may help it mends or waits first.
	again(ctx context.Context, writer *sql.DB, attempt int, err error) bool

	// now is the clock that all processes on the database share; it reads the
	// process's own where that is the same.
	now() time.Time
	// watch calls signal after every commit of others that may have changed a
	// task, until ctx ends. always says that it runs from open to close, not
	// only while somebody watches.
	watch(ctx context.Context, signal func())
	always() bool
	// close ends what open began beside the two pools.
	close() error
}

// Names of locks that submissions take: each guards what is read before a new
// task is stored and must not change until it is.
func lockOfPrincipal(principal string) string { return "principal " + principal }
func lockOfAccount(upstream string) string    { return accountLock + upstream }

const (
	accountLock  = "account "
	everyoneLock = "everyone"
)
