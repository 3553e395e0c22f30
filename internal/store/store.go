package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"seedance-mcp/internal/video"
)

// Store is the durable memory of one data folder, or of the replicas that share
// one Postgres database. It is safe for concurrent use, also by several
// processes.
type Store struct {
	db database
	// writer has one connection to SQLite, which has one writer at a time
	// anyway: waiting in our own queue is fairer and cheaper than in its busy
	// loop.
	writer     *sql.DB
	statements map[string]*sql.Stmt // of writer, by text; fixed once open
	readers    *sql.DB
	queries    *queryCache // of readers; nil: the driver has its own
	kept       *kept       // nil: a look costs a round trip, however little it reads
	now        func() time.Time
	lockWait   time.Duration // for another process's write, SQLite
	closed     atomic.Bool

	// latestClaim is the latest ClaimQuery.Now seen, in milliseconds.
	latestClaim atomic.Int64
	watch       watchers
}

// Option changes how a Store is opened.
type Option func(*Store)

// WithClock sets the clock that stamps Task.UpdatedAt; the default is
// [Store.Now].
func WithClock(now func() time.Time) Option { return func(s *Store) { s.now = now } }

// Open opens the store in the SQLite file path, creating its folder (0700), the
// file (0600) and the schema as needed. A file written by a newer version of
// this program, or by another program, is refused untouched.
func Open(ctx context.Context, path string, options ...Option) (*Store, error) {
	return open(ctx, func(s *Store) (database, error) { return &sqliteFile{path: path, lockWait: s.lockWait}, nil }, options)
}

// OpenPostgres opens the store in the Postgres database that url names
// ("postgres://…", as libpq takes it), creating the schema as needed. Any number
// of processes may share it, on any number of machines. The password appears in
// no error.
func OpenPostgres(ctx context.Context, url string, options ...Option) (*Store, error) {
	return open(ctx, func(*Store) (database, error) { return newPostgres(url) }, options)
}

func open(ctx context.Context, choose func(*Store) (database, error), options []Option) (*Store, error) {
	s := &Store{lockWait: busyTimeout}
	for _, option := range options {
		option(s)
	}
	var err error
	if s.db, err = choose(s); err != nil {
		return nil, explain(err)
	}
	if s.now == nil {
		s.now = s.db.now
	}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(explain(err), s.Close())
	}
	return s, nil
}

func (s *Store) open(ctx context.Context) error {
	var err error
	if s.writer, s.readers, err = s.db.open(ctx); err != nil {
		return err
	}
	if s.db.always() {
		s.watch.start(s.db)
	}
	if !s.db.prepares() {
		return nil
	}
	// All at once: database/sql cannot prepare a statement for later use while
	// a transaction holds the only connection, and a statement that does not
	// fit the schema shows here, not at the first paid request.
	s.statements = make(map[string]*sql.Stmt)
	for _, text := range s.writerStatements() {
		prepared, err := s.writer.PrepareContext(ctx, text) //nolint:sqlclosecheck // closes with the Store
		if err != nil {
			return fmt.Errorf("prepare %q: %w", text, err)
		}
		s.statements[text] = prepared
	}
	s.queries = &queryCache{db: s.readers, byText: make(map[string]*sql.Stmt)}
	s.kept = &kept{tasks: make(map[string]video.Task)}
	return nil
}

// Now is the time by the clock that all processes on the database share: the
// Postgres server's, or this machine's.
func (s *Store) Now() time.Time { return s.db.now() }

// Close ends all watching and closes the database. Everything committed is on
// disk already.
func (s *Store) Close() error {
	s.closed.Store(true)
	s.watch.close()
	failures := []error{s.db.close()}
	// The writer last: SQLite's last connection to close folds the WAL back
	// into the file, and readers may not write.
	for _, db := range []*sql.DB{s.readers, s.writer} {
		if db != nil {
			failures = append(failures, db.Close())
		}
	}
	return errors.Join(failures...)
}

// transaction is a write under way. It is not cancelled half-way through: the
// caller's context is obeyed until the lock is held, and again before the
// commit.
type transaction struct {
	ctx        context.Context
	caller     context.Context // obeyed while others are waited for
	tx         *sql.Tx
	db         database
	statements map[string]*sql.Stmt
	// unsure says that an earlier attempt at the same write may be stored: the
	// answer to its commit was lost.
	unsure bool
}

// write runs change in one transaction and commits if it gave nil. Where the
// database says that trying again helps, change runs again, from the start.
func (s *Store) write(ctx context.Context, change func(t *transaction) error) error {
	unsure := false
	for attempt := 1; ; attempt++ {
		err := s.tryWrite(ctx, unsure, change)
		_, lost := errors.AsType[commitError](err)
		unsure = unsure || lost
		if err == nil || !s.db.again(ctx, s.writer, attempt, err) {
			return explain(inTime(ctx, err))
		}
	}
}

// commitError is an error of a commit, after which it may be stored or not.
type commitError struct{ error }

func (e commitError) Unwrap() error { return e.error }

func (s *Store) tryWrite(ctx context.Context, unsure bool, change func(t *transaction) error) error {
	if s.closed.Load() {
		return errClosed()
	}
	t, done, err := s.db.begin(ctx, s.writer)
	if err != nil {
		return err
	}
	defer done()
	defer func() { _ = t.tx.Rollback() }() // no effect after the commit
	t.caller, t.db, t.statements, t.unsure = ctx, s.db, s.statements, unsure
	err = change(t)
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		if err = t.tx.Commit(); err != nil {
			err = commitError{err}
		}
	}
	if errors.Is(err, sql.ErrTxDone) && ctx.Err() != nil {
		return ctx.Err() // database/sql rolled back when the context ended
	}
	return err
}

// lockNames is [database.lockNames]: in one order, so that no two transactions
// wait for each other.
func (t *transaction) lockNames(names ...string) error {
	slices.Sort(names)
	return t.db.lockNames(t, names...)
}

// statement is text, prepared when it is one of writerStatements; it closes
// with the transaction.
func (t *transaction) statement(text string) (*sql.Stmt, bool) {
	prepared, ok := t.statements[text]
	if !ok {
		return nil, false
	}
	return t.tx.StmtContext(t.ctx, prepared), true
}

func (t *transaction) query(text string, args []any) (*sql.Rows, error) {
	args = t.db.bind(args)
	if prepared, ok := t.statement(text); ok { //nolint:sqlclosecheck // closes with the transaction
		return prepared.QueryContext(t.ctx, args...)
	}
	return t.tx.QueryContext(t.ctx, text, args...)
}

// scan reads the one row that the statement gives, or sql.ErrNoRows.
func (t *transaction) scan(text string, args, targets []any) error {
	args = t.db.bind(args)
	if prepared, ok := t.statement(text); ok { //nolint:sqlclosecheck // closes with the transaction
		return prepared.QueryRowContext(t.ctx, args...).Scan(targets...)
	}
	return t.tx.QueryRowContext(t.ctx, text, args...).Scan(targets...)
}

// task is the one task that the statement finds, or sql.ErrNoRows.
func (t *transaction) task(text string, args ...any) (row, error) {
	var r row
	err := t.scan(text, args, r.places())
	return r, err
}

// tasks are all that the statement gives.
func (t *transaction) tasks(text string, args ...any) ([]video.Task, error) {
	rows, err := t.query(text, args)
	if err != nil {
		return nil, err
	}
	var tasks []video.Task
	err = eachRow(rows, into(&tasks))
	return tasks, err
}

// exec gives the number of rows written.
func (t *transaction) exec(text string, args ...any) (int64, error) {
	args = t.db.bind(args)
	var result sql.Result
	var err error
	if prepared, ok := t.statement(text); ok { //nolint:sqlclosecheck // closes with the transaction
		result, err = prepared.ExecContext(t.ctx, args...)
	} else {
		result, err = t.tx.ExecContext(t.ctx, text, args...)
	}
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// inTime tells a limit of ours from one of the caller's.
func inTime(caller context.Context, err error) error {
	if errors.Is(err, context.DeadlineExceeded) && caller.Err() == nil && troubleOf(err) == noTrouble {
		return errNoAnswer(err)
	}
	return err
}

// queryCache keeps the fixed statements of the readers prepared, each from its
// first use on.
type queryCache struct {
	db     *sql.DB
	mu     sync.Mutex
	byText map[string]*sql.Stmt
}

func (c *queryCache) get(ctx context.Context, text string) (*sql.Stmt, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if prepared, ok := c.byText[text]; ok {
		return prepared, nil
	}
	prepared, err := c.db.PrepareContext(ctx, text) //nolint:sqlclosecheck // closes with the Store
	if err != nil {
		return nil, err
	}
	c.byText[text] = prepared
	return prepared, nil
}

// scanOne runs a fixed query that gives at most one row, into targets. It
// gives the database's own errors, sql.ErrNoRows among them.
func (s *Store) scanOne(caller context.Context, text string, args, targets []any) error {
	if s.closed.Load() {
		return errClosed()
	}
	args = s.db.bind(args)
	if err := caller.Err(); err != nil {
		return err
	}
	ctx, cancel := s.db.bound(caller)
	defer cancel()
	if s.queries == nil {
		return inTime(caller, s.readers.QueryRowContext(ctx, text, args...).Scan(targets...))
	}
	prepared, err := s.queries.get(ctx, text) //nolint:sqlclosecheck // closes with the Store
	if err != nil {
		return err
	}
	// It is over before a cancellation could come, and watching for one takes a
	// goroutine in the driver and one in database/sql.
	return prepared.QueryRowContext(context.WithoutCancel(ctx), args...).Scan(targets...)
}

// each runs any query on the readers and scan on each of its rows, up to
// scan's first error.
func (s *Store) each(caller context.Context, text string, args []any, scan func(*sql.Rows) error) error {
	if s.closed.Load() {
		return errClosed()
	}
	ctx, cancel := s.db.bound(caller)
	defer cancel()
	rows, err := s.readers.QueryContext(ctx, text, s.db.bind(args)...)
	if err == nil {
		err = eachRow(rows, scan)
	}
	return explain(inTime(caller, err))
}

func eachRow(rows *sql.Rows, scan func(*sql.Rows) error) error {
	defer func() { _ = rows.Close() }() // rows.Err has told
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// into appends a row of all columns to tasks.
func into(tasks *[]video.Task) func(*sql.Rows) error {
	return func(rows *sql.Rows) error {
		var r row
		err := rows.Scan(r.places()...)
		*tasks = append(*tasks, r.task())
		return err
	}
}
