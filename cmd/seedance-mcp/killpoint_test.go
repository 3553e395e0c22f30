package main

import (
	"context"
	"encoding/json"
	"net/http/httptrace"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/media"
	"seedance-mcp/internal/store"
	"seedance-mcp/internal/upstream"
	"seedance-mcp/internal/video"
)

// killVariable is "NAME:N": the child process kills itself, as kill -9 would,
// the Nth time it passes the kill point NAME. "none:0" only makes the engine
// impatient, as all children of the crash tests are; "calm:0" makes it look
// often and nothing else, for tests in which no call may fail.
const killVariable = "SEEDANCE_TEST_KILL_AT"

// Times of impatient children. As in the product, the hold is longer than any
// createTask takes.
const (
	childHold = 2 * time.Second
	childCall = time.Second // createTask and recordInfo
	childPoll = 100 * time.Millisecond
)

// Kill points beside the engine's own checkpoints: "wire" while a request is
// under way, "write" inside and right after every write to the store.
const (
	wireCreateWritten   = "wire.create.written"   // the whole request left
	wireCreateAnswering = "wire.create.answering" // the first byte of the answer came
	wireLookWritten     = "wire.look.written"
	wireLookAnswering   = "wire.look.answering"
	wireMediaWritten    = "wire.media.written"
	wireMediaAnswering  = "wire.media.answering"
	wireMediaResuming   = "wire.media.resuming" // a broken download asks for the rest
	writeSubmitDuring   = "write.submit.during" // some instant of the transaction
	writeSubmitDone     = "write.submit.done"
	writeInsertDone     = "write.insert.done"
	writeClaimDuring    = "write.claim.during"
	writeClaimDone      = "write.claim.done"
	writeChangeBegun    = "write.change.begun" // inside the transaction, before its commit
	writeChangeDone     = "write.change.done"
	writeTakeBegun      = "write.take.begun"
	writeTakeDone       = "write.take.done"
	writeLearnDone      = "write.learn.done"
)

func tuneForCrashes() func(*engine.Options) {
	name, count, ok := strings.Cut(os.Getenv(killVariable), ":")
	if !ok {
		return nil
	}
	n, err := strconv.ParseInt(count, 10, 64)
	if err != nil {
		panic(killVariable + " must be NAME:N")
	}
	k := &killer{name: name, n: n}
	return func(o *engine.Options) {
		if name == "calm" {
			o.PollEvery = childPoll
			return
		}
		o.Hold, o.PollEvery = childHold, childPoll
		o.Checkpoint = k.pass
		o.Account.Upstream = killedUpstream{o.Account.Upstream, k}
		if o.Media != nil {
			o.Media = killedMedia{o.Media, k}
		}
		open := o.OpenStore
		o.OpenStore = func(ctx context.Context) (engine.Store, error) {
			opened, err := open(ctx)
			if err != nil {
				return nil, err
			}
			return killedStore{opened, k}, nil
		}
	}
}

// killer ends the process the nth time that it passes the point name.
type killer struct {
	name   string
	n      int64
	passed atomic.Int64
}

func (k *killer) pass(point string) {
	if k.meets(point) {
		killSelf()
	}
}

// during ends the process at some instant of what follows.
func (k *killer) during(point string) {
	if k.meets(point) {
		go killSelf()
	}
}

func (k *killer) meets(point string) bool {
	return point == k.name && k.passed.Add(1) == k.n
}

func killSelf() {
	self, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = self.Kill()
	}
	if err != nil {
		panic(err)
	}
	select {} // the signal is on its way; nothing more may happen
}

// traced makes the requests of ctx pass two kill points each.
func (k *killer) traced(ctx context.Context, written, answering string) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteRequest:         func(httptrace.WroteRequestInfo) { k.pass(written) },
		GotFirstResponseByte: func() { k.pass(answering) },
	})
}

type killedUpstream struct {
	engine.Upstream
	k *killer
}

func (u killedUpstream) Create(ctx context.Context, payload json.RawMessage, callbackURL string) (upstream.Accepted, error) {
	ctx, cancel := context.WithTimeout(ctx, childCall)
	defer cancel()
	return u.Upstream.Create(u.k.traced(ctx, wireCreateWritten, wireCreateAnswering), payload, callbackURL)
}

func (u killedUpstream) Record(ctx context.Context, taskID string) (upstream.Record, error) {
	ctx, cancel := context.WithTimeout(ctx, childCall)
	defer cancel()
	return u.Upstream.Record(u.k.traced(ctx, wireLookWritten, wireLookAnswering), taskID)
}

type killedMedia struct {
	engine.Media
	k *killer
}

func (m killedMedia) Fetch(ctx context.Context, job media.Job) (media.File, error) {
	var requests atomic.Int64
	ctx = httptrace.WithClientTrace(m.k.traced(ctx, wireMediaWritten, wireMediaAnswering), &httptrace.ClientTrace{
		WroteRequest: func(httptrace.WroteRequestInfo) {
			if requests.Add(1) > 1 {
				m.k.pass(wireMediaResuming)
			}
		},
	})
	return m.Media.Fetch(ctx, job)
}

type killedStore struct {
	engine.Store
	k *killer
}

func (s killedStore) Submit(ctx context.Context, in store.Intent) (store.Submitted, error) {
	s.k.during(writeSubmitDuring)
	submitted, err := s.Store.Submit(ctx, in)
	if err == nil {
		s.k.pass(writeSubmitDone)
	}
	return submitted, err
}

func (s killedStore) Insert(ctx context.Context, task video.Task) (video.Task, bool, error) {
	stored, isNew, err := s.Store.Insert(ctx, task)
	if err == nil {
		s.k.pass(writeInsertDone)
	}
	return stored, isNew, err
}

func (s killedStore) Claim(ctx context.Context, q store.ClaimQuery) ([]video.Task, error) {
	s.k.during(writeClaimDuring)
	tasks, err := s.Store.Claim(ctx, q)
	if len(tasks) > 0 {
		s.k.pass(writeClaimDone)
	}
	return tasks, err
}

func (s killedStore) Change(ctx context.Context, id string, change func(*video.Task) error) (video.Task, error) {
	stored, err := s.Store.Change(ctx, id, func(t *video.Task) error {
		err := change(t)
		if err == nil {
			s.k.pass(writeChangeBegun)
		}
		return err
	})
	if err == nil {
		s.k.pass(writeChangeDone)
	}
	return stored, err
}

func (s killedStore) Take(ctx context.Context, id string, change func(store.Slots, *video.Task) error) (video.Task, error) {
	stored, err := s.Store.Take(ctx, id, func(slots store.Slots, t *video.Task) error {
		err := change(slots, t)
		if err == nil {
			s.k.pass(writeTakeBegun)
		}
		return err
	})
	if err == nil {
		s.k.pass(writeTakeDone)
	}
	return stored, err
}

func (s killedStore) LearnLimit(ctx context.Context, upstream string, limit int, at time.Time) error {
	err := s.Store.LearnLimit(ctx, upstream, limit, at)
	if err == nil {
		s.k.pass(writeLearnDone)
	}
	return err
}
