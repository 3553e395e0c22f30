package store_test

import (
	"context"
	"testing"
	"time"

	"seedance-mcp/internal/store"
	"seedance-mcp/internal/video"
)

func upstreamAccounts(t *testing.T, open opener) {
	ctx := context.Background()
	now := noon
	s := open(t, store.WithClock(func() time.Time { return now }))
	_, err := s.AccountOf(ctx, "team-a")
	wantError(t, err, video.NotFound)
	first := store.Account{ID: "acc_1", Principal: "team-a", Fingerprint: "f1", Sealed: "s1", CreatedAt: noon}
	second := store.Account{ID: "acc_2", Principal: "team-a", Fingerprint: "f2", Sealed: "s2", CreatedAt: noon.Add(time.Minute)}
	shared := store.Account{ID: "acc_3", Principal: "team-b", Fingerprint: "f2", Sealed: "s3", CreatedAt: noon.Add(2 * time.Minute)}
	for _, account := range []store.Account{first, second, shared} {
		if err := s.SetAccount(ctx, account); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := s.AccountOf(ctx, "team-a"); err != nil || got != second {
		t.Errorf("team-a has %+v, %v", got, err)
	}
	all, err := s.Accounts(ctx)
	if err != nil || len(all) != 3 || all[0].ID != "acc_1" || !all[0].EndedAt.Equal(second.CreatedAt) || !all[1].EndedAt.IsZero() {
		t.Errorf("all: %+v, %v", all, err)
	}
	if by, err := s.AccountsBy(ctx, "f2"); err != nil || len(by) != 2 || by[0] != shared || by[1] != second {
		t.Errorf("by fingerprint: %+v, %v", by, err)
	}

	if err := s.ResealAccount(ctx, "acc_3", "s3", "s3 again"); err != nil {
		t.Error(err)
	}
	wantError(t, s.ResealAccount(ctx, "acc_3", "s3", "s3 late"), video.NotFound)
	wantError(t, s.ResealAccount(ctx, "acc_9", "s3", "s3"), video.NotFound)
	if got, err := s.AccountOf(ctx, "team-b"); err != nil || got.Sealed != "s3 again" {
		t.Errorf("sealed again: %+v, %v", got, err)
	}

	busy := func(step string, want ...string) {
		t.Helper()
		found, err := s.BusyAccounts(ctx)
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, account := range found {
			ids = append(ids, account.ID)
		}
		if len(ids) != len(want) {
			t.Fatalf("%s: busy %v, want %v", step, ids, want)
		}
		for i := range want {
			if ids[i] != want[i] {
				t.Errorf("%s: busy %v, want %v", step, ids, want)
			}
		}
	}
	busy("no tasks")
	task := wish("team-a", "a fox", 1)
	task.Upstream, task.DueAt, task.Interval = "f1", noon.Add(time.Second), time.Second
	out, err := s.Submit(ctx, store.Intent{Task: task})
	if err != nil {
		t.Fatal(err)
	}
	busy("a task of an account that has ended", "acc_1")
	now = noon.Add(time.Hour)
	ended, err := s.EndAccount(ctx, "team-b")
	if err != nil || ended.ID != "acc_3" || !ended.EndedAt.Equal(now) {
		t.Errorf("ended %+v, %v", ended, err)
	}
	_, err = s.EndAccount(ctx, "team-b")
	wantError(t, err, video.NotFound)
	_, err = s.AccountOf(ctx, "team-b")
	wantError(t, err, video.NotFound)
	if _, err := s.Change(ctx, out.Task.ID, func(t *video.Task) error {
		t.State, t.DueAt, t.Interval = video.Unconfirmed, time.Time{}, 0
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	busy("nothing is booked any more")
	for _, evil := range []string{"'", "x' OR '1'='1", "$1"} {
		if _, err := s.AccountOf(ctx, evil); video.CodeOf(err) != video.NotFound {
			t.Errorf("%q: %v", evil, err)
		}
	}
}
