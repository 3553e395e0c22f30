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
	s := &Store{now: time.Now}
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
	if s.writer, err = openWriter(ctx, path); err != nil {
		return err
	}
	if err := migrate(ctx, s.writer); err != nil {
		return err
	}
	// All at once: database/sql cannot prepare a statement for later use while
	// a transaction holds the only connection, and a statement that does not
	// fit the schema shows here, not at the first paid request.
	s.statements = make(map[string]*sql.Stmt)
	for _, text := range writerStatements() {
		if s.statements[text], err = s.writer.PrepareContext(ctx, text); err != nil {
			return fmt.Errorf("prepare %q: %w", text, err)
		}
	}
	s.readers, err = openReaders(path)
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
func (s *Store) write(ctx context.Context, change func(t *transaction) error) error {
	if s.closed.Load() {
		return errClosed()
	}
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return explain(err)
	}
	defer func() { _ = tx.Rollback() }() // no effect after the commit
	t := &transaction{ctx: context.WithoutCancel(ctx), tx: tx, statements: s.statements}
	if err := change(t); err != nil {
		if ctx.Err() != nil && errors.Is(err, sql.ErrTxDone) {
			return ctx.Err()
		}
		return explain(err)
	}
	if err := tx.Commit(); err != nil {
		return explain(err)
	}
	return nil
}

func (t *transaction) statement(text string) *sql.Stmt {
	prepared, ok := t.statements[text]
	if !ok {
		panic("store: statement missing from writerStatements: " + text)
	}
	return t.tx.StmtContext(t.ctx, prepared)
}

// task gives the one task that the statement finds, or sql.ErrNoRows.
func (t *transaction) task(text string, args ...any) (row, error) {
	var r row
	err := t.statement(text).QueryRowContext(t.ctx, args...).Scan(r.places()...)
	return r, err
}

func (t *transaction) exec(text string, args ...any) error {
	_, err := t.statement(text).ExecContext(t.ctx, args...)
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
	prepared, err := c.db.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	c.byText[text] = prepared
	return prepared, nil
}

// scanOne runs a fixed query that gives at most one row, into targets;
// NotFound when it gives none.
func (s *Store) scanOne(ctx context.Context, text string, args, targets []any) error {
	if s.closed.Load() {
		return errClosed()
	}
	prepared, err := s.queries.get(ctx, text)
	if err != nil {
		return explain(err)
	}
	err = prepared.QueryRowContext(ctx, args...).Scan(targets...)
	if errors.Is(err, sql.ErrNoRows) {
		return errNotFound()
	}
	return explain(err)
}

// query runs any query on the readers.
func (s *Store) query(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	if s.closed.Load() {
		return nil, errClosed()
	}
	rows, err := s.readers.QueryContext(ctx, text, args...)
	return rows, explain(err)
}

// tasks reads all rows of task columns and closes them.
func tasks(rows *sql.Rows) ([]video.Task, error) {
	var found []video.Task
	for rows.Next() {
		var r row
		if err := rows.Scan(r.places()...); err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		found = append(found, r.task())
	}
	return found, errors.Join(rows.Err(), rows.Close())
}
