package store

import (
	"context"
	"database/sql"
	"sync"

	"seedance-mcp/internal/video"
)

// maxKept bounds the tasks that are kept: as many as people follow at a time.
const maxKept = 512

// selectMark is what differs whenever a task does: every write counts its
// version up, but for bookings, which move the other two.
const selectMark = `SELECT version, due_at, polls FROM tasks WHERE id = $1`

// kept are tasks as they were last read. Whoever follows a task asks for it
// again and again, mostly to hear that nothing happened: three numbers tell
// that, and spare reading and decoding all of it.
type kept struct {
	mu    sync.Mutex
	tasks map[string]video.Task
}

// get reads a task by its id, in full only if it is not as it was.
func (k *kept) get(ctx context.Context, s *Store, id string) (video.Task, error) {
	k.mu.Lock()
	known, ok := k.tasks[id]
	k.mu.Unlock()
	if ok {
		var version, polls int64
		var dueAt sql.Null[int64]
		err := s.scanOne(ctx, selectMark, []any{id}, []any{&version, &dueAt, &polls})
		if err != nil {
			return video.Task{}, explain(err)
		}
		if version == known.Version && polls == int64(known.Polls) && timeOf(dueAt).Equal(known.DueAt) {
			return known.Clone(), nil
		}
	}
	task, err := s.one(ctx, selectByID, id)
	if err == nil {
		k.put(task.Clone())
	}
	return task, err
}

func (k *kept) put(task video.Task) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, known := k.tasks[task.ID]; !known && len(k.tasks) >= maxKept {
		for other := range k.tasks {
			delete(k.tasks, other)
			break
		}
	}
	k.tasks[task.ID] = task
}
