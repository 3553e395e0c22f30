package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"seedance-mcp/internal/video"
)

const (
	// migrationLock is the advisory lock of all who migrate ("sdnc").
	migrationLock = 0x73646e63

	// Of one snapshot, and never from a session's cache of names: another
	// replica may have made the tables a moment ago.
	hasVersion = `SELECT COALESCE(bool_or(tablename = 'seedance_schema'), false), COALESCE(bool_or(tablename = 'tasks'), false)
		FROM pg_tables WHERE schemaname = ANY (current_schemas(false))`
	selectVersion = `SELECT version FROM seedance_schema`
	createVersion = `CREATE TABLE seedance_schema (version INTEGER NOT NULL); INSERT INTO seedance_schema VALUES (0)`
	updateVersion = `UPDATE seedance_schema SET version = %d`
)

// migrate brings the schema to the newest version known here. Several processes
// may start at once: the version is looked at again under the lock. A database
// that is up to date is not locked.
func (p *postgres) migrate(ctx context.Context, c *pgx.Conn) error {
	scripts, err := migrations("postgres")
	if err != nil {
		return err
	}
	current, err := readVersion(ctx, c, len(scripts))
	if err != nil || current == len(scripts) {
		return err
	}
	tx, err := c.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // no effect after the commit
	// A migration of many tasks takes its time, and so do those who wait for it.
	run := func(text string) error {
		_, err := c.PgConn().Exec(ctx, text).ReadAll() // several statements at once
		return err
	}
	if err := run(fmt.Sprintf(`SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; SELECT pg_advisory_xact_lock(%d)`, migrationLock)); err != nil {
		return err
	}
	if current, err = readVersion(ctx, c, len(scripts)); err != nil {
		return err
	}
	if current == len(scripts) {
		return nil
	}
	if current == 0 {
		scripts[0] = createVersion + ";\n" + scripts[0]
	}
	for i := current; i < len(scripts); i++ {
		if err := run(scripts[i]); err != nil {
			return fmt.Errorf("migration %d: %w", i+1, err)
		}
	}
	if err := run(fmt.Sprintf(updateVersion, len(scripts))); err != nil {
		return err
	}
	return tx.Commit(ctx)
}

// scanner reads one row.
type scanner interface{ Scan(targets ...any) error }

// readVersion is 0 where there is no schema of ours.
func readVersion(ctx context.Context, c *pgx.Conn, newest int) (int, error) {
	return versionOf(newest, func(text string) scanner { return c.QueryRow(ctx, text) })
}

func (p *postgres) schemaVersion(ctx context.Context, db rowQuerier) (int, error) {
	scripts, err := migrations("postgres")
	if err != nil {
		return 0, err
	}
	return versionOf(len(scripts), func(text string) scanner { return db.QueryRowContext(ctx, text) })
}

func versionOf(newest int, query func(text string) scanner) (int, error) {
	var ours, tasks bool
	if err := query(hasVersion).Scan(&ours, &tasks); err != nil {
		return 0, err
	}
	switch {
	case !ours && tasks:
		return 0, &video.Error{
			Code:       video.Internal,
			Message:    "The database of SEEDANCE_DATABASE_URL has a table \"tasks\" of another program.",
			Suggestion: "It was left untouched. Give seedance-mcp a database of its own (createdb seedance), or a schema (?search_path=…).",
		}
	case !ours:
		return 0, nil
	}
	var version int
	if err := query(selectVersion).Scan(&version); err != nil {
		return 0, err
	}
	if version > newest {
		return 0, errNewerSchema(version, newest)
	}
	return version, nil
}
