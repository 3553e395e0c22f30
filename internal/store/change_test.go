package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"sync"
	"testing"
	"time"

	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

// full is a task with a value in every field.
func full() video.Task {
	used, rate, seed, yes := video.Credits(85_680_000), video.WholeCredits(40), int64(7), true
	task := wish("ann", "a fox “quoted” \x00 and ünïcode", 200)
	task.ID, task.RequestHash = "vid_full", "hash of a full task"
	task.UpstreamID, task.State, task.Reason, task.Sandbox = "task-1", video.Stalled, "past its deadline", true
	task.Request = video.Request{
		Prompt: task.Request.Prompt, Model: "seedance-20", AspectRatio: "16:9", Duration: 5, Resolution: "720p",
		ImageURLs: []string{"https://example.com/1.png"}, VideoURLs: []string{"https://example.com/2.mp4"},
		AudioURLs: []string{"https://example.com/3.mp3"}, InputMode: video.Reference, Seed: &seed, GenerateAudio: &yes,
	}
	task.IdempotencyKey, task.CallbackToken = "order 7", "token-1"
	task.Quote.Rate, task.Quote.Provisional, task.Quote.Reason = &rate, true, "because"
	task.Used, task.Charged, task.Settled = &used, used, true
	task.Videos = []video.Video{{
		URL: "https://media.example.com/a.mp4", Width: 1280, Height: 720, Path: "/videos/a.mp4", Bytes: 9, SHA256: "ab",
		MediaType: "video/mp4", ExpiresAt: noon.Add(time.Hour), LastFrameURL: "https://media.example.com/a.png", Seed: &seed,
	}}
	task.Failure = &video.Failure{
		Class: video.FailServer, Message: "no", Code: "500", Charged: video.ChargedUnknown, Retry: video.RetrySame, Suggestion: "again",
	}
	task.SubmittedAt, task.CompletedAt = noon.Add(time.Second), noon.Add(time.Minute)
	task.Polls, task.EmptySuccesses = 3, 2
	task.Save = true
	task.Attempts, task.QueuedAt = 2, noon.Add(time.Second)
	task.Hints = []video.Hint{{UpstreamID: "task-2", At: noon.Add(2 * time.Second)}}
	return task
}

func changeEveryField(t *testing.T, open opener) {
	now := noon
	s := open(t, store.WithClock(func() time.Time { return now }))
	want := full()
	fields := reflect.ValueOf(want)
	for i := range fields.NumField() {
		name := fields.Type().Field(i).Name
		if fields.Field(i).IsZero() && name != "UpdatedAt" && name != "Version" {
			t.Errorf("the test's task lacks %s", name)
		}
	}
	inserted := add(t, s, want)
	want.UpdatedAt, want.Version = noon, 1
	if !reflect.DeepEqual(inserted, want) {
		t.Errorf("inserted\n%+v, want\n%+v", inserted, want)
	}

	empty := video.Task{Principal: "ben", Upstream: account, State: video.Submitting, CreatedAt: noon}
	id := add(t, s, empty).ID
	now = noon.Add(time.Minute)
	want.ID, want.Principal, want.Sandbox, want.IdempotencyKey = id, "ben", false, ""
	want.UpstreamID, want.CallbackToken = "task-2", "token-2"
	want.UpdatedAt, want.Version = now, 2
	filled := change(t, s, id, func(task *video.Task) { *task = want })
	stored, err := s.Get(context.Background(), id)
	if err != nil || !reflect.DeepEqual(filled, want) || !reflect.DeepEqual(stored, want) {
		t.Errorf("%v\nanswered %+v\nstored   %+v\nwant     %+v", err, filled, stored, want)
	}
	empty.ID, empty.UpdatedAt, empty.Version = id, now, 3
	emptied := change(t, s, id, func(task *video.Task) { *task = empty })
	if stored, err = s.Get(context.Background(), id); err != nil || !reflect.DeepEqual(emptied, empty) || !reflect.DeepEqual(stored, empty) {
		t.Errorf("%v\nanswered %+v\nstored   %+v\nwant     %+v", err, emptied, stored, empty)
	}
}

func changeNothing(t *testing.T, open opener) {
	now := noon
	s := open(t, store.WithClock(func() time.Time { return now }))
	want := add(t, s, full())
	now = noon.Add(time.Hour)
	watched := s.Watch(t.Context())
	<-watched // the first look
	for name, result := range map[string]error{"nil": nil, "ErrUnchanged": store.ErrUnchanged} {
		got, err := s.Change(context.Background(), want.ID, func(task *video.Task) error {
			if result != nil {
				task.State = video.Failed // taken back by ErrUnchanged
			}
			return result
		})
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v\ngot  %+v\nwant %+v", name, err, got, want)
		}
	}
	if stored, err := s.Get(context.Background(), want.ID); err != nil || !reflect.DeepEqual(stored, want) {
		t.Errorf("stored %+v, %v", stored, err)
	}
	select {
	case <-watched:
		t.Error("no change woke the watchers")
	default:
	}
}

func changeFixedFields(t *testing.T, open opener) {
	s := open(t)
	before := add(t, s, full())
	after := change(t, s, before.ID, func(task *video.Task) {
		task.ID, task.Principal, task.Sandbox, task.IdempotencyKey = "vid_other", "eve", false, "x"
		task.CreatedAt, task.UpdatedAt, task.Version = noon.AddDate(1, 0, 0), noon.AddDate(1, 0, 0), 77
		task.Polls = 9
	})
	before.Polls, before.Version, before.UpdatedAt = 9, 2, after.UpdatedAt
	if !reflect.DeepEqual(after, before) {
		t.Errorf("got  %+v\nwant %+v", after, before)
	}
}

func changeAborts(t *testing.T, open opener) {
	s := open(t)
	want := add(t, s, full())
	refusal := errors.New("no")
	_, err := s.Change(context.Background(), want.ID, func(task *video.Task) error {
		task.State = video.Failed
		return refusal
	})
	if !errors.Is(err, refusal) {
		t.Errorf("error %v, want the function's own", err)
	}
	func() {
		defer func() { _ = recover() }()
		_, _ = s.Change(context.Background(), want.ID, func(task *video.Task) error {
			task.State = video.Failed
			panic("broken")
		})
	}()
	if got, err := s.Get(context.Background(), want.ID); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("stored %+v, %v", got, err)
	}
	change(t, s, want.ID, func(task *video.Task) { task.Polls++ }) // the lock is free
	_, err = s.Change(context.Background(), "vid_none", func(*video.Task) error { return nil })
	wantError(t, err, video.NotFound)
}

func changeUpstreamID(t *testing.T, open opener) {
	s := open(t)
	adopted := wish("ann", "a fox", 0)
	adopted.UpstreamID = "task-1"
	add(t, s, adopted)
	late := add(t, s, wish("ann", "a fox", 200))
	_, err := s.Change(context.Background(), late.ID, func(task *video.Task) error {
		task.UpstreamID, task.State = "task-1", video.Waiting
		return nil
	})
	wantError(t, err, video.Conflict)
	if got, err := s.Get(context.Background(), late.ID); err != nil || got.State != video.Submitting {
		t.Errorf("state %q, %v", got.State, err)
	}
}

func changeConcurrent(t *testing.T, open opener) {
	s := open(t)
	task := add(t, s, wish("ann", "a fox", 200))
	const writers, rounds = 8, 10
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			for range rounds {
				change(t, s, task.ID, func(task *video.Task) { task.EmptySuccesses++ })
			}
		})
	}
	all.Wait()
	got, err := s.Get(context.Background(), task.ID)
	if err != nil || got.EmptySuccesses != writers*rounds || got.Version != 1+writers*rounds {
		t.Errorf("counted %d, version %d, %v", got.EmptySuccesses, got.Version, err)
	}
}

func getBy(t *testing.T, open opener) {
	s, ctx := open(t), context.Background()
	want := add(t, s, full())
	for name, get := range map[string]func() (video.Task, error){
		"id":          func() (video.Task, error) { return s.Get(ctx, "vid_full") },
		"upstream id": func() (video.Task, error) { return s.ByUpstreamID(ctx, account, "task-1") },
		"callback":    func() (video.Task, error) { return s.ByCallback(ctx, "token-1") },
		"latest":      func() (video.Task, error) { return s.Latest(ctx, "ann") },
	} {
		if got, err := get(); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("by %s: %+v, %v", name, got, err)
		}
	}
	for name, get := range map[string]func() (video.Task, error){
		"id":               func() (video.Task, error) { return s.Get(ctx, "task-1") },
		"no id":            func() (video.Task, error) { return s.Get(ctx, "") },
		"other account":    func() (video.Task, error) { return s.ByUpstreamID(ctx, "other", "task-1") },
		"no upstream id":   func() (video.Task, error) { return s.ByUpstreamID(ctx, account, "") },
		"callback":         func() (video.Task, error) { return s.ByCallback(ctx, "") },
		"latest of nobody": func() (video.Task, error) { return s.Latest(ctx, "ben") },
	} {
		_, err := get()
		if failure, ok := errors.AsType[*video.Error](err); !ok || failure.Code != video.NotFound {
			t.Errorf("by %s: %v", name, err)
		}
	}
	newer := wish("ann", "an owl", 1)
	newer.CreatedAt = noon.Add(time.Millisecond)
	newer = add(t, s, newer)
	if got, err := s.Latest(ctx, "ann"); err != nil || got.ID != newer.ID {
		t.Errorf("latest %s, %v", got.ID, err)
	}
}

func contextsEnd(t *testing.T, open opener) {
	s := open(t)
	task := add(t, s, wish("ann", "a fox", 200))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.Get(ctx, task.ID); !errors.Is(err, context.Canceled) {
		t.Errorf("get: %v", err)
	}
	if _, err := s.Submit(ctx, store.Intent{Task: wish("ann", "an owl", 1)}); !errors.Is(err, context.Canceled) {
		t.Errorf("submit: %v", err)
	}
	// A caller that leaves in the middle stores nothing and breaks nothing.
	ctx, cancel = context.WithCancel(context.Background())
	_, err := s.Change(ctx, task.ID, func(task *video.Task) error {
		task.State = video.Failed
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("change: %v", err)
	}
	if got, err := s.Get(context.Background(), task.ID); err != nil || got.State != video.Submitting {
		t.Errorf("state %q, %v", got.State, err)
	}
	change(t, s, task.ID, func(task *video.Task) { task.State = video.Waiting })
}

func closedStore(t *testing.T, open opener) {
	s, ctx := open(t), context.Background()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := s.Submit(ctx, store.Intent{Task: wish("ann", "a fox", 1)})
	wantError(t, err, video.Unavailable)
	_, err = s.Get(ctx, "vid_full")
	wantError(t, err, video.Unavailable)
	_, err = s.List(ctx, store.Filter{})
	wantError(t, err, video.Unavailable)
	select {
	case <-s.Watch(ctx):
		t.Error("a closed store signals")
	default:
	}
}

// Payloads stay byte for byte as they were sent.
func TestPayloadIsVerbatim(t *testing.T) {
	s := openNew(t)
	task := wish("ann", "a fox", 1)
	task.Payload = json.RawMessage("{ \"a\" : 1.50 ,\n\"b\":\"\\u00e9\" }")
	got, err := s.Get(context.Background(), add(t, s, task).ID)
	if err != nil || string(got.Payload) != string(task.Payload) {
		t.Errorf("payload %q, %v", got.Payload, err)
	}
}
