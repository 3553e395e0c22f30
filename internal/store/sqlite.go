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

// isDuplicate says that a unique constraint refused the statement.
func isDuplicate(err error) bool {
	code := resultCode(err)
	return code == sqlite3.SQLITE_CONSTRAINT_UNIQUE || code == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
}

// trouble is what keeps a database from working.
type trouble int

const (
	noTrouble trouble = iota
	isLocked
	isReadOnly
	isFull
	cannotOpen
	isDamaged
	isForeign
	ioFailed
)

func troubleOf(err error) trouble {
	switch resultCode(err) & 0xff {
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
