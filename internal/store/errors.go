package store

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"

	sqlite3 "modernc.org/sqlite/lib"

	"seedance-mcp/internal/video"
)

// isDuplicate says that a unique constraint refused the statement.
func isDuplicate(err error) bool {
	code := resultCode(err)
	return code == sqlite3.SQLITE_CONSTRAINT_UNIQUE || code == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY || violated(err) != ""
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
	// Postgres's own.
	isUnreachable
	isBusy
	refusesLogin
	lacksDatabase
	lacksRights
)

func troubleOf(err error) trouble {
	if code := resultCode(err); code != 0 {
		return sqliteTrouble(code)
	}
	return postgresTrouble(err)
}

// explain turns whatever the database or the file system says into an error
// that a person can act on. Coded errors and the context's pass unchanged.
func explain(err error) error {
	if _, coded := errors.AsType[*video.Error](err); coded {
		return err
	}
	switch {
	case err == nil, errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded) && !isConnecting(err):
		return err
	case errors.Is(err, sql.ErrNoRows):
		return errNotFound()
	}
	if isPostgres(err) {
		return explainPostgres(err)
	}
	failure := &video.Error{Code: video.Unavailable, Err: err}
	switch troubleOf(err) {
	case isLocked:
		failure.Message = "The task store is locked by another program."
		failure.Suggestion = "Nothing was stored; try again in a few seconds. If it stays so, end the program that holds the file."
	case isReadOnly:
		failure.Message = "The task store cannot be written: the file or its folder is read-only."
		failure.Suggestion = "Nothing was stored. Make SEEDANCE_DATA_DIR writable for this user, or choose another folder; `seedance-mcp doctor` looks at it."
	case isFull:
		failure.Message = "The task store cannot grow: the disk is full."
		failure.Suggestion = "Nothing was stored and nothing is lost. Free some disk space, then repeat."
	case cannotOpen:
		failure.Message = "The task store cannot be opened."
		failure.Suggestion = "Check that SEEDANCE_DATA_DIR is a folder that this user may read and write; `seedance-mcp doctor` looks at it."
	case ioFailed:
		failure.Message = "Reading or writing the task store failed: the disk reports an error."
		failure.Suggestion = "Nothing was stored. Check the disk that holds SEEDANCE_DATA_DIR (it must be a local disk, not a network share), then repeat."
	case isDamaged:
		failure.Code = video.Internal
		failure.Message = "The task store is damaged."
		failure.Suggestion = "Move the file and its -wal and -shm companions away (keep them: they hold the tasks) and restore a backup or start anew."
	case isForeign:
		failure.Code = video.Internal
		failure.Message = "The task store's file is not a database of this program."
		failure.Suggestion = "It was left untouched. Move it away or choose another SEEDANCE_DATA_DIR."
	case noTrouble, isUnreachable, isBusy, refusesLogin, lacksDatabase, lacksRights:
		explainOther(failure, err)
	}
	return failure
}

func explainOther(failure *video.Error, err error) {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		failure.Message = "The task store cannot be opened: " + video.Clip(path.Err.Error(), 100) + "."
		failure.Suggestion = "Check that SEEDANCE_DATA_DIR is a folder that this user may read and write; `seedance-mcp doctor` looks at it."
		return
	}
	failure.Code = video.Internal
	failure.Message = "The task store failed in an unexpected way."
	failure.Suggestion = "Nothing was stored."
}

func errClosed() error {
	return &video.Error{
		Code:       video.Unavailable,
		Message:    "The task store is closed: the server is shutting down.",
		Suggestion: "Try again once it is back.",
	}
}

func errNotFound() error {
	return &video.Error{
		Code:       video.NotFound,
		Message:    "There is no such task.",
		Suggestion: "list_tasks shows the tasks there are.",
	}
}
