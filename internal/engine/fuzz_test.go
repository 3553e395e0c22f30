package engine_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"seedance-mcp/internal/engine"
	"seedance-mcp/internal/sandbox"
	"seedance-mcp/internal/store"
	"seedance-mcp/internal/upstream"
	"seedance-mcp/internal/video"
)

// FuzzHint knocks at the webhook door. Whatever comes, with whichever token:
// nothing is posted, no state, price or upstream id changes by it (only the
// upstream's own word, which is not given here, moves a task), no other row is
// touched, and what is kept of it is bounded.
func FuzzHint(f *testing.F) {
	w := newWorld(f, sandbox.Options{Limit: 1})
	e := w.start(polling, func(o *engine.Options) {
		o.Account.Upstream = silent{o.Account.Upstream}
		o.PollEvery = 1 << 40 // nothing is looked at meanwhile
		o.SubmitWait = time.Minute
	})
	running := mustSubmit(f, e, alice, ask("running [sandbox:stuck]")).Task
	queued := mustSubmit(f, e, alice, ask("queued")).Task
	tasks, err := store.Open(context.Background(), w.path)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = tasks.Close() })
	seed := func(name string, state video.State) video.Task {
		task := running
		task.ID, task.UpstreamID, task.State, task.RequestHash, task.CallbackToken = "vid_"+name, "", state, "hash of "+name, "token-of-"+name
		if state == video.Failed {
			task.Settled = true
			task.Failure = &video.Failure{Class: video.FailRefused, Charged: video.ChargedNo}
		}
		stored, _, err := tasks.Insert(context.Background(), task)
		if err != nil {
			f.Fatal(err)
		}
		return stored
	}
	all := []video.Task{running, queued, seed("unconfirmed", video.Unconfirmed), seed("submitting", video.Submitting), seed("refused", video.Failed)}
	tokens := []string{"", "nosuch", "../" + running.CallbackToken, strings.Repeat("x", 10_000)}
	for _, task := range all {
		tokens = append(tokens, task.CallbackToken)
	}
	for i := range tokens {
		f.Add(uint8(i), []byte(`{"taskId":"task_made_up","status":"success"}`))
	}
	for _, body := range []string{
		"", "{}", "null", "[]", "<html>", `{"data":{"taskId":"` + running.UpstreamID + `","state":"success"}}`, `{"taskId":"vid_x"}`,
		`{"taskId":["a"],"state":"fail","creditsUsed":1e308}`, `{"code":200,"data":"{\"taskId\":\"x\"}"}`, `{"taskId":"a\u0000b"}`, strings.Repeat("[", 5000),
	} {
		f.Add(uint8(6), []byte(body))
	}
	f.Fuzz(func(t *testing.T, which uint8, body []byte) {
		token := tokens[int(which)%len(tokens)]
		err := e.Hint(context.Background(), token, body)
		switch video.CodeOf(err) {
		case "", video.NotFound, video.Invalid, video.Conflict:
		default:
			t.Errorf("answered %v", err)
		}
		for _, before := range all {
			after, err := tasks.Get(context.Background(), before.ID)
			if err != nil {
				t.Fatal(err)
			}
			if before.CallbackToken != token && after.Version != before.Version && before.ID != running.ID && len(after.Hints) == 0 {
				t.Errorf("%s was touched by another's webhook", before.ID)
			}
			if after.State != before.State || after.UpstreamID != before.UpstreamID || after.Reserved != before.Reserved ||
				after.Charged != before.Charged || after.Settled != before.Settled || len(after.Videos) != 0 {
				t.Errorf("%q moved %s to %+v", body, before.ID, after)
			}
			if len(after.Hints) > 4 || len(after.Hints) > 0 && (after.UpstreamID != "" || after.State == video.Queued) {
				t.Errorf("%s keeps %v", before.ID, after.Hints)
			}
		}
		if n := w.sandbox.Books().Accepted; n != 1 {
			t.Errorf("%d tasks at the upstream", n)
		}
	})
}

// silent is an upstream that knows nothing of any task.
type silent struct{ engine.Upstream }

func (silent) Record(context.Context, string) (upstream.Record, error) {
	return upstream.Record{}, video.Errorf(video.NotFound, "no such task")
}

func (s silent) Create(ctx context.Context, payload json.RawMessage, callback string) (upstream.Accepted, error) {
	return s.Upstream.Create(ctx, payload, callback)
}
