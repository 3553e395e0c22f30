package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"seedance-mcp/internal/video"
)

// What is peculiar to SQLite: the file, its pragmas and its result codes.

const (
	// busyTimeout bounds the wait for another process's write; each holds the
	// lock for milliseconds.
	busyTimeout = 10 * time.Second
	readerCount = 2
	// Page caches in KiB: the working set is the rows in flight and the upper
	// levels of the indexes; the system caches the rest.
	writerCache = 2048
	readerCache = 1024
	// walLimit is the size in bytes to which the write-ahead log is cut back.
	walLimit = 4 << 20
	// dataVersion gives another value on a connection once any other
	// connection has committed.
	dataVersion = "PRAGMA data_version"
)

// sqliteFile is the database in one SQLite file.
type sqliteFile struct {
	path     string
	lockWait time.Duration // for another process's write
	writer   *sql.DB
}

func (f *sqliteFile) open(ctx context.Context) (writer, readers *sql.DB, err error) {
	path, err := prepareFile(f.path)
	if err != nil {
		return nil, nil, err
	}
	if f.writer, err = openWriter(path, f.lockWait); err != nil {
		return nil, nil, err
	}
	if err := f.migrate(ctx); err != nil {
		return f.writer, nil, err
	}
	readers, err = openReaders(path, f.lockWait)
	return f.writer, readers, err
}

// begin takes the one write lock, so that nothing else need be locked.
func (f *sqliteFile) begin(ctx context.Context, writer *sql.DB) (*transaction, func(), error) {
	tx, err := writer.BeginTx(ctx, nil)
	if err != nil {
		return nil, nil, err
	}
	return &transaction{ctx: context.WithoutCancel(ctx), tx: tx}, func() {}, nil
}

func (f *sqliteFile) prepares() bool                           { return true }
func (f *sqliteFile) bind(args []any) []any                    { return args }
func (f *sqliteFile) lockNames(*transaction, ...string) error  { return nil }
func (f *sqliteFile) lockAccountOf(*transaction, string) error { return nil }
func (f *sqliteFile) toChange() string                         { return selectByID }
func (f *sqliteFile) toClaim() string                          { return bookDue + `(` + selectDue + `) RETURNING ` + columns }
func (f *sqliteFile) now() time.Time                           { return time.Now() }
func (f *sqliteFile) always() bool                             { return false }
func (f *sqliteFile) close() error                             { return nil } // the pools are the Store's

func (f *sqliteFile) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	return ctx, func() {} // a local file answers
}

// again folds the log back into the file where the disk is full, and has the
// write run once more: what was paid for is mostly no new page, and then fits
// on a full disk.
func (f *sqliteFile) again(ctx context.Context, writer *sql.DB, attempt int, err error) bool {
	if attempt > 1 || troubleOf(err) != isFull {
		return false
	}
	_, _ = writer.ExecContext(context.WithoutCancel(ctx), "PRAGMA wal_checkpoint(PASSIVE)") // the next try tells
	return true
}

// prepareFile makes the folder and an empty private file, so that SQLite never
// creates one by the umask; its WAL files inherit the mode. It gives the
// absolute path.
func prepareFile(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", err
	}
	// An existing file is never opened here: closing any descriptor of it
	// would drop the POSIX locks that this process holds on it.
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	switch {
	case err == nil:
		return path, file.Close()
	case !errors.Is(err, os.ErrExist):
		return "", err
	}
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 {
		return path, os.Chmod(path, 0o600)
	}
	return path, nil
}

// source is the data source name; pragmas are "name(value)".
func source(path string, wait time.Duration, pragmas ...string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") { // C:/…
		path = "/" + path
	}
	values := url.Values{"_txlock": {"immediate"}, "_dqs": {"0"}, "_pragma": pragmas}
	values.Add("_pragma", fmt.Sprintf("busy_timeout(%d)", wait.Milliseconds()))
	return (&url.URL{Scheme: "file", Path: path, RawQuery: values.Encode()}).String()
}

func openWriter(path string, wait time.Duration) (*sql.DB, error) {
	db, err := sql.Open("sqlite", source(path, wait,
		"synchronous(full)", // a commit that was answered survives a power cut
		fmt.Sprintf("cache_size(-%d)", writerCache),
		fmt.Sprintf("journal_size_limit(%d)", walLimit),
	))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

// useWAL switches the file to write-ahead logging. That needs the file alone
// and does not wait for it: while several processes open a new file at once,
// all but one get "busy".
func useWAL(ctx context.Context, db *sql.DB, wait time.Duration) error {
	var mode string
	err := whileBusy(ctx, wait, func() error {
		return db.QueryRowContext(ctx, "PRAGMA journal_mode = WAL").Scan(&mode)
	})
	if err == nil && mode != "wal" {
		return &video.Error{
			Code:       video.Unavailable,
			Message:    "The task store's disk does not support several processes at once.",
			Suggestion: "Choose a SEEDANCE_DATA_DIR on a local disk, not on a network share.",
		}
	}
	return err
}

func openReaders(path string, wait time.Duration) (*sql.DB, error) {
	db, err := sql.Open("sqlite", source(path, wait,
		"query_only(1)",
		fmt.Sprintf("cache_size(-%d)", readerCache),
	))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(readerCount)
	db.SetMaxIdleConns(readerCount)
	return db, nil
}

// whileBusy repeats try while the file is locked, for about wait.
func whileBusy(ctx context.Context, wait time.Duration, try func() error) error {
	const pause = 5 * time.Millisecond
	for deadline := time.Now().Add(wait); ; {
		err := try()
		if troubleOf(err) != isLocked || time.Now().After(deadline) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// resultCode is SQLite's extended result code, 0 for any other error.
func resultCode(err error) int {
	if failure, ok := errors.AsType[*sqlite.Error](err); ok {
		return failure.Code()
	}
	return 0
}

func sqliteTrouble(code int) trouble {
	switch code & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL:
		return isLocked
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM:
		return isReadOnly
	case sqlite3.SQLITE_FULL:
		return isFull
	case sqlite3.SQLITE_CANTOPEN:
		return cannotOpen
	case sqlite3.SQLITE_CORRUPT:
		return isDamaged
	case sqlite3.SQLITE_NOTADB:
		return isForeign
	case sqlite3.SQLITE_IOERR:
		return ioFailed
	}
	return noTrouble
}
