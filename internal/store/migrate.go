package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"time"

	"seedance-mcp/internal/video"
)

// migrationFiles are applied in the order of their names; number n brings the
// schema to version n. A released file never changes: add another.
//
//go:embed migrations/sqlite/*.sql
var migrationFiles embed.FS

// applicationID marks a file as ours in SQLite's header ("sdnc").
const applicationID = 0x73646e63

func migrations() ([]string, error) {
	names, err := fs.Glob(migrationFiles, "migrations/sqlite/*.sql")
	if err != nil {
		return nil, err
	}
	scripts := make([]string, len(names))
	for i, name := range names {
		script, err := migrationFiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		scripts[i] = string(script)
	}
	return scripts, nil
}

// migrate brings the schema to the newest version known here. Nothing is
// written before the file is known to be ours. Several processes may start at
// once: the version is looked at again under the lock.
func migrate(ctx context.Context, db *sql.DB, wait time.Duration) error {
	scripts, err := migrations()
	if err != nil {
		return err
	}
	var current int
	err = whileBusy(ctx, wait, func() error {
		current, err = schemaVersion(ctx, db, len(scripts))
		return err
	})
	if err != nil {
		return err
	}
	if err := useWAL(ctx, db, wait); err != nil || current == len(scripts) {
		return err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // no effect after the commit
	if current, err = schemaVersion(ctx, tx, len(scripts)); err != nil {
		return err
	}
	for i := current; i < len(scripts); i++ {
		if _, err := tx.ExecContext(ctx, scripts[i]); err != nil {
			return fmt.Errorf("migration %d: %w", i+1, err)
		}
	}
	// PRAGMA takes no parameters; both are part of the transaction.
	mark := fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", applicationID, len(scripts))
	if _, err := tx.ExecContext(ctx, mark); err != nil {
		return err
	}
	return tx.Commit()
}

// SchemaVersion is the number of the newest migration that the file has seen.
func (s *Store) SchemaVersion(ctx context.Context) (int, error) {
	scripts, err := migrations()
	if err != nil {
		return 0, err
	}
	version, err := schemaVersion(ctx, s.readers, len(scripts))
	return version, explain(err)
}

type rowQuerier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// schemaVersion is 0 for an empty file. A database of another program, or of a
// version that knows more than newest, is an error.
func schemaVersion(ctx context.Context, db rowQuerier, newest int) (int, error) {
	var id, version, tables int
	for _, read := range []struct {
		text string
		into *int
	}{
		{"PRAGMA application_id", &id},
		{"PRAGMA user_version", &version},
		{"SELECT COUNT(*) FROM sqlite_schema", &tables},
	} {
		if err := db.QueryRowContext(ctx, read.text).Scan(read.into); err != nil {
			return 0, err
		}
	}
	empty := id == 0 && version == 0 && tables == 0
	if id != applicationID && !empty {
		return 0, &video.Error{
			Code:       video.Internal,
			Message:    "The task store's file is a database of another program.",
			Suggestion: "It was left untouched. Move it away or choose another SEEDANCE_DATA_DIR.",
		}
	}
	if version > newest {
		return 0, &video.Error{
			Code:       video.Unavailable,
			Message:    fmt.Sprintf("The task store was written by a newer version of seedance-mcp (schema %d; this one knows %d).", version, newest),
			Suggestion: "It was left untouched. Update seedance-mcp, or choose another SEEDANCE_DATA_DIR.",
		}
	}
	return version, nil
}
