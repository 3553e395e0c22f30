package store

import (
	"context"
	"time"
)

// watchInterval is how often other processes' commits are looked for while
// anybody watches.
const watchInterval = 50 * time.Millisecond

// watch signals whenever the writer's connection sees that another one committed; its own commits do not count there. The first look
// signals too: a commit may have come between Watch and it.
func (f *sqliteFile) watch(ctx context.Context, signal func()) {
	ticker := time.NewTicker(watchInterval)
	defer ticker.Stop()
	known := int64(-1)
	for {
		version, err := f.foreignCommits(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil || version != known {
			signal()
		}
		if err == nil {
			known = version
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// foreignCommits is a number that differs from its last value when another
// connection has committed since.
func (f *sqliteFile) foreignCommits(ctx context.Context) (int64, error) {
	connection, err := f.writer.Conn(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { _ = connection.Close() }() // back to the pool
	var version int64
	// Interrupting a statement would cost the connection.
	err = connection.QueryRowContext(context.WithoutCancel(ctx), dataVersion).Scan(&version)
	return version, err
}
