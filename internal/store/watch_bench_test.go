package store_test

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

// BenchmarkWatch is from before a change to the watcher's signal: of this
// process, of another one on the same file, and of another replica. It wants a
// -benchtime of some hundred times.
func BenchmarkWatch(b *testing.B) {
	pair := func(b *testing.B) (watching, changing *store.Store) {
		path := filepath.Join(b.TempDir(), "tasks.db")
		return openAt(b, path), openAt(b, path)
	}
	b.Run("own", func(b *testing.B) {
		watching, _ := pair(b)
		measureWatch(b, watching, watching)
	})
	b.Run("other process", func(b *testing.B) {
		watching, changing := pair(b)
		measureWatch(b, watching, changing)
	})
	b.Run("other replica, Postgres", func(b *testing.B) {
		server := postgresServer(b)
		url := server.URL(server.Database(b, migrated))
		measureWatch(b, openURL(b, url), openURL(b, url))
	})
}

func measureWatch(b *testing.B, watching, changing *store.Store) {
	b.Helper()
	task, _, err := changing.Insert(b.Context(), full())
	if err != nil {
		b.Fatal(err)
	}
	watched := watching.Watch(b.Context())
	<-watched // the first look
	var took []time.Duration
	for b.Loop() {
		began := time.Now()
		if _, err := changing.Change(b.Context(), task.ID, func(t *video.Task) error {
			t.EmptySuccesses++
			return nil
		}); err != nil {
			b.Fatal(err)
		}
		<-watched
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}
