package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"seedance-mcp/internal/video"
)

// Store is the durable memory of one data folder. It is safe for concurrent
// use, also by several processes on one file.
type Store struct {
	// writer has one connection: SQLite has one writer at a time anyway, and
	// waiting in our own queue is fairer and cheaper than in its busy loop.
	writer     *sql.DB
	statements map[string]*sql.Stmt // of writer, by text; fixed once open
	readers    *sql.DB
	queries    queryCache // of readers
	now        func() time.Time
	lockWait   time.Duration // for another process's write
	closed     atomic.Bool

	// latestClaim is the latest ClaimQuery.Now seen, in milliseconds.
	latestClaim atomic.Int64
	watch       watchers
}

// Option changes how a Store is opened.
type Option func(*Store)

// WithClock sets the clock that stamps Task.UpdatedAt; the default is time.Now.
func WithClock(now func() time.Time) Option { return func(s *Store) { s.now = now } }

// Open opens the store in the file path, creating its folder (0700), the file
// (0600) and the schema as needed. A file written by a newer version of this
// program, or by another program, is refused untouched.
func Open(ctx context.Context, path string, options ...Option) (*Store, error) {
	s := &Store{now: time.Now, lockWait: busyTimeout}
	for _, option := range options {
		option(s)
	}
	if err := s.open(ctx, path); err != nil {
		return nil, errors.Join(explain(err), s.Close())
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, path string) error {
	path, err := prepareFile(path)
	if err != nil {
		return err
	}
	if s.writer, err = openWriter(path, s.lockWait); err != nil {
		return err
	}
	if err := migrate(ctx, s.writer, s.lockWait); err != nil {
		return err
	}
	// All at once: database/sql cannot prepare a statement for later use while
	// a transaction holds the only connection, and a statement that does not
	// fit the schema shows here, not at the first paid request.
	s.statements = make(map[string]*sql.Stmt)
	for _, text := range writerStatements() {
		prepared, err := s.writer.PrepareContext(ctx, text) //nolint:sqlclosecheck // closes with the Store
		if err != nil {
			return fmt.Errorf("prepare %q: %w", text, err)
		}
		s.statements[text] = prepared
	}
	s.readers, err = openReaders(path, s.lockWait)
	s.queries = queryCache{db: s.readers, byText: make(map[string]*sql.Stmt)}
	return err
}

// Close ends all watching and closes the file. Everything committed is on disk
// already.
func (s *Store) Close() error {
	s.closed.Store(true)
	s.watch.close()
	var failures []error
	// The writer last: the last connection to close folds the WAL back into
	// the file, and readers may not write.
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
	tx         *sql.Tx
	statements map[string]*sql.Stmt
}

// write runs change in one immediate transaction and commits if it gave nil.
// Where the disk is full it folds the log back into the file and tries once
// more, so that change may run twice: what was paid for is mostly no new page,
// and then fits on a full disk.
func (s *Store) write(ctx context.Context, change func(t *transaction) error) error {
	err := s.tryWrite(ctx, change)
	if troubleOf(err) == isFull {
		_, _ = s.writer.ExecContext(context.WithoutCancel(ctx), "PRAGMA wal_checkpoint(PASSIVE)") // the next try tells
		err = s.tryWrite(ctx, change)
	}
	return explain(err)
}

func (s *Store) tryWrite(ctx context.Context, change func(t *transaction) error) error {
	if s.closed.Load() {
		return errClosed()
	}
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // no effect after the commit
	t := &transaction{ctx: context.WithoutCancel(ctx), tx: tx, statements: s.statements}
	err = change(t)
	if err == nil {
		err = tx.Commit()
	}
	if errors.Is(err, sql.ErrTxDone) && ctx.Err() != nil {
		return ctx.Err() // database/sql rolled back when the context ended
	}
	return err
}

// statement is one of writerStatements; it closes with the transaction.
func (t *transaction) statement(text string) *sql.Stmt {
	prepared, ok := t.statements[text]
	if !ok {
		panic("store: statement missing from writerStatements: " + text)
	}
	return t.tx.StmtContext(t.ctx, prepared)
}

// scan reads the one row that the statement gives, or sql.ErrNoRows.
func (t *transaction) scan(text string, args, targets []any) error {
	return t.statement(text).QueryRowContext(t.ctx, args...).Scan(targets...) //nolint:sqlclosecheck // closes with the transaction
}

// task is the one task that the statement finds, or sql.ErrNoRows.
func (t *transaction) task(text string, args ...any) (row, error) {
	var r row
	err := t.scan(text, args, r.places())
	return r, err
}

// tasks are all that the statement gives.
func (t *transaction) tasks(text string, args ...any) ([]video.Task, error) {
	rows, err := t.statement(text).QueryContext(t.ctx, args...) //nolint:sqlclosecheck // closes with the transaction
	if err != nil {
		return nil, err
	}
	var tasks []video.Task
	err = eachRow(rows, into(&tasks))
	return tasks, err
}

// exec gives the number of rows written.
func (t *transaction) exec(text string, args ...any) (int64, error) {
	result, err := t.statement(text).ExecContext(t.ctx, args...) //nolint:sqlclosecheck // closes with the transaction
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
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
func (s *Store) scanOne(ctx context.Context, text string, args, targets []any) error {
	if s.closed.Load() {
		return errClosed()
	}
	prepared, err := s.queries.get(ctx, text) //nolint:sqlclosecheck // closes with the Store
	if err != nil {
		return err
	}
	return prepared.QueryRowContext(ctx, args...).Scan(targets...)
}

// each runs any query on the readers and scan on each of its rows, up to
// scan's first error.
func (s *Store) each(ctx context.Context, text string, args []any, scan func(*sql.Rows) error) error {
	if s.closed.Load() {
		return errClosed()
	}
	rows, err := s.readers.QueryContext(ctx, text, args...)
	if err != nil {
		return explain(err)
	}
	return explain(eachRow(rows, scan))
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
