package store

import (
	"context"

	"seedance-mcp/internal/video"
)

const (
	selectByUpstreamID = `SELECT ` + columns + ` FROM tasks WHERE upstream = $1 AND upstream_id = $2`
	selectByCallback   = `SELECT ` + columns + ` FROM tasks WHERE callback_token = $1`
	selectLatest       = `SELECT ` + columns + ` FROM tasks WHERE principal = $1 ORDER BY created_at DESC, id DESC LIMIT 1`
)

// writerStatements are those that transactions often run.
func (s *Store) writerStatements() []string {
	return []string{
		s.db.toChange(), s.db.toClaim(), selectByUpstreamID, selectByKey, selectDuplicate, insertTask, supersede, insertKey, updateTask,
		addToLedger, spentByAll, spentByPrincipal, moveBookings, selectSlots, learnLimit,
	}
}

// Get gives a task by its id. NotFound when there is none.
func (s *Store) Get(ctx context.Context, id string) (video.Task, error) {
	if s.kept == nil {
		return s.one(ctx, selectByID, id)
	}
	return s.kept.get(ctx, s, id)
}

// ByUpstreamID gives the task of the account with fingerprint upstream that
// the upstream calls upstreamID. NotFound when there is none.
func (s *Store) ByUpstreamID(ctx context.Context, upstream, upstreamID string) (video.Task, error) {
	return s.one(ctx, selectByUpstreamID, upstream, upstreamID)
}

// ByCallback gives the task by the token in its webhook's path. NotFound when
// there is none.
func (s *Store) ByCallback(ctx context.Context, token string) (video.Task, error) {
	return s.one(ctx, selectByCallback, token)
}

// Latest gives the principal's newest task by CreatedAt. NotFound when it has
// none.
func (s *Store) Latest(ctx context.Context, principal string) (video.Task, error) {
	return s.one(ctx, selectLatest, principal)
}

func (s *Store) one(ctx context.Context, text string, args ...any) (video.Task, error) {
	r, err := s.row(ctx, text, args...)
	if err != nil {
		return video.Task{}, explain(err)
	}
	return r.task(), nil
}

// row is one with the database's own errors.
func (s *Store) row(ctx context.Context, text string, args ...any) (row, error) {
	var r row
	err := s.scanOne(ctx, text, args, r.places())
	return r, err
}
