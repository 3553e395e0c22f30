package telemetry

import (
	"context"

	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

// Store is inner, whose writes to tasks are observed.
func (t Telemetry) Store(inner engine.Store) engine.Store {
	return observedStore{Store: inner, telemetry: t}
}

type observedStore struct {
	engine.Store

	telemetry Telemetry
}

func (s observedStore) Submit(ctx context.Context, in store.Intent) (store.Submitted, error) {
	out, err := s.Store.Submit(ctx, in)
	if err == nil && !out.Existing {
		s.telemetry.changed(ctx, change{after: out.Task})
	}
	return out, err
}

func (s observedStore) Insert(ctx context.Context, task video.Task) (video.Task, bool, error) {
	stored, isNew, err := s.Store.Insert(ctx, task)
	if err == nil && isNew {
		s.telemetry.changed(ctx, change{after: stored})
	}
	return stored, isNew, err
}

func (s observedStore) Change(ctx context.Context, id string, do func(*video.Task) error) (video.Task, error) {
	var before video.Task
	after, err := s.Store.Change(ctx, id, func(task *video.Task) error {
		before = *task // of the last try: a store may try twice
		return do(task)
	})
	s.changed(ctx, before, after, err)
	return after, err
}

func (s observedStore) Take(ctx context.Context, id string, do func(store.Slots, *video.Task) error) (video.Task, error) {
	var before video.Task
	after, err := s.Store.Take(ctx, id, func(slots store.Slots, task *video.Task) error {
		before = *task
		return do(slots, task)
	})
	s.changed(ctx, before, after, err)
	return after, err
}

func (s observedStore) changed(ctx context.Context, before, after video.Task, err error) {
	if err == nil && before.ID != "" && before.Version != after.Version {
		s.telemetry.changed(ctx, change{before: before, after: after})
	}
}
