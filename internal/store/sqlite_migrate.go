package store

import (
	"context"
	"fmt"

	"seedance-mcp/internal/video"
)

// applicationID marks a file as ours in SQLite's header ("sdnc").
const applicationID = 0x73646e63

// migrate brings the schema to the newest version known here. Nothing is
// written before the file is known to be ours. Several processes may start at
// once: the version is looked at again under the lock.
func (f *sqliteFile) migrate(ctx context.Context) error {
	scripts, err := migrations("sqlite")
	if err != nil {
		return err
	}
	var current int
	err = whileBusy(ctx, f.lockWait, func() error {
		current, err = f.schemaVersion(ctx, f.writer)
		return err
	})
	if err != nil {
		return err
	}
	if err := useWAL(ctx, f.writer, f.lockWait); err != nil || current == len(scripts) {
		return err
	}
	tx, err := f.writer.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // no effect after the commit
	if current, err = f.schemaVersion(ctx, tx); err != nil {
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

// schemaVersion is 0 for an empty file. A database of another program, or of a
// version that knows more, is an error.
func (f *sqliteFile) schemaVersion(ctx context.Context, db rowQuerier) (int, error) {
	scripts, err := migrations("sqlite")
	if err != nil {
		return 0, err
	}
	// One statement, so that another process's migration comes before all of
	// these reads or after them.
	const read = `SELECT
		(SELECT application_id FROM pragma_application_id),
		(SELECT user_version FROM pragma_user_version),
		(SELECT COUNT(*) FROM sqlite_schema)`
	var id, version, tables int
	if err := db.QueryRowContext(ctx, read).Scan(&id, &version, &tables); err != nil {
		return 0, err
	}
	empty := id == 0 && version == 0 && tables == 0
	if id != applicationID && !empty {
		return 0, &video.Error{
			Code:       video.Internal,
			Message:    "The task store's file is a database of another program.",
			Suggestion: "It was left untouched. Move it away or choose another SEEDANCE_DATA_DIR.",
		}
	}
	if version > len(scripts) {
		return 0, errNewerSchema(version, len(scripts))
	}
	return version, nil
}
