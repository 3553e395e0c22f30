package engine_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"seedance-mcp/internal/engine"
)

// fullStore can be read, and written only while it is not full.
type fullStore struct {
	engine.Store

	full   *atomic.Bool
	writes *atomic.Int64
}

var errFullDisk = errors.New("the disk is full")

func (s fullStore) LearnLimit(ctx context.Context, upstream string, limit int, at time.Time) error {
	s.writes.Add(1)
	if s.full.Load() {
		return errFullDisk
	}
	return s.Store.LearnLimit(ctx, upstream, limit, at)
}

// Ready means that the store can be written; many probes cost few writes, and
// none of them waits for the good news.
func TestReadyMeansWritable(t *testing.T) {
	inWorld(t, func(w *world) {
		full, writes := new(atomic.Bool), new(atomic.Int64)
		e := w.start(func(o *engine.Options) {
			open := o.OpenStore
			o.OpenStore = func(ctx context.Context) (engine.Store, error) {
				s, err := open(ctx)
				return fullStore{s, full, writes}, err
			}
		})
		ready := func() error { return e.Ready(context.Background()) }
		for range 10 {
			if err := ready(); err != nil {
				t.Fatal(err)
			}
		}
		if n := writes.Load(); n != 1 {
			t.Errorf("%d writes for ten probes at once", n)
		}
		full.Store(true)
		time.Sleep(6 * time.Second)
		if err := ready(); !errors.Is(err, errFullDisk) {
			t.Errorf("full: %v", err)
		}
		full.Store(false)
		if err := ready(); err != nil {
			t.Errorf("room again: %v", err)
		}
		// Probing must not look like a limit of the account.
		task := mustSubmit(t, e, alice, ask("a")).Task
		settle(t, e, alice, task.ID)
	})
}

// heard is what an observer hears.
type heard struct {
	claimed atomic.Int64
	latest  atomic.Int64
	alarms  atomic.Int64
}

func (h *heard) Claimed(count int, late time.Duration) {
	h.claimed.Add(int64(count))
	if int64(late) > h.latest.Load() {
		h.latest.Store(int64(late))
	}
}

func (h *heard) Alarm(engine.Alarm) { h.alarms.Add(1) }

// The observer hears of claims, of how late they are, and of the alarm.
func TestObserverHearsOfClaims(t *testing.T) {
	inWorld(t, func(w *world) {
		blind, h := new(atomic.Bool), &heard{}
		e := w.start(polling, func(o *engine.Options) {
			o.Observer = h
			open := o.OpenStore
			o.OpenStore = func(ctx context.Context) (engine.Store, error) {
				s, err := open(ctx)
				return blindStore{s, blind}, err
			}
		})
		task := mustSubmit(t, e, alice, ask("a")).Task
		settle(t, e, alice, task.ID)
		if h.claimed.Load() == 0 || h.latest.Load() > int64(time.Second) || h.alarms.Load() != 0 {
			t.Errorf("in peace: %d claimed, %s late, %d alarms", h.claimed.Load(), time.Duration(h.latest.Load()), h.alarms.Load())
		}
		task = mustSubmit(t, e, alice, ask("b")).Task
		blind.Store(true)
		time.Sleep(3 * time.Minute)
		blind.Store(false)
		settle(t, e, alice, task.ID)
		if late := time.Duration(h.latest.Load()); late < 2*time.Minute || h.alarms.Load() == 0 {
			t.Errorf("after three minutes: %s late, %d alarms", late, h.alarms.Load())
		}
	})
}
