package store

import (
	"context"
	"errors"
	"io"
	"net"

	"github.com/jackc/pgx/v5/pgconn"
)

// MayPass says of an error of [OpenPostgres] that waiting may mend it: the
// server is away, starts, follows another one or is full. What somebody has to
// correct is none of that: the role, the password, the database's name, rights,
// certificates, a newer schema.
func MayPass(err error) bool {
	switch {
	case sqlState(err) == "" && isConnecting(err):
		return isAway(err)
	case errors.Is(err, context.DeadlineExceeded):
		return true
	}
	switch postgresTrouble(err) {
	case isUnreachable, isBusy, isLocked, isReadOnly, isFull:
		return true
	default:
		return false
	}
}

// isAway tells servers that were not reached from those that were and do not
// encrypt, or not as the address asks. One of them is enough to say so, unless
// the address lets connections do without: then that came before another try.
func isAway(err error) bool {
	failure, ok := errors.AsType[*pgconn.ConnectError](err)
	if !ok {
		return false
	}
	plain := failure.Config.TLSConfig == nil
	for _, other := range failure.Config.Fallbacks {
		plain = plain || other.TLSConfig == nil
	}
	away, met := 0, 0
	for _, cause := range causes(failure.Unwrap()) {
		if notReached(cause) {
			away++
		} else {
			met++
		}
	}
	return away > 0 && (met == 0 || plain)
}

// causes are the errors of each address that was tried.
func causes(err error) []error {
	if all, ok := errors.AsType[interface {
		error
		Unwrap() []error
	}](err); ok {
		return all.Unwrap()
	}
	return []error{err}
}

func notReached(err error) bool {
	if told, ok := errors.AsType[*net.OpError](err); ok && told.Op == "remote error" {
		return false // an alert of the server's TLS
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	if errors.Is(err, pgconn.ErrStandbyConnection) || errors.Is(err, pgconn.ErrReadOnlyConnection) {
		return true // not promoted yet
	}
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, context.DeadlineExceeded)
}
