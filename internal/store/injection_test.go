package store_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

// Values from outside are bound, never written into SQL.
func nothingIsInjected(t *testing.T, open opener) {
	s := open(t)
	for i := range 3 {
		add(t, s, wish("local", fmt.Sprint("kept ", i), 1))
	}
	ctx := context.Background()
	for _, evil := range []string{`'`, `"`, `' OR '1'='1`, `x'); DROP TABLE tasks; --`, `$1`, `?`, "\x00", `%`, `_`, `\`} {
		filter := store.Filter{Principal: evil, IDs: []string{evil}, States: []video.State{video.State(evil)}, Model: evil, Text: evil, Upstream: evil}
		page, err := s.List(ctx, filter)
		if err != nil || page.Total != 0 {
			t.Errorf("%q: %d tasks, %v", evil, page.Total, err)
		}
		if report, err := s.Usage(ctx, store.UsageFilter{Principal: evil}); err != nil || len(report) != 0 {
			t.Errorf("%q: usage %v, %v", evil, report, err)
		}
		task := wish("", evil, 1)
		task.Principal, task.Upstream, task.UpstreamID, task.RequestHash, task.IdempotencyKey = evil, evil, evil, evil, evil
		out, err := s.Submit(ctx, store.Intent{Task: task, DedupeSince: noon})
		if err != nil || out.Task.Principal != evil || out.Task.Request.Prompt != evil {
			t.Errorf("%q: %+v, %v", evil, out, err)
		}
		if got, err := s.ByUpstreamID(ctx, evil, evil); err != nil || got.ID != out.Task.ID {
			t.Errorf("%q: by upstream id %q, %v", evil, got.ID, err)
		}
		if page, err := s.List(ctx, filter); err != nil || page.Total != 0 {
			t.Errorf("%q: %d tasks, %v", evil, page.Total, err)
		}
	}
	page, err := s.List(ctx, store.Filter{Principal: "local"})
	if err != nil || page.Total != 3 || slices.ContainsFunc(page.Tasks, func(t video.Task) bool { return t.Principal != "local" }) {
		t.Errorf("%d tasks, %v", page.Total, err)
	}
}
