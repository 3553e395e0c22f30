package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"io/fs"
	"net"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"seedance-mcp/internal/video"
)

// SQLSTATE codes that are told apart.
const (
	uniqueViolation      = "23505"
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
	lockNotAvailable     = "55P03"
	queryCanceled        = "57014"
	wrongPassword        = "28P01"
	notAllowed           = "28000"
	noSuchDatabase       = "3D000"
	noSuchSchema         = "3F000"
	insufficientRights   = "42501"
	readOnlyTransaction  = "25006"
	diskFull             = "53100"
	outOfMemory          = "53200"
	tooManyConnections   = "53300"
	idleTooLong          = "25P03"
)

// sqlState is the server's error code, "" for any other error.
func sqlState(err error) string {
	if failure, ok := errors.AsType[*pgconn.PgError](err); ok {
		return failure.Code
	}
	return ""
}

// violated is the unique constraint that refused the statement, or "".
func violated(err error) string {
	failure, ok := errors.AsType[*pgconn.PgError](err)
	if !ok || failure.Code != uniqueViolation {
		return ""
	}
	return failure.ConstraintName
}

func postgresTrouble(err error) trouble {
	switch code := sqlState(err); code {
	case "":
		if lostConnection(err) {
			return isUnreachable
		}
		return noTrouble
	case serializationFailure, deadlockDetected, lockNotAvailable, queryCanceled:
		return isLocked
	case wrongPassword, notAllowed:
		return refusesLogin
	case noSuchDatabase, noSuchSchema:
		return lacksDatabase
	case insufficientRights:
		return lacksRights
	case readOnlyTransaction:
		return isReadOnly
	case diskFull:
		return isFull
	case outOfMemory, tooManyConnections:
		return isBusy
	case idleTooLong:
		return isUnreachable
	default:
		// Connection exceptions; the server shuts down, starts, or crashed.
		if strings.HasPrefix(code, "08") || strings.HasPrefix(code, "57P") {
			return isUnreachable
		}
		return noTrouble
	}
}

// lostConnection says that the server was not reached, or the connection broke.
func lostConnection(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) && !isConnecting(err) {
		return false
	}
	if _, ok := errors.AsType[*net.OpError](err); ok {
		return true
	}
	return isConnecting(err) || pgconn.SafeToRetry(err) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, driver.ErrBadConn)
}

func isConnecting(err error) bool {
	_, ok := errors.AsType[*pgconn.ConnectError](err)
	return ok
}

func isPostgres(err error) bool { return sqlState(err) != "" || lostConnection(err) }

// worthRepeating says that a write failed for a reason that may be gone: it met
// another writer, or its connection broke before anything was stored or while
// that was being decided.
func worthRepeating(err error) bool {
	if _, coded := errors.AsType[*video.Error](err); coded {
		return false
	}
	switch sqlState(err) {
	case serializationFailure, deadlockDetected:
		return true
	case uniqueViolation:
		return slices.Contains([]string{"tasks_wishes", "tasks_upstream_id", "idempotency_keys_pkey"}, violated(err))
	}
	return postgresTrouble(err) == isUnreachable
}

func explainPostgres(err error) error {
	failure := &video.Error{Code: video.Unavailable, Err: err}
	switch postgresTrouble(err) {
	case isLocked:
		failure.Message = "The database did not answer in time: another process holds the same rows."
		failure.Suggestion = "Nothing was stored; try again in a few seconds."
	case isReadOnly:
		failure.Message = "The database cannot be written: it is read-only, as a standby is."
		failure.Suggestion = "Nothing was stored. Let SEEDANCE_DATABASE_URL name the primary (several hosts with target_session_attrs=read-write find it)."
	case isFull:
		failure.Message = "The database cannot grow: its disk is full."
		failure.Suggestion = "Nothing was stored and nothing is lost. Free space on the database server, then repeat."
	case isBusy:
		failure.Message = "The database has no room for another connection."
		failure.Suggestion = "Nothing was stored; try again in a few seconds. If it stays so, raise max_connections: each process uses up to 17."
	case refusesLogin:
		failure.Message = "The database refuses the role or the password in SEEDANCE_DATABASE_URL."
		failure.Suggestion = "Correct them there, or allow the role in pg_hba.conf; `seedance-mcp doctor` tries them."
	case lacksDatabase:
		failure.Message = "The database server has no such database or schema as SEEDANCE_DATABASE_URL names."
		failure.Suggestion = "Create it (createdb NAME), or correct the name."
	case lacksRights:
		failure.Message = "The database user of SEEDANCE_DATABASE_URL lacks a right."
		failure.Suggestion = "Nothing was stored. Let the role own the database, or grant it CREATE on the schema and all rights on its tables."
	case isUnreachable:
		failure.Message = "The database of SEEDANCE_DATABASE_URL does not answer" + connectCause(err) + "."
		failure.Suggestion = "Nothing is lost: what was paid for is followed once it is back. See that the server runs and can be reached from here; `seedance-mcp doctor` tries it."
	case noTrouble, cannotOpen, isDamaged, isForeign, ioFailed:
		failure.Code = video.Internal
		failure.Message = "The database failed in an unexpected way."
		failure.Suggestion = "Nothing was stored."
	}
	return failure
}

// connectCause is why a connection could not be made, without user or password.
func connectCause(err error) string {
	failure, ok := errors.AsType[*pgconn.ConnectError](err)
	if !ok || failure.Unwrap() == nil {
		return ""
	}
	return " (" + video.Clip(strings.ReplaceAll(failure.Unwrap().Error(), "\n", "; "), 160) + ")"
}

// errBadURL says no more of the cause than a file's name: the rest may hold the
// password.
func errBadURL(cause error) error {
	message := "This is no address of a Postgres database."
	if file, ok := errors.AsType[*fs.PathError](cause); ok {
		message = "The address of the Postgres database names a file that cannot be read: " + video.Clip(file.Path, 160) + "."
	}
	return &video.Error{ //nolint:gosec // a pattern, no password
		Code:       video.Invalid,
		Message:    message,
		Suggestion: "It looks like postgres://USER:PASSWORD@HOST:5432/DATABASE; special characters in the password are percent-encoded.",
	}
}

// errNoAnswer is for a limit of ours, not of the caller.
func errNoAnswer(err error) error {
	return &video.Error{
		Code:       video.Unavailable,
		Message:    "The database of SEEDANCE_DATABASE_URL did not answer in time.",
		Suggestion: "Try again in a few seconds. If it stays so, see that the server runs and can be reached from here; `seedance-mcp doctor` tries it.",
		Err:        err,
	}
}
