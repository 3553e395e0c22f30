package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"seedance-mcp/internal/video"
)

// migrationFiles are, for each database, applied in the order of their names;
// number n brings the schema to version n. A released file never changes: add
// another.
//
//go:embed migrations
var migrationFiles embed.FS

// migrations are the scripts of one folder.
func migrations(folder string) ([]string, error) {
	names, err := fs.Glob(migrationFiles, "migrations/"+folder+"/*.sql")
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

// SchemaVersion is the number of the newest migration that the database has
// seen.
func (s *Store) SchemaVersion(ctx context.Context) (int, error) {
	if s.closed.Load() {
		return 0, errClosed()
	}
	ctx, cancel := s.db.bound(ctx)
	defer cancel()
	version, err := s.db.schemaVersion(ctx, s.readers)
	return version, explain(err)
}

type rowQuerier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func errNewerSchema(version, newest int) error {
	return &video.Error{
		Code:       video.Unavailable,
		Message:    fmt.Sprintf("The task store was written by a newer version of seedance-mcp (schema %d; this one knows %d).", version, newest),
		Suggestion: "It was left untouched. Update seedance-mcp, or choose another SEEDANCE_DATA_DIR or SEEDANCE_DATABASE_URL.",
	}
}
